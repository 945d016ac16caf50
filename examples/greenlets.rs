//! Greenlets, as gevent's tutorials tell of them: spawn, sleep, join, values, failures, names, and what is left unjoined.
//!
//! `cargo run --example greenlets`, or one story of it: `cargo run --example greenlets -- eat_and_play`

use std::rc::Rc;
use std::time::{Duration, Instant};

use gfetch::green::{
    self, Builder, GetError, Greenlet, Outcome, Run, State, join_all, sleep, spawn, spawn_run, yield_now,
};

/// Where a story goes, line by line.
pub type Say = Rc<dyn Fn(&str)>;

/// A title, and who tells it.
pub type Story = (&'static str, fn(Say));

/// The stories, by name.
pub const STORIES: &[Story] = &[
    ("three_functions", three_functions),
    ("serial_and_parallel", serial_and_parallel),
    ("eat_play_and_task", eat_play_and_task),
    ("foo_and_bar", foo_and_bar),
    ("explicit_switches", explicit_switches),
    ("random_tasks", random_tasks),
    ("three_forms_of_spawn", three_forms_of_spawn),
    ("a_greenlet_of_ones_own", a_greenlet_of_ones_own),
    ("winner_and_loser", winner_and_loser),
    ("arguments_and_values", arguments_and_values),
    ("eat_and_play", eat_and_play),
    ("names", names),
    ("without_a_join", without_a_join),
];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    for (name, story) in STORIES.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|one| one == name)) {
        println!("--- {name}");
        green::run(|| story(Rc::new(|line| println!("{line}"))));
    }
}

/// A greenlet that says `before`, sleeps, and says `after`.
fn two_lines(say: &Say, before: &'static str, time: Duration, after: &'static str) -> Greenlet<()> {
    let say = say.clone();
    spawn(move || {
        say(before);
        sleep(time).unwrap();
        say(after);
    })
}

const SECOND: Duration = Duration::from_secs(1);

fn took(start: Instant) -> String {
    format!("{:.1} s", (green::now() - start).as_secs_f64())
}

/// S0.7, S0.9: `joinall` returns when the last has ended; the whole takes as long as the longest sleep.
pub fn three_functions(say: Say) {
    let start = green::now();
    let tasks = [
        two_lines(&say, "func1 running", SECOND * 2, "func1 finish"),
        two_lines(&say, "func2 running", SECOND, "func2 finish"),
        two_lines(&say, "func3 running", SECOND / 2, "func3 finish"),
    ];
    join_all(&tasks).unwrap();
    say(&took(start));
}

/// S0.8: nine tasks one after the other take the sum of their sleeps, ten greenlets the longest.
pub fn serial_and_parallel(say: Say) {
    let task = |say: &Say, pid: u32| {
        sleep(SECOND / 2).unwrap();
        say(&format!("Task {pid} done"));
    };
    let start = green::now();
    say("Synchronous:");
    (1..10).for_each(|pid| task(&say, pid));
    say(&took(start));
    let start = green::now();
    say("Asynchronous:");
    let spawned: Vec<_> =
        (0..10).map(|pid| (pid, say.clone())).map(|(pid, say)| spawn(move || task(&say, pid))).collect();
    join_all(&spawned).unwrap();
    say(&took(start));
}

/// S1.6, S1.8: a join of what has ended returns at once.
pub fn eat_play_and_task(say: Say) {
    let start = green::now();
    let tasks = [
        two_lines(&say, "eat 1", SECOND * 3, "eat 2"),
        two_lines(&say, "play 1", SECOND * 4, "play 2"),
        two_lines(&say, "task 1", SECOND, "task 2"),
    ];
    for task in &tasks {
        task.join().unwrap();
    }
    say("主");
    join_all(&tasks).unwrap();
    say(&took(start));
}

/// S2.5: two greenlets that wait let each other run.
pub fn foo_and_bar(say: Say) {
    let start = green::now();
    let tasks = [
        two_lines(&say, "Running in foo", SECOND * 2, "Explicit context switch to foo again"),
        two_lines(&say, "Explicit context to bar", SECOND * 3, "Implicit context switch back to bar"),
    ];
    join_all(&tasks).unwrap();
    say(&took(start));
}

/// S3.2: `sleep(0)` is a turn for the others; with a join between there are none.
pub fn explicit_switches(say: Say) {
    let tell_foo = || two_lines(&say, "Running in foo", Duration::ZERO, "Explicit context switch to foo again");
    let bar = || two_lines(&say, "Explicit context to bar", Duration::ZERO, "Implicit context switch back to bar");
    join_all(&[tell_foo(), bar()]).unwrap();
    say("--- joined between");
    tell_foo().join().unwrap();
    bar().join().unwrap();
}

