//! `--resume` and `kill -9` at random moments, hundreds of times: nothing that the record had is asked for again, nothing is
//! in it that was not done, files are whole, and the same command comes to its end.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::runner::{Dir, program, wait_until};
use crate::server::read_request;

/// Kills in each of the two tests.
const ROUNDS: u32 = 150;
/// Lines of a list: enough for some kills.
const LINES: usize = 150;
/// A run is killed after less than this, once it has begun to ask.
const MAX_LIFE_US: u64 = 60_000;

/// What the server was asked for: the round it came from, and the path.
type Asked = Arc<Mutex<Vec<(u32, String)>>>;

/// The n-th body: mostly small; some need several pieces and come slowly.
fn body(path: &str) -> Vec<u8> {
    let number: usize = path.rsplit('/').next().unwrap().parse().unwrap();
    let bytes = if number % 25 == 3 { 700_000 + number } else { 100 + number };
    crate::server::body(bytes)
}

fn serve() -> (SocketAddr, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (addr, asked) = (listener.local_addr().unwrap(), Asked::default());
    let log = asked.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let log = log.clone();
            // Whoever is killed leaves a broken connection.
            thread::spawn(move || answer_all(stream.unwrap(), &log));
        }
    });
    (addr, asked)
}

fn answer_all(stream: TcpStream, log: &Asked) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut writer = &stream;
    while let Some(request) = read_request(&mut reader) {
        let round = request.field("user-agent").unwrap().parse().unwrap();
        log.lock().unwrap().push((round, request.path.clone()));
        let whole = body(&request.path);
        let tag = format!("\"{}\"", request.path);
        let same = request.field("if-range").is_none_or(|known| known == tag);
        let range = request.field("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
        let from = range.filter(|_| same).map_or(0, |from| from.parse::<usize>().unwrap());
        let status = match from {
            0 => "200 OK\r\n".to_owned(),
            from if from >= whole.len() => {
                write!(
                    writer,
                    "HTTP/1.1 416 No\r\nContent-Range: bytes */{}\r\nContent-Length: 0\r\n\r\n",
                    whole.len()
                )
                .ok()?;
                continue;
            }
            from => format!("206 Part\r\nContent-Range: bytes {from}-{}/{}\r\n", whole.len() - 1, whole.len()),
        };
        write!(writer, "HTTP/1.1 {status}ETag: {tag}\r\nContent-Length: {}\r\n\r\n", whole.len() - from).ok()?;
        for piece in whole[from..].chunks(100_000) {
            writer.write_all(piece).ok()?;
            if whole.len() > 1000 {
                thread::sleep(Duration::from_millis(2));
            }
        }
    }
    Some(())
}

/// xorshift: moments that are the same in each run of the test, as far as machines are.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

/// One list on its way to the end.
struct Job {
    dir: Dir,
    saves: bool,
}

impl Job {
    fn new(addr: SocketAddr, number: u32, saves: bool) -> Job {
        let dir = Dir::new();
        let list: String = (0..LINES).map(|line| format!("http://{addr}/{number}/{line}\n")).collect();
        dir.write("list", list);
        Job { dir, saves }
    }

    /// The command, as it is typed each time.
    fn command(&self, round: u32) -> Command {
        let mut command = Command::new(program());
        command.args(["-i", "list", "--resume", "record", "-s", "--format", "json", "-A", &round.to_string()]);
        if round.is_multiple_of(3) {
            // On how many threads is no matter of the record.
            command.args(["--threads", "2"]);
        }
        if self.saves {
            command.args(["-o", "files/{name}", "--create-dirs"]);
        }
        let out = OpenOptions::new().append(true).create(true).open(self.dir.file("out")).unwrap();
        command.current_dir(self.dir.path()).stdin(Stdio::null()).stdout(out);
        command.stderr(File::create(self.dir.file("err")).unwrap());
        command
    }

