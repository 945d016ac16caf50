//! Redirects: which request comes next, and what it must not carry.
