//! `read` and `write` of what is no socket, and their vectors.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, PipeReader, PipeWriter, Read, Seek, Write};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::ptr;
use std::sync::mpsc;
use std::thread;

use gfetch::green::{self, timeout};

use crate::support::{self, Folder, MOMENT, SECOND, begun, patched, told};

fn pipe() -> (PipeReader, PipeWriter) {
    io::pipe().unwrap()
}

#[test]
fn a_pipe_is_waited_for_at_both_ends() {
    const BYTES: usize = 1 << 20;
    patched(|| {
        let (mut reader, mut writer) = pipe();
        let reads = begun(move || {
            let mut all = Vec::new();
            reader.read_to_end(&mut all).unwrap();
            all
        });
        let body: Vec<u8> = (0..BYTES).map(|n| (n / 5) as u8).collect();
        assert_eq!(writer.write(&body).unwrap(), BYTES, "all of it, as when it blocks");
        drop(writer);
        assert!(reads.get().unwrap() == body);
    });
}

#[test]
fn vectors_go_whole_through_pipes_and_sockets() {
    const BYTES: usize = 300_000;
    fn through(mut reader: impl Read + 'static, mut writer: impl Write) {
        let (first, second) = (vec![1; BYTES], vec![2; BYTES]);
        let reads = begun(move || {
            let mut all = Vec::new();
            while all.len() < BYTES * 2 {
                let (mut one, mut two) = ([0; 1000], [0; 3000]);
                let length = reader.read_vectored(&mut [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)]).unwrap();
                assert!(length > 0);
                all.extend([&one[..], &two[..]].concat().into_iter().take(length));
            }
            all
        });
        let vector = [IoSlice::new(&first), IoSlice::new(&[]), IoSlice::new(&second)];
        assert_eq!(writer.write_vectored(&vector).unwrap(), BYTES * 2);
        let all = reads.get().unwrap();
        assert!(all[..BYTES].iter().all(|byte| *byte == 1) && all[BYTES..].iter().all(|byte| *byte == 2));
    }
    patched(|| {
        let (reader, writer) = pipe();
        through(reader, writer);
        let (near, far) = UnixStream::pair().unwrap();
        through(near, far);
    });
}

#[test]
fn files_are_read_and_written_as_ever() {
    patched(|| {
        let path = std::env::temp_dir().join(format!("gfetch-monkey-file-{}", std::process::id()));
        let mut file = File::options().create(true).truncate(true).read(true).write(true).open(&path).unwrap();
        let body = vec![7; 1 << 20];
        assert_eq!(file.write(&body).unwrap(), body.len());
        file.rewind().unwrap();
        let mut back = vec![0; body.len() * 2];
        assert_eq!(file.read(&mut back).unwrap(), body.len(), "in one call");
        std::fs::remove_file(path).unwrap();
        assert_eq!(File::open("/").unwrap().read(&mut [0]).unwrap_err().raw_os_error(), Some(libc::EISDIR));
        assert_eq!(File::open("/dev/zero").unwrap().read(&mut [1; 8]).unwrap(), 8);
    });
}

#[test]
fn a_files_calls_let_nobody_run_and_are_ended_by_nothing() {
    patched(|| {
        let mut file = support::file();
        let other = green::spawn(|| ());
        for _ in 0..200 {
            file.write_all(b"x").unwrap();
            assert_eq!(file.seek_relative(-1).and_then(|()| file.read(&mut [0])).unwrap(), 1);
        }
        assert!(!other.is_done(), "who writes counts on nobody else coming in");
        // What a program writes when it cleans up.
        let mut own = file.try_clone().unwrap();
        let _ = timeout(MOMENT, || -> io::Result<()> {
            assert!(green::sleep(MOMENT * 100).is_err());
            own.write_all(b"past")
        });
        let mut own = file.try_clone().unwrap();
        let (near, _far) = UnixStream::pair().unwrap();
        let killed = begun(move || {
            assert!((&near).read(&mut [0]).is_err());
            own.write(b"dead").unwrap()
        });
        killed.kill_nowait();
        assert_eq!(killed.get().unwrap(), 4);
        file.rewind().unwrap();
        let mut all = String::new();
        file.read_to_string(&mut all).unwrap();
        assert!(all.ends_with("xpastdead"));
    });
}

