//! What is so unless one says otherwise (gevent: its `GEVENT_*` settings), what greenlets inherit, and what threads share.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use gfetch::green::{
    self, Config, Event, Monitor, MonitorEvent, ThreadPool, dump_tasks, green_local, run, sleep, spawn, threads,
    yield_now,
};
use gfetch::net::{ResolverConfig, StreamServer};

use super::{MS, SECOND, virtual_run};

/// gevent: the monitor is off, and tells of what blocks for 0.1 s where it is on.
#[test]
fn a_monitor_that_is_told_nothing_tells_of_a_tenth_of_a_second_and_not_of_memory() {
    run(|| {
        let (tell, told) = mpsc::channel();
        let _monitor = Monitor::new().start(move |event| {
            let _ = tell.send(event.clone());
        });
        let blocks = spawn(move || told.recv_timeout(SECOND * 60).unwrap());
        let MonitorEvent::Blocked(running) = blocks.get().unwrap() else { panic!("nobody asked about memory") };
        assert!(running.blocked_for >= MS * 100, "{:?}", running.blocked_for);
    });
}

/// gevent: the tree is tracked; here it is always there, and what costs something is asked for.
#[test]
fn a_hub_that_is_told_nothing_keeps_the_tree_and_counts_no_waiting() {
    let waited = |config: Config| {
        config.run(|| {
            let outer = spawn(|| spawn(|| Event::new().wait()).join().is_ok());
            sleep(MS).unwrap();
            let dump = dump_tasks();
            let inner = dump.tasks.last().unwrap().clone();
            assert_eq!(inner.parent, Some(outer.id()));
            assert_eq!(inner.stack_bytes, green::DEFAULT_STACK_BYTES);
            inner.waited.is_some()
        })
    };
    assert_eq!((waited(Config::new()), waited(Config::new().track())), (false, true));
}

/// gevent: a thread pool's idle threads end after 5 s, and the resolver is threads and `getaddrinfo`.
#[test]
fn pools_start_no_thread_unasked_and_names_are_kept_for_a_minute() {
    let pool = ThreadPool::new(3);
    assert_eq!((pool.most(), pool.threads()), (3, 0));
    run(|| {
        pool.run(|| ()).unwrap();
        sleep(MS * 50).unwrap();
    });
    assert_eq!(pool.threads(), 1, "it stays for the next call");
    let names = ResolverConfig::default();
    assert_eq!((names.positive_ttl, names.negative_ttl, names.max_entries), (SECOND * 60, SECOND, 4096));
}

/// gevent: `spawn='default'`.
#[test]
fn a_server_is_unbounded_unless_it_is_told_otherwise() {
    run(|| {
        let listener = gfetch::net::TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let server = StreamServer::new(listener).start(|_stream, _peer| Event::new().wait());
        let clients: Vec<_> = (0..150).map(|_| gfetch::net::TcpStream::connect(address).unwrap()).collect();
        let begun = std::time::Instant::now();
        while server.connections() < clients.len() {
            assert!(begun.elapsed() < SECOND * 60, "{} of 150", server.connections());
            sleep(MS).unwrap();
        }
        assert!(!server.is_full());
        server.stop(std::time::Duration::ZERO).unwrap();
    });
}

green_local! {
    inherit static USER: RefCell<&'static str> = RefCell::new("nobody");
}

/// gevent: a greenlet's context is a copy of its spawner's at the time of the spawn.
#[test]
fn a_context_is_copied_at_the_spawn_and_handed_down() {
    virtual_run(|| {
        let user = || USER.with(|user| *user.borrow());
        let become_user = |name| USER.with(|user| *user.borrow_mut() = name);
        become_user("ann");
        let child = spawn(move || (user(), spawn(user).get().unwrap()));
        become_user("bob");
        let later = spawn(user);
        yield_now().unwrap();
        become_user("cid");
        assert_eq!((child.get().unwrap(), later.get().unwrap(), user()), (("ann", "ann"), "bob", "cid"));
    });
}

/// Bug class 51: the way by which a timer ends a wait and the one by which another thread does took two locks in two orders.
#[test]
fn deadlines_and_words_from_other_threads_at_one_time_never_lock_each_other() {
    let (permits, stop) = (threads::Semaphore::new(1), Arc::new(AtomicBool::new(false)));
    let had = Arc::new(AtomicUsize::new(0));
    let (held, stopped) = (permits.clone(), stop.clone());
    let holder = thread::spawn(move || {
        while !stopped.load(Ordering::SeqCst) {
            let permit = held.acquire().unwrap();
            thread::sleep(MS);
            drop(permit);
        }
    });
    let takers = threads::run_on_threads(2, |_| {
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let (permits, had) = (permits.clone(), had.clone());
                spawn(move || {
                    for _ in 0..100 {
                        if let Some(permit) = permits.acquire_timeout(MS).unwrap() {
                            drop(permit);
                            had.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                })
            })
            .collect();
        green::join_all(&tasks).unwrap();
        tasks.len()
    });
    stop.store(true, Ordering::SeqCst);
    holder.join().unwrap();
    assert_eq!(takers, [4, 4], "all came to their end");
    assert!(had.load(Ordering::SeqCst) > 0);
}