/// S3.4: tasks of random length end in order when serial, and in any order when not.
pub fn random_tasks(say: Say) {
    let random = |pid: u64| (pid + 7).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 62;
    let task = move |say: &Say, pid: u64| {
        sleep(Duration::from_millis(random(pid))).unwrap();
        say(&format!("Task {pid} done"));
    };
    say("Synchronous:");
    (1..10).for_each(|pid| task(&say, pid));
    say("Asynchronous:");
    let spawned: Vec<_> =
        (0..10).map(|pid| (pid, say.clone())).map(|(pid, say)| spawn(move || task(&say, pid))).collect();
    join_all(&spawned).unwrap();
}

/// S3.8: a builder, a function, a closure with a value.
pub fn three_forms_of_spawn(say: Say) {
    let start = green::now();
    let tell_foo = |message: &'static str, seconds: u32| {
        let say = say.clone();
        move || {
            sleep(SECOND * seconds).unwrap();
            say(&format!("{message} after {}", took(start)));
        }
    };
    let first = Builder::new().name("first").spawn(tell_foo("Hello", 1)).expect("memory for a stack");
    let second = spawn(tell_foo("I live!", 2));
    let third = spawn(|| 2 + 1);
    join_all([&first, &second]).unwrap();
    say(&format!("{}", third.get().unwrap()));
}

/// S3.9: what is a subclass of `Greenlet` in gevent is a type with [`Run`] here.
pub fn a_greenlet_of_ones_own(say: Say) {
    struct MyGreenlet {
        message: &'static str,
        seconds: u32,
        say: Say,
    }
    impl Run for MyGreenlet {
        type Output = ();

        fn run(&mut self) {
            (self.say)(self.message);
            sleep(SECOND * self.seconds).unwrap();
        }

        fn name(&self) -> Option<String> {
            Some("MyGreenlet".to_owned())
        }
    }
    let start = green::now();
    let greenlet = spawn_run(MyGreenlet { message: "Hi there!", seconds: 3, say: say.clone() });
    greenlet.join().unwrap();
    say(&format!("{greenlet:?} after {}", took(start)));
}

/// S3.10: the state of greenlets before and after, and what a failure leaves.
pub fn winner_and_loser(say: Say) {
    let winner = spawn(|| "You win!");
    let loser = spawn(|| -> &str { panic!("You fail at failing.") });
    say(&format!("started: {} {}", winner.is_started(), loser.is_started()));
    join_all([&winner, &loser]).expect("how they ended is not the join's business");
    say(&format!("ready: {} {}", winner.is_done(), loser.is_done()));
    say(&format!("successful: {} {}", winner.is_successful(), loser.is_successful()));
    say(&format!("started: {} {}", winner.is_started(), loser.is_started()));
    if let Some(Outcome::Returned(value)) = winner.outcome().as_deref() {
        say(&format!("value: {value}"));
    }
    if let Some(Outcome::Panicked(panic)) = loser.outcome().as_deref() {
        say(&format!("exception: {}", panic.message()));
    }
    if let Err(GetError::Panicked(panic)) = loser.get() {
        say(&format!("get: {} panicked: {}", panic.greenlet().unwrap_or_default(), panic.message()));
    }
}

/// S4.2: arguments are what the closure takes along; the value is there after the join.
pub fn arguments_and_values(say: Say) {
    let func = |a: i32, b: i32, c: i32, x: i32, y: i32| a + b + c + x + y;
    let g1 = spawn(move || func(1, 2, 3, 4, 5));
    let g2 = spawn(|| "nothing");
    join_all::<dyn green::Joinable>([&g1 as &dyn green::Joinable, &g2]).unwrap();
    say(&format!("{} {}", g1.get().unwrap(), g2.get().unwrap()));
}

/// S4.3: the second one is awake first.
pub fn eat_and_play(say: Say) {
    let start = green::now();
    let name = "egon";
    let g1 = two_lines(&say, "egon eat 1", SECOND * 2, "egon eat 2");
    let speak = say.clone();
    let play = move || {
        speak(&format!("{name} play 1"));
        sleep(SECOND).unwrap();
        speak(&format!("{name} play 2"));
    };
    let g2 = Builder::new().name("play").spawn(play).expect("memory for a stack");
    join_all([&g1, &g2]).unwrap();
    say("主");
    say(&took(start));
}

/// S4.6: a greenlet has a name; without one it is numbered.
pub fn names(say: Say) {
    let tell = |say: Say| move || say(&format!("{} runs", green::current().name()));
    let tasks = [
        spawn(tell(say.clone())),
        Builder::new().name("eat").spawn(tell(say.clone())).expect("memory for a stack"),
        spawn(tell(say.clone())),
    ];
    join_all(&tasks).unwrap();
    tell(say)();
}

/// S1.7: when the first greenlet ends, the others end where they stand; their destructors run.
pub fn without_a_join(say: Say) {
    struct Farewell(Say);
    impl Drop for Farewell {
        fn drop(&mut self) {
            (self.0)("unwound");
        }
    }
    let farewell = Farewell(say.clone());
    let task = spawn(move || {
        (farewell.0)("eat 1");
        sleep(SECOND * 3).unwrap();
        (farewell.0)("eat 2");
    });
    yield_now().unwrap();
    assert_eq!(task.state(), State::Waiting);
    say("主");
}
