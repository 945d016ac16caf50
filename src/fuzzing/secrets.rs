//! What knows secrets: cookies as servers set them and as files keep them, netrc, challenges.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use url::Url;

use crate::http::auth::Login;
use crate::http::cookies::{Jar, MAX_SENT_BYTES};
use crate::http::digest::{Asked, Offers};
use crate::http::fields::Fields;
use crate::http::netrc::Netrc;

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

/// `Set-Cookie` fields, one a line, of several hosts; and the same bytes as a Netscape file.
pub fn cookies(data: &[u8]) {
    for from in [
        "http://www.a.example/dir/page",
        "https://www.a.example/dir/page",
        "https://[::1]/",
        "http://127.0.0.1/",
        "https://me.github.io/",
    ] {
        let from = Url::parse(from).unwrap();
        let mut jar = Jar::new();
        for field in data.split(|byte| *byte == b'\n') {
            let _ = jar.set(&from, field, now());
        }
        check_jar(&jar);
        for stranger in
            ["https://b.example/", "https://www.a.example.b.example/", "https://xwww.a.example.org/dir/page"]
                .into_iter()
                .chain(["https://example/", "https://github.io/", "https://you.github.io/", "https://0.0.1.example/"])
                .chain(["https://www.a.example./dir/page"])
        {
            let sent = jar.header(&Url::parse(stranger).unwrap(), now());
            assert_eq!(sent, None, "cookies of {from} go to {stranger}");
        }
    }
    let mut jar = Jar::new();
    let skipped = jar.read_netscape(data, now());
    assert!(skipped.lines <= data.split(|byte| *byte == b'\n').count());
    check_jar(&jar);
}

/// What is written can be read, and is the same; what is sent is one value.
fn check_jar(jar: &Jar) {
    let file = jar.write_netscape(now());
    let mut again = Jar::new();
    let skipped = again.read_netscape(&file, now());
    assert_eq!(skipped.lines, 0, "{skipped:?}: {}", String::from_utf8_lossy(&file));
    assert_eq!(String::from_utf8_lossy(&again.write_netscape(now())), String::from_utf8_lossy(&file));
    let mut jar = jar.clone();
    let mut sent = |url: &str| jar.header(&Url::parse(url).unwrap(), now()).unwrap_or_default();
    for host in ["www.a.example/dir/page", "a.example/", "[::1]/", "127.0.0.1/"] {
        let (plain, secure) = (sent(&format!("http://{host}")), sent(&format!("https://{host}")));
        for value in [&plain, &secure] {
            assert!(value.len() <= MAX_SENT_BYTES && !value.iter().any(u8::is_ascii_control), "{value:?}");
        }
        if secure.len() < MAX_SENT_BYTES / 2 {
            let cookies = |value: &[u8]| -> BTreeSet<Vec<u8>> {
                value.split(|byte| *byte == b';').map(|cookie| cookie.trim_ascii_start().to_vec()).collect()
            };
            assert!(plain.is_empty() || cookies(&plain).is_subset(&cookies(&secure)), "plain HTTP gets more than TLS");
        }
    }
}

/// A netrc file; and the same bytes as a login and a password that are quoted in one.
pub fn netrc(data: &[u8]) {
    if let Ok(netrc) = Netrc::parse(data) {
        assert!(netrc.len() <= data.len());
        let nobody = netrc.find("a.host.that.is.not.in.it.example", None);
        let has_default = data.to_ascii_lowercase().windows(7).any(|word| word == b"default");
        // A quoted keyword may have escapes in it.
        assert!(nobody.is_none() || has_default || data.contains(&b'\\'), "{nobody:?}");
        for host in ["a.example", "[::1]", "127.0.0.1"] {
            if let Some(login) = netrc.find(host, Some(b"me")) {
                assert_eq!(login.user, b"me");
            }
        }
    }
    let (user, password) = data.split_at(data.len() / 2);
    let quoted = |text: &[u8]| -> Vec<u8> {
        let escape = |byte: &u8| match byte {
            b'\n' => b"\\n".to_vec(),
            b'"' | b'\\' => vec![b'\\', *byte],
            byte => vec![*byte],
        };
        [b"\"", &*text.iter().flat_map(escape).collect::<Vec<u8>>(), b"\""].concat()
    };
    let file = [b"machine b.example login ", &*quoted(user), b" password ", &*quoted(password), b"\n"].concat();
    let netrc = Netrc::parse(&file).expect("its quotes end");
    let found = netrc.find("B.example", None).expect("it is there");
    assert_eq!((&*found.user, &*found.password), (user, password));
    assert!(netrc.find("a.example", None).is_none());
}

/// `WWW-Authenticate` fields, one a line, and the answer to what they ask.
pub fn challenges(data: &[u8]) {
    let mut fields = Fields::new();
    for value in data.split(|byte| *byte == b'\n') {
        // What no head can have does not come here.
        let _ = fields.push("WWW-Authenticate", value);
    }
    let Some(challenge) = Offers::of(&fields).digest else { return };
    let login = Login { user: b"me\"\\".to_vec(), password: b"s3cr3t".to_vec() };
    for count in [1, u32::MAX] {
        let asked = Asked { method: "GET", target: "/a?b", cnonce: "0123456789abcdef", count };
        let answer = challenge.answer(&login, &asked);
        let mut fields = Fields::new();
        fields.push("Authorization", &answer).expect("an answer is a field's value");
        let open = answer.windows(6).any(|window| window == b"s3cr3t");
        assert!(!open || data.windows(6).any(|window| window == b"s3cr3t"), "the password goes in the open");
    }
}
