//! What curl 7.88.1 answers to the same globs (`curl -w '%{url_effective}|' URL`), kept as tests.

use super::*;

fn urls(pattern: &str) -> Vec<String> {
    Glob::parse(pattern).unwrap().into_iter().map(|expansion| expansion.url).collect()
}

fn refusal(pattern: &str) -> (usize, String) {
    let error = Glob::parse(pattern).unwrap_err();
    (error.position, error.message)
}

#[test]
fn groups_expand_to_what_curl_prints() {
    for (pattern, expected) in [
        ("/plain", "/plain"),
        ("/{a,b}", "/a|/b"),
        ("/x{a,b}[1-3]", "/xa1|/xa2|/xa3|/xb1|/xb2|/xb3"),
        ("/[1-2][3-4]", "/13|/14|/23|/24"),
        ("/[1-10:3]", "/1|/4|/7|/10"),
        ("/[a-e:2]", "/a|/c|/e"),
        ("/[A-C]x", "/Ax|/Bx|/Cx"),
        ("/[Z-a]", "/Z|/[|/\\|/]|/^|/_|/`|/a"),
        ("/[1-1]", "/1"),
        ("/[1-1:1]", "/1"),
        ("/[b-b]", "/b"),
        ("/[1- 2]", "/1|/2"),
        ("/{a}", "/a"),
        ("/{,}", "/|/"),
        ("/{a,}", "/a|/"),
        ("/{é,ü}", "/é|/ü"),
        ("/{a,b}#f", "/a#f|/b#f"),
        ("{http,https}://h/", "http://h/|https://h/"),
        ("http://h:[1-2]/", "http://h:1/|http://h:2/"),
        ("/[1-9223372036854775807:9223372036854775805]", "/1|/9223372036854775806"),
    ] {
        assert_eq!(urls(pattern).join("|"), expected, "{pattern}");
    }
}

#[test]
fn a_leading_zero_in_the_first_number_pads_all() {
    assert_eq!(urls("/[001-003]").join("|"), "/001|/002|/003");
    assert_eq!(urls("/[08-11]").join("|"), "/08|/09|/10|/11");
    assert_eq!(urls("/[001-1000:499]").join("|"), "/001|/500|/999");
    assert_eq!(urls("/[00-2]").join("|"), "/00|/01|/02");
    assert_eq!(urls("/[0-2]").join("|"), "/0|/1|/2");
    assert_eq!(urls("/[1-003]").join("|"), "/1|/2|/3");
    assert_eq!(urls(&format!("/[{}1-2]", "0".repeat(63))).len(), 2);
    assert_eq!(refusal(&format!("/[{}1-2]", "0".repeat(70_000))), (2, "bad range".into()));
}

#[test]
fn a_backslash_takes_the_group_out_of_the_brackets() {
    assert_eq!(urls(r"/\{a,b\}\[1-2\]"), [r"/{a,b}[1-2]"]);
    assert_eq!(urls(r"/{a\,b,c\}d,\e}"), ["/a,b", "/c}d", "/e"]);
    assert_eq!(urls(r"/\x\"), [r"/\x\"]);
}

#[test]
fn ipv6_literals_and_empty_brackets_are_no_ranges() {
    for url in ["[::1]:1/a", "http://[::ffff:1.2.3.4]:1/", "http://[fe80::1%25lo]:1/", "/[]", "/[::1]"] {
        assert_eq!(urls(url), [url]);
    }
    assert_eq!(urls("http://[::1]:1/{a,b}"), ["http://[::1]:1/a", "http://[::1]:1/b"]);
    assert_eq!(refusal("http://[1:2:3]/"), (8, "bad range".into()));
}

#[test]
fn what_curl_refuses_is_refused_in_its_words() {
    for (pattern, position, message) in [
        ("/{a,{b,c}}", 5, "nested brace"),
        ("/{a,[1-2]}", 5, "nested brace"),
        ("/{a", 2, "unmatched brace"),
        (r"/{a\", 2, "unmatched brace"),
        ("/{a]", 4, "unexpected close bracket"),
        ("/{}", 3, "empty string within braces"),
        ("/a}", 3, "unmatched close brace/bracket"),
        ("/a]", 3, "unmatched close brace/bracket"),
        (r"/\\{a}", 6, "unmatched close brace/bracket"),
        ("/[", 2, "bad range specification"),
        ("/[ 1-2]", 2, "bad range specification"),
        ("/[-1-2]", 2, "bad range specification"),
        ("/[é-z]", 2, "bad range specification"),
    ] {
        assert_eq!(refusal(pattern), (position, message.into()), "{pattern}");
    }
    assert_eq!(urls("/[Z-s]").len(), 26);
    for bad in [
        "Z-t]",
        "1",
        "1-",
        "1-2",
        "1-2:",
        "1-2:3",
        "1-2:0]",
        "1-1:2]",
        "b-b:2]",
        "1-5:9]",
        "3-1]",
        "a-Z]",
        "A-z]",
        "a-e:300]",
        "a-z",
        "ab]",
        "a-bb]",
        "a-é]",
        "1 -2]",
        "1-99999999999999999999]",
    ] {
        assert_eq!(refusal(&format!("/[{bad}")), (2, "bad range".into()), "{bad}");
    }
}

#[test]
fn parts_are_what_each_group_became() {
    let all: Vec<_> = Glob::parse("http://{site,host}.x/[7-8]").unwrap().into_iter().map(|e| e.parts).collect();
    assert_eq!(all, [["site", "7"], ["site", "8"], ["host", "7"], ["host", "8"]]);
    assert!(Glob::parse("http://x/").unwrap().into_iter().next().unwrap().parts.is_empty());
}

#[test]
fn a_count_past_the_cap_is_refused_before_anything_is_expanded() {
    assert_eq!(Glob::parse("/[1-100000000]").unwrap().count(), MAX_EXPANSIONS);
    for over in ["/[0-100000000]", "/[1-9223372036854775807]", &"[1-9223372036854775807]".repeat(9)] {
        assert!(Glob::parse(over).unwrap_err().to_string().starts_with("range overflow"), "{over}");
    }
}

#[test]
fn too_many_groups_and_members_are_refused() {
    assert_eq!(Glob::parse(&"{a}".repeat(MAX_GROUPS)).unwrap().count(), 1);
    assert!(Glob::parse(&"{a}".repeat(MAX_GROUPS + 1)).unwrap_err().message.starts_with("too many"));
    let members = |count: usize| format!("{{{}}}", ",".repeat(count - 1));
    assert_eq!(Glob::parse(&members(MAX_MEMBERS)).unwrap().count(), MAX_MEMBERS as u64);
    assert!(Glob::parse(&members(MAX_MEMBERS + 1)).unwrap_err().message.starts_with("range overflow"));
}

#[test]
fn no_input_panics_and_the_count_is_true() {
    let mut random = crate::fetch::random::Random::seeded("globs");
    for _ in 0..20_000 {
        let pattern =
            random.text(&["{", "}", "[", "]", "-", ":", ",", "\\", "0", "1", "09", "99", "a", "z", "é", " "], 12);
        if let Ok(glob) = Glob::parse(&pattern) {
            let count = glob.count();
            let seen = glob.into_iter().take(1_000).count() as u64;
            assert_eq!(seen, count.min(1_000), "{pattern}");
        }
    }
}
