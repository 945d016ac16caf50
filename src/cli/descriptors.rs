//! How many descriptors this process may have: as many as the system allows without asking anybody.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises the soft limit to the hard one. Where that fails the run is slower, not wrong: it waits for descriptors.
pub fn raise_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        limit.current = limit.maximum;
        // Not allowed: the limit stays as it was.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}
