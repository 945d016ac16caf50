//! The gevent tutorials' cases on the virtual clock: the same lines in the same order at the same times.
//!
//! Each test names its case in the tutorials' inventory (S0 gevent tutorial, S1 and S4 lessons, S2 full-stack series, S3
//! gevent overview).

use std::cell::{Cell, RefCell};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use gfetch::green::{
    self, Builder, ClockKind, Config, Event, GetError, Greenlet, Group, Nothing, Pool, Queue, Semaphore, join_all,
    sleep, spawn, timeout, yield_now,
};
use gfetch::net::{StreamServer, TcpListener, TcpStream};

#[path = "../examples/events_and_queues.rs"]
#[allow(dead_code)]
mod events_and_queues;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// What a story printed, and when: a clone is the same page.
#[derive(Clone)]
struct Page {
    lines: Rc<RefCell<Vec<String>>>,
    start: Instant,
}

impl Page {
    fn say(&self, line: impl Into<String>) {
        self.lines.borrow_mut().push(line.into());
    }

    /// Says what an example says.
    fn paste(&self, lines: Vec<String>) {
        self.lines.borrow_mut().extend(lines);
    }

    /// Says the line with the seconds since the story began in front.
    fn say_at(&self, line: &str) {
        self.say(format!("{:.1} {line}", self.elapsed().as_secs_f64()));
    }

    fn elapsed(&self) -> Duration {
        green::now() - self.start
    }
}

/// Tells `story` on the virtual clock: its lines, and how long it took.
fn tell(story: impl FnOnce(&Page)) -> (Vec<String>, Duration) {
    Config::new().clock(ClockKind::Virtual).run(|| {
        let page = Page { lines: Rc::default(), start: green::now() };
        story(&page);
        let elapsed = page.elapsed();
        (page.lines.take(), elapsed)
    })
}

#[track_caller]
fn assert_told((lines, took): (Vec<String>, Duration), expected: &[&str], expected_ms: u64) {
    assert_eq!(lines, expected);
    assert_eq!(took, Duration::from_millis(expected_ms));
}

/// Says `before`, sleeps, says `after`.
fn two_lines(page: &Page, before: &str, ms: u32, after: &str) -> Greenlet<()> {
    let (page, before, after) = (page.clone(), before.to_owned(), after.to_owned());
    spawn(move || {
        page.say(before);
        sleep(MS * ms).unwrap();
        page.say(after);
    })
}

#[test]
fn s0_6_and_s1_5_two_greenlets_that_switch_to_each_other_take_turns() {
    let told = tell(|page| {
        let turns = [("12", "56"), ("34", "78")].map(|(first, second)| {
            let page = page.clone();
            spawn(move || {
                page.say(first);
                yield_now().unwrap();
                page.say(second);
            })
        });
        join_all(&turns).unwrap();
        let meals = ["eat", "play"].map(|what| {
            let (page, name) = (page.clone(), "alex");
            spawn(move || {
                page.say(format!("{name} {what} 1"));
                yield_now().unwrap();
                page.say(format!("{name} {what} 2"));
            })
        });
        join_all(&meals).unwrap();
    });
    let expected = ["12", "34", "56", "78", "alex eat 1", "alex play 1", "alex eat 2", "alex play 2"];
    assert_told(told, &expected, 0);
}

#[test]
fn s0_6_a_greenlet_that_stays_suspended_is_dropped_cleanly() {
    let held = Rc::new(());
    let inside = held.clone();
    tell(move |_| {
        let event = Event::new();
        spawn(move || {
            let _held = inside;
            event.wait()
        });
        yield_now().unwrap();
    });
    assert_eq!(Rc::strong_count(&held), 1);
}

#[test]
fn s0_7_three_functions_end_in_the_order_of_their_sleeps() {
    let told = tell(|page| {
        let tasks = [("func1", 2000), ("func2", 1000), ("func3", 500)]
            .map(|(name, ms)| two_lines(page, &format!("{name} running"), ms, &format!("{name} finish")));
        join_all(&tasks).unwrap();
    });
    let expected = ["func1 running", "func2 running", "func3 running", "func3 finish", "func2 finish", "func1 finish"];
    assert_told(told, &expected, 2000);
}

