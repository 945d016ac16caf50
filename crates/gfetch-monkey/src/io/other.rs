//! What is read and written and is no socket: files, pipes, terminals, the kernel's small descriptors.
//!
//! There is no way to tell such a call not to wait that all of them know. So they are looked at by `poll` first, which
//! holds as long as nobody else takes what it saw: another process, or another thread, that reads from the same pipe. A
//! pipe that is readable gives what it has; one that is writable takes [`libc::PIPE_BUF`] bytes at least, so that larger
//! writes go in such pieces. A terminal that is writable takes one byte at least: its writes are made with `O_NONBLOCK` set
//! for the length of a call. Everything else takes what is written whole or not at all, as one message.

use libc::c_int;

use crate::call::{FILES, Side, Waits, in_non_blocking, kind, look, status_flags, whole};
use crate::feature::{Feature, is_on};
use crate::process::is_spawning;
use crate::sys::{self, Outcome};

/// Runs `plain` once it will not wait.
pub(super) fn read(fd: c_int, plain: impl FnOnce() -> Outcome) -> Outcome {
    if waits(fd, libc::O_RDONLY) {
        let mut waits = Waits::begin(fd, Side::Read)?;
        while look(fd, libc::POLLIN) == 0 {
            waits.wait()?;
        }
    }
    plain()
}

/// Runs `plain`, which is told how much is done and how much it may write, until `length` bytes or a message are written.
pub(super) fn write(fd: c_int, length: usize, mut plain: impl FnMut(usize, usize) -> Outcome) -> Outcome {
    if !waits(fd, libc::O_WRONLY) {
        return plain(0, length);
    }
    let is_pipe = kind(fd) == Some(libc::S_IFIFO);
    let is_terminal = !is_pipe && is_terminal(fd);
    let wanted = if is_pipe || is_terminal { length } else { 0 };
    whole(fd, Side::Write, wanted, |done| match look(fd, libc::POLLOUT) {
        0 => Err(libc::EAGAIN),
        _ if is_pipe => plain(done, libc::PIPE_BUF),
        _ if is_terminal => in_non_blocking(fd, || plain(done, length)),
        _ => plain(done, length),
    })
}

fn is_terminal(fd: c_int) -> bool {
    // SAFETY: zeros are settings.
    let mut settings: libc::termios = unsafe { std::mem::zeroed() };
    let arguments = [fd as usize, libc::TCGETS as usize, &raw mut settings as usize, 0, 0, 0];
    // SAFETY: a place for the settings, of which the C library has more than the kernel.
    unsafe { sys::call(libc::SYS_ioctl, arguments) }.is_ok()
}

/// Whether calls on `fd`, which was opened for `way` or for both, may have to wait for others, and are to wait as a greenlet.
fn waits(fd: c_int, way: c_int) -> bool {
    // A socket is another feature's.
    let is_other = |kind| !FILES.contains(&kind) && kind != libc::S_IFSOCK;
    let waits = |flags| flags & libc::O_NONBLOCK == 0 && [way, libc::O_RDWR].contains(&(flags & libc::O_ACCMODE));
    is_on(Feature::Os) && status_flags(fd).is_ok_and(waits) && kind(fd).is_some_and(is_other) && !is_spawning()
}
