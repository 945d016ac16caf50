//! The rules of `select!`, each a test.

use std::time::Duration;

use crate::green::{self, Channel, ChannelClosed, ClockKind, Config, Nothing, Queue, select, spawn, yield_now};

const SECOND: Duration = Duration::from_secs(1);

fn virtual_run<T>(f: impl FnOnce() -> T) -> T {
    Config::new().clock(ClockKind::Virtual).run(f)
}

#[test]
fn the_first_that_happens_is_chosen_and_the_others_lose_nothing() {
    virtual_run(|| {
        let (left, right) = (Channel::new(), Channel::new());
        let putters = [(&left, 2), (&right, 1)].map(|(channel, seconds)| {
            let channel = channel.clone();
            spawn(move || {
                green::sleep(SECOND * seconds).unwrap();
                channel.put(seconds).unwrap();
            })
        });
        let mut seen = Vec::new();
        for _ in 0..2 {
            let chosen = select! {
                item = recv(left) => ("left", item),
                item = recv(&right) => ("right", item),
            };
            seen.push(chosen.unwrap());
        }
        assert_eq!(seen, [("right", Some(1)), ("left", Some(2))]);
        green::join_all(&putters).unwrap();
    });
}

#[test]
fn of_several_that_are_ready_the_one_written_first_is_chosen_and_only_that_one_is_taken() {
    virtual_run(|| {
        let (numbers, words): (Queue<_>, Queue<_>) = ([1].into_iter().collect(), ["one"].into_iter().collect());
        let chosen = select! { n = recv(numbers) => n.unwrap(), _ = recv(words) => 0 };
        assert_eq!(chosen.unwrap(), 1);
        assert_eq!((numbers.try_get(), words.try_get()), (Err(Nothing::Empty), Ok("one")));
    });
}

#[test]
fn default_never_waits_and_a_timeout_waits_so_long() {
    virtual_run(|| {
        let (empty, start) = (Channel::<u32>::new(), green::now());
        assert!(select! { _ = recv(empty) => false, default => true }.unwrap());
        assert_eq!(green::now(), start);
        assert!(select! { _ = recv(empty) => false, timeout(SECOND) => true }.unwrap());
        assert_eq!(green::now() - start, SECOND);
        assert!(empty.try_put(1).is_err(), "nobody is left in the line");
    });
}

#[test]
fn a_send_empties_its_slot_only_if_it_is_chosen() {
    virtual_run(|| {
        let (to, from) = (Channel::new(), Channel::new());
        let mut slot = Some("word");
        let chosen = select! { _ = send(to, &mut slot) => 1, _ = recv(from) => 2, timeout(SECOND) => 3 };
        assert_eq!((chosen.unwrap(), slot), (3, Some("word")));
        let gets = to.clone();
        let getter = spawn(move || gets.get().unwrap());
        let chosen = select! { sent = send(to, &mut slot) => sent, _ = recv(from) => Err(ChannelClosed) };
        assert_eq!((chosen.unwrap(), slot), (Ok(()), None));
        assert_eq!(getter.get().unwrap(), Some("word"));
        from.put_timeout((), Duration::ZERO).unwrap_err();
        let chosen = select! { _ = send(to, &mut slot) => 1, default => 2 };
        assert_eq!(chosen.unwrap(), 2, "an empty slot sends nothing");
        to.close();
        slot = Some("late");
        let chosen = select! { sent = send(to, &mut slot) => sent, default => Ok(()) };
        assert_eq!((chosen.unwrap(), slot), (Err(ChannelClosed), Some("late")));
    });
}

/// Bug class 25: also what a select was promised before it was killed.
#[test]
fn a_killed_select_gives_what_it_was_promised_to_the_next() {
    virtual_run(|| {
        let (queue, channel) = (Queue::unbounded(), Channel::<u32>::new());
        let (gets, other) = (queue.clone(), channel.clone());
        let killed = spawn(move || select! { item = recv(gets) => item, item = recv(other) => item });
        let gets = queue.clone();
        let next = spawn(move || gets.get().unwrap());
        yield_now().unwrap();
        queue.put(1).unwrap();
        killed.kill_nowait();
        assert_eq!(next.get().unwrap(), Some(1));
        assert!(channel.try_put(2).is_err(), "nobody waits there");
    });
}

#[test]
fn two_selects_meet_and_each_gives_or_takes_one_thing_only() {
    virtual_run(|| {
        let (a, b) = (Channel::new(), Channel::new());
        let (gets_a, gets_b) = (a.clone(), b.clone());
        let taker = spawn(move || select! { item = recv(gets_a) => item, item = recv(gets_b) => item }.unwrap());
        let (mut first, mut second) = (Some(1), Some(2));
        let sent = select! { _ = send(a, &mut first) => 'a', _ = send(b, &mut second) => 'b' };
        let left = (first, second);
        assert_eq!(sent.unwrap(), 'a');
        assert_eq!(left, (None, Some(2)));
        assert_eq!(taker.get().unwrap(), Some(1));
    });
}

#[test]
fn a_closed_arm_is_chosen_and_an_interrupt_is_the_value() {
    virtual_run(|| {
        let channel = Channel::<u32>::new();
        let closer = channel.clone();
        spawn(move || closer.close());
        assert_eq!(select! { item = recv(channel) => item }.unwrap(), None);
        let never = Channel::<u32>::new();
        let ended = green::timeout(SECOND, || select! { item = recv(never) => item });
        assert!(ended.is_err());
    });
}