fn task(page: &Page, pid: u32) {
    sleep(MS * 500).unwrap();
    page.say(format!("Task {pid} done"));
}

#[test]
fn s0_8_serial_takes_the_sum_and_parallel_the_longest() {
    let serial = tell(|page| (1..10).for_each(|pid| task(page, pid)));
    let lines: Vec<_> = (1..10).map(|pid| format!("Task {pid} done")).collect();
    assert_eq!(serial, (lines, MS * 4500));
    let parallel = tell(|page| {
        let tasks = (0..10).map(|pid| {
            let page = page.clone();
            spawn(move || task(&page, pid))
        });
        join_all(&tasks.collect::<Vec<_>>()).unwrap();
    });
    let lines: Vec<_> = (0..10).map(|pid| format!("Task {pid} done")).collect();
    assert_eq!(parallel, (lines, MS * 500), "equal deadlines fire in order");
}

#[test]
fn s0_9_and_s1_8_joinall_returns_after_the_last_and_at_once_for_the_dead() {
    tell(|page| {
        let tasks = [3, 1, 2].map(|seconds| spawn(move || sleep(SECOND * seconds).unwrap()));
        join_all(&tasks).unwrap();
        assert_eq!(page.elapsed(), SECOND * 3);
        assert!(tasks.iter().all(Greenlet::is_done));
        join_all(&tasks).unwrap();
        assert_eq!(page.elapsed(), SECOND * 3);
    });
}

#[test]
fn s1_6_eat_play_and_task() {
    let told = tell(|page| {
        let tasks = [("eat", 3000), ("play", 4000), ("task", 1000)]
            .map(|(name, ms)| two_lines(page, &format!("{name} 1"), ms, &format!("{name} 2")));
        tasks.iter().for_each(|task| task.join().unwrap());
        page.say("主");
    });
    assert_told(told, &["eat 1", "play 1", "task 1", "task 2", "eat 2", "play 2", "主"], 4000);
}

#[test]
fn s1_7_without_a_join_nothing_more_runs_but_the_destructors() {
    let (lines, took) = tell(|page| {
        two_lines(page, "eat 1", 3000, "eat 2");
        page.say("主");
    });
    assert_eq!((lines, took), (vec!["主".to_owned()], Duration::ZERO));
}

#[test]
fn s2_5_foo_and_bar() {
    let told = tell(|page| {
        let foo = two_lines(page, "Running in foo", 2000, "Explicit context switch to foo again");
        let bar = two_lines(page, "Explicit context to bar", 3000, "Implicit context switch back to bar");
        join_all([&foo, &bar]).unwrap();
    });
    let expected = [
        "Running in foo",
        "Explicit context to bar",
        "Explicit context switch to foo again",
        "Implicit context switch back to bar",
    ];
    assert_told(told, &expected, 3000);
}

#[test]
fn s3_2_sleep_zero_is_a_turn_for_the_other_and_a_join_between_is_none() {
    let told = tell(|page| {
        let foo = two_lines(page, "foo", 0, "foo again");
        let bar = two_lines(page, "bar", 0, "back to bar");
        join_all([&foo, &bar]).unwrap();
        two_lines(page, "foo", 0, "foo again").join().unwrap();
        two_lines(page, "bar", 0, "back to bar").join().unwrap();
    });
    let expected = ["foo", "bar", "foo again", "back to bar", "foo", "foo again", "bar", "back to bar"];
    assert_told(told, &expected, 0);
}

#[test]
fn s3_4_random_tasks_are_in_order_when_serial_and_a_permutation_when_not() {
    // "Random" by number, so that the story is the same each time.
    let task = |page: &Page, pid: u64| {
        sleep(MS * (pid * 7 % 3) as u32).unwrap();
        page.say(pid.to_string());
    };
    let (serial, _) = tell(|page| (1..10).for_each(|pid| task(page, pid)));
    assert_eq!(serial, (1..10).map(|pid| pid.to_string()).collect::<Vec<_>>());
    let (mut parallel, took) = tell(|page| {
        let page = page.clone();
        Group::new().map(move |pid| task(&page, pid), 0..10).unwrap();
    });
    parallel.sort();
    assert_eq!(parallel, (0..10).map(|pid| pid.to_string()).collect::<Vec<_>>());
    assert_eq!(took, MS * 2);
}