    /// The URLs that the record has as done.
    fn recorded(&self) -> Vec<String> {
        let text = fs::read_to_string(self.dir.file("record")).unwrap_or_default();
        // What stands behind the last newline was cut off.
        let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
        whole
            .lines()
            .filter(|line| line.starts_with("ok "))
            .map(|line| line.rsplit(' ').next().unwrap().into())
            .collect()
    }

    /// Nothing is recorded that was not done: its file is whole, or the report has it.
    fn check_recorded(&self, recorded: &[String], what: &str) {
        let told: HashSet<String> = match self.saves {
            true => HashSet::new(),
            false => self.told(),
        };
        for url in recorded {
            let path = url.splitn(4, '/').last().unwrap();
            if self.saves {
                let file = fs::read(self.dir.file("files").join(path.rsplit('/').next().unwrap()));
                assert!(
                    file.is_ok_and(|file| file == body(path)),
                    "{what}: {url} is recorded, and its file is not whole"
                );
            } else {
                assert!(told.contains(url), "{what}: {url} is recorded, and nobody was told");
            }
        }
    }

    /// The URLs that the report has as done.
    fn told(&self) -> HashSet<String> {
        let text = self.dir.read("out");
        let records = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        records.filter(|record| record["ok"] == true).map(|record| record["url"].as_str().unwrap().to_owned()).collect()
    }
}

fn kill_at_random(saves: bool, seed: u64) {
    let (addr, asked) = serve();
    println!("seed {seed}");
    let (mut random, mut job, mut jobs, mut kills) = (Random(seed), Job::new(addr, 0, saves), 0, 0);
    let mut round = 0;
    while kills < ROUNDS {
        round += 1;
        let what = format!("seed {seed}, round {round}");
        let before = job.recorded();
        let known: HashSet<String> =
            before.iter().map(|url| format!("/{}", url.splitn(4, '/').last().unwrap())).collect();
        assert_eq!(known.len(), before.len(), "{what}: recorded twice");
        let mut child = job.command(round).spawn().unwrap();
        // Its start takes longer than all the rest: sometimes that is cut short, mostly what comes after it.
        if random.below(10) > 0 {
            wait_until("request or end", || {
                child.try_wait().unwrap().is_some() || asked.lock().unwrap().iter().any(|(by, _)| *by == round)
            });
        }
        thread::sleep(Duration::from_micros(random.below(MAX_LIFE_US)));
        let ended = child.try_wait().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let by_now = job.recorded();
        job.check_recorded(&by_now, &what);
        assert!(by_now.starts_with(&before), "{what}: the record has lost something");
        for (by, path) in asked.lock().unwrap().iter() {
            assert!(*by != round || !known.contains(path), "{what}: {path} was recorded, and is asked for again");
        }
        match ended {
            None => kills += 1,
            Some(status) => {
                assert!(status.success(), "{what}: {status}: {}", job.dir.read("err"));
                assert_eq!(by_now.len(), LINES, "{what}: it ended, and not all is done");
                let left: Vec<String> = job.dir.names().into_iter().filter(|name| name.contains(".gfetch-")).collect();
                assert!(left.is_empty(), "{what}: {left:?}");
                jobs += 1;
                job = Job::new(addr, jobs, saves);
            }
        }
    }
    let mut times: HashMap<&str, u32> = HashMap::new();
    let asked = asked.lock().unwrap();
    asked.iter().for_each(|(_, path)| *times.entry(path).or_default() += 1);
    println!("{kills} kills, {jobs} lists done, {} requests for {} URLs", asked.len(), times.len());
}

#[test]
fn resume_outlives_a_kill_at_any_moment_with_files() {
    kill_at_random(true, 0x5eed_0001);
}

#[test]
fn resume_outlives_a_kill_at_any_moment_without_files() {
    kill_at_random(false, 0x5eed_0002);
}

