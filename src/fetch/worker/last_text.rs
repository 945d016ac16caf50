//! Texts that most answers share, made once.

use std::cell::RefCell;
use std::sync::Arc;

/// A text that is mostly the same as the last time: then it is shared, and not made again.
#[derive(Default)]
pub(in crate::fetch) struct LastText(RefCell<Arc<str>>);

impl LastText {
    /// `text`, what is not UTF-8 as U+FFFD.
    pub fn of(&self, text: &[u8]) -> Arc<str> {
        let mut last = self.0.borrow_mut();
        if last.as_bytes() != text {
            *last = String::from_utf8_lossy(text).into();
        }
        last.clone()
    }
}