#[test]
fn s3_6_a_pool_gives_the_same_order_each_time() {
    let echo = |n: u32| {
        sleep(MS).unwrap();
        n
    };
    let mut runs = Vec::new();
    tell(|_| {
        let pool = Pool::new(10);
        runs.extend((0..4).map(|_| pool.imap_unordered(echo, 0..10).map(Result::unwrap).collect::<Vec<_>>()));
    });
    assert!(runs.iter().all(|run| *run == (0..10).collect::<Vec<_>>()), "{runs:?}");
}

#[test]
fn s3_8_three_forms_of_spawn() {
    let told = tell(|page| {
        let foo = |message: &'static str, seconds: u32| {
            let page = page.clone();
            move || {
                sleep(SECOND * seconds).unwrap();
                page.say_at(message);
            }
        };
        let first = Builder::new().name("first").spawn(foo("Hello", 1)).unwrap();
        let second = spawn(foo("I live!", 2));
        let third = spawn(|| 2 + 1);
        join_all([&first, &second]).unwrap();
        assert_eq!(third.get().unwrap(), 3);
    });
    assert_told(told, &["1.0 Hello", "2.0 I live!"], 2000);
}

#[test]
fn s3_10_a_winner_and_a_loser() {
    tell(|_| {
        let winner = spawn(|| "You win!");
        let loser = spawn(|| -> &str { panic!("You fail at failing.") });
        join_all([&winner, &loser]).expect("a failure is not raised by the join");
        assert!(winner.is_done() && loser.is_done());
        assert!(winner.is_successful() && !loser.is_successful());
        assert_eq!(winner.get().unwrap(), "You win!");
        assert!(matches!(loser.get(), Err(GetError::Panicked(panic)) if panic.message() == "You fail at failing."));
    });
}

#[test]
fn s3_12_of_a_timeout_and_a_sleep_of_equal_length_the_earlier_made_wins() {
    let told = tell(|page| {
        if timeout(SECOND * 10, || spawn(|| sleep(SECOND * 10)).join()).is_err() {
            page.say("Could not complete");
        }
    });
    assert_told(told, &["Could not complete"], 10_000);
}

#[test]
fn s3_13_a_timeout_is_turned_into_the_callers_own_error() {
    #[derive(Debug, PartialEq)]
    struct TooLong;
    let (_, took) = tell(|_| {
        let ended = timeout(SECOND * 5, || sleep(SECOND * 10)).map_err(|_| TooLong);
        assert_eq!(ended.unwrap_err(), TooLong);
    });
    assert_eq!(took, SECOND * 5);
}

#[test]
fn s3_14_to_s3_16_three_forms_of_timeout() {
    let told = tell(|page| {
        let wait = || spawn(|| sleep(SECOND * 2));
        if timeout(SECOND, || wait().join()).is_err() {
            page.say_at("Thread 1 timed out");
        }
        if timeout(SECOND, || wait().get()).is_err() {
            page.say_at("Thread 2 timed out");
        }
        if timeout(SECOND, || sleep(SECOND * 2)).is_err() {
            page.say_at("Thread 3 timed out");
        }
    });
    assert_told(told, &["1.0 Thread 1 timed out", "2.0 Thread 2 timed out", "3.0 Thread 3 timed out"], 3000);
}

#[test]
fn s3_18_an_event_wakes_all_its_waiters() {
    let told = tell(|page| page.paste(events_and_queues::lines_of(events_and_queues::event)));
    let mut expected = vec!["A: Hey wait for me, I have to do something"];
    expected.extend(["I'll wait for you"; 5]);
    expected.push("Ok, I'm done");
    expected.extend(["It's about time"; 5]);
    assert_told(told, &expected, 3000);
}

#[test]
fn s3_19_the_setter_of_an_async_result_goes_on_before_the_waiter() {
    let told = tell(|page| page.paste(events_and_queues::lines_of(events_and_queues::async_result)));
    assert_told(told, &["sleep 3", "get hello", "set hello start", "setted", "Hello!"], 3000);
}

