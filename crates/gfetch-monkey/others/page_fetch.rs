//! What `examples/page_fetch.rs` shows.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::support::patched;
use crate::{DELAY, http};

#[path = "../examples/page_fetch.rs"]
#[allow(dead_code)]
mod example;

#[test]
fn in_pairs_one_after_another_and_interleaved_at_once() {
    let address = http::serve(DELAY);
    let urls = ["a", "bb", "ccc", "ccc"].map(|path| format!("http://{address}/{path}"));
    let lines = Rc::new(RefCell::new(Vec::new()));
    let heard = lines.clone();
    let say = move |line: &str| heard.borrow_mut().push(line.to_owned());
    patched(|| example::tell(&urls, &say)).unwrap();
    let lines = lines.take();
    let [get, received] = [(|url: &String| format!("GET: {url}")) as fn(&String) -> String, |url| {
        format!("{} bytes received from {url}.", url.rsplit('/').next().unwrap().len() + 1)
    }];
    let pairs: Vec<_> = urls.iter().flat_map(|url| [get(url), received(url)]).collect();
    assert_eq!(lines[..8], pairs);
    assert!(seconds(&lines[8], "one after another: ") >= DELAY * 4, "{lines:?}");
    assert_eq!(lines[9..13], urls.each_ref().map(get), "all ask before one is answered");
    let (mut done, mut expected) = (lines[13..17].to_vec(), urls.each_ref().map(received));
    done.sort();
    expected.sort();
    assert_eq!(done, expected);
    assert!(seconds(&lines[17], "all at once: ") < DELAY * 4, "{lines:?}");
    assert_eq!(lines.len(), 18);
}

fn seconds(line: &str, before: &str) -> Duration {
    let seconds = line.strip_prefix(before).and_then(|rest| rest.strip_suffix(" s"));
    Duration::from_secs_f64(seconds.unwrap_or_else(|| panic!("{line}")).parse().unwrap())
}
