//! What is read and written and is no socket: files, pipes, terminals, the kernel's small descriptors.
//!
//! There is no way to tell such a call not to wait that all of them know. So they are looked at by `poll` first, which
//! holds as long as nobody else takes what it saw: another process, or another thread, that reads from the same pipe. A
//! pipe that is readable gives what it has; one that is writable takes [`libc::PIPE_BUF`] bytes at least, so that larger
//! writes go in such pieces.

use libc::c_int;

use crate::call::{FILES, Side, Waits, is_blocking, kind, look};
use crate::feature::{Feature, is_on};
use crate::process::is_spawning;
use crate::sys::Outcome;

/// Runs `plain` once it will not wait.
pub(super) fn read(fd: c_int, plain: impl FnOnce() -> Outcome) -> Outcome {
    if waits(fd) {
        let mut waits = Waits::begin(fd, Side::Read)?;
        while look(fd, libc::POLLIN) == 0 {
            waits.wait()?;
        }
    }
    plain()
}

/// Runs `plain`, which is told how much is done and how much it may write, until `length` bytes are written.
pub(super) fn write(fd: c_int, length: usize, mut plain: impl FnMut(usize, usize) -> Outcome) -> Outcome {
    if !waits(fd) {
        return plain(0, length);
    }
    let mut waits = Waits::begin(fd, Side::Write)?;
    let mut done = 0;
    while done < length {
        let written = match look(fd, libc::POLLOUT) {
            0 => waits.wait().map(|()| 0),
            _ => plain(done, libc::PIPE_BUF),
        };
        match written {
            Ok(0) => {}
            Ok(more) => {
                done += more;
                waits.has_done_something();
            }
            Err(_) if done > 0 => break,
            failed => return failed,
        }
    }
    Ok(done)
}

/// Whether calls on `fd` may have to wait for others, and are to wait as a greenlet.
fn waits(fd: c_int) -> bool {
    // A socket is another feature's.
    let is_other = |kind| !FILES.contains(&kind) && kind != libc::S_IFSOCK;
    is_on(Feature::Os) && is_blocking(fd) && kind(fd).is_some_and(is_other) && !is_spawning()
}