#[test]
fn s3_20_three_workers_share_a_queue_in_strict_rotation() {
    let told = tell(|page| {
        let tasks = Queue::unbounded();
        let queue = tasks.clone();
        spawn(move || (1..25).for_each(|n| queue.try_put(n).unwrap())).join().unwrap();
        let workers = ["steve", "john", "nancy"].map(|name| {
            let (tasks, page) = (tasks.clone(), page.clone());
            spawn(move || {
                while !tasks.is_empty() {
                    page.say(format!("Worker {name} got task {}", tasks.get().unwrap().unwrap()));
                    yield_now().unwrap();
                }
                page.say("Quitting time!");
            })
        });
        join_all(&workers).unwrap();
    });
    let names = ["steve", "john", "nancy"].iter().cycle();
    let mut expected: Vec<_> = (1..25).zip(names).map(|(n, name)| format!("Worker {name} got task {n}")).collect();
    expected.extend((0..3).map(|_| "Quitting time!".to_owned()));
    assert_eq!(told, (expected, Duration::ZERO));
}

#[test]
fn s3_21_nowait_calls_say_full_and_empty() {
    tell(|_| {
        let queue = Queue::bounded(1);
        assert_eq!(queue.try_get(), Err(Nothing::Empty));
        queue.try_put("one").unwrap();
        assert_eq!(queue.try_put("two").unwrap_err().to_string(), "the queue is full");
        assert_eq!(queue.try_get(), Ok("one"));
    });
}

#[test]
fn s3_22_a_boss_fills_a_queue_of_three_and_the_workers_quit_a_second_after_the_last() {
    let told = tell(|page| {
        let tasks = Queue::bounded(3);
        let (queue, story) = (tasks.clone(), page.clone());
        let boss = spawn(move || {
            (1..10).for_each(|n| queue.put(n).unwrap());
            story.say("Assigned all work in iteration 1");
            (10..20).for_each(|n| queue.put(n).unwrap());
            story.say("Assigned all work in iteration 2");
        });
        let workers = ["steve", "john", "bob"].map(|name| {
            let (tasks, page) = (tasks.clone(), page.clone());
            spawn(move || {
                while let Ok(n) = tasks.get_timeout(SECOND).unwrap() {
                    page.say(format!("{name} {n}"));
                    yield_now().unwrap();
                }
                page.say_at("Quitting time!");
            })
        });
        join_all([&boss].into_iter().chain(&workers)).unwrap();
    });
    let (lines, took) = told;
    let tasks: Vec<_> = lines.iter().filter(|line| line.starts_with(['s', 'j', 'b'])).collect();
    let names = ["steve", "john", "bob"].iter().cycle();
    let expected: Vec<_> = (1..20).zip(names).map(|(n, name)| format!("{name} {n}")).collect();
    assert_eq!(tasks, expected.iter().collect::<Vec<_>>());
    let place = |text: &str| lines.iter().position(|line| line == text).unwrap();
    assert!(place("bob 6") < place("Assigned all work in iteration 1"));
    assert!(place("Assigned all work in iteration 1") < place("bob 9"));
    assert!(place("Assigned all work in iteration 2") < place("steve 19"));
    assert_eq!(lines[lines.len() - 3..], ["1.0 Quitting time!"; 3]);
    assert_eq!(took, SECOND);
}

#[test]
fn s3_23_a_group_joins_what_was_spawned_elsewhere() {
    let talk = |page: &Page, message: &'static str| {
        let page = page.clone();
        move || (0..3).for_each(|_| page.say(message))
    };
    let told = tell(|page| {
        let tasks = ["bar", "foo", "fizz"].map(|message| spawn(talk(page, message)));
        join_all(&tasks).unwrap();
        let group = Group::new();
        ["bar", "foo", "fizz"].iter().for_each(|message| group.add(&spawn(talk(page, message))));
        group.join().unwrap();
    });
    let once: Vec<_> = ["bar", "foo", "fizz"].iter().flat_map(|message| [*message; 3]).collect();
    assert_told(told, &[once.clone(), once].concat(), 0);
}

