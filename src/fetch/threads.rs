//! Hubs on other threads that make attempts (`--threads`), so that a run uses more than one core.
//!
//! ```text
//!   main hub, which makes attempts too                    N - 1 hubs more, each on its thread
//!   list ► line's greenlet: permits ──► Command::Attempt ──► a greenlet: hops, body (own connections)
//!             ▲   │ next request's permit, output  ◄──── Word ────┘
//!             └───┴── retry? record, in order        ◄──── Word::Done
//! ```
//! Whatever is decided once for a run stays on the main hub and needs no lock: the list, permits, rate, hold-backs, retries
//! and their budgets, the order of records, the output. What attempts touch while they run is shared for real
//! ([`Common`](super::worker::Common)): jar, challenges, speed, memory, files, turns, breakers. Connections and the names that
//! were looked up belong to a hub; a line goes where its origin has an idle one, unless that hub has much more to do.

mod crew;
mod hub;
mod inbox;
mod outbox;
mod wire;

pub(super) use crew::Crew;
pub(super) use wire::Wire;