#[test]
fn io_copy_goes_from_files_and_pipes_to_sockets_and_on() {
    const BYTES: usize = 3 << 20;
    patched(|| {
        let body: Vec<u8> = (0..BYTES).map(|n| (n / 11) as u8).collect();
        let path = std::env::temp_dir().join(format!("gfetch-monkey-copy-{}", std::process::id()));
        std::fs::write(&path, &body).unwrap();
        let mut file = File::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        // File to socket (sendfile), socket to pipe and pipe to socket (splice), all on this thread.
        let ((mut near, mut far), (reader, mut writer)) = (UnixStream::pair().unwrap(), pipe());
        let (mut last, mut end) = UnixStream::pair().unwrap();
        let to_pipe = begun(move || io::copy(&mut far, &mut writer).unwrap());
        let to_socket = begun(move || io::copy(&mut { reader }, &mut last).unwrap());
        let reads = begun(move || {
            let mut all = Vec::new();
            end.read_to_end(&mut all).unwrap();
            all
        });
        file.seek(io::SeekFrom::Start(1)).unwrap();
        assert_eq!(io::copy(&mut file, &mut near).unwrap(), BYTES as u64 - 1);
        assert_eq!(file.stream_position().unwrap(), BYTES as u64, "the file's offset has moved");
        drop(near);
        assert_eq!(to_pipe.get().unwrap(), BYTES as u64 - 1);
        assert_eq!(to_socket.get().unwrap(), BYTES as u64 - 1);
        assert!(reads.get().unwrap() == body[1..]);
    });
}

#[test]
fn a_splice_waits_for_room_in_a_socket_and_not_in_the_kernel() {
    const BYTES: usize = 1 << 20;
    patched(|| {
        let ((near, mut far), (reader, mut writer)) = (UnixStream::pair().unwrap(), pipe());
        // More than the socket takes.
        // SAFETY: no pointers.
        assert!(unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_SETPIPE_SZ, BYTES) } >= BYTES as i32);
        writer.write_all(&vec![7; BYTES]).unwrap();
        drop(writer);
        let (say, said) = mpsc::channel();
        let reads = thread::spawn(move || {
            let in_time = said.recv_timeout(SECOND * 5).is_ok();
            let mut all = Vec::new();
            far.read_to_end(&mut all).unwrap();
            (in_time, all.len())
        });
        let splices = begun(move || {
            let (from, to, none) = (reader.as_raw_fd(), near.as_raw_fd(), ptr::null_mut);
            // SAFETY: no offsets.
            let splice = || told(unsafe { libc::splice(from, none(), to, none(), BYTES, 0) }).unwrap();
            std::iter::repeat_with(splice).take_while(|length| *length > 0).sum::<i64>()
        });
        say.send(()).unwrap();
        assert_eq!(splices.get().unwrap(), BYTES as i64);
        assert_eq!(reads.join().unwrap(), (true, BYTES), "the others run while there is no room");
    });
}

#[test]
fn sendfile_moves_the_offset_it_is_given_by_what_went() {
    patched(|| {
        let (near, mut far) = UnixStream::pair().unwrap();
        let file = File::open("/proc/self/exe").unwrap();
        let (mut offset, count) = (100, 2 << 20);
        let reads = begun(move || far.read_exact(&mut vec![0; 1 << 20]));
        near.set_write_timeout(Some(MOMENT)).unwrap();
        // SAFETY: a place for the offset.
        let sent = told(unsafe { libc::sendfile(near.as_raw_fd(), file.as_raw_fd(), &mut offset, count) }).unwrap();
        assert!((1 << 20..2 << 20).contains(&sent), "{sent}: its time was over");
        assert_eq!(offset, 100 + sent);
        reads.get().unwrap().unwrap();
        // SAFETY: as above; no such file.
        let told_of = told(unsafe { libc::sendfile(near.as_raw_fd(), -1, &mut offset, 1) });
        assert_eq!(told_of, Err(libc::EBADF));
    });
}

#[test]
fn an_eventfd_is_waited_for() {
    patched(|| {
        // SAFETY: a descriptor that only this file has.
        let event = unsafe { File::from_raw_fd(libc::eventfd(0, libc::EFD_CLOEXEC)) };
        let mut waits = event.try_clone().unwrap();
        let reads = begun(move || {
            let mut count = [0; 8];
            waits.read_exact(&mut count).unwrap();
            u64::from_ne_bytes(count)
        });
        (&event).write_all(&5_u64.to_ne_bytes()).unwrap();
        assert_eq!(reads.get().unwrap(), 5);
    });
}

