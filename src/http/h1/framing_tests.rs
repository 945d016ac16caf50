//! Tests of `framing`; most of its rules are held by the fixtures.

use super::*;

fn fields(pairs: &[(&str, &str)]) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in pairs {
        fields.push(name, value).unwrap();
    }
    fields
}

#[test]
fn silence_declares_nothing() {
    assert_eq!(Declared::by(&fields(&[("Content-Type", "a")])).framing(), Ok(None));
}

#[test]
fn an_empty_coding_beside_a_length_is_refused_too() {
    let both = fields(&[("Transfer-Encoding", ""), ("Content-Length", "1")]);
    assert_eq!(Declared::by(&both).framing(), Err(ProtocolError::LengthWithCoding));
}

#[test]
fn lengths_are_compared_as_numbers_over_all_fields_and_lists() {
    let same = fields(&[("Content-Length", "7,07"), ("content-length", "7")]);
    assert_eq!(Declared::by(&same).length(), Ok(Some(7)));
    let other = fields(&[("Content-Length", "7,07"), ("content-length", "8")]);
    assert_eq!(Declared::by(&other).length(), Err(ProtocolError::ConflictingLengths));
}

#[test]
fn only_decimal_digits_are_a_length() {
    for text in ["", "+1", "-1", "0x1", "1 1", "1_000", "1e3", "18446744073709551616", "99999999999999999999999"] {
        assert_eq!(
            Declared::by(&fields(&[("Content-Length", text)])).length(),
            Err(ProtocolError::BadLength),
            "{text:?}"
        );
    }
    assert_eq!(Declared::by(&fields(&[("Content-Length", "18446744073709551615")])).length(), Ok(Some(u64::MAX)));
}

#[test]
fn each_version_keeps_alive_by_its_own_rule() {
    for (value, http10, http11) in
        [("", false, true), ("keep-alive", true, true), ("close", false, false), ("keep-alive, close", false, false)]
    {
        let fields = fields(&[("Connection", value)]);
        assert_eq!(Declared::by(&fields).keeps_alive(Version::Http10), http10, "1.0 {value:?}");
        assert_eq!(Declared::by(&fields).keeps_alive(Version::Http11), http11, "1.1 {value:?}");
    }
}
