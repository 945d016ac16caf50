//! Bad use gets a clear answer: an error or a panic whose text says what to do instead.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Output};
use std::rc::Rc;
use std::time::Duration;

use gfetch::green::{self, Builder, ClockKind, Config, GetError, Greenlet, Interrupt};
use gfetch::net::{UnixListener, UnixStream};

const MS: Duration = Duration::from_millis(1);
const CASE: &str = "GFETCH_TEST_MISUSE";

/// What `f` panics with.
fn panic_of<T>(f: impl FnOnce() -> T) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).err().expect("it passed");
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).expect("a text")
}

#[test]
fn a_call_that_may_wait_outside_run_says_to_call_it_inside() {
    let expected = "no hub on this thread: call this inside gfetch::green::run";
    let queue = green::Queue::<u32>::unbounded();
    assert_eq!(panic_of(|| green::sleep(MS)), expected);
    assert_eq!(panic_of(green::yield_now), expected);
    assert_eq!(panic_of(|| green::spawn(|| ())), expected);
    assert_eq!(panic_of(|| queue.get()), expected);
    assert_eq!(panic_of(|| green::Event::new().wait()), expected);
    assert_eq!(panic_of(|| green::Semaphore::new(0).acquire()), expected);
    assert_eq!(panic_of(UnixStream::pair), expected);
    assert_eq!(panic_of(|| green::current().name()), expected);
    assert_eq!(panic_of(green::dump_tasks), expected);
    assert_eq!(panic_of(green::stats), expected);
    assert_eq!(panic_of(green::trace), expected);
    assert_eq!(panic_of(|| green::stats_every(MS, |_| ())), expected);
    assert_eq!(panic_of(|| green::on_panic(|_| ())), expected);
    assert_eq!(panic_of(|| green::Monitor::new().start(|_| ())), expected);
    assert_eq!(panic_of(|| green::assert_switches(|| ())), expected);
    assert_eq!(panic_of(|| green::assert_no_block(MS, || ())), expected);
}

#[test]
fn a_run_inside_run_says_to_spawn_instead() {
    let expected = "run inside run: this thread has a hub already; spawn a greenlet instead";
    assert_eq!(green::run(|| panic_of(|| green::run(|| ()))), expected);
    assert_eq!(green::run(|| 5), 5, "and harms nobody");
}

#[test]
fn a_join_on_oneself_says_that_it_would_wait_for_ever() {
    let own: Rc<RefCell<Option<Greenlet<()>>>> = Rc::default();
    let said = Rc::new(RefCell::new(Vec::new()));
    let (inside, into) = (own.clone(), said.clone());
    green::run(|| {
        let task = green::spawn(move || {
            let me = inside.take().unwrap();
            into.borrow_mut().push(panic_of(|| me.join()));
            into.borrow_mut().push(panic_of(|| me.get()));
            into.borrow_mut().push(panic_of(|| me.join_timeout(MS)));
        });
        *own.borrow_mut() = Some(task);
        green::yield_now().unwrap();
    });
    assert_eq!(*said.borrow(), ["a greenlet cannot join itself: it would wait for ever"; 3]);
}

#[test]
fn a_wait_in_a_destructor_while_unwinding_is_an_error_that_says_so() {
    struct Waits(Rc<RefCell<Vec<String>>>);
    impl Drop for Waits {
        fn drop(&mut self) {
            let mut said = self.0.borrow_mut();
            said.extend(green::sleep(MS).err().map(|error| error.to_string()));
            said.extend(green::yield_now().err().map(|error| error.to_string()));
            let (a, _b) = UnixStream::pair().unwrap();
            said.extend((&a).read(&mut [0]).err().map(|error| error.to_string()));
        }
    }
    let said = Rc::new(RefCell::new(Vec::new()));
    let into = said.clone();
    green::run(|| {
        let task = green::spawn(move || {
            let _waits = Waits(into);
            panic!("on purpose");
        });
        assert!(matches!(task.get(), Err(GetError::Panicked(_))));
    });
    let expected = "this greenlet is unwinding and must not wait: move the wait out of the destructor";
    assert_eq!(*said.borrow(), [expected; 3]);
}

