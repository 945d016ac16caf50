//! Events, results, queues and channels: how greenlets wait for each other and hand things over.
//!
//! `cargo run --example events_and_queues`

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::time::Duration;

use gfetch::green::{self, AsyncResult, Channel, Event, Greenlet, JoinableQueue, Queue};
use gfetch::green::{join_all, sleep, spawn, yield_now};

const SECOND: Duration = Duration::from_secs(1);

fn main() -> io::Result<()> {
    green::run(|| tell(&mut io::stdout()))
}

/// A page that all greenlets write on.
#[derive(Clone, Default)]
pub struct Page(Rc<RefCell<Vec<String>>>);

impl Page {
    fn say(&self, line: impl Into<String>) {
        self.0.borrow_mut().push(line.into());
    }
}

/// A title, and who tells it.
type Story = (&'static str, fn(&Page));

/// Tells all stories, one after the other.
pub fn tell(out: &mut impl Write) -> io::Result<()> {
    let stories: [Story; 6] = [
        ("Event", event),
        ("AsyncResult", async_result),
        ("Queue", queue),
        ("Queue(maxsize=3)", bounded_queue),
        ("JoinableQueue", joinable_queue),
        ("Channel", channel),
    ];
    for (title, story) in stories {
        writeln!(out, "== {title}")?;
        lines_of(story).iter().try_for_each(|line| writeln!(out, "{line}"))?;
    }
    Ok(())
}

/// What is on the page once `story` has been told.
pub fn lines_of(story: fn(&Page)) -> Vec<String> {
    let page = Page::default();
    story(&page);
    page.0.take()
}

/// S3.18
pub fn event(page: &Page) {
    let event = Event::new();
    let (setting, story) = (event.clone(), page.clone());
    let setter = spawn(move || {
        story.say("A: Hey wait for me, I have to do something");
        sleep(SECOND * 3).unwrap();
        story.say("Ok, I'm done");
        setting.set();
    });
    let mut all: Vec<Greenlet<()>> = (0..5)
        .map(|_| {
            let (event, page) = (event.clone(), page.clone());
            spawn(move || {
                page.say("I'll wait for you");
                event.wait().unwrap();
                page.say("It's about time");
            })
        })
        .collect();
    all.push(setter);
    join_all(&all).unwrap();
}

/// S3.19
pub fn async_result(page: &Page) {
    let result = AsyncResult::new();
    let (setting, story) = (result.clone(), page.clone());
    let setter = spawn(move || {
        story.say("sleep 3");
        sleep(SECOND * 3).unwrap();
        story.say("set hello start");
        setting.set("Hello!").unwrap();
        story.say("setted");
    });
    let story = page.clone();
    let waiter = spawn(move || {
        story.say("get hello");
        story.say(result.get().unwrap());
    });
    join_all([&setter, &waiter]).unwrap();
}

/// S3.20 and S3.21
fn queue(page: &Page) {
    let tasks: Queue<u32> = (1..25).collect();
    let workers = ["steve", "john", "nancy"].map(|name| {
        let (tasks, page) = (tasks.clone(), page.clone());
        spawn(move || {
            while let Ok(n) = tasks.try_get() {
                page.say(format!("Worker {name} got task {n}"));
                yield_now().unwrap();
            }
            page.say("Quitting time!");
        })
    });
    join_all(&workers).unwrap();
    page.say(format!("{}", tasks.try_get().unwrap_err()));
}

/// S3.22
fn bounded_queue(page: &Page) {
    let (tasks, start) = (Queue::bounded(3), green::now());
    let workers = ["steve", "john", "bob"].map(|name| {
        let (tasks, page) = (tasks.clone(), page.clone());
        spawn(move || {
            while let Ok(n) = tasks.get_timeout(SECOND).unwrap() {
                page.say(format!("Worker {name} got task {n}"));
                yield_now().unwrap();
            }
            page.say(format!("Quitting time! ({} s)", (green::now() - start).as_secs()));
        })
    });
    let story = page.clone();
    let boss = spawn(move || {
        (1..10).for_each(|n| tasks.put(n).unwrap());
        story.say("Assigned all work in iteration 1");
        (10..20).for_each(|n| tasks.put(n).unwrap());
        story.say("Assigned all work in iteration 2");
    });
    join_all([&boss].into_iter().chain(&workers)).unwrap();
}

fn joinable_queue(page: &Page) {
    let jobs: JoinableQueue<&str> = ["wash", "dry"].into_iter().collect();
    let (todo, story) = (jobs.clone(), page.clone());
    spawn(move || {
        for job in &todo {
            story.say(job.unwrap());
            sleep(SECOND).unwrap();
            todo.task_done().unwrap();
        }
    });
    jobs.join().unwrap();
    page.say(format!("all done; once more: {}", jobs.task_done().unwrap_err()));
}

fn channel(page: &Page) {
    let (words, quit) = (Channel::new(), Channel::new());
    let (puts, stop, story) = (words.clone(), quit.clone(), page.clone());
    spawn(move || {
        story.say("sending");
        puts.put("hello").unwrap();
        story.say("sent hello");
        puts.put("world").unwrap();
        story.say("sent world");
        stop.put(()).unwrap();
    });
    loop {
        let go_on = green::select! {
            word = recv(words) => {
                page.say(word.unwrap());
                true
            },
            _ = recv(quit) => false,
            timeout(SECOND) => false,
        };
        if !go_on.unwrap() {
            return page.say("quit");
        }
    }
}
