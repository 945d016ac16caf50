//! Values inside a `<script type="application/json">`: JSON in which nothing can end the element or begin another.

use crate::cli::render::units::push_number;

/// Appends a JSON string. The text is escaped already (see [`super::text`]), so that it holds no control characters.
pub fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for &byte in text.as_bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'<' => out.extend_from_slice(b"\\u003c"),
            b'>' => out.extend_from_slice(b"\\u003e"),
            b'&' => out.extend_from_slice(b"\\u0026"),
            byte => out.push(byte),
        }
    }
    out.push(b'"');
}

/// Appends a number, or null.
pub fn push_number_or_null(out: &mut Vec<u8>, number: Option<u64>) {
    match number {
        Some(number) => push_number(out, number),
        None => out.extend_from_slice(b"null"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_ends_no_script_and_says_the_same() {
        let text = "</script><!--<script>\"\\&amp;é";
        let mut out = Vec::new();
        push_string(&mut out, text);
        let written = String::from_utf8(out).unwrap();
        assert!(!written.contains(['<', '>', '&']), "{written}");
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
    }
}
