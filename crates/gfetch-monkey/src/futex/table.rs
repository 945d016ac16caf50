//! Which greenlets wait for which word: one table for all hubs, which any thread of the process looks into.
//!
//! As in the kernel: a table of queues by a hash of the address, oldest first; who waits looks at the word while it holds
//! the queue's lock, who wakes has changed the word before it looks here. So one of the two sees the other.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};

use gfetch::green::interpose::Ticket;

use super::spin::Spin;

/// The kernel has as many for each processor.
const QUEUES: usize = 256;
/// The first room of a queue.
const ROOM: usize = 8;

static TABLE: [Queue; QUEUES] = [const { Queue::new() }; QUEUES];
static NEXT: AtomicU64 = AtomicU64::new(0);

struct Queue {
    /// How many are in it or about to be: who wakes nobody pays for a look at this.
    waiting: AtomicUsize,
    entries: Spin<VecDeque<Entry>>,
}

struct Entry {
    address: usize,
    bits: u32,
    number: u64,
    ticket: Ticket,
}

/// One greenlet's place in the table.
pub(super) struct Place {
    address: usize,
    number: u64,
}

impl Queue {
    const fn new() -> Queue {
        Queue { waiting: AtomicUsize::new(0), entries: Spin::new(VecDeque::new()) }
    }

    fn of(address: usize) -> &'static Queue {
        // Fibonacci's hash, of which the upper bits are the mixed ones.
        let mixed = (address >> 2).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        &TABLE[mixed >> (usize::BITS - QUEUES.trailing_zeros())]
    }

    /// Puts an entry at the end, if `still`. Room is made outside the lock.
    fn put(&self, entry: Entry, still: impl Fn() -> bool) -> bool {
        let (mut entry, mut room) = (Some(entry), VecDeque::new());
        loop {
            let put = self.entries.with(|entries| {
                if !still() {
                    return Some(false);
                }
                if entries.len() == entries.capacity() {
                    if room.capacity() <= entries.len() {
                        return None;
                    }
                    room.append(entries);
                    std::mem::swap(entries, &mut room);
                }
                entries.extend(entry.take());
                Some(true)
            });
            match put {
                Some(put) => return put,
                None => room = VecDeque::with_capacity((room.capacity() * 2).max(ROOM)),
            }
        }
    }

    /// Takes the oldest entry that `is` one.
    fn take(&self, is: impl Fn(&Entry) -> bool) -> Option<Entry> {
        let taken = self.entries.with(|entries| entries.iter().position(is).and_then(|at| entries.remove(at)));
        if taken.is_some() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        taken
    }
}

/// Enters a wait for the word at `address`, if `still` says that there is something to wait for. The ticket of one that is
/// in must be waited with before the greenlet waits for anything else, because whoever wakes it ends its next wait; or it
/// is dropped once [`leave`] has said that nobody had taken it out. That of one that is not in was nobody's, and may go.
pub(super) fn enter(address: usize, bits: u32, ticket: Ticket, still: impl Fn() -> bool) -> Option<Place> {
    mind_forks();
    let queue = Queue::of(address);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    queue.waiting.fetch_add(1, Ordering::SeqCst);
    fence(Ordering::SeqCst);
    let is_in = queue.put(Entry { address, bits, number, ticket }, still);
    if !is_in {
        queue.waiting.fetch_sub(1, Ordering::Relaxed);
    }
    is_in.then_some(Place { address, number })
}

/// Leaves before being woken; false for who was woken.
pub(super) fn leave(place: Place) -> bool {
    Queue::of(place.address).take(|entry| entry.number == place.number).is_some()
}

/// Wakes at most `most` of those that wait for the word at `address` with one of `bits`, and says how many. Who enters
/// meanwhile is left alone; so is nobody's time wasted on who was left behind by a hub that has ended.
pub(super) fn wake(address: usize, bits: u32, most: usize) -> usize {
    fence(Ordering::SeqCst);
    let queue = Queue::of(address);
    if queue.waiting.load(Ordering::Relaxed) == 0 {
        return 0;
    }
    let end = NEXT.load(Ordering::Relaxed);
    let is = |entry: &Entry| entry.address == address && entry.bits & bits != 0 && entry.number < end;
    let mut woken = 0;
    while woken < most {
        let Some(entry) = queue.take(is) else { break };
        woken += usize::from(entry.ticket.serve());
    }
    woken
}

/// A fork's child has none of the waiting greenlets, and a lock that another thread had is nobody's there.
fn mind_forks() {
    static DONE: AtomicBool = AtomicBool::new(false);
    if !DONE.swap(true, Ordering::Relaxed) {
        // SAFETY: a function for the life of the program, which allocates nothing and takes no lock.
        unsafe { libc::pthread_atfork(None, None, Some(begin_anew)) };
    }
}

extern "C" fn begin_anew() {
    for queue in &TABLE {
        queue.waiting.store(0, Ordering::Relaxed);
        // SAFETY: the child of a fork has this thread alone.
        unsafe { queue.entries.begin_anew(VecDeque::new()) };
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use gfetch::green::interpose::Ticket;

    use super::{enter, leave, wake};

    #[test]
    fn the_oldest_of_an_address_and_its_bits_is_woken_first() {
        let tickets: Vec<Ticket> = (0..40).map(|_| Ticket::new()).collect();
        let places: Vec<_> = tickets
            .iter()
            .enumerate()
            .map(|(n, ticket)| enter(8 + n % 2 * 4, 1 << (n % 3), ticket.clone(), || true).unwrap())
            .collect();
        assert_eq!(wake(8, 1 << 2, 1), 1);
        let served = |tickets: &[Ticket]| (0..tickets.len()).filter(|n| tickets[*n].is_served()).collect::<Vec<_>>();
        assert_eq!(served(&tickets), [2]);
        assert_eq!(wake(8, !0, 2), 2);
        assert_eq!(served(&tickets), [0, 2, 4]);
        assert_eq!(wake(8, !0, usize::MAX), 17);
        assert_eq!(wake(8, !0, usize::MAX), 0);
        let mut places = places.into_iter();
        assert!(!leave(places.next().unwrap()), "it was woken");
        assert!(leave(places.next().unwrap()));
        assert_eq!(wake(12, !0, usize::MAX), 19, "who left is not woken");
    }

    #[test]
    fn who_finds_the_word_changed_is_not_entered() {
        let looked = Cell::new(0);
        let still = || {
            looked.set(looked.get() + 1);
            false
        };
        assert!(enter(1024, !0, Ticket::new(), still).is_none());
        assert_eq!((looked.get(), wake(1024, !0, 1)), (1, 0));
    }
}
