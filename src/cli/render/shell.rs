//! Words for a POSIX shell: whatever is in them, they stay one word, are not run, and do nothing to a terminal.

use std::fmt::Write as _;

use crate::cli::escape;

/// Appends a word that the shell gives back byte for byte: as it is, in single quotes, or, where a terminal would obey
/// it or it is no text, in octal. It may not hold a NUL, as no argument can.
pub fn word(out: &mut String, bytes: &[u8]) {
    match plain(bytes) {
        Some(text) if is_bare(text) => out.push_str(text),
        Some(text) => quoted(out, text),
        None => {
            // The shell takes line ends off the end of what a command prints.
            let kept = bytes.iter().rposition(|byte| *byte != b'\n').map_or(0, |last| last + 1);
            out.push_str("\"$(");
            printf(out, &bytes[..kept]);
            out.push_str(")\"");
            if kept < bytes.len() {
                quoted(out, &"\n".repeat(bytes.len() - kept));
            }
        }
    }
}

/// Whether a word of these bytes is told as it is: text on one line, with nothing that a terminal obeys.
pub fn is_plain(bytes: &[u8]) -> bool {
    plain(bytes).is_some()
}

/// Appends a command that prints these bytes, NULs among them.
pub fn printf(out: &mut String, bytes: &[u8]) {
    out.push_str("printf '");
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| push_in_format(out, c));
        chunk.invalid().iter().for_each(|byte| octal(out, *byte));
    }
    // A word that begins with a hyphen would be an option.
    if bytes.first() == Some(&b'-')
        && let Some(at) = out.rfind("printf '-")
    {
        out.replace_range(at + "printf '".len()..=at + "printf '".len(), "\\055");
    }
    out.push('\'');
}

/// One character inside of `printf '…'`.
fn push_in_format(out: &mut String, c: char) {
    match c {
        '%' => out.push_str("%%"),
        '\\' => out.push_str("\\\\"),
        '\'' => out.push_str("'\\''"),
        c if escape::is_hostile(c) => c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| octal(out, byte)),
        c => out.push(c),
    }
}

fn octal(out: &mut String, byte: u8) {
    write!(out, "\\{byte:03o}").expect("a String takes all");
}

fn plain(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| !text.chars().any(escape::is_hostile))
}

fn quoted(out: &mut String, text: &str) {
    out.push('\'');
    out.push_str(&text.replace('\'', "'\\''"));
    out.push('\'');
}

/// Whether no shell sees anything in it but a word.
fn is_bare(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:,@+%".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn word_of(bytes: &[u8]) -> String {
        let mut out = String::new();
        word(&mut out, bytes);
        out
    }

    /// What a shell makes of it, and hands to a command as its only argument.
    fn given_by_the_shell(script: String) -> Vec<u8> {
        Command::new("/bin/sh").args(["-c", &script]).output().unwrap().stdout
    }

    #[test]
    fn what_is_harmless_stays_as_it_is() {
        for text in ["-sSf", "http://a.example:80/b", "5.5", "--max-redirs", "@file", "100%"] {
            assert_eq!(word_of(text.as_bytes()), text);
        }
        assert_eq!(word_of(b""), "''");
        assert_eq!(word_of(b"a b"), "'a b'");
        assert_eq!(word_of(b"it's"), "'it'\\''s'");
        assert_eq!(word_of(b"~"), "'~'");
        assert_eq!(word_of(b"A=b"), "'A=b'");
    }

    #[test]
    fn a_shell_gives_every_word_back_and_runs_none() {
        for bytes in [
            &b"$(touch /tmp/run) `id` $HOME \"x\" 'y' \\ ! * ? [a] {b,c} ; & | < > # ~ \t"[..],
            b"line\nand line\n\n",
            b"\n",
            b"\x1b[31m\x07",
            b"-n",
            b"-\x01",
            b"%s%d\\n\x02",
            b"'\x03'",
            b"\xff\xfe\x80",
            "ü 日本 \u{202e}gpj".as_bytes(),
            "\\055\u{1}".as_bytes(),
            b"''",
        ] {
            let text = word_of(bytes);
            assert!(!text.trim_end_matches(['\'', '\n']).chars().any(escape::is_hostile), "{text:?}");
            assert_eq!(given_by_the_shell(format!("printf %s {text}")), bytes, "{text}");
        }
    }

    #[test]
    fn printf_prints_every_byte() {
        let all: Vec<u8> = (0..=255).collect();
        for bytes in [&all[..], b"-e\0", b"--\0-", b"%%\0", b"\x00000", b""] {
            let mut command = String::new();
            printf(&mut command, bytes);
            assert!(command.is_ascii() && !command.contains('\n'), "{command}");
            assert_eq!(given_by_the_shell(command.clone()), bytes, "{command}");
        }
    }
}
