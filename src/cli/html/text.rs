//! Text from outside, as HTML shows it: in elements and in quoted attributes.

use std::borrow::Cow;

use crate::cli::escape;
use crate::cli::render::Redact;

/// Longer texts are cut in their middle: a line of a list may have 64 KiB, and a page has many of them.
const MAX_COLUMNS: usize = 1_000;

/// The text with nothing in it that is markup, that acts on the text around it, or that hides (see [`escape::line`]).
pub fn escaped(text: &str) -> Cow<'_, str> {
    match escape::line(text) {
        Cow::Borrowed(text) => as_text(text),
        Cow::Owned(text) => Cow::Owned(as_text(&text).into_owned()),
    }
}

fn as_text(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// A URL as the page may show it: without its password, nothing hostile in it, not endless. Not yet HTML.
pub fn url<'a>(url: &'a str, redact: Redact) -> Cow<'a, str> {
    match redact(url) {
        Cow::Borrowed(url) => bounded(escape::line(url)),
        Cow::Owned(url) => Cow::Owned(bounded(escape::line(&url)).into_owned()),
    }
}

/// At most [`MAX_COLUMNS`] of it.
pub fn bounded(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.len() <= MAX_COLUMNS {
        return text;
    }
    Cow::Owned(crate::cli::render::cut::middle(&text, MAX_COLUMNS).into_owned())
}

/// Whether a shown URL can be a link: it is whole, says nothing else than it shows, and holds no user.
pub fn is_link(shown: &str) -> bool {
    let scheme = ["http://", "https://"]
        .into_iter()
        .find(|scheme| shown.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    let Some(rest) = scheme.map(|scheme| &shown[scheme.len()..]) else { return false };
    let plain = rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    plain && !authority.is_empty() && !authority.contains('@')
}

/// A small table; the first cell names the row, the last is a number. The cells are HTML.
pub fn table(out: &mut String, caption: &str, heads: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let class = |place| if place + 1 == heads.len() { " class=\"number\"" } else { "" };
    out.push_str(&format!("<table>\n<caption>{}</caption>\n<thead><tr>", escaped(caption)));
    for (place, head) in heads.iter().enumerate() {
        out.push_str(&format!("<th scope=\"col\"{}>{head}</th>", class(place)));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (place, cell) in row.iter().enumerate() {
            out.push_str(&match place {
                0 => format!("<th scope=\"row\">{cell}</th>"),
                _ => format!("<td{}>{cell}</td>", class(place)),
            });
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n");
}

/// A patch of a phase's colour, for a legend.
pub fn key(class: &str) -> String {
    format!(
        "<svg class=\"key\" width=\"12\" height=\"12\" aria-hidden=\"true\">\
         <rect class=\"{class}\" width=\"12\" height=\"12\"/></svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_no_markup_in_an_element_or_an_attribute() {
        let shown = escaped("\"><script>alert('1')</script>&amp;\u{202e}\u{1b}");
        let expected = "&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;\\u{202e}\\x1b";
        assert_eq!(shown, expected);
        assert!(matches!(escaped("http://a.example/?b=c"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_text_without_end_is_cut() {
        let long = format!("http://a.example/{}", "x".repeat(60_000));
        let shown = url(&long, |url| Cow::Borrowed(url));
        assert!(shown.len() < MAX_COLUMNS + 3 && shown.contains('…'));
        assert!(!is_link(&shown));
    }

    #[test]
    fn only_what_leads_where_it_says_is_a_link() {
        for fine in ["http://a.example/", "HTTPS://a.example", "http://[::1]:80/?q=<\"'>"] {
            assert!(is_link(fine), "{fine}");
        }
        for none in [
            "javascript:alert(1)",
            "http://",
            "http:///x",
            "http://u:***@a.example/",
            "http://a.example/\\x1b",
            "http://a b/",
            "http://é.example/",
            "data:text/html,x",
            "a.example",
            "",
        ] {
            assert!(!is_link(none), "{none}");
        }
    }
}
