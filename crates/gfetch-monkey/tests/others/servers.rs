//! Real servers, as their packages have them: each in a folder of its own, on a free port of loopback, ended with its
//! value. The tests that run at the same time share one.

use std::ffi::{CStr, CString};
use std::fs;
use std::io;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::ports::free_ports;

/// A server that does not answer after this is not going to.
const START_LIMIT: Duration = Duration::from_secs(60);

/// A server's process and its folder.
pub struct Server {
    process: Child,
    /// What ends it with all its children.
    signal: libc::c_int,
    dir: TempDir,
    pub port: u16,
}

impl Server {
    /// Its socket in the file system, where it has one.
    pub fn socket(&self) -> String {
        text(&self.dir.path().join("socket"))
    }

    fn start(mut command: Command, dir: TempDir, port: u16, signal: libc::c_int, answers: fn(u16) -> bool) -> Server {
        let log = dir.path().join("log");
        let file = fs::File::create(&log).unwrap();
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        let shown = format!("{command:?}");
        let process = spawn(command, signal).unwrap_or_else(|error| panic!("{shown}: {error}: bash .ci/install"));
        let mut server = Server { process, signal, dir, port };
        let start = Instant::now();
        while !answers(port) {
            let ended = server.process.try_wait().unwrap();
            let log = || fs::read_to_string(&log).unwrap_or_default();
            assert!(ended.is_none() && start.elapsed() < START_LIMIT, "{shown}: {ended:?}: {}", log());
            thread::sleep(Duration::from_millis(50));
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SAFETY: no pointers; the process is ours and not yet waited for.
        unsafe { libc::kill(self.process.id() as i32, self.signal) };
        let _ = self.process.wait();
    }
}

/// Starts a server that gets `signal` when this process ends, however it does. The kernel goes by the thread that started
/// it, which therefore stays.
fn spawn(mut command: Command, signal: libc::c_int) -> io::Result<Child> {
    let own = std::process::id() as libc::pid_t;
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        // SAFETY: two system calls, which a fork's child may make.
        unsafe {
            command.pre_exec(move || {
                libc::prctl(libc::PR_SET_PDEATHSIG, signal);
                if libc::getppid() == own { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
            });
        }
        let _ = tell.send(command.spawn());
        loop {
            thread::park();
        }
    });
    told.recv().unwrap()
}

/// One server for all who ask while somebody has it.
struct Shared(Mutex<Weak<Server>>);

impl Shared {
    const fn new() -> Shared {
        Shared(Mutex::new(Weak::new()))
    }

    fn get(&self, start: fn() -> Server) -> Arc<Server> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.upgrade().unwrap_or_else(|| {
            let server = Arc::new(start());
            *known = Arc::downgrade(&server);
            server
        })
    }
}

/// Redis, with nothing in it.
pub fn redis() -> Arc<Server> {
    static SHARED: Shared = Shared::new();
    SHARED.get(|| {
        let (dir, [port]) = (folder("gfetch-redis-", None), free_ports());
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no", "--dir"]);
        command.arg(dir.path());
        let answers = |port: u16| {
            let client = redis::Client::open(format!("redis://127.0.0.1:{port}")).unwrap();
            client.get_connection().is_ok_and(|mut connection| redis::cmd("PING").exec(&mut connection).is_ok())
        };
        Server::start(command, dir, port, libc::SIGKILL, answers)
    })
}

/// PostgreSQL: user and database `postgres`, without a password, for 200 connections.
pub fn postgres() -> Arc<Server> {
    static SHARED: Shared = Shared::new();
    SHARED.get(|| {
        let owner = owner("postgres");
        let (dir, [port]) = (folder("gfetch-postgres-", owner), free_ports());
        let data = dir.path().join("data");
        let program = |name: &str| {
            let mut command = run_by(owner, postgres_folder().join(name), dir.path());
            command.arg("-D").arg(&data);
            command
        };
        let mut make = program("initdb");
        must(make.args(["-A", "trust", "-U", "postgres", "-N", "-E", "UTF8", "--locale=C"]));
        let mut command = program("postgres");
        command.args(["-p", &port.to_string(), "-h", "127.0.0.1", "-c", "fsync=off", "-c", "max_connections=200"]);
        command.args(["-c", "unix_socket_directories="]);
        let answers = |port: u16| {
            let config = format!("host=127.0.0.1 port={port} user=postgres");
            postgres::Client::connect(&config, postgres::NoTls).is_ok()
        };
        Server::start(command, dir, port, libc::SIGQUIT, answers)
    })
}

