//! The tutorials' patched examples: each story's lines, to the letter.

#[allow(dead_code)]
#[path = "../examples/nine_fetches.rs"]
mod nine_fetches;
#[allow(dead_code)]
#[path = "../examples/sleeping_tasks.rs"]
mod sleeping_tasks;
#[allow(dead_code)]
#[path = "../examples/upper_server.rs"]
mod upper_server;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::TcpListener;
use std::rc::Rc;
use std::time::{Duration, Instant};

use gfetch::green::{self, ClockKind, Config};

use sleeping_tasks::Say;

/// The lines of a story, told on the virtual clock: std's sleeps go by it too.
fn told(story: fn(Say)) -> Vec<String> {
    gfetch_monkey::patch_all();
    let lines = Rc::new(RefCell::new(Vec::new()));
    let hears = lines.clone();
    let start = Instant::now();
    Config::new()
        .clock(ClockKind::Virtual)
        .run(|| story(Rc::new(move |line| hears.borrow_mut().push(line.to_owned()))));
    assert!(start.elapsed() < Duration::from_secs(1), "nobody has really slept");
    lines.take()
}

#[test]
fn eat_play_and_task_take_as_long_as_the_longest_sleep() {
    let lines = ["eat 1", "play 1", "task 1", "task 2", "play 2", "eat 2", "主", "7.0 s"];
    assert_eq!(told(sleeping_tasks::eat_play_and_task), lines);
}

#[test]
fn eat_and_play_sleep_by_std_and_take_turns() {
    assert_eq!(told(sleeping_tasks::eat_and_play), ["eat food 1", "play 1", "play 2", "eat food 2", "主", "2.0 s"]);
}

#[test]
fn nine_pages_at_once_take_as_long_as_one() {
    gfetch_monkey::patch_all();
    let host = nine_fetches::blocking::serve(Duration::from_millis(200)).unwrap();
    let paths: Vec<String> = (0..9).map(|n| format!("/get?n={n}")).collect();
    let lines = Rc::new(RefCell::new(Vec::new()));
    let hears = lines.clone();
    let [serial, at_once] =
        green::run(|| nine_fetches::tell(&host, &paths, move |line| hears.borrow_mut().push(line))).unwrap();
    let mut lines = lines.take();
    let expected: Vec<String> = paths.iter().map(|path| format!("{{\"url\": {path:?}}}")).collect();
    assert_eq!(lines[..9], expected);
    lines[9..].sort();
    assert_eq!(lines[9..], expected);
    assert!(serial >= 9.0 * 0.2 && at_once >= 0.2 && at_once < serial / 2.0, "{serial} s, {at_once} s");
}

#[test]
fn five_hundred_clients_of_one_server_on_one_thread() {
    gfetch_monkey::patch_all();
    green::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let lines = Rc::new(RefCell::new(Vec::new()));
        let hears = lines.clone();
        let server = green::spawn(move || upper_server::serve(&listener, move |line| hears.borrow_mut().push(line)));
        let clients = upper_server::clients(address, 500, 10).unwrap();
        let ports: BTreeSet<u16> = clients.iter().map(|client| client.port).collect();
        assert_eq!(ports.len(), 500);
        for (n, client) in clients.iter().enumerate() {
            assert_eq!(client.answer, format!("CLIENT-{n} SAY HELLO 9"));
        }
        let lines = lines.borrow();
        assert_eq!(lines.len(), 5000);
        let first = format!("127.0.0.1:{} client-0 say hello 0", clients[0].port);
        assert!(lines.contains(&first), "{first}");
        server.kill_nowait();
        assert_eq!(server.get().unwrap().unwrap_err().raw_os_error(), Some(libc::ECANCELED));
    });
}
