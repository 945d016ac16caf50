//! A list of URLs in, a stream of outcomes out.

pub mod compare;
pub mod glob;
pub mod list;
pub mod names;
pub mod outcome;
pub mod plan;
pub mod retry;
pub mod summary;
