//! A list of URLs in, a stream of outcomes out.

pub mod compare;
pub mod curl_code;
pub mod glob;
pub mod list;
pub mod names;
pub mod outcome;
pub mod plan;
#[cfg(test)]
pub(crate) mod random;
pub mod retry;
pub mod summary;