#[test]
fn s3_24_and_s3_27_hello_from_a_group_of_three_and_a_pool_of_two() {
    let told = tell(|page| {
        let ids = Rc::new(RefCell::new(Vec::new()));
        let group = Group::new();
        let (story, members, seen) = (page.clone(), group.clone(), ids.clone());
        let hello = move |_| {
            story.say(format!("Size of group {}", members.len()));
            seen.borrow_mut().push(green::current().id());
            // In gevent a member that has ended stays for the rest of the loop's pass; here it leaves at once.
            yield_now().unwrap();
        };
        group.map(hello, 0..3).unwrap();
        ids.borrow_mut().sort_unstable();
        ids.borrow_mut().dedup();
        assert_eq!(ids.borrow().len(), 3, "each in a greenlet of its own");

        let pool = Pool::new(2);
        let (story, members) = (page.clone(), pool.clone());
        let hello = move |_| {
            story.say(format!("Size of pool {}", members.len()));
            yield_now().unwrap();
        };
        pool.map(hello, 0..3).unwrap();
    });
    let (lines, _) = told;
    assert_eq!(lines[..3], ["Size of group 3"; 3]);
    assert_eq!(lines[3..], ["Size of pool 2", "Size of pool 2", "Size of pool 1"]);
}

#[test]
fn s3_25_and_s3_26_imap_in_order_and_as_they_come() {
    let intensive = |n: u32| {
        sleep(SECOND * (3 - n)).unwrap();
        ("task", n)
    };
    let (lines, took) = tell(|page| {
        Group::new().imap(intensive, 0..3).for_each(|result| page.say_at(&format!("{:?}", result.unwrap())));
    });
    assert_eq!(lines, ["3.0 (\"task\", 0)", "3.0 (\"task\", 1)", "3.0 (\"task\", 2)"]);
    assert_eq!(took, SECOND * 3);
    let told = tell(|page| {
        let results = Group::new().imap_unordered(intensive, 0..3);
        results.for_each(|result| page.say_at(&format!("{:?}", result.unwrap())));
    });
    assert_told(told, &["1.0 (\"task\", 2)", "2.0 (\"task\", 1)", "3.0 (\"task\", 0)"], 3000);
}

#[test]
fn s3_29_a_semaphore_of_two_lets_two_in_at_a_time() {
    let told = tell(|page| {
        let two = Semaphore::new(2);
        let worker = |n: u32| {
            let (two, page) = (two.clone(), page.clone());
            spawn(move || {
                let permit = two.acquire().unwrap();
                page.say(format!("{n} acquired"));
                yield_now().unwrap();
                drop(permit);
                page.say(format!("{n} released"));
            })
        };
        join_all(&[0, 1].map(worker)).unwrap();
        join_all(&[3, 4, 5].map(worker)).unwrap();
    });
    let expected = [
        "0 acquired",
        "1 acquired",
        "0 released",
        "1 released",
        "3 acquired",
        "4 acquired",
        "3 released",
        "4 released",
        "5 acquired",
        "5 released",
    ];
    assert_told(told, &expected, 0);
}

#[test]
fn s3_31_what_a_greenlet_keeps_in_its_own_variables_no_other_sees() {
    tell(|_| {
        let stashes = [1, 2].map(|x| {
            spawn(move || {
                let mut stash = vec![x];
                yield_now().unwrap();
                stash.push(x * 10);
                stash
            })
        });
        assert_eq!(stashes.map(|stash| stash.get().unwrap()), [[1, 10], [2, 20]]);
    });
}

/// S3.35: an actor is a greenlet and its inbox.
fn actor<M: 'static>(receive: impl Fn(M) + 'static) -> (Queue<M>, Greenlet<()>) {
    let inbox = Queue::unbounded();
    let letters = inbox.clone();
    let running = spawn(move || {
        while let Some(message) = letters.get().unwrap() {
            receive(message);
            yield_now().unwrap();
        }
    });
    (inbox, running)
}

