//! The shorter forms of [`timeout`]: with a default, and with silence.

use std::time::Duration;

use super::timeout;

/// As [`timeout`], with `default` for when this scope's own deadline ended `f`. Another's passes: an outer deadline, an
/// error of `f`. gevent: `with_timeout(seconds, f, timeout_value=default)`.
///
/// ```
/// use gfetch::green;
/// use std::time::Duration;
/// green::run(|| {
///     let slow = || green::sleep(Duration::from_secs(60)).map(|()| "done");
///     assert_eq!(green::timeout_or(Duration::from_millis(1), "late", slow).unwrap(), "late");
/// });
/// ```
///
/// # Errors
/// What `f` fails with, unless this scope's deadline was the reason.
pub fn timeout_or<T, E>(limit: Duration, default: T, f: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    timeout(limit, f).unwrap_or(Ok(default))
}

/// As [`timeout`], with `None` for when this scope's own deadline ended `f`. gevent: `with Timeout(seconds, False):`.
///
/// ```
/// use gfetch::green;
/// use std::time::Duration;
/// green::run(|| {
///     let slow = || green::sleep(Duration::from_secs(60));
///     assert_eq!(green::timeout_opt(Duration::from_millis(1), slow).unwrap(), None);
/// });
/// ```
///
/// # Errors
/// What `f` fails with, unless this scope's deadline was the reason.
pub fn timeout_opt<T, E>(limit: Duration, f: impl FnOnce() -> Result<T, E>) -> Result<Option<T>, E> {
    timeout(limit, f).map_or(Ok(None), |result| result.map(Some))
}
