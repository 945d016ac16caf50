//! Which failure is tried again, and when.
