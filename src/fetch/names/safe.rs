//! One component of a file's name, made harmless: it names a plain file in its folder, and shows as what it is.

/// The longest name that file systems take.
pub const MAX_NAME_BYTES: usize = 255;
/// A longer "extension" is none, and goes with the rest when a name is cut.
const MAX_EXTENSION_BYTES: usize = 32;

/// `text` as one component. A slash, a backslash, a control character and whatever turns the direction of a line becomes
/// `_`; so does a leading `-` (an option to the next program) or `.` (a hidden file, `.bashrc`) if `leading` says that it
/// was not typed; `.`, `..` and nothing at all are no names. What is too long is cut before its extension.
pub(super) fn component(text: &str, leading: bool) -> String {
    let mut name: String = text.chars().map(|c| if is_harmless(c) { c } else { '_' }).collect();
    if leading && name.starts_with(['-', '.']) {
        name.replace_range(..1, "_");
    }
    match name.as_str() {
        "" | "." => "_".into(),
        ".." => "__".into(),
        _ => cut(&name, MAX_NAME_BYTES).into_owned(),
    }
}

/// Names that are devices on some systems, whatever follows their first dot.
const DEVICES: [&str; 4] = ["CON", "PRN", "AUX", "NUL"];

/// A server's name for a file: what stands behind its last slash or backslash, made harmless, so that it stays in its
/// folder. None where nothing is left.
pub(super) fn from_server(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    if last.is_empty() || last.chars().all(|c| c == '.') {
        return None;
    }
    let name = component(last, true);
    Some(if is_device(&name) { cut(&format!("_{name}"), MAX_NAME_BYTES).into_owned() } else { name })
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let numbered = |port: &str| {
        let number = stem.get(..3).filter(|start| start.eq_ignore_ascii_case(port)).and_then(|_| stem.get(3..));
        number.is_some_and(|number| number.len() == 1 && number.as_bytes()[0].is_ascii_digit())
    };
    DEVICES.iter().any(|device| device.eq_ignore_ascii_case(stem)) || numbered("COM") || numbered("LPT")
}

/// `name.1`: the suffix stands behind everything, as wget and curl put it, and fits.
pub(in crate::fetch) fn with_suffix(path: &str, suffix: u32) -> String {
    let (folder, name) = path.split_at(path.rfind('/').map_or(0, |slash| slash + 1));
    let suffix = format!(".{suffix}");
    format!("{folder}{}{suffix}", cut(name, MAX_NAME_BYTES - suffix.len()))
}

/// What stands behind the last dot, if that is short and something stands before it.
pub(super) fn extension(name: &str) -> Option<&str> {
    let (stem, extension) = name.rsplit_once('.')?;
    (!stem.is_empty() && (1..=MAX_EXTENSION_BYTES).contains(&extension.len())).then_some(extension)
}

/// At most `most` bytes of `name`, its extension kept, no character split.
fn cut(name: &str, most: usize) -> std::borrow::Cow<'_, str> {
    if name.len() <= most {
        return name.into();
    }
    let end = name.len() - extension(name).map_or(0, |extension| extension.len() + 1);
    let kept = name.floor_char_boundary(most - (name.len() - end));
    format!("{}{}", &name[..kept], &name[end..]).into()
}

/// Whether a name may have this character: none that ends a line, turns its direction, or divides folders.
pub(in crate::fetch) fn is_harmless(c: char) -> bool {
    let turns_direction =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks_lines = matches!(c, '\u{2028}' | '\u{2029}');
    !(c.is_control() || turns_direction || breaks_lines || matches!(c, '/' | '\\' | '\u{feff}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_out_of_the_folder_or_hides() {
        for (text, name) in [
            ("page.html", "page.html"),
            ("", "_"),
            (".", "_"),
            ("..", "_."),
            ("...", "_.."),
            ("../../etc/passwd", "_._.._etc_passwd"),
            ("/etc", "_etc"),
            (".bashrc", "_bashrc"),
            ("-rf", "_rf"),
            ("a\\b\0c\nd\u{7f}\u{85}", "a_b_c_d__"),
            ("a\u{202e}gpj.exe", "a_gpj.exe"),
            ("naïve 日本.txt", "naïve 日本.txt"),
        ] {
            assert_eq!(component(text, true), name, "{text:?}");
        }
        assert_eq!(component("..", false), "__");
        assert_eq!(component(".x", false), ".x");
    }

    #[test]
    fn a_servers_name_stays_in_its_folder() {
        let long = format!("{}.txt", "n".repeat(5000));
        for (text, name) in [
            ("report.pdf", Some("report.pdf")),
            ("../../etc/passwd", Some("passwd")),
            ("/etc/passwd", Some("passwd")),
            ("..\\..\\evil.exe", Some("evil.exe")),
            ("C:\\x\\y", Some("y")),
            (" padded ", Some("padded")),
            ("a\0b", Some("a_b")),
            ("gpj\u{202e}exe.", Some("gpj_exe.")),
            (".bashrc", Some("_bashrc")),
            ("-rf", Some("_rf")),
            ("con", Some("_con")),
            ("Nul.tar.gz", Some("_Nul.tar.gz")),
            ("COM7.txt", Some("_COM7.txt")),
            ("company", Some("company")),
            ("..", None),
            ("a/..", None),
            ("a/", None),
            ("", None),
        ] {
            assert_eq!(from_server(text).as_deref(), name, "{text:?}");
        }
        assert_eq!(from_server(&long).map(|name| (name.len(), name.ends_with("n.txt"))), Some((MAX_NAME_BYTES, true)));
    }

    #[test]
    fn what_is_too_long_keeps_its_extension() {
        let name = component(&format!("{}.tar.gz", "a".repeat(300)), true);
        assert_eq!((name.len(), &name[252..]), (MAX_NAME_BYTES, ".gz"));
        let name = component(&format!("{}.html", "é".repeat(300)), true);
        assert!(name.len() <= MAX_NAME_BYTES && name.ends_with("é.html"));
        assert_eq!(component(&format!("a.{}", "b".repeat(400)), true).len(), MAX_NAME_BYTES);
        assert_eq!(component(&"b".repeat(MAX_NAME_BYTES), true).len(), MAX_NAME_BYTES);
    }

    #[test]
    fn a_suffix_fits_and_touches_the_name_only() {
        assert_eq!(with_suffix("a.b/c", 1), "a.b/c.1");
        assert_eq!(with_suffix("/x", 12), "/x.12");
        let long = with_suffix(&format!("d/{}.html", "a".repeat(250)), 7);
        assert_eq!(long.len(), 2 + MAX_NAME_BYTES);
        assert!(long.ends_with("a.html.7"));
    }

    #[test]
    fn an_extension_is_short_and_not_the_whole_name() {
        for (name, expected) in [("a.b", Some("b")), ("a.tar.gz", Some("gz")), (".x", None), ("a.", None), ("a", None)]
        {
            assert_eq!(extension(name), expected, "{name}");
        }
    }
}
