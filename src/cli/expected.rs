//! How many lines a run will have, as far as the lists tell: known once they are read to their ends, judged by the share
//! that is read where all are regular files, and unknown where one is a pipe.

use std::cell::Cell;
use std::fs::File;
use std::rc::Rc;

use gfetch::fetch::glob::Glob;

use super::render::live::Total;

/// What the inputs of a run hold.
#[derive(Default)]
pub struct Expected {
    arguments: u64,
    lists: Vec<Rc<Reading>>,
}

/// A list that is being read.
pub struct Reading {
    /// Bytes of a regular file; none: nobody knows.
    size: Cell<Option<u64>>,
    read: Cell<u64>,
    /// Lines that have been read and are neither blank nor comments.
    lines: Cell<u64>,
    at_line_start: Cell<bool>,
}

impl Expected {
    /// URL arguments, each as many lines as its globs make.
    pub fn arguments(urls: &[String], globs: bool) -> Expected {
        let lines = |url: &String| if globs { Glob::parse(url).map_or(1, |glob| glob.count()) } else { 1 };
        Expected { arguments: urls.iter().map(lines).sum(), lists: Vec::new() }
    }

    /// Another list, which says what it has read.
    pub fn list(&mut self, file: &File) -> Rc<Reading> {
        let size = file.metadata().ok().filter(|metadata| metadata.is_file()).map(|metadata| metadata.len());
        let reading = Rc::new(Reading {
            size: Cell::new(size),
            read: Cell::new(0),
            lines: Cell::new(0),
            at_line_start: Cell::new(true),
        });
        self.lists.push(reading.clone());
        reading
    }

    /// All lines: those read, and as many in what is unread as there were in as much that was read.
    pub fn total(&self) -> Option<Total> {
        let (mut lines, mut read, mut unread) = (0, 0, 0);
        for list in &self.lists {
            lines += list.lines.get();
            read += list.read.get();
            unread += list.size.get()?.saturating_sub(list.read.get());
        }
        let to_come = match (unread, read) {
            (0, _) => 0,
            (_, 0) => return None,
            (unread, read) => (lines as f64 * unread as f64 / read as f64).round() as u64,
        };
        Some(Total { lines: self.arguments + lines + to_come, exact: unread == 0 })
    }
}

impl Reading {
    /// Notes what was read; nothing is its end.
    pub fn note(&self, piece: &[u8]) {
        let (Some(first), Some(last)) = (piece.first(), piece.last()) else {
            self.size.set(Some(self.read.get()));
            return;
        };
        let firsts = memchr::memchr_iter(b'\n', piece).filter_map(|end| piece.get(end + 1));
        let firsts = firsts.chain(self.at_line_start.get().then_some(first));
        let lines = firsts.filter(|first| !matches!(first, b'#' | b'\r' | b'\n')).count();
        self.lines.set(self.lines.get() + lines as u64);
        self.read.set(self.read.get() + piece.len() as u64);
        self.at_line_start.set(*last == b'\n');
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn total(expected: &Expected) -> Option<(u64, bool)> {
        expected.total().map(|total| (total.lines, total.exact))
    }

    #[test]
    fn arguments_count_as_often_as_their_globs_say() {
        let urls = ["http://a/[1-100]", "http://b/{x,y}", "http://c/"].map(str::to_owned);
        assert_eq!(total(&Expected::arguments(&urls, true)), Some((103, true)));
        assert_eq!(total(&Expected::arguments(&urls, false)), Some((3, true)));
    }

    #[test]
    fn a_file_is_judged_by_the_share_that_is_read_and_known_at_its_end() {
        let text = "http://a/\n#comment\n\n".repeat(100);
        let mut expected = Expected::arguments(&["http://a/".to_owned()], true);
        let reading = expected.list(&file(text.as_bytes()));
        assert_eq!(total(&expected), None);
        reading.note(&text.as_bytes()[..500]);
        assert_eq!(total(&expected), Some((101, false)));
        // Pieces end anywhere.
        text.as_bytes()[500..].chunks(7).for_each(|piece| reading.note(piece));
        assert_eq!(total(&expected), Some((101, true)));
        let other = expected.list(&file(&[b'x'; 1_000]));
        assert_eq!(total(&expected), Some((151, false)));
        other.note(b"");
        assert_eq!(total(&expected), Some((101, true)), "it was cut short meanwhile");
    }

    #[test]
    fn a_pipe_is_known_at_its_end_only() {
        let (reader, _writer) = std::io::pipe().unwrap();
        let mut expected = Expected::default();
        let reading = expected.list(&File::from(std::os::fd::OwnedFd::from(reader)));
        reading.note(b"http://a/\nhttp://b/");
        assert_eq!(total(&expected), None);
        reading.note(b"");
        assert_eq!(total(&expected), Some((2, true)));
    }
}