/// A part that is there is gone on with.
#[test]
fn resume_goes_on_with_a_part_by_range() {
    let (listener, dir) = (TcpListener::bind("127.0.0.1:0").unwrap(), Dir::new());
    let url = format!("http://{}/big", listener.local_addr().unwrap());
    let whole = crate::server::body(2_000_000);
    let mut command = Command::new(program());
    command.args([&url, "--resume", "record", "-o", "big"]).current_dir(dir.path());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    read_request(&mut BufReader::new(&stream)).unwrap();
    write!(stream, "HTTP/1.1 200 OK\r\nETag: \"one\"\r\nContent-Length: {}\r\n\r\n", whole.len()).unwrap();
    stream.write_all(&whole[..1_000_000]).unwrap();
    let part = || dir.names().into_iter().find(|name| name.starts_with(".gfetch-"));
    let size = || part().and_then(|part| fs::metadata(dir.file(&part)).ok()).map_or(0, |part| part.len());
    wait_until("part", || size() > 500_000);
    child.kill().unwrap();
    child.wait().unwrap();
    let there = size() as usize;
    assert!(!dir.file("big").exists() && dir.read("record").contains("\npart "));

    let mut child = command.spawn().unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    let request = read_request(&mut BufReader::new(&stream)).unwrap();
    assert_eq!(request.field("range"), Some(&*format!("bytes={there}-")));
    assert_eq!(request.field("if-range"), Some("\"one\""));
    let head = format!("Content-Range: bytes {there}-{}/{}", whole.len() - 1, whole.len());
    write!(stream, "HTTP/1.1 206 Part\r\n{head}\r\nContent-Length: {}\r\n\r\n", whole.len() - there).unwrap();
    stream.write_all(&whole[there..]).unwrap();
    assert!(child.wait().unwrap().success());
    let mut file = Vec::new();
    File::open(dir.file("big")).unwrap().read_to_end(&mut file).unwrap();
    assert!(file == whole, "{} bytes", file.len());
    assert_eq!(dir.names(), ["big", "record"]);
}

/// On a slow line a piece takes minutes: what has come is in the file after a second, though nothing more comes, and a kill
/// takes nothing of it.
#[test]
fn a_kill_leaves_what_came_slowly_to_go_on_with() {
    for (options, if_range) in [(["--resume", "record"], Some("\"one\"")), (["-C", "-"], None)] {
        let (listener, dir) = (TcpListener::bind("127.0.0.1:0").unwrap(), Dir::new());
        let (url, whole) = (format!("http://{}/big", listener.local_addr().unwrap()), crate::server::body(9_000));
        let mut command = Command::new(program());
        command.args([&url, "-o", "big"]).args(options).current_dir(dir.path());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let there = || dir.names().into_iter().find(|name| name == "big" || name.starts_with(".gfetch-"));
        let size = || there().and_then(|name| fs::metadata(dir.file(&name)).ok()).map_or(0, |file| file.len() as usize);
        for (from, to) in [(0, 4_000), (4_000, 4_001), (4_001, 9_000)] {
            let mut child = command.spawn().unwrap();
            let (mut stream, _) = listener.accept().unwrap();
            let request = read_request(&mut BufReader::new(&stream)).unwrap();
            let range = (from > 0).then(|| format!("bytes={from}-"));
            assert_eq!(request.field("range"), range.as_deref(), "{options:?}");
            assert_eq!(request.field("if-range"), if_range.filter(|_| from > 0));
            let status = match from {
                0 => "200 OK".to_owned(),
                _ => format!("206 Part\r\nContent-Range: bytes {from}-8999/9000"),
            };
            write!(stream, "HTTP/1.1 {status}\r\nETag: \"one\"\r\nContent-Length: {}\r\n\r\n", 9_000 - from).unwrap();
            stream.write_all(&whole[from..to]).unwrap();
            if to < whole.len() {
                wait_until("part", || size() == to);
                child.kill().unwrap();
                child.wait().unwrap();
            } else {
                assert!(child.wait().unwrap().success(), "{options:?}");
            }
        }
        assert!(fs::read(dir.file("big")).unwrap() == whole, "{options:?}");
        assert!(!dir.names().iter().any(|name| name.starts_with(".gfetch-")), "{:?}", dir.names());
    }
}