#[test]
fn timers_watches_and_signals_that_are_read_are_waited_for() {
    patched(|| {
        // SAFETY: a descriptor that only this file has; a good span.
        let timer = unsafe {
            let timer = File::from_raw_fd(libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_CLOEXEC));
            let mut once: libc::itimerspec = std::mem::zeroed();
            once.it_value.tv_nsec = MOMENT.as_nanos() as i64;
            assert_eq!(libc::timerfd_settime(timer.as_raw_fd(), 0, &once, ptr::null_mut()), 0);
            timer
        };
        let other = green::spawn(|| ());
        (&timer).read_exact(&mut [0; 8]).unwrap();
        assert!(other.is_done());
        let (folder, length) = (Folder::new("watched"), |mut file: File| file.read(&mut [0; 512]).unwrap());
        let path = std::ffi::CString::new(folder.0.to_str().unwrap()).unwrap();
        // SAFETY: a descriptor that only this file has; a string of C.
        let watch = unsafe {
            let watch = File::from_raw_fd(libc::inotify_init1(libc::IN_CLOEXEC));
            assert!(libc::inotify_add_watch(watch.as_raw_fd(), path.as_ptr(), libc::IN_CREATE) > 0);
            watch
        };
        let reads = begun(move || length(watch));
        File::create(folder.0.join("new")).unwrap();
        assert!(reads.get().unwrap() > 0);
        // SAFETY: a set of signals; a descriptor that only this file has; the signal goes to this thread.
        unsafe {
            let mut set = std::mem::zeroed();
            libc::sigemptyset(&mut set);
            libc::sigaddset(&mut set, libc::SIGWINCH);
            libc::pthread_sigmask(libc::SIG_BLOCK, &set, ptr::null_mut());
            let signals = File::from_raw_fd(libc::signalfd(-1, &set, libc::SFD_CLOEXEC));
            let reads = begun(move || length(signals));
            assert_eq!(libc::pthread_kill(libc::pthread_self(), libc::SIGWINCH), 0);
            assert_eq!(reads.get().unwrap(), size_of::<libc::signalfd_siginfo>());
            libc::pthread_sigmask(libc::SIG_UNBLOCK, &set, ptr::null_mut());
        }
    });
}

#[test]
fn what_takes_messages_is_written_to_by_one_call() {
    patched(|| {
        let mut null = File::options().write(true).open("/dev/null").unwrap();
        let calls = || {
            let told = std::fs::read_to_string("/proc/thread-self/io").unwrap();
            told.lines().find_map(|line| line.strip_prefix("syscw: ")).unwrap().parse::<u64>().unwrap()
        };
        let before = calls();
        assert_eq!(null.write(&[0; 100_000]).unwrap(), 100_000);
        assert_eq!(null.write_vectored(&[IoSlice::new(&[0; 5000]), IoSlice::new(&[0; 5000])]).unwrap(), 10_000);
        assert_eq!(calls() - before, 2);
    });
}

#[test]
fn a_terminal_is_waited_for_at_both_ends() {
    const BYTES: usize = 300_000;
    patched(|| {
        // SAFETY: zeros are settings.
        let (mut ends, mut raw) = ([0; 2], unsafe { std::mem::zeroed() });
        let [master, slave] = &mut ends;
        // SAFETY: settings, and room for two descriptors.
        let opened = unsafe {
            libc::cfmakeraw(&mut raw);
            libc::openpty(master, slave, ptr::null_mut(), &raw mut raw, ptr::null_mut())
        };
        assert_eq!(told(opened), Ok(0));
        // SAFETY: descriptors that only these have.
        let [master, slave] = ends.map(|fd| unsafe { File::from_raw_fd(fd) });
        for (reader, writer) in [(&master, &slave), (&slave, &master)] {
            let (mut reader, mut writer) = (reader.try_clone().unwrap(), writer.try_clone().unwrap());
            let reads = begun(move || {
                let mut all = vec![0; BYTES];
                reader.read_exact(&mut all).unwrap();
                all
            });
            assert_eq!(writer.write(&[7; BYTES]).unwrap(), BYTES);
            assert!(reads.get().unwrap().iter().all(|byte| *byte == 7));
        }
    });
}

