//! Tests of `fields`.

use super::*;

fn fields(pairs: &[(&str, &str)]) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in pairs {
        fields.push(name, value).unwrap();
    }
    fields
}

fn pairs(fields: &Fields) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (name, std::str::from_utf8(value).unwrap())).collect()
}

#[test]
fn order_case_and_duplicates_are_kept() {
    let given = [("Set-Cookie", "a=1"), ("X-A", ""), ("set-cookie", "b=2")];
    let fields = fields(&given);
    assert_eq!(pairs(&fields), given);
    assert_eq!(fields.len(), 3);
    assert_eq!(fields.iter().len(), 3);
    assert!(!fields.is_empty() && Fields::new().is_empty());
}

#[test]
fn names_are_found_without_case() {
    let fields = fields(&[("Content-Type", "a"), ("CONTENT-TYPE", "b"), ("Content-Types", "c")]);
    assert_eq!(fields.first("content-type"), Some(&b"a"[..]));
    assert_eq!(fields.all("content-TYPE").collect::<Vec<_>>(), [b"a", b"b"]);
    assert_eq!(fields.first("content-typ"), None);
}

#[test]
fn values_are_bytes_and_text_only_where_they_are() {
    let mut fields = Fields::new();
    fields.push("A", b"\xe9\tx").unwrap();
    assert_eq!(fields.first("a"), Some(&b"\xe9\tx"[..]));
    assert_eq!(fields.first_str("a"), None);
    fields.push("B", "é").unwrap();
    assert_eq!(fields.first_str("b"), Some("é"));
}

#[test]
fn space_around_a_value_is_not_part_of_it() {
    assert_eq!(pairs(&fields(&[("A", " \tb c\t "), ("B", " \t ")])), [("A", "b c"), ("B", "")]);
}

#[test]
fn insert_takes_the_first_ones_place_and_drops_the_others() {
    let mut fields = fields(&[("A", "1"), ("B", "2"), ("a", "3"), ("C", "4")]);
    fields.insert("a", "5").unwrap();
    assert_eq!(pairs(&fields), [("a", "5"), ("B", "2"), ("C", "4")]);
    fields.insert("D", "6").unwrap();
    assert_eq!(pairs(&fields), [("a", "5"), ("B", "2"), ("C", "4"), ("D", "6")]);
}

#[test]
fn remove_takes_all_of_a_name() {
    let mut fields = fields(&[("A", "1"), ("B", "2"), ("a", "3")]);
    assert!(fields.remove("A"));
    assert!(!fields.remove("A"));
    assert_eq!(pairs(&fields), [("B", "2")]);
}

#[test]
fn nothing_that_is_no_token_is_a_name() {
    let mut fields = Fields::new();
    for name in ["", "a b", "a:", "a\r\n", "é", "a\0", "(a)", " a"] {
        assert_eq!(fields.push(name, "x"), Err(FieldError::Name(name.to_owned())));
        assert_eq!(fields.insert(name, "x"), Err(FieldError::Name(name.to_owned())));
    }
    assert!(fields.is_empty());
}

#[test]
fn no_control_character_but_tab_gets_into_a_value() {
    for byte in 0..=255u8 {
        let refused = (byte < b' ' && byte != b'\t') || byte == 0x7f;
        let is = Fields::new().push("A", [b'x', byte, b'x']);
        assert_eq!(is, if refused { Err(FieldError::Value("A".to_owned())) } else { Ok(()) }, "{byte:#x}");
    }
    // At the ends too, where white space is trimmed.
    assert!(Fields::new().push("A", "x\r\n").is_err());
    assert!(Fields::new().insert("A", "\nx").is_err());
}

#[test]
fn a_refused_value_changes_nothing() {
    let mut fields = fields(&[("A", "1")]);
    assert!(fields.insert("A", "2\r\nB: 3").is_err());
    assert_eq!(pairs(&fields), [("A", "1")]);
}

#[test]
fn a_list_has_a_token_whole_and_in_any_of_its_fields() {
    let fields = fields(&[("Connection", "keep-alive ,\tUpgrade"), ("connection", "Close")]);
    for token in ["keep-alive", "upgrade", "close"] {
        assert!(fields.contains_token("CONNECTION", token), "{token}");
    }
    assert!(!fields.contains_token("connection", "keep"));
    assert!(!fields.contains_token("connection", "keep-alive, upgrade"));
    assert!(!fields.contains_token("other", "close"));
}

#[test]
fn secrets_stay_out_of_debug_output() {
    let shown = format!("{:?}", fields(&[("AUTHORIZATION", "Basic c2VjcmV0"), ("Cookie", "id=secret"), ("A", "b")]));
    assert_eq!(shown, r#"[("AUTHORIZATION", "***"), ("Cookie", "***"), ("A", "b")]"#);
}

#[test]
fn an_error_names_the_field_and_never_its_value() {
    let error = Fields::new().push("Authorization", "secret\n").unwrap_err();
    assert_eq!(error.to_string(), "the value of Authorization has a control character");
}
