//! The file name in a `Content-Disposition` field (RFC 6266, with RFC 8187 for names beyond ASCII). A pure rule: what
//! comes out is what the server said, and must be made harmless before it names a file.

use percent_encoding::percent_decode;

use super::quoted::quoted;

/// Parameters that are looked at; a field with more has something else in mind.
const MAX_PARAMETERS: usize = 32;

/// The name in a field's value: `filename*` before `filename`, as RFC 6266 section 4.3 has it. None where there is none,
/// or an empty one. A path before the name is the caller's to cut off.
///
/// What RFC 6266 does not allow and servers send is read as browsers do: bytes above 0x7f in `filename` (UTF-8, else
/// Latin-1), a token with characters that are none, a missing disposition type.
pub fn file_name(value: &[u8]) -> Option<String> {
    let (mut plain, mut extended) = (None, None);
    for (name, value) in parameters(value).take(MAX_PARAMETERS) {
        if name.eq_ignore_ascii_case(b"filename*") {
            extended = extended.or_else(|| decode_extended(&value));
        } else if name.eq_ignore_ascii_case(b"filename") {
            plain = plain.or_else(|| Some(text(value)));
        }
    }
    extended.into_iter().chain(plain).find(|name| !name.is_empty())
}

/// Names and values of the parameters, quotes undone. What stands before the first semicolon and is no parameter is the
/// type.
fn parameters(value: &[u8]) -> impl Iterator<Item = (&[u8], Vec<u8>)> {
    let mut rest = value;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let (name, after) = split_at(rest, |byte| matches!(byte, b'=' | b';'));
            let name = name.trim_ascii();
            match after.first() {
                Some(b'=') => {
                    let (value, after) = parameter_value(after[1..].trim_ascii_start());
                    rest = split_at(after, |byte| byte == b';').1.get(1..).unwrap_or_default();
                    return Some((name, value));
                }
                _ => rest = after.get(1..).unwrap_or_default(),
            }
        }
        None
    })
}

/// A token up to the next semicolon, or a quoted string; and what stands behind it.
fn parameter_value(text: &[u8]) -> (Vec<u8>, &[u8]) {
    match text.strip_prefix(b"\"") {
        Some(text) => quoted(text),
        None => {
            let (token, after) = split_at(text, |byte| byte == b';');
            (token.trim_ascii().to_vec(), after)
        }
    }
}

fn split_at(text: &[u8], ends: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|byte| ends(*byte)).unwrap_or(text.len()))
}

/// `UTF-8'en'%e2%82%ac%20rates`: charset, language, percent-encoded bytes. None for another charset, or bytes that are
/// not of it.
fn decode_extended(value: &[u8]) -> Option<String> {
    let mut parts = value.splitn(3, |byte| *byte == b'\'');
    let (charset, _language, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes: Vec<u8> = percent_decode(encoded).collect();
    if charset.eq_ignore_ascii_case(b"utf-8") {
        String::from_utf8(bytes).ok()
    } else if charset.eq_ignore_ascii_case(b"iso-8859-1") {
        Some(latin1(&bytes))
    } else {
        None
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| latin1(error.as_bytes()))
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_rfc_6266_are_read() {
        for (value, name) in [
            ("attachment; filename=example.html", Some("example.html")),
            ("INLINE; FILENAME= \"an example.html\"", Some("an example.html")),
            ("attachment; filename*= UTF-8''%e2%82%ac%20rates", Some("€ rates")),
            ("attachment; filename=\"EURO rates\"; filename*=utf-8''%e2%82%ac%20rates", Some("€ rates")),
            ("attachment; filename*=iso-8859-1'en'%A3%20rates; filename=x", Some("£ rates")),
            ("attachment; filename=\"a\\\"b\\\\c;d=e.txt\"; size=3", Some("a\"b\\c;d=e.txt")),
            ("attachment; x=\"; filename=evil\"; filename=good", Some("good")),
            ("filename=bare.txt", Some("bare.txt")),
            ("attachment;filename=a b.txt ;x", Some("a b.txt")),
            ("attachment; filename=\"open", Some("open")),
            ("attachment; filename=first; filename=second", Some("first")),
            ("attachment; filename=naïve.txt", Some("naïve.txt")),
            ("attachment; filename*=utf-16''x; filename=plain", Some("plain")),
            ("attachment; filename*=UTF-8''%ff; filename=plain", Some("plain")),
            ("attachment; filename*=nonsense; filename=plain", Some("plain")),
            ("attachment; filename*=UTF-8''; filename=plain", Some("plain")),
            ("attachment; filename=\"../../etc/passwd\"", Some("../../etc/passwd")),
            ("attachment; filename=\"\"", None),
            ("attachment; xfilename=no", None),
            ("attachment", None),
            ("", None),
            (";;;===", None),
        ] {
            assert_eq!(file_name(value.as_bytes()).as_deref(), name, "{value}");
        }
        assert_eq!(file_name(b"attachment; filename=\"na\xefve\"").as_deref(), Some("na\u{ef}ve"));
        assert_eq!(file_name(b"a; filename*=UTF-8''%00%2e%2e%2fx").as_deref(), Some("\0../x"));
    }

    #[test]
    fn what_is_looked_at_is_bounded_and_nothing_panics() {
        let many = format!("a{}; filename=late", "; x=y".repeat(MAX_PARAMETERS));
        assert_eq!(file_name(many.as_bytes()), None);
        let value = b"attachment; filename=\"a\\\"b\"; filename*=UTF-8'x'%e2%82%ac".to_vec();
        for end in 0..value.len() {
            for byte in [b'"', b'\\', b';', b'=', b'\'', b'%', 0, 0xff] {
                let mut changed = value[..=end].to_vec();
                changed[end] = byte;
                file_name(&changed);
            }
        }
    }
}
