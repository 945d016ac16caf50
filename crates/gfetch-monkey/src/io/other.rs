//! What is read and written and is no socket: files, pipes, terminals, the kernel's small descriptors.
//!
//! There is no way to tell such a call not to wait that all of them know. So they are looked at by `poll` first, which
//! holds as long as nobody else takes what it saw: another process, or another thread, that reads from the same pipe. A
//! pipe that is readable gives what it has; one that is writable takes [`libc::PIPE_BUF`] bytes at least, so that larger
//! writes go in such pieces.

use libc::{c_int, stat};

use crate::call::{Side, Waits, is_blocking};
use crate::feature::{Feature, is_on};
use crate::process::is_spawning;
use crate::socket::accept::look;
use crate::sys::{self, Outcome};

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
            Ok(more) => done += more,
            Err(_) if done > 0 => break,
            failed => return failed,
        }
    }
    Ok(done)
}

/// Whether calls on `fd` may have to wait for others, and are to wait as a greenlet.
fn waits(fd: c_int) -> bool {
    is_on(Feature::Os) && is_blocking(fd) && can_be_polled(fd) && !is_spawning()
}

/// Not a file, a directory, a disk, nor a socket, which is another feature's.
fn can_be_polled(fd: c_int) -> bool {
    // SAFETY: zeros are a `stat`.
    let mut known: stat = unsafe { std::mem::zeroed() };
    // SAFETY: a place for what the system call tells.
    let told = unsafe { sys::call(libc::SYS_fstat, [fd as usize, &raw mut known as usize, 0, 0, 0, 0]) };
    let kind = known.st_mode & libc::S_IFMT;
    told.is_ok() && ![libc::S_IFREG, libc::S_IFDIR, libc::S_IFBLK, libc::S_IFSOCK].contains(&kind)
}
