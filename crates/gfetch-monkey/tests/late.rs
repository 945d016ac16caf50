//! A program that patches amid its work: it need not come first, as it must in Python.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use gfetch::green;
use gfetch_monkey::{Feature, is_patched, patch, patch_all};

const MOMENT: Duration = Duration::from_millis(20);

/// Who is done first: the greenlet that `blocks`, or the one behind it.
fn first(blocks: impl FnOnce() + 'static) -> &'static str {
    let done = Rc::new(RefCell::new(Vec::new()));
    let (one, two) = (done.clone(), done.clone());
    let blocker = green::spawn(move || {
        blocks();
        one.borrow_mut().push("the one that blocks");
    });
    let other = green::spawn(move || two.borrow_mut().push("the other"));
    green::join_all(&[blocker, other]).unwrap();
    done.take()[0]
}

fn reads(mut near: UnixStream) -> impl FnOnce() {
    move || near.read_exact(&mut [0]).unwrap()
}

/// A socket that has a byte to read after a moment.
fn slow() -> UnixStream {
    let (near, mut far) = UnixStream::pair().unwrap();
    thread::spawn(move || {
        thread::sleep(MOMENT);
        far.write_all(b"x").unwrap();
    });
    near
}

#[test]
fn what_is_patched_late_is_cooperative_from_its_next_call_on() {
    green::run(|| {
        // Made before, used after.
        let (early, mut far) = UnixStream::pair().unwrap();
        assert_eq!(first(|| thread::sleep(MOMENT)), "the one that blocks");
        assert_eq!(first(reads(slow())), "the one that blocks");
        patch([Feature::Time]);
        assert!(is_patched(Feature::Time) && !is_patched(Feature::Socket));
        assert_eq!(first(|| thread::sleep(MOMENT)), "the other");
        assert_eq!(first(reads(slow())), "the one that blocks");
        let (mut blocked, mut ends) = UnixStream::pair().unwrap();
        let amid = thread::spawn(move || blocked.read(&mut [0; 8]).unwrap());
        patch_all();
        assert_eq!(first(reads(slow())), "the other");
        thread::spawn(move || {
            thread::sleep(MOMENT);
            far.write_all(b"x").unwrap();
        });
        assert_eq!(first(reads(early)), "the other");
        ends.write_all(b"four").unwrap();
        assert_eq!(amid.join().unwrap(), 4, "a call that has begun goes on as it began");
    });
}