/// MariaDB: user `root`, without a password, for 300 connections.
pub fn mariadb() -> Arc<Server> {
    static SHARED: Shared = Shared::new();
    SHARED.get(|| {
        let owner = owner("mysql");
        let (dir, [port]) = (folder("gfetch-mariadb-", owner), free_ports());
        let data = format!("--datadir={}", text(&dir.path().join("data")));
        let program = |name: &str| {
            let mut command = run_by(owner, name.into(), dir.path());
            command.args(["--no-defaults", &data]);
            command
        };
        let mut make = program("mariadb-install-db");
        must(make.args(["--auth-root-authentication-method=normal", "--skip-test-db"]));
        let mut command = program("mariadbd");
        command.args([format!("--port={port}"), format!("--socket={}", text(&dir.path().join("socket")))]);
        command.args(["--bind-address=127.0.0.1", "--skip-name-resolve", "--max-connections=300", "--tmpdir=."]);
        command.arg("--innodb-buffer-pool-size=16M");
        let answers = |port: u16| {
            let options = mysql::OptsBuilder::new().ip_or_hostname(Some("127.0.0.1")).tcp_port(port).user(Some("root"));
            mysql::Conn::new(options.prefer_socket(false)).is_ok()
        };
        Server::start(command, dir, port, libc::SIGKILL, answers)
    })
}

/// A program of a server's, in its folder.
fn run_by(owner: Option<(u32, u32)>, program: PathBuf, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    command
}

/// Where Debian has PostgreSQL's own programs: not in the path.
fn postgres_folder() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is not installed: bash .ci/install");
    let folders = versions.map(|version| version.unwrap().path().join("bin"));
    folders.filter(|folder| folder.join("initdb").exists()).max().expect("a version of PostgreSQL")
}

/// The user and group that a server of root's is to run as; none where the tests are not root's.
fn owner(name: &str) -> Option<(u32, u32)> {
    // SAFETY: no pointers.
    if unsafe { libc::geteuid() } != 0 {
        return None;
    }
    let known = CString::new(name).unwrap();
    let (mut entry, mut room, mut found) = (std::mem::MaybeUninit::uninit(), [0; 4096], std::ptr::null_mut());
    // SAFETY: a name, places for the entry and its strings, and their size.
    unsafe { libc::getpwnam_r(known.as_ptr(), entry.as_mut_ptr(), room.as_mut_ptr(), room.len(), &mut found) };
    assert!(!found.is_null(), "no user {name}: bash .ci/install");
    // SAFETY: it was found, so that the entry is written.
    let entry = unsafe { entry.assume_init() };
    // SAFETY: a string within `room`.
    assert_eq!(unsafe { CStr::from_ptr(entry.pw_name) }, known.as_c_str());
    Some((entry.pw_uid, entry.pw_gid))
}

fn folder(prefix: &str, owner: Option<(u32, u32)>) -> TempDir {
    let dir = TempDir::with_prefix(prefix).unwrap();
    if let Some((user, group)) = owner {
        chown(dir.path(), Some(user), Some(group)).unwrap();
    }
    dir
}

/// Runs what makes a server's data.
fn must(command: &mut Command) {
    let made = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}: bash .ci/install"));
    assert!(made.status.success(), "{command:?}: {}", String::from_utf8_lossy(&made.stderr));
}

fn text(path: &Path) -> String {
    path.to_str().expect("a UTF-8 path").to_owned()
}
