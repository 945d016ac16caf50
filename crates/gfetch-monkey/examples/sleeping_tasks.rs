//! The tutorials' sleeping tasks after `monkey.patch_all()`: `std::thread::sleep` lets the others run (S1.9, S4.5, S3.17).
//!
//! ```text
//! cargo run -p gfetch-monkey --example sleeping_tasks
//! ```

use std::rc::Rc;
use std::thread;
use std::time::Duration;

use gfetch::green;

/// Where a story goes, line by line.
pub type Say = Rc<dyn Fn(&str)>;

const SECOND: Duration = Duration::from_secs(1);

#[allow(dead_code)]
fn main() {
    gfetch_monkey::patch_all();
    for story in [eat_play_and_task, eat_and_play] {
        green::run(|| story(Rc::new(|line| println!("{line}"))));
    }
}

/// S1.9: one of the three sleeps by std, as code that knows nothing of greenlets does.
pub fn eat_play_and_task(say: Say) {
    let start = green::now();
    let by_std: fn(Duration) = thread::sleep;
    let by_greenlets: fn(Duration) = |time| green::sleep(time).unwrap();
    let tasks =
        [("eat", 7, by_std), ("play", 4, by_greenlets), ("task", 1, by_greenlets)].map(|(name, seconds, sleep)| {
            let say = say.clone();
            green::spawn(move || two_lines(&say, name, || sleep(SECOND * seconds)))
        });
    green::join_all(&tasks).unwrap();
    say("主");
    say(&took(start));
}

/// S4.5: both sleep by std. The lesson spawns a function that it does not have; this is what it meant.
pub fn eat_and_play(say: Say) {
    let start = green::now();
    let tasks = [("eat food", 2), ("play", 1)].map(|(name, seconds)| {
        let say = say.clone();
        green::spawn(move || two_lines(&say, name, || thread::sleep(SECOND * seconds)))
    });
    green::join_all(&tasks).unwrap();
    say("主");
    say(&took(start));
}

fn two_lines(say: &Say, name: &str, sleep: impl Fn()) {
    say(&format!("{name} 1"));
    sleep();
    say(&format!("{name} 2"));
}

fn took(start: std::time::Instant) -> String {
    format!("{:.1} s", (green::now() - start).as_secs_f64())
}
