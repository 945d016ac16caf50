//! One function over many items on a thread pool: `map`, `imap`, `imap_unordered`.

use std::collections::VecDeque;
use std::sync::Arc;

use super::job::Offloaded;
use super::{OffloadError, ThreadPool};
use crate::green::threads::{self, Receiver};

/// Calls that [`ThreadPool::imap`] keeps begun or waiting, for each thread.
const AHEAD_PER_THREAD: usize = 2;

impl ThreadPool {
    /// Calls `f` with each item on the pool's threads and returns the results in the items' order. The first panic in that
    /// order, or an interrupt, ends the wait. gevent: `map`.
    pub fn map<I, R, F>(&self, items: I, f: F) -> Result<Vec<R>, OffloadError>
    where
        I: IntoIterator,
        I::Item: Send + 'static,
        R: Send + 'static,
        F: Fn(I::Item) -> R + Send + Sync + 'static,
    {
        let f = Arc::new(f);
        let mut calls = Vec::new();
        for item in items {
            let f = f.clone();
            calls.push(self.spawn(move || f(item)).map_err(OffloadError::Interrupted)?);
        }
        calls.into_iter().map(Offloaded::get).collect()
    }

    /// The same lazily: the results come in the items' order, items are taken as the results are. A panic is that item's
    /// result. gevent: `imap`.
    pub fn imap<'a, I, R, F>(&'a self, items: I, f: F) -> impl Iterator<Item = Result<R, OffloadError>> + 'a
    where
        I: IntoIterator,
        I::IntoIter: 'a,
        I::Item: Send + 'static,
        R: Send + 'static,
        F: Fn(I::Item) -> R + Send + Sync + 'static,
    {
        let (f, mut items, mut calls) = (Arc::new(f), items.into_iter().fuse(), VecDeque::new());
        std::iter::from_fn(move || {
            while calls.len() < self.most.saturating_mul(AHEAD_PER_THREAD) {
                let Some(item) = items.next() else { break };
                let f = f.clone();
                match self.spawn(move || f(item)) {
                    Ok(call) => calls.push_back(call),
                    Err(interrupt) => return Some(Err(OffloadError::Interrupted(interrupt))),
                }
            }
            calls.pop_front().map(Offloaded::get)
        })
    }

    /// Calls `f` with each item; the results come as they are ready. gevent: `imap_unordered`.
    ///
    /// # Errors
    /// When a bounded queue is full and the wait for room is interrupted.
    pub fn imap_unordered<I, R, F>(&self, items: I, f: F) -> Result<Results<R>, OffloadError>
    where
        I: IntoIterator,
        I::Item: Send + 'static,
        R: Send + 'static,
        F: Fn(I::Item) -> R + Send + Sync + 'static,
    {
        let (f, (sender, results)) = (Arc::new(f), threads::unbounded());
        for item in items {
            let (f, sender) = (f.clone(), sender.clone());
            let call = move || {
                let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| f(item)));
                // Nobody may want it any more.
                drop(sender.try_send(result));
            };
            self.spawn(call).map_err(OffloadError::Interrupted)?;
        }
        Ok(Results { results })
    }
}

/// What [`ThreadPool::imap_unordered`] gives: results as they come. Each step may wait.
pub struct Results<R: Send> {
    results: Receiver<std::thread::Result<R>>,
}

impl<R: Send> Iterator for Results<R> {
    type Item = Result<R, OffloadError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.results.recv() {
            Ok(Some(result)) => Some(
                result.map_err(|payload| OffloadError::Panicked(crate::green::inspect::panics::Panic::new(payload))),
            ),
            Ok(None) => None,
            Err(interrupt) => Some(Err(OffloadError::Interrupted(interrupt))),
        }
    }
}
