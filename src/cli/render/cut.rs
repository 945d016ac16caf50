//! A URL cut in its middle: host and last segment say most, so they go last.

use std::borrow::Cow;

use crate::cli::escape;

const ELLIPSIS: char = '…';

/// The URL in at most `room` columns: whole, else cut at slashes (`https://slow.example/api/…/export.csv`), else, where
/// its segments are too long for that, anywhere.
pub fn middle(url: &str, room: usize) -> Cow<'_, str> {
    if escape::width(url) <= room {
        return Cow::Borrowed(url);
    }
    let Some(rest) = room.checked_sub(1) else { return Cow::Borrowed("") };
    let tail_room = tail_room(url, rest);
    let tail = last_segment(url, tail_room).unwrap_or_else(|| suffix(url, tail_room));
    let head = prefix(url, rest - escape::width(tail));
    Cow::Owned(format!("{}{ELLIPSIS}{tail}", at_a_slash(head)))
}

/// Half of the room, or less where that keeps the host whole; a host that takes nearly all is cut too.
fn tail_room(url: &str, rest: usize) -> usize {
    let host = host_start(url) + url[host_start(url)..].find('/').map_or(0, |slash| slash + 1);
    let host = escape::width(&url[..host]);
    if host <= rest * 3 / 4 { (rest - host).min(rest / 2) } else { rest / 2 }
}

/// Where the host begins; slashes before it part nothing.
fn host_start(url: &str) -> usize {
    url.find("://").map_or(0, |end| end + 3)
}

/// The last segment with the slash before it, when it is no wider than `room`.
fn last_segment(url: &str, room: usize) -> Option<&str> {
    let start = host_start(url);
    let slash = start + url[start..].trim_end_matches('/').rfind('/')?;
    let segment = &url[slash..];
    (segment.len() > 1 && escape::width(segment) <= room).then_some(segment)
}

/// Up to and with the last slash of the path, unless that wastes half of the room.
fn at_a_slash(head: &str) -> &str {
    let start = host_start(head);
    let whole = head[start..].rfind('/').map(|slash| &head[..=start + slash]);
    whole.filter(|whole| 2 * escape::width(whole) >= escape::width(head)).unwrap_or(head)
}

/// The longest prefix within `room` columns.
pub fn prefix(text: &str, room: usize) -> &str {
    let mut width = 0;
    let end = text.char_indices().find(|&(_, c)| {
        width += escape::char_width(c);
        width > room
    });
    end.map_or(text, |(end, _)| &text[..end])
}

/// The longest suffix within `room` columns.
fn suffix(text: &str, room: usize) -> &str {
    let mut width = 0;
    let end = text.char_indices().rev().find(|&(_, c)| {
        width += escape::char_width(c);
        width > room
    });
    end.map_or(text, |(end, c)| &text[end + c.len_utf8()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_whole() {
        assert_eq!(middle("https://a.example/b", 19), "https://a.example/b");
    }

    #[test]
    fn a_path_is_cut_at_its_slashes() {
        let url = "https://slow.example/api/v2/reports/2026/11/export.csv";
        assert_eq!(middle(url, 40), "https://slow.example/api/v2/…/export.csv");
        assert_eq!(middle(url, 50), "https://slow.example/api/v2/reports/…/export.csv");
    }

    #[test]
    fn a_host_stays_whole_while_it_leaves_room() {
        let url = "https://a-rather-long-name.example/one/two/three/";
        assert_eq!(middle(url, 47), "https://a-rather-long-name.example/one/…/three/");
        assert_eq!(middle(url, 46), "https://a-rather-long-name.example/…/three/");
        assert_eq!(middle(url, 20), "https://a-ra…/three/");
    }

    #[test]
    fn a_long_segment_is_cut_anywhere() {
        let url = format!("https://a.example/{}", "0123456789".repeat(5));
        assert_eq!(middle(&url, 41), "https://a.example/…01234567890123456789");
        assert_eq!(middle(&format!("{url}/"), 80), format!("{url}/"));
    }

    #[test]
    fn a_room_of_any_size_is_kept() {
        for url in ["https://日本語.example/長い長い/道", "https://a.example/b/c/d/e/f?g=h", "////////", "日本語日本語"]
        {
            for room in 0..40 {
                assert!(escape::width(&middle(url, room)) <= room, "{url} in {room}");
            }
        }
    }
}