#[test]
fn a_non_blocking_pipe_is_left_alone() {
    patched(|| {
        let mut ends = [0; 2];
        // SAFETY: room for two.
        assert_eq!(told(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_NONBLOCK | libc::O_CLOEXEC) }), Ok(0));
        // SAFETY: descriptors that only these have.
        let [mut reader, mut writer] = ends.map(|fd| unsafe { File::from_raw_fd(fd) });
        assert_eq!(reader.read(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let error = std::iter::repeat_with(|| writer.write(&[0; 70_000])).find_map(Result::err).unwrap();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    });
}

#[test]
fn a_broken_pipe_and_bad_numbers_tell_what_the_system_tells() {
    patched(|| {
        let (reader, mut writer) = pipe();
        drop(reader);
        assert_eq!(writer.write(b"x").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        let mut byte = 0_u8;
        let place = (&raw mut byte).cast();
        let (reader, _writer) = pipe();
        // SAFETY: room for a byte, or none is asked for.
        unsafe {
            assert_eq!(told(libc::read(-1, place, 1)), Err(libc::EBADF));
            assert_eq!(told(libc::write(-1, place, 1)), Err(libc::EBADF));
            assert_eq!(told(libc::read(reader.as_raw_fd(), place, 0)), Ok(0));
            assert_eq!(told(libc::readv(reader.as_raw_fd(), ptr::null(), -1)), Err(libc::EINVAL));
        }
    });
}

#[test]
fn vectors_that_no_number_can_count_are_refused() {
    patched(|| {
        let (near, _far) = UnixStream::pair().unwrap();
        let mut byte = 0_u8;
        let mut part = |length| libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: length };
        let mut parts = [part(usize::MAX), part(1)];
        // SAFETY: zeros are a message without anything.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        (message.msg_iov, message.msg_iovlen) = (parts.as_mut_ptr(), 2);
        // SAFETY: two parts, of which the kernel takes none.
        unsafe {
            assert_eq!(told(libc::writev(near.as_raw_fd(), parts.as_ptr(), 2)), Err(libc::EINVAL));
            assert_eq!(told(libc::readv(near.as_raw_fd(), parts.as_ptr(), 2)), Err(libc::EINVAL));
            assert_eq!(told(libc::sendmsg(near.as_raw_fd(), &message, 0)), Err(libc::EINVAL));
            assert_eq!(told(libc::recvmsg(near.as_raw_fd(), &mut message, libc::MSG_WAITALL)), Err(libc::EINVAL));
        }
    });
}

#[test]
fn a_child_process_is_talked_with_while_others_run() {
    patched(|| {
        let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut to, mut from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let reads = begun(move || {
            let mut all = String::new();
            from.read_to_string(&mut all).unwrap();
            all
        });
        to.write_all(b"through a cat").unwrap();
        drop(to);
        assert_eq!(reads.get().unwrap(), "through a cat");
        assert!(child.wait().unwrap().success());
    });
}

/// Why the documentation has it among what blocks: the C library calls its own read, which has no name to stand in for.
#[test]
fn the_c_librarys_own_streams_block_their_thread() {
    patched(|| {
        let (reader, mut writer) = pipe();
        let writes = thread::spawn(move || {
            thread::sleep(MOMENT);
            writer.write_all(b"line\n").unwrap();
        });
        let (other, mut line) = (green::spawn(|| ()), [0_u8; 16]);
        // SAFETY: a stream of its own, and room for sixteen.
        unsafe {
            let stream = libc::fdopen(reader.into_raw_fd(), c"r".as_ptr());
            assert!(!libc::fgets(line.as_mut_ptr().cast(), 16, stream).is_null());
            assert!(!other.is_done(), "it waits as a greenlet by now: say so in the documentation");
            assert_eq!(libc::fclose(stream), 0);
        }
        assert!(line.starts_with(b"line\n"));
        writes.join().unwrap();
    });
}

#[test]
fn standard_output_is_written_without_a_switch() {
    patched(|| {
        let other = green::spawn(|| ());
        for _ in 0..200 {
            io::stderr().write_all(b"").unwrap();
            let _locked = io::stdout().lock();
        }
        assert!(!other.is_done());
    });
}
