//! Which characters talk may have: all in a UTF-8 locale, ASCII in any other, where the bytes of others would be other
//! characters, and to an 8-bit terminal even commands.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};

/// The process has one locale.
static ASCII_ONLY: AtomicBool = AtomicBool::new(false);

/// Goes by the locale that `env` names, from now on.
pub fn choose(env: &dyn Fn(&str) -> Option<OsString>) {
    ASCII_ONLY.store(!is_utf8(env), Ordering::Relaxed);
}

/// The first of LC_ALL, LC_CTYPE and LANG that is not empty decides. Where none is, as in many containers and under cron,
/// nobody has said anything, and terminals and logs are UTF-8 today.
fn is_utf8(env: &dyn Fn(&str) -> Option<OsString>) -> bool {
    let named = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(env).find(|value| !value.is_empty());
    named.is_none_or(|locale| {
        let locale = locale.to_string_lossy().to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// The text as this process's locale has it.
pub fn shown(text: &str) -> Cow<'_, str> {
    if ASCII_ONLY.load(Ordering::Relaxed) { ascii(text) } else { Cow::Borrowed(text) }
}

/// What we draw with has a sign as wide; all else is told by its number.
fn ascii(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_ascii() => plain.push(c),
            '–' | '·' => plain.push('-'),
            '…' => plain.push('~'),
            '→' => plain.push('>'),
            '█' => plain.push('#'),
            '×' => plain.push('x'),
            c => write!(plain, "\\u{{{:x}}}", u32::from(c)).expect("a String takes all"),
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_of_characters_decides_in_the_order_of_posix() {
        let of = |variables: &'static [(&str, &str)]| {
            is_utf8(&|name| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| value.into()))
        };
        assert!(of(&[]) && of(&[("LANG", "")]) && of(&[("LANG", "en_GB.UTF-8")]) && of(&[("LC_CTYPE", "UTF-8")]));
        assert!(of(&[("LANG", "C.utf8")]) && of(&[("LC_ALL", ""), ("LANG", "de_DE.UTF-8")]));
        assert!(of(&[("LC_ALL", "C.UTF-8"), ("LC_CTYPE", "C"), ("LANG", "C")]));
        for other in ["C", "POSIX", "de_DE", "de_DE.ISO-8859-1", "de_DE@euro", "ja_JP.eucJP"] {
            assert!(!is_utf8(&|name| (name == "LANG").then(|| other.into())), "{other}");
        }
        assert!(!of(&[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]));
        assert!(!of(&[("LC_CTYPE", "C"), ("LANG", "de_DE.UTF-8")]));
    }

    #[test]
    fn what_is_drawn_keeps_its_width_and_all_else_is_told_by_number() {
        let drawn = "000          –    5.00 s  https://a/…/b → c · ███ 2 ×";
        assert_eq!(ascii(drawn), "000          -    5.00 s  https://a/~/b > c - ### 2 x");
        assert_eq!(ascii("größe \u{9b}"), "gr\\u{f6}\\u{df}e \\u{9b}");
        assert!(matches!(ascii("plain \x1b[31m"), Cow::Borrowed(_)));
    }
}
