//! Names as scripts get them: placeholders, `-O`, collisions, and what hostile input is turned into.

use std::path::Component;

use serde_json::json;
use url::Url;

use super::*;

fn target(url: &str) -> Target {
    Target::new(Url::parse(url).unwrap())
}

/// A path of which so many of the last components were contributed.
fn file(path: &str, contributed: usize) -> Option<Place> {
    Some(Place::File(FilePath { path: path.into(), contributed }))
}

fn filled(template: &str, target: &Target) -> String {
    Template::parse(template).fill(7, target).text
}

fn names(output_dir: Option<&str>, templates: &[&str], remote_name: bool) -> Names {
    Names::new(output_dir.map(Into::into), templates.iter().map(|text| Template::parse(text)).collect(), remote_name)
}

#[test]
fn placeholders_are_filled_from_the_entry() {
    let page = Target { id: Some(json!("row 3")), ..target("https://user:pw@Example.org:8443/a/b%20c.tar.gz?q=1#f") };
    for (template, name) in [
        ("{index}", "7"),
        ("{host}", "example.org"),
        ("{path}", "a/b%20c.tar.gz"),
        ("{name}", "b%20c.tar.gz"),
        ("{ext}", "gz"),
        ("{id}", "row 3"),
        ("out/{index}-{host}.{ext}", "out/7-example.org.gz"),
        ("{nothing} {} {index", "{nothing} {} {index"),
        ("{{index}}", "{7}"),
    ] {
        assert_eq!(filled(template, &page), name, "{template}");
    }
}

#[test]
fn from_the_first_component_that_an_entry_contributes_to_no_link_is_followed() {
    let page = target("http://h/a/b/c.html");
    for (template, contributed) in [
        ("x/y", 0),
        ("x/{name}", 1),
        ("/x/y/pre-{host}.x", 1),
        ("x/{path}", 3),
        ("{host}/x/../{name}", 4),
        ("{host}//x", 2),
        ("./{ext}/x", 2),
    ] {
        assert_eq!(Template::parse(template).fill(7, &page).contributed, contributed, "{template}");
        let mut names = names(Some("/d/e"), &[template], false);
        let (Some(Place::File(first)), Some(Place::File(second))) = (names.assign(0, &page), names.assign(1, &page))
        else {
            panic!("{template}");
        };
        assert_eq!((first.contributed(), second.contributed()), (contributed, contributed), "{template}");
    }
}

#[test]
fn glob_references_are_curls() {
    let globbed = Target { glob_parts: vec!["a/b".into(), "07".into()], ..target("http://h/") };
    for (template, name) in [("#1-#2.html", "a_b-07.html"), ("#1#0#3x#", "a_b#0#3x#"), ("#12", "#12"), ("##2", "#07")] {
        assert_eq!(filled(template, &globbed), name, "{template}");
    }
    assert_eq!(filled("#1-#2", &target("http://h/")), "#1-#2");
    assert_eq!(filled("#99999999999999999999999", &globbed), "#99999999999999999999999");
}

#[test]
fn only_a_template_that_tells_urls_apart_distinguishes() {
    for text in ["#1", "{index}", "x{host}", "{path}", "{name}", "a.{ext}", "{id}"] {
        assert!(Template::parse(text).is_distinguishing(1), "{text}");
    }
    for text in ["page.html", "-", "#0", "#x", "#2", "{}", "{other}", ""] {
        assert!(!Template::parse(text).is_distinguishing(1), "{text}");
    }
}

#[test]
fn a_missing_extension_takes_its_dot_along() {
    assert_eq!(filled("{index}.{ext}", &target("http://h/page")), "7");
    assert_eq!(filled("d/{ext}", &target("http://h/page")), "d/_");
    assert_eq!(filled("{ext}/x", &target("http://h/page")), "_/x");
    assert_eq!(filled(".{ext}", &target("http://h/page")), "_");
}

#[test]
fn a_missing_id_is_an_underscore_and_other_values_are_json() {
    assert_eq!(filled("{id}.html", &target("http://h/")), "_.html");
    for (id, name) in [
        (json!(null), "null"),
        (json!(12), "12"),
        (json!({"a": [1, "x/y"]}), "{\"a\":[1,\"x_y\"]}"),
        (json!(""), "_"),
        (json!("../../x"), "_._.._x"),
    ] {
        let target = Target { id: Some(id), ..target("http://h/") };
        assert_eq!(filled("{id}", &target), name);
    }
}

