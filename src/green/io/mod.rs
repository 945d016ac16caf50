//! Descriptors: what makes calls on them look blocking.
//!
//! - `watched`: a descriptor of ours, whose reads and writes park their greenlet
//! - `raw`, `interest`: waits for descriptors that others own
//! - `kept`: waits for descriptors whose calls others make, again and again
//! - `poller`: what tells the hub which of them are ready
//! - `fs`: files, which have nothing to wait for: their calls run on threads

pub mod fs;
pub(super) mod interest;
pub(super) mod kept;
pub(super) mod poller;
pub(super) mod raw;
pub(super) mod watched;
