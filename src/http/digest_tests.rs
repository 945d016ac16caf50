//! Digest: the examples of RFC 2617, 7616 and 2069, and challenges as servers write them.

use super::*;
use crate::http::fields::Fields;

fn offers(values: &[&str]) -> Offers {
    let mut fields = Fields::new();
    for value in values {
        fields.push("WWW-Authenticate", value).unwrap();
    }
    Offers::of(&fields)
}

fn digest(value: &str) -> Challenge {
    offers(&[value]).digest.unwrap()
}

fn login(user: &str, password: &str) -> Login {
    Login { user: user.into(), password: password.into() }
}

fn answer(challenge: &str, login: &Login, cnonce: &str) -> String {
    let asked = Asked { method: "GET", target: "/dir/index.html", cnonce, count: 1 };
    String::from_utf8(digest(challenge).answer(login, &asked)).unwrap()
}

const MUFASA: (&str, &str) = ("Mufasa", "Circle of Life");
const RFC7616: &str = "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", \
                       nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                       opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", algorithm=";
const CNONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

#[test]
fn the_examples_of_the_rfcs_come_out() {
    let mufasa = login(MUFASA.0, MUFASA.1);
    for (algorithm, response) in [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ] {
        let value = answer(&format!("{RFC7616}{algorithm}"), &mufasa, CNONCE);
        let expected = format!(
            "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", cnonce=\"{CNONCE}\", \
             nc=00000001, qop=auth, response=\"{response}\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", algorithm={algorithm}"
        );
        assert_eq!(value, expected);
    }
    let rfc2617 = "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
                   nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
    let value = answer(rfc2617, &login("Mufasa", "Circle Of Life"), "0a4f113b");
    assert!(value.contains("response=\"6629fae49393a05397450978507c4ef1\"") && !value.contains("algorithm"), "{value}");
    let rfc2069 = rfc2617.replace("qop=\"auth,auth-int\", ", "");
    let value = answer(&rfc2069, &login("Mufasa", "CircleOfLife"), "0a4f113b");
    assert!(value.contains("response=\"1949323746fe6a43ef61f9606e7febea\""), "{value}");
    assert!(!value.contains("qop") && !value.contains("cnonce") && !value.contains("nc="), "{value}");
}

#[test]
fn rfc7616_section_3_9_2_sha_512_256_with_a_hashed_user() {
    let challenge = "Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, \
                     nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", \
                     opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", charset=UTF-8, userhash=true";
    let asked = Asked { method: "GET", target: "/doe.json", cnonce: "NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm", count: 1 };
    let value = digest(challenge).answer(&login("Jäsøn Doe", "Secret, or not?"), &asked);
    let value = String::from_utf8(value).unwrap();
    // The RFC's own figures come from another initial vector than FIPS 180-4 has; these are those of Python's hashlib.
    assert!(value.contains("username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b\""), "{value}");
    assert!(value.contains("response=\"7a4e1192babbba02e91182d2895bfdbf7adafc6e48d4e517ca301974843d840c\""), "{value}");
    assert!(value.ends_with("userhash=true"), "{value}");
}

#[test]
fn a_session_puts_both_nonces_into_the_secret_and_counts_go_up() {
    let challenge = digest("Digest realm=\"r\", nonce=\"n\", algorithm=md5-SESS, qop=auth");
    let md5 = |text: &str| Algorithm::Md5.hash(&[text.as_bytes()]);
    let asked = Asked { method: "POST", target: "/x?y", cnonce: "c", count: 17 };
    let value = String::from_utf8(challenge.answer(&login("u", "p"), &asked)).unwrap();
    let secret = md5(&format!("{}:n:c", md5("u:r:p")));
    let expected = md5(&format!("{secret}:n:00000011:c:auth:{}", md5("POST:/x?y")));
    assert!(value.contains(&format!("nc=00000011, qop=auth, response=\"{expected}\"")), "{value}");
    assert!(value.ends_with("algorithm=MD5-sess"), "{value}");
}

#[test]
fn quotes_in_a_name_or_a_realm_cannot_end_their_string() {
    let value = answer("Digest realm=\"a\\\"b\\\\c\", nonce=\"n\"", &login("x\", realm=\"y", "p"), "c");
    assert!(value.starts_with("Digest username=\"x\\\", realm=\\\"y\", realm=\"a\\\"b\\\\c\", nonce=\"n\""), "{value}");
}

#[test]
fn challenges_are_found_among_others() {
    let nonce = |values: &[&str]| offers(values).digest.map(|challenge| String::from_utf8(challenge.nonce).unwrap());
    let one = |value| nonce(&[value]);
    assert_eq!(one("Basic realm=\"x, Digest nonce=no\", Digest realm=r, nonce=\"yes\"").as_deref(), Some("yes"));
    assert_eq!(one("Negotiate, Digest nonce = \"a b\" , realm = \"\", Basic realm=x").as_deref(), Some("a b"));
    assert_eq!(one("NTLM TlRMTVNTUAA==, digest REALM=r,NONCE=n").as_deref(), Some("n"));
    assert_eq!(nonce(&["Basic realm=x", "Digest realm=r, nonce=2"]).as_deref(), Some("2"));
    let first = "Digest realm=r, nonce=1, algorithm=SHA-256, Digest realm=r, nonce=2, algorithm=MD5";
    assert_eq!(one(first).as_deref(), Some("1"), "the server's order is its wish");
    let unknown = "Digest realm=r, nonce=1, algorithm=SHA-3, Digest realm=r, nonce=2";
    assert_eq!(one(unknown).as_deref(), Some("2"));
    assert!(offers(&["Digest realm=r, nonce=1", "bAsIc realm=x"]).basic && !offers(&["Digest realm=basic"]).basic);
}

#[test]
fn what_cannot_be_answered_is_no_challenge() {
    for value in [
        "",
        "Digest",
        "Digest realm=r",
        "Digest nonce=n",
        "Digest realm=r, nonce=\"\"",
        "Digest realm=r, nonce=n, qop=auth-int",
        "Digest realm=r, nonce=n, qop=\"\"",
        "Digest realm=r, nonce=n, algorithm=MD4",
        "Digest realm=r, nonce=n, algorithm=-sess",
        "realm=r, nonce=n",
        "Digestive realm=r, nonce=n",
        "=, \"\\",
    ] {
        assert_eq!(offers(&[value]).digest, None, "{value:?}");
    }
    assert!(digest("Digest realm=r, nonce=\"open").nonce == b"open");
    assert!(digest("Digest realm=r, nonce=n, stale=TRUE").stale && !digest("Digest realm=r, nonce=n, stale=no").stale);
}
