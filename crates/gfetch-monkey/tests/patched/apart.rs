//! Tests that need a process of their own: this program again, with the one test, which finds itself in there by a variable.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::ptr;

const INSIDE: &str = "GFETCH_MONKEY_APART";

/// Runs `body` in a process of its own; `test` is the caller's whole name.
pub fn apart(test: &str, body: impl FnOnce()) {
    if is_inside() {
        return body();
    }
    check(this_program(test));
}

/// The same where the system's resolver asks the name server `address`, port 53, alone: in a mount namespace of its own, with
/// other files in the places of the resolver's, and in a network of its own, where no other run of these tests has that
/// port. That takes root's rights; without them nothing is run.
pub fn apart_with_names(test: &str, address: &str, body: impl FnOnce()) {
    if is_inside() {
        return body();
    }
    // SAFETY: no pointers.
    if unsafe { libc::geteuid() } != 0 {
        return eprintln!("{test}: left out, only root may put another /etc/resolv.conf in its place");
    }
    let folder = std::env::temp_dir().join(format!("gfetch-monkey-{}-{test}", std::process::id()).replace("::", "-"));
    fs::create_dir_all(&folder).unwrap();
    let files = [
        ("resolv.conf", format!("nameserver {address}\noptions timeout:1 attempts:1\n")),
        ("nsswitch.conf", "hosts: files dns\nservices: files\n".to_owned()),
        ("hosts", "127.0.0.1 localhost\n".to_owned()),
    ];
    let mut places = Vec::new();
    for (name, text) in files {
        let place = Path::new("/etc").join(name);
        // Nothing can be put over what is not there; musl has no use for nsswitch.conf.
        if place.exists() {
            fs::write(folder.join(name), text).unwrap();
            places.push((c_string(&folder.join(name)), c_string(&place.canonicalize().unwrap())));
        }
    }
    let mut command = this_program(test);
    // SAFETY: system calls alone.
    unsafe { command.pre_exec(move || enter(&places)) };
    check(command);
    fs::remove_dir_all(&folder).unwrap();
}

fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

fn this_program(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).env(INSIDE, "1");
    command
}

fn check(mut command: Command) {
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}{}", String::from_utf8_lossy(&output.stderr));
}

fn c_string(path: &Path) -> std::ffi::CString {
    std::ffi::CString::new(path.to_str().unwrap()).unwrap()
}

fn enter(places: &[(std::ffi::CString, std::ffi::CString)]) -> io::Result<()> {
    // SAFETY: no pointers.
    check_call(unsafe { libc::unshare(libc::CLONE_NEWNS | libc::CLONE_NEWNET) })?;
    bring_up_loopback()?;
    let private = libc::MS_REC | libc::MS_PRIVATE;
    // SAFETY: strings of C, or none.
    check_call(unsafe { libc::mount(ptr::null(), c"/".as_ptr(), ptr::null(), private, ptr::null()) })?;
    for (file, place) in places {
        // SAFETY: as above.
        check_call(unsafe { libc::mount(file.as_ptr(), place.as_ptr(), ptr::null(), libc::MS_BIND, ptr::null()) })?;
    }
    Ok(())
}

/// A new network's own interface is down.
fn bring_up_loopback() -> io::Result<()> {
    // SAFETY: zeros are a request without anything.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (place, byte) in request.ifr_name.iter_mut().zip(b"lo") {
        *place = *byte as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = libc::IFF_UP as libc::c_short;
    // SAFETY: no pointers; a request about a name that ends in zero.
    unsafe {
        let socket = libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0);
        check_call(socket.min(0))?;
        check_call(libc::ioctl(socket, libc::SIOCSIFFLAGS as _, &request))
    }
}

fn check_call(told: i32) -> io::Result<()> {
    if told == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
