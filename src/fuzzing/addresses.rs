//! Addresses: lists of URLs, URL arguments with globs, and `Location`.

use std::io::{self, Read};
use std::path::{Component, Path};

use url::Url;

use super::{check_field, cuts};
use crate::fetch::list::{Entry, Input, Line, List, Target, parse_line};
use crate::fetch::names::{MAX_NAME_BYTES, Names, Place, Template};
use crate::http::auth::redact_url;
use crate::http::fields::Fields;
use crate::http::origin::Origin;
use crate::http::redirect::{Hop, RedirectRules, fields_after, next};

/// Expansions of a glob that are looked at.
const FEW: usize = 40;

/// A list's bytes, and the same text as a URL argument.
pub fn url_lists(data: &[u8]) {
    let whole = entries(vec![data.to_vec()]);
    for pieces in cuts(data) {
        let pieces = entries(pieces.into_iter().map(<[u8]>::to_vec).collect());
        assert_eq!(format!("{pieces:?}"), format!("{whole:?}"));
    }
    for entry in &whole {
        check_entry(entry);
        let again = parse_line(entry.line(), "again", 1);
        match (&entry.target, again) {
            (Ok(target), Line::Entry(again)) => assert_eq!(again.target.as_ref().ok(), Some(target), "{entry:?}"),
            (Ok(_), Line::Blank) => panic!("nothing is left of {entry:?}"),
            (Err(_), Line::Entry(again)) => assert!(again.target.is_err(), "{again:?} of {entry:?}"),
            (Err(_), Line::Blank) => {}
        }
    }
    if let Ok(text) = str::from_utf8(data) {
        for globs in [false, true] {
            let arguments = List::new([Input::Arguments { urls: vec![text.to_owned()], globs }]);
            arguments.take(FEW).for_each(|entry| check_entry(&entry.expect("arguments are not read")));
        }
    }
}

/// A reader that gives a piece a read.
struct Pieces(std::vec::IntoIter<Vec<u8>>);

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(piece) = self.0.next() else { return Ok(0) };
        assert!(piece.len() <= buffer.len(), "no room for a piece");
        buffer[..piece.len()].copy_from_slice(&piece);
        Ok(piece.len())
    }
}

fn entries(pieces: Vec<Vec<u8>>) -> Vec<Entry> {
    // Longer ones would have to be cut again; libFuzzer's and the mutator's are shorter.
    let pieces: Vec<Vec<u8>> = pieces.iter().flat_map(|piece| piece.chunks(4096)).map(<[u8]>::to_vec).collect();
    let from = Box::new(Pieces(pieces.into_iter()));
    let list = List::new([Input::Reader { name: "list".to_owned(), from }]);
    let entries: Vec<Entry> = list.map(|entry| *entry.expect("a read does not fail")).collect();
    assert!((0..).zip(&entries).all(|(index, entry)| entry.index == index));
    entries
}

fn check_entry(entry: &Entry) {
    let Ok(target) = &entry.target else { return };
    check_url(&target.url);
    assert_eq!(target.url.fragment(), None);
    assert_ne!(target.url.port(), Some(0));
    assert_eq!(*target.host, *target.url.host_str().unwrap());
    let mut fields = Fields::new();
    for (name, value) in &target.headers {
        fields.push(name, value).expect("what a list may ask for can be sent");
    }
    fields.iter().for_each(|(name, value)| check_field(name, value));
    assert!(target.timeout.is_none_or(|timeout| !timeout.is_zero()));
    check_names(target);
}

/// What an entry contributes to a file's name stays below the folder, and shows as what it is.
fn check_names(target: &Target) {
    for template in ["{path}", "{host}/{name}.{ext}", "#1{id}", "{id}"] {
        let targets = [target.clone(), Target { output: None, ..target.clone() }];
        for (remote, target) in [true, false].into_iter().zip(targets) {
            let mut names = Names::new(Some("out".into()), vec![Template::parse(template)], remote);
            for _ in 0..2 {
                let Some(Place::File(path)) = names.assign(0, &target) else { continue };
                check_path(&path);
            }
        }
    }
}

pub(super) fn check_path(path: &Path) {
    assert!(path.starts_with("out") && path != Path::new("out"), "{path:?}");
    for part in path.components() {
        let Component::Normal(name) = part else { panic!("{part:?} in {path:?}") };
        let name = name.to_str().expect("UTF-8");
        assert!(name.len() <= MAX_NAME_BYTES, "{} bytes: {path:?}", name.len());
        assert!(!name.chars().any(char::is_control), "{path:?}");
    }
}

/// A URL that is asked for: one of ours, in visible ASCII, and the same when it is read again.
fn check_url(url: &Url) {
    assert!(Origin::of(url).is_some(), "{url}");
    assert!(url.host_str().is_some_and(|host| !host.is_empty()), "{url}");
    assert!(url.as_str().bytes().all(|byte| byte.is_ascii_graphic()), "{url}");
    assert_eq!(Url::parse(url.as_str()).as_ref(), Ok(url));
    if url.password().is_some() {
        let shown = redact_url(url.as_str());
        assert!(shown.starts_with(&format!("{}://{}:***", url.scheme(), url.username())), "{shown}");
    }
}

/// `Location` fields, one a line, of an answer to a request with a user, a password and a fragment.
pub fn locations(data: &[u8]) {
    let fields: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    for base in ["http://first:s3cr3t@a.example/dir/page?q#part", "https://[::1]:8443/"] {
        let base = Url::parse(base).unwrap();
        for (status, method) in [(301, "POST"), (303, "PUT"), (307, "POST"), (302, "GET"), (200, "GET")] {
            follow(&Hop { url: &base, method, status, locations: &fields });
        }
    }
}

fn follow(hop: &Hop<'_>) {
    let next = match next(hop, &RedirectRules::default()) {
        Ok(Some(next)) => next,
        Ok(None) => return,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    assert_ne!(hop.status, 200);
    check_url(&next.url);
    let same = Origin::of(&next.url) == Origin::of(hop.url);
    assert_eq!(next.cross_origin, !same);
    let said = hop.locations.concat();
    let says = |word: &[u8]| said.windows(word.len()).any(|window| window == word);
    if !same && !says(b"first") && !says(b"s3cr3t") {
        assert!(next.url.username() != "first" && next.url.password() != Some("s3cr3t"), "{}", next.url);
    }
    match (hop.status, hop.method) {
        (301, "POST") | (303, _) => assert_eq!((&*next.method, next.drop_body), ("GET", true)),
        _ => assert_eq!((&*next.method, next.drop_body), (hop.method, false)),
    }
    let given = ["Authorization", "Cookie", "X-Custom", "Content-Type", "Accept"];
    let given = given.map(|name| (name.to_owned(), "value".to_owned())).to_vec();
    let kept = fields_after(given, &next, &[]);
    let kept: Vec<&str> = kept.iter().map(|(name, _)| name.as_str()).collect();
    if next.cross_origin {
        assert_eq!(kept, ["Accept"]);
    } else {
        assert_eq!(kept.contains(&"Content-Type"), !next.drop_body);
    }
}