#[test]
fn remote_names_are_the_last_segment_as_it_is() {
    for (url, name) in [
        ("http://h/a/b.html?q=1/x", "b.html"),
        ("http://h/a%2Fb%20c", "a%2Fb%20c"),
        ("http://h/a/", "a"),
        ("http://h/", DEFAULT_NAME),
        ("http://h?a/b", DEFAULT_NAME),
        ("http://h/a;p=1", "a;p=1"),
        ("http://h/.bashrc", "_bashrc"),
        ("http://h/-x", "_x"),
        ("http://h/a/%2e%2e/%2e%2E", DEFAULT_NAME),
    ] {
        assert_eq!(names(None, &[], true).assign(0, &target(url)), file(name, 1), "{url}");
    }
}

#[test]
fn path_makes_folders_below_and_nothing_else() {
    for (url, name) in [
        ("http://h/", "curl_response"),
        ("http://h/a/b/", "a/b/curl_response"),
        ("http://h//a///b", "a/b"),
        ("http://h/../../etc/passwd", "etc/passwd"),
        ("http://h/.ssh/-id", "_ssh/_id"),
        ("http://h/a%2F..%2Fb", "a%2F..%2Fb"),
    ] {
        assert_eq!(filled("{path}", &target(url)), name, "{url}");
    }
    assert_eq!(filled("x{path}y", &target("http://h/a/b")), "xa/by");
    let deep = filled("{path}", &target(&format!("http://h/{}z", "d/".repeat(5_000))));
    assert_eq!(deep.split('/').count(), 64);
    assert!(deep.ends_with("d/z"));
}

#[test]
fn what_is_typed_goes_anywhere_and_may_not_be_turned_by_what_is_not() {
    let page = Target { id: Some(json!(".")), ..target("http://h/n") };
    assert_eq!(filled("../up/{name}", &page), "../up/n");
    assert_eq!(filled("/srv/.hidden/-{name}", &page), "/srv/.hidden/-n");
    assert_eq!(filled("a/.{id}/b", &page), "a/__/b");
    assert_eq!(filled("a/{id}./b", &page), "a/_./b");
}

#[test]
fn a_name_used_again_gets_a_number_in_input_order() {
    let mut names = names(None, &[], true);
    let given: Vec<_> = ["a", "a", "a.1", "a.2", "a", "b", "a.1"]
        .iter()
        .enumerate()
        .map(|(index, name)| names.assign(index as u64, &target(&format!("http://h/{name}"))))
        .collect();
    let expected = ["a", "a.1", "a.1.1", "a.2", "a.3", "b", "a.1.2"];
    assert_eq!(given, expected.map(|name| file(name, 1)));
}

#[test]
fn one_file_under_two_spellings_is_one_name() {
    let mut names = names(None, &[], false);
    let output = |path: &str| Target { output: Some(path.into()), ..target("http://h/") };
    assert_eq!(names.assign(0, &output("d/a")), file("d/a", 2));
    assert_eq!(names.assign(1, &output("./d//a")), file("./d//a.1", 2));
}

#[test]
fn a_name_used_ten_thousand_times_is_settled_quickly() {
    let mut names = names(None, &["{host}"], false);
    let page = target("http://h/");
    for index in 0..10_000 {
        names.assign(index, &page);
    }
    assert_eq!(names.assign(10_000, &page), file("h.10000", 1));
}

#[test]
fn a_device_is_no_name_to_number() {
    let mut names = names(None, &["/dev/null", "/dev/null", "x", "x"], false);
    let given: Vec<_> =
        (0..4).map(|n| names.assign(n, &Target { argument: Some(n as usize), ..target("http://h/") })).collect();
    assert_eq!(given, ["/dev/null", "/dev/null", "x", "x.1"].map(|name| file(name, 0)));
}

