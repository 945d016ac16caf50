//! Which hub makes the next attempt: one with an idle connection to the origin, unless it has much more to do than others.

use std::cell::RefCell;

/// So many attempts more than twice those of the least busy hub, and a connection there is not worth the wait.
const SLACK: usize = 2;

/// How many connections to one origin each hub keeps idle, as far as the main hub can tell: attempts that ended well there,
/// less those that have begun since. Servers close connections too, so this is a preference and no more.
#[derive(Default)]
pub(in crate::fetch) struct Kept(RefCell<Vec<u32>>);

impl Kept {
    /// An attempt begins on this hub.
    pub fn used(&self, hub: usize) {
        self.change(hub, |kept| kept.saturating_sub(1));
    }

    /// One has ended well there.
    pub fn kept(&self, hub: usize) {
        self.change(hub, |kept| kept.saturating_add(1));
    }

    fn change(&self, hub: usize, to: impl FnOnce(u32) -> u32) {
        let mut kept = self.0.borrow_mut();
        if kept.len() <= hub {
            kept.resize(hub + 1, 0);
        }
        kept[hub] = to(kept[hub]);
    }

    fn has(&self, hub: usize) -> bool {
        self.0.borrow().get(hub).is_some_and(|kept| *kept > 0)
    }

    /// The hub for the next attempt, where `under_way` says how many each of them makes now; none where there is no hub.
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

    fn choose(kept: &Kept, under_way: &[usize]) -> Option<usize> {
        kept.choose(under_way.iter().copied())
    }

    #[test]
    fn the_least_busy_one_is_chosen_and_an_idle_connection_is_worth_some_wait() {
        let kept = Kept::default();
        assert_eq!(choose(&kept, &[]), None);
        assert_eq!(choose(&kept, &[3, 1, 2]), Some(1));
        kept.kept(2);
        assert_eq!(choose(&kept, &[3, 1, 2]), Some(2));
        assert_eq!(choose(&kept, &[3, 1, 4]), Some(2));
        assert_eq!(choose(&kept, &[3, 1, 5]), Some(1), "too busy to wait for");
        kept.used(2);
        kept.used(2);
        assert_eq!(choose(&kept, &[3, 1, 2]), Some(1));
        kept.kept(2);
        kept.kept(0);
        assert_eq!(choose(&kept, &[1, 0, 2]), Some(0), "of those with one the least busy");
    }
}
