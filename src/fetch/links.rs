//! Where symbolic links lead, be it there or not.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Links that are followed one after the other, as Linux does.
const MAX_LINKS: u32 = 40;

/// What the last of the links that begin with `path` leads to, be it there or not; `path` itself where that is no link. Only
/// the last component is looked at: links to its folders the system follows.
///
/// # Errors
/// A link that cannot be read; links in a circle (`ELOOP`).
pub fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let mut at = path.to_owned();
    for _ in 0..=MAX_LINKS {
        if !fs::symlink_metadata(&at).is_ok_and(|there| there.is_symlink()) {
            return Ok(at);
        }
        // From the link's own folder, unless it is absolute.
        at = at.parent().unwrap_or(Path::new("")).join(fs::read_link(&at)?);
    }
    Err(io::Error::from_raw_os_error(libc::ELOOP))
}