#[test]
fn s3_35_and_s3_36_pinger_and_ponger_alternate_for_as_long_as_they_are_let() {
    let told = tell(|page| {
        let ponger: Rc<RefCell<Option<Queue<&'static str>>>> = Rc::default();
        let (story, partner) = (page.clone(), ponger.clone());
        let (ping, pinging) = actor(move |message: &'static str| {
            story.say(message);
            partner.borrow().as_ref().unwrap().put("ping").unwrap();
        });
        let (story, partner) = (page.clone(), ping.clone());
        let (pong, ponging) = actor(move |message: &'static str| {
            story.say(message);
            partner.put("pong").unwrap();
        });
        *ponger.borrow_mut() = Some(pong);
        ping.put("start").unwrap();
        while page.lines.borrow().len() < 7 {
            yield_now().unwrap();
        }
        pinging.kill().unwrap();
        ponging.kill().unwrap();
        page.lines.borrow_mut().truncate(7);
    });
    assert_told(told, &["start", "ping", "pong", "ping", "pong", "ping", "pong"], 0);
}

#[test]
fn s4_2_a_value_after_the_join() {
    tell(|_| {
        let (a, b, c, x, y) = (1, 2, 3, 4, 5);
        let task = spawn(move || [a, b, c, x, y].iter().sum::<i32>());
        task.join().unwrap();
        assert_eq!(task.get().unwrap(), 15);
    });
}

#[test]
fn s4_3_eat_and_play_egon() {
    let told = tell(|page| {
        let eat = two_lines(page, "egon eat 1", 2000, "egon eat 2");
        let play = two_lines(page, "egon play 1", 1000, "egon play 2");
        join_all([&eat, &play]).unwrap();
        page.say("主");
    });
    assert_told(told, &["egon eat 1", "egon play 1", "egon play 2", "egon eat 2", "主"], 2000);
}

#[test]
fn s4_6_each_greenlet_knows_its_name() {
    tell(|_| {
        let names = [0, 1].map(|_| spawn(|| green::current().name()));
        assert_eq!(names.map(|name| name.get().unwrap()), ["greenlet-1", "greenlet-2"]);
        assert_eq!(green::current().name(), "main");
    });
}

/// A server on this hub that answers each read with what `answer` makes of it, until the client has ended.
fn serve(answer: impl Fn(&[u8]) -> Vec<u8> + 'static) -> (gfetch::net::ServerHandle, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let talk = move |stream: TcpStream, _peer| -> std::io::Result<()> {
        let mut buffer = [0; 1024];
        loop {
            match (&stream).read(&mut buffer)? {
                0 => return Ok(()),
                read => (&stream).write_all(&answer(&buffer[..read]))?,
            }
        }
    };
    (StreamServer::new(listener).start(talk), address)
}

/// `clients` greenlets, all connected at once, each of which says `rounds` things and checks each answer.
fn talk_at_once(address: SocketAddr, clients: usize, rounds: usize, expect: fn(&str) -> String) {
    let all_here = Event::new();
    let (connected, group) = (Rc::new(Cell::new(0)), Group::new());
    let talks: Vec<_> = (0..clients)
        .map(|n| {
            let (all_here, connected) = (all_here.clone(), connected.clone());
            group.spawn(move || {
                let stream = TcpStream::connect(address).unwrap();
                connected.set(connected.get() + 1);
                if connected.get() == clients {
                    all_here.set();
                }
                all_here.wait().unwrap();
                for round in 0..rounds {
                    let said = format!("client {n} say hello {round}");
                    (&stream).write_all(said.as_bytes()).unwrap();
                    let mut answer = vec![0; said.len()];
                    (&stream).read_exact(&mut answer).unwrap();
                    assert_eq!(String::from_utf8(answer).unwrap(), expect(&said));
                }
                stream.local_addr().unwrap().port()
            })
        })
        .collect();
    let mut ports: Vec<_> = talks.iter().map(|talk| talk.get().unwrap()).collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), clients, "each client had a socket of its own");
}

#[test]
fn s0_11_and_s0_13_an_echo_server_gives_a_hundred_clients_their_own_bytes_on_one_thread() {
    green::run(|| {
        let (server, address) = serve(<[u8]>::to_vec);
        talk_at_once(address, 100, 20, str::to_owned);
        server.stop(SECOND).unwrap();
    });
}

#[test]
fn s1_10_s1_11_and_s4_8_an_upper_casing_server_serves_five_hundred_clients_on_one_thread() {
    green::run(|| {
        let (server, address) = serve(<[u8]>::to_ascii_uppercase);
        talk_at_once(address, 500, 5, str::to_uppercase);
        assert_eq!(server.failed_accepts(), 0);
        server.stop(SECOND).unwrap();
    });
}
