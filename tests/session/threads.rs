//! A plan with several threads, as a program of its own meets it: on the real clock, beside the server's greenlets.

use super::*;
use gfetch::green::sleep;

/// Runs on the real clock: those of other hubs are real.
fn run<T>(f: impl FnOnce() -> T) -> T {
    green::run(f)
}

fn threads(threads: usize) -> Plan {
    Plan { threads, ..plan() }
}

fn lines(server: &Server, count: usize) -> Vec<String> {
    (0..count).map(|n| server.url(&format!("/{n}"))).collect()
}

#[test]
fn threads_make_the_same_outcomes_in_the_order_of_the_list() {
    run(|| {
        let server = Server::start(|asked, peer| {
            sleep(ms(asked.path.len() as u64 * 7 % 5)).unwrap();
            echo(asked, peer);
        });
        let outcomes = fetch(Plan { jobs: 20, ..threads(3) }, &lines(&server, 200));
        assert_eq!(outcomes.iter().map(|outcome| outcome.index).collect::<Vec<_>>(), (0..200).collect::<Vec<_>>());
        assert!(outcomes.iter().all(|outcome| outcome.bytes == outcome.index.to_string().len() as u64 + 1));
        assert!(server.peak() <= 20 && server.connections() <= 20, "{} {}", server.peak(), server.connections());
    });
}

#[test]
fn a_session_with_threads_that_is_dropped_midway_leaves_nothing_running() {
    run(|| {
        let server = Server::start(|_, peer| peer.hang());
        let session = session(Plan { jobs: 8, ..threads(4) });
        let lines = lines(&server, 8);
        let mut outcomes = session.run(list(&lines), no_names());
        // Asking for an outcome is what makes the run go on.
        while server.asked().len() < 8 {
            let came = green::timeout(ms(50), || Ok::<_, green::Interrupt>(matches!(outcomes.next(), Some(Ok(_)))));
            assert!(!matches!(came, Ok(Ok(true))), "nothing has been answered");
        }
        drop(outcomes);
        drop(session);
    });
}

#[test]
fn a_hook_is_told_of_each_start_on_the_sessions_own_hub() {
    run(|| {
        let server = Server::start(echo);
        let session = session(Plan { jobs: 4, ..threads(3) });
        let told = std::rc::Rc::new(std::cell::Cell::new(0));
        let tell = told.clone();
        session.on_start(move |_| tell.set(tell.get() + 1));
        let count = session.run(list(&lines(&server, 40)), no_names()).filter(Result::is_ok).count();
        assert_eq!((count, told.get()), (40, 40));
    });
}
