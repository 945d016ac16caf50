//! Quoted strings (RFC 9110 section 5.6.4), as parameters have them.

/// What stands up to the closing quote, `\x` as `x`, and what follows that; a text without one goes on to the end.
pub(super) fn quoted(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut unquoted = Vec::new();
    let mut bytes = text.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return (unquoted, &text[at + 1..]),
            b'\\' => unquoted.extend(bytes.next().map(|(_, byte)| *byte)),
            byte => unquoted.push(*byte),
        }
    }
    (unquoted, &[])
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_quoted_string_ends_at_its_quote_or_with_the_text() {
        for (text, inside, behind) in [
            (r#"a b"; c"#, "a b", "; c"),
            (r#"\"a\\""#, r#""a\"#, ""),
            (r#"open"#, "open", ""),
            (r#"open\"#, "open", ""),
            (r#"""#, "", ""),
        ] {
            assert_eq!(quoted(text.as_bytes()), (inside.as_bytes().to_vec(), behind.as_bytes()), "{text}");
        }
    }
}
