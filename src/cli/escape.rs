//! Text from outside, made safe to show.

use std::borrow::Cow;
use std::fmt::Write;

/// The text on one line, with nothing in it that a terminal obeys or that hides: control characters, tabs and line
/// ends as `\x1b`, `\t`, `\n`; C1 controls, bidi controls and invisible characters as `\u{202e}`. Clean text is
/// borrowed. A backslash stays one: the text is for people, and cannot be turned back.
pub fn line(text: &str) -> Cow<'_, str> {
    if is_plain(text.as_bytes()) || !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\t' => safe.push_str("\\t"),
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            c if !is_hostile(c) => safe.push(c),
            c if c.is_ascii() => write!(safe, "\\x{:02x}", u32::from(c)).expect("a String takes all"),
            c => write!(safe, "\\u{{{:x}}}", u32::from(c)).expect("a String takes all"),
        }
    }
    Cow::Owned(safe)
}

/// True for printable ASCII, which is nearly all there is.
pub fn is_plain(bytes: &[u8]) -> bool {
    all(bytes, |byte| matches!(byte, b' '..=b'~'))
}

/// Whether all bytes are so. Pieces of one size, of which the last overlaps, are a few instructions each; a rest of any
/// length would be a loop over bytes, and dearer than the pieces.
#[inline(always)]
pub fn all(bytes: &[u8], is_so: impl Fn(u8) -> bool) -> bool {
    match (bytes.last_chunk::<16>(), bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(last), ..) => bytes.as_chunks::<16>().0.iter().all(|piece| whole(piece, &is_so)) && whole(last, &is_so),
        (None, Some(first), Some(last)) => whole(first, &is_so) && whole(last, &is_so),
        _ => bytes.iter().all(|byte| is_so(*byte)),
    }
}

/// All bytes are looked at, whatever the first are: without a way out the compiler takes them at once.
#[inline(always)]
fn whole<const LENGTH: usize>(piece: &[u8; LENGTH], is_so: &impl Fn(u8) -> bool) -> bool {
    piece.iter().fold(true, |all, byte| all & is_so(*byte))
}

/// Whether a character acts on a terminal or on the text around it, or is there without being seen.
pub fn is_hostile(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'            // C0, DEL, C1
        | '\u{ad}' | '\u{34f}' | '\u{180b}'..='\u{180f}' // soft hyphen, joiner, Mongolian selectors
        | '\u{61c}' | '\u{200e}' | '\u{200f}'        // bidi marks
        | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' // bidi embeddings, overrides, isolates
        | '\u{200b}'..='\u{200d}' | '\u{feff}'       // zero width
        | '\u{2028}' | '\u{2029}'                    // line and paragraph separator
        | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' // invisible operators, deprecated controls
        | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' // blank Hangul fillers
        | '\u{fff0}'..='\u{fffb}'                    // annotation controls
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}' // musical controls, tags and selectors
    )
}

/// Terminal columns of escaped text, never fewer than it takes: wide scripts and emoji count 2, all else 1, also what
/// combines. (A line that comes out short is only shorter; one that comes out long breaks.)
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(char_width).sum() }
}

/// Columns of one character: see [`width`].
pub fn char_width(c: char) -> usize {
    let wide = matches!(u32::from(c),
        0x1100..=0x115f | 0x231a..=0x231b | 0x2329..=0x232a | 0x23e9..=0x23f3 | 0x25fd..=0x25fe | 0x2600..=0x27bf
        | 0x2b1b..=0x2b55 | 0x2e80..=0xa4cf | 0xa960..=0xa97c | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe10..=0xfe19
        | 0xfe30..=0xfe6f | 0xff01..=0xff60 | 0xffe0..=0xffe6 | 0x16fe0..=0x1b2ff | 0x1f000..=0x1faff
        | 0x20000..=0x3fffd);
    if wide { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_text_is_borrowed() {
        for text in ["", "https://example.org/a?b=c#d", "Übergröße", "日本語", "back\\slash"] {
            assert!(matches!(line(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn one_byte_is_found_at_every_place_of_every_length() {
        for length in 0..70 {
            let mut bytes = vec![b'x'; length];
            assert!(is_plain(&bytes));
            for place in 0..length {
                bytes[place] = 0x1b;
                assert!(!is_plain(&bytes), "{place} of {length}");
                bytes[place] = b'x';
            }
        }
    }

    #[test]
    fn a_terminal_gets_no_control_sequence() {
        assert_eq!(line("\x1b[31mred\x07\x7f\0"), "\\x1b[31mred\\x07\\x7f\\x00");
        assert_eq!(line("\u{9b}31m\u{85}"), "\\u{9b}31m\\u{85}");
    }

    #[test]
    fn a_column_gets_no_tab_and_no_line_end() {
        assert_eq!(line("a\tb\r\nc\u{2028}d"), "a\\tb\\r\\nc\\u{2028}d");
    }

    #[test]
    fn text_is_neither_turned_around_nor_hidden() {
        assert_eq!(line("a\u{202e}gpj.exe\u{2069}"), "a\\u{202e}gpj.exe\\u{2069}");
        assert_eq!(line("pay\u{200b}pal\u{feff}\u{ad}"), "pay\\u{200b}pal\\u{feff}\\u{ad}");
        assert_eq!(line("\u{e0041}"), "\\u{e0041}");
    }

    #[test]
    fn nothing_that_is_escaped_is_hostile_again() {
        let all: String = ('\0'..='\u{3ffff}').chain('\u{e0000}'..='\u{e0fff}').collect();
        assert!(!line(&all).chars().any(is_hostile));
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(["abc", "é", "日本", "🦀", "→…–"].map(width), [3, 1, 4, 2, 3]);
    }
}
