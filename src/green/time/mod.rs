//! Time as greenlets see it: how long a wait may take, and waits for nothing but time.
//!
//! - `timeout`: scopes, shields, alarms, time-outs as objects
//! - `limit`: what every `*_timeout` takes
//! - `sleep`, `interval`: waits for time itself
//!
//! The clock and the timers are the hub's.

pub(super) mod interval;
pub(super) mod limit;
pub(super) mod sleep;
pub(super) mod timeout;
