//! Semaphores, locks and values that each greenlet has of its own.
//!
//! `cargo run --example locks_and_locals`

use std::cell::{Cell, RefCell};
use std::io::{self, Write};
use std::rc::Rc;

use gfetch::green::{self, BoundedSemaphore, Mutex, green_local, join_all, spawn, yield_now};

green_local! {
    static X: Cell<Option<u32>> = Cell::new(None);
    static Y: Cell<Option<u32>> = Cell::new(None);
}

fn main() -> io::Result<()> {
    green::run(|| tell(&mut io::stdout()))
}

/// Tells all stories, one after the other.
pub fn tell(out: &mut impl Write) -> io::Result<()> {
    for story in [semaphore, lock, locals] {
        story().into_iter().try_for_each(|line| writeln!(out, "{line}"))?;
    }
    Ok(())
}

/// S3.29
fn semaphore() -> Vec<String> {
    let (two, page) = (BoundedSemaphore::new(2), Rc::new(RefCell::new(Vec::new())));
    let worker = |n: u32| {
        let (two, page) = (two.clone(), page.clone());
        spawn(move || {
            let permit = two.acquire().unwrap();
            page.borrow_mut().push(format!("Worker {n} acquired semaphore"));
            yield_now().unwrap();
            drop(permit);
            page.borrow_mut().push(format!("Worker {n} released semaphore"));
        })
    };
    join_all(&[0, 1].map(worker)).unwrap();
    join_all(&[3, 4, 5].map(worker)).unwrap();
    page.take()
}

/// S3.30: a semaphore with the bound 1, with the value that it guards.
fn lock() -> Vec<String> {
    let count = Rc::new(Mutex::new(0));
    let tasks = [(); 3].map(|()| {
        let count = count.clone();
        spawn(move || {
            let mut count = count.lock().unwrap();
            let seen = *count;
            yield_now().unwrap();
            *count = seen + 1;
        })
    });
    join_all(&tasks).unwrap();
    vec![format!("counted {}", *count.lock().unwrap())]
}

/// S3.31
fn locals() -> Vec<String> {
    let first = spawn(|| {
        X.set(Some(1));
        vec![format!("{}", X.get().unwrap())]
    });
    let second = spawn(|| {
        Y.set(Some(2));
        let x = X.get().map_or("x is not local to f2".to_owned(), |x| x.to_string());
        vec![format!("{}", Y.get().unwrap()), x]
    });
    [first, second].into_iter().flat_map(|task| task.get().unwrap()).collect()
}