#[test]
fn the_nth_template_belongs_to_the_nth_argument() {
    let argument = |number| Target { argument: number, ..target("http://h/page") };
    let mut several = names(None, &["a", "-"], false);
    assert_eq!(several.assign(0, &argument(Some(0))), file("a", 0));
    assert_eq!(several.assign(1, &argument(Some(1))), Some(Place::StandardOutput));
    assert_eq!(several.assign(2, &argument(Some(2))), None);
    assert_eq!(several.assign(3, &argument(None)), None);
    let mut only = names(None, &["{index}"], false);
    assert_eq!(only.assign(4, &argument(Some(2))), file("4", 1));
    assert_eq!(only.assign(5, &argument(None)), file("5", 1));
    let mut with_remote = names(None, &["a"], true);
    assert_eq!(with_remote.assign(0, &argument(Some(0))), file("a", 0));
    assert_eq!(with_remote.assign(1, &argument(Some(1))), file("page", 1));
    assert_eq!(names(None, &[], false).assign(0, &argument(Some(0))), None);
}

#[test]
fn the_lists_own_output_comes_first() {
    let listed = Target { output: Some("out/x.html".into()), ..target("http://h/page") };
    for mut names in [names(None, &[], false), names(None, &["{index}"], false), names(None, &["-"], true)] {
        assert_eq!(names.assign(0, &listed), file("out/x.html", 2));
    }
}

#[test]
fn the_output_folder_stands_before_every_name() {
    let page = target("http://h/page");
    assert_eq!(names(Some("d"), &[], true).assign(0, &page), file("d/page", 1));
    assert_eq!(names(Some("d"), &["/tmp/x"], false).assign(0, &page), file("d/tmp/x", 0), "as in curl");
    assert_eq!(names(Some("/d"), &["-"], false).assign(0, &page), Some(Place::StandardOutput));
    let mut names = names(Some("d"), &["{name}"], false);
    assert_eq!(names.assign(0, &page), file("d/page", 1));
    assert_eq!(names.assign(1, &page), file("d/page.1", 1));
}

#[test]
fn no_contribution_ever_leaves_the_output_folder() {
    let mut random = crate::fetch::random::Random::seeded("names");
    let bits = ["/", "..", ".", "-", "\\", "\0", "\n", "a", "{", "}", "#1", "é", "%2e", "%2F", "?", "~", ":"];
    let templates = ["{id}", "{path}", "{name}", "#1", "{ext}", "{id}/{name}.{ext}", "x{id}{ext}", ".{id}", "#1{path}"];
    for index in 0..20_000u64 {
        let text = random.text(&bits, 10);
        let Ok(url) = Url::parse(&format!("http://h/{text}")) else { continue };
        let target = Target { id: Some(json!(text)), glob_parts: vec![text.clone()], ..Target::new(url) };
        let template = templates[random.below(templates.len())];
        let Some(Place::File(path)) = names(Some("/out"), &[template], false).assign(index, &target) else {
            panic!("{template} gave no file")
        };
        let below = path.strip_prefix("/out").unwrap();
        assert!(below.components().count() > 0, "{template} {text:?}");
        for component in below.components() {
            let Component::Normal(name) = component else { panic!("{template} {text:?} gave {path:?}") };
            assert!(name.len() <= MAX_NAME_BYTES);
        }
    }
}

#[test]
fn servers_names_are_told_apart_in_the_order_of_answers() {
    let mut names = HeaderNames::default();
    let mut claim = |index, path: &str, field: &str| {
        let field = Some(field.as_bytes()).filter(|field| !field.is_empty());
        let (path, chosen) = names.claim(index, Path::new(path), field);
        (path.to_str().unwrap().to_owned(), chosen)
    };
    let own = |path: &str| (path.to_owned(), true);
    assert_eq!(claim(3, "out/x", "attachment; filename=a"), own("out/a"));
    assert_eq!(claim(1, "out/y", "attachment; filename=../a"), own("out/a.1"));
    assert_eq!(claim(1, "out/y", "attachment; filename=a"), own("out/a.1"), "another attempt");
    assert_eq!(claim(2, "out/a", ""), ("out/a.2".to_owned(), false));
    assert_eq!(claim(4, "b", "attachment"), ("b".to_owned(), false));
    assert_eq!(claim(5, "c", "attachment; filename=b"), own("b.1"));
}