#[test]
fn a_wait_in_the_hub_itself_says_to_spawn() {
    let said = Rc::new(RefCell::new(String::new()));
    let into = said.clone();
    Config::new().clock(ClockKind::Virtual).run(move || {
        let _every = green::stats_every(MS, move |_| *into.borrow_mut() = panic_of(|| green::sleep(MS)));
        green::sleep(MS * 3).unwrap();
    });
    assert_eq!(*said.borrow(), "a wait in the hub itself: spawn a greenlet for what has to wait");
}

#[test]
fn absurd_sizes_are_refused_or_brought_to_the_nearest_sane_one() {
    let empty = "a queue for no items: nothing could ever be put";
    assert_eq!(panic_of(|| green::Queue::<u32>::bounded(0)), empty);
    green::run(|| {
        let stack = |bytes| {
            let task = Builder::new().stack_bytes(bytes).spawn(green::yield_now).unwrap();
            let dump = green::dump_tasks();
            task.get().unwrap().unwrap();
            dump.tasks.last().unwrap().stack_bytes
        };
        assert_eq!(stack(0), 16 << 10);
        assert_eq!(stack(16_385), 32 << 10);
        assert_eq!(stack(usize::MAX), 1 << 30);
        // A limit too far away to be told is none.
        let event = green::Event::new();
        event.set();
        assert!(green::timeout(Duration::MAX, || event.wait_timeout(Duration::MAX)).unwrap().unwrap());
        let sleeper = green::spawn(|| green::sleep(Duration::MAX));
        green::sleep(MS).unwrap();
        assert!(!sleeper.is_done());
        sleeper.kill().unwrap();
    });
}

#[test]
fn a_descriptor_closed_under_its_waiter_says_by_whom() {
    green::run(|| {
        let (mine, _theirs) = UnixStream::pair().unwrap();
        let mine = Rc::new(mine);
        let reading = mine.clone();
        let reader = green::spawn(move || (&*reading).read(&mut [0; 10]).unwrap_err());
        green::yield_now().unwrap();
        mine.close();
        let error = reader.get().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::NotConnected);
        assert_eq!(error.to_string(), "this descriptor was closed by another greenlet");
        // And so does every later call.
        assert_eq!((&*mine).write(b"x").unwrap_err().to_string(), error.to_string());
        let folder = tempfile::tempdir().unwrap();
        let listener = Rc::new(UnixListener::bind(folder.path().join("socket")).unwrap());
        let accepting = listener.clone();
        let acceptor = green::spawn(move || accepting.accept().err().unwrap());
        green::yield_now().unwrap();
        listener.close();
        assert_eq!(acceptor.get().unwrap().to_string(), error.to_string());
    });
}

#[test]
fn a_second_reader_is_told_who_the_first_is_and_the_first_is_unharmed() {
    green::run(|| {
        let (mine, theirs) = UnixStream::pair().unwrap();
        let mine = Rc::new(mine);
        let reading = mine.clone();
        let first = Builder::new().name("first").spawn(move || (&*reading).read(&mut [0; 10])).unwrap();
        green::yield_now().unwrap();
        let refused = (&*mine).read(&mut [0; 10]).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ResourceBusy);
        let text = refused.to_string();
        assert!(
            text.starts_with("#1 \"first\" is reading descriptor ")
                && text.ends_with(" already: one greenlet a direction")
        );
        (&theirs).write_all(b"hello").unwrap();
        assert_eq!(first.get().unwrap().unwrap(), 5);
    });
}

#[test]
fn a_killed_main_greenlet_says_so() {
    let said = panic_of(|| {
        green::run(|| {
            green::kill_by_id(green::current().id());
            green::yield_now()
        })
    });
    assert_eq!(said, "the main greenlet was killed");
}

