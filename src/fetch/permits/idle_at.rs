//! Which hubs have idle connections to an origin, and so which one makes the next attempt there.

use std::cell::RefCell;

/// So many attempts more than twice those of the least busy hub, and a connection there is not worth the wait.
const SLACK: usize = 2;

/// How many connections to one origin each hub keeps idle, as far as the main hub can tell: attempts that ended well there,
/// less those that have begun since. Servers close connections too, so this is a preference and no more.
#[derive(Default)]
pub(in crate::fetch) struct IdleAt(RefCell<Vec<u32>>);

impl IdleAt {
    /// An attempt begins on this hub.
    pub fn one_less(&self, hub: usize) {
        self.change(hub, |idle| idle.saturating_sub(1));
    }

    /// One has ended well there.
    pub fn one_more(&self, hub: usize) {
        self.change(hub, |idle| idle.saturating_add(1));
    }

    fn change(&self, hub: usize, to: impl FnOnce(u32) -> u32) {
        let mut idle = self.0.borrow_mut();
        if idle.len() <= hub {
            idle.resize(hub + 1, 0);
        }
        idle[hub] = to(idle[hub]);
    }

    fn has(&self, hub: usize) -> bool {
        self.0.borrow().get(hub).is_some_and(|idle| *idle > 0)
    }

    /// The hub for the next attempt, where `under_way` says how many each of them makes now: one with an idle connection,
    /// unless it has much more to do than others. None where there is no hub.
    pub fn choose(&self, under_way: impl ExactSizeIterator<Item = usize> + Clone) -> Option<usize> {
        let (least, fewest) = under_way.clone().enumerate().min_by_key(|(_, count)| *count)?;
        let with_connection = under_way.enumerate().filter(|(hub, _)| self.has(*hub)).min_by_key(|(_, count)| *count);
        Some(
            with_connection
                .filter(|(_, count)| *count <= fewest.saturating_mul(2).saturating_add(SLACK))
                .map_or(least, |(hub, _)| hub),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(idle_at: &IdleAt, under_way: &[usize]) -> Option<usize> {
        idle_at.choose(under_way.iter().copied())
    }

    #[test]
    fn the_least_busy_one_is_chosen_and_an_idle_connection_is_worth_some_wait() {
        let idle_at = IdleAt::default();
        assert_eq!(choose(&idle_at, &[]), None);
        assert_eq!(choose(&idle_at, &[3, 1, 2]), Some(1));
        idle_at.one_more(2);
        assert_eq!(choose(&idle_at, &[3, 1, 2]), Some(2));
        assert_eq!(choose(&idle_at, &[3, 1, 4]), Some(2));
        assert_eq!(choose(&idle_at, &[3, 1, 5]), Some(1), "too busy to wait for");
        idle_at.one_less(2);
        idle_at.one_less(2);
        assert_eq!(choose(&idle_at, &[3, 1, 2]), Some(1));
        idle_at.one_more(2);
        idle_at.one_more(0);
        assert_eq!(choose(&idle_at, &[1, 0, 2]), Some(0), "of those with one the least busy");
    }
}