#[test]
fn a_deadlock_says_who_waits_for_what() {
    green::run(|| {
        let error = green::Event::new().wait().unwrap_err();
        let text = error.to_string();
        let begin =
            "deadlock: nothing is left that could wake anybody; waiting: #0 \"main\" (spawned at tests/misuse.rs:";
        assert!(text.starts_with(begin) && text.ends_with(") waits for an event"), "{text}");
        let as_io = io::Error::from(error);
        assert_eq!(as_io.kind(), io::ErrorKind::Deadlock);
        assert!(matches!(Interrupt::of(&as_io), Some(Interrupt::Deadlock(_))));
    });
}

/// Runs the test `name` of this binary again with `CASE` set, under a limit of address space in KiB.
fn again_under(limit_kib: u64, name: &str) -> (Output, String) {
    let me = std::env::current_exe().unwrap();
    let shell = format!("ulimit -v {limit_kib}; exec {} --exact {name} --nocapture --test-threads=1", me.display());
    let output = Command::new("sh").args(["-c", &shell]).env(CASE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, said)
}

/// Bug class 45: where the system gives no stack, that is an error, and nothing is spent.
#[test]
fn too_many_greenlets_are_an_error_that_says_what_to_do_and_the_hub_goes_on() {
    if std::env::var_os(CASE).is_some() {
        return green::run(|| {
            let event = green::Event::new();
            let mut all = Vec::new();
            let error = loop {
                let event = event.clone();
                match Builder::new().stack_bytes(256 << 20).spawn(move || event.wait()) {
                    Ok(task) => all.push(task),
                    Err(error) => break error,
                }
                assert!(all.len() < 1000, "the limit does not hold");
            };
            assert!(all.len() >= 2, "{}", all.len());
            assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
            eprintln!("{error}");
            let live = green::stats().live;
            assert_eq!(live, all.len() + 1);
            assert_eq!(Builder::new().stack_bytes(16 << 10).spawn(|| 5).unwrap().get().unwrap(), 5);
            event.set();
            all.iter().for_each(|task| task.get().unwrap().unwrap());
            let again = Builder::new().stack_bytes(256 << 20).spawn(|| 6);
            assert_eq!(again.unwrap().get().unwrap(), 6, "what has ended makes room");
        });
    }
    let name = "too_many_greenlets_are_an_error_that_says_what_to_do_and_the_hub_goes_on";
    let (output, said) = again_under(4_000_000, name);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("no room for another stack of 268500992 bytes, its guard included ("), "{said}");
    assert!(said.contains("): make fewer or smaller ones"), "{said}");
}

/// A kill unwinds: without unwinding there is nothing to build, and the compiler says why.
#[test]
fn panic_abort_is_refused_at_compile_time() {
    let compile = |panic: &str| {
        let folder = tempfile::tempdir().unwrap();
        let rustc = Command::new(option_env!("RUSTC").unwrap_or("rustc"))
            .args(["--edition", "2024", "--crate-type", "lib", "--emit", "metadata", "-C", panic, "src/lib.rs"])
            .arg("--out-dir")
            .arg(folder.path())
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output();
        String::from_utf8_lossy(&rustc.unwrap().stderr).into_owned()
    };
    let expected =
        "gfetch needs panic = \"unwind\": a kill unwinds the greenlet it ends, and a panic is kept in its handle";
    assert!(compile("panic=abort").contains(expected));
    assert!(!compile("panic=unwind").contains(expected));
}

#[test]
fn a_descriptor_of_another_hub_is_refused() {
    let (left, other) = green::run(|| UnixStream::pair().unwrap());
    let error = green::run(|| (&left).read(&mut [0]).unwrap_err());
    drop(other);
    assert_eq!(error.to_string(), "this descriptor belongs to another hub");
}
