//! What a queue and a channel have in common: getters that wait, and are promised an item before they run.

use super::Nothing;
use crate::green::hub::Hub;
use crate::green::sync::wait::WaitList;

/// Where items come from.
pub(in crate::green) trait Source {
    fn getters(&self) -> &WaitList<()>;

    /// A promise was redeemed.
    fn kept(&self);

    /// Who was promised an item does not want it any more: it is the next one's.
    fn withdraw(&self, hub: &Hub);
}

/// Where items of this type come from.
pub(in crate::green) trait Receive<T>: Source {
    /// The next item that nobody was promised.
    fn try_take(&self) -> Result<T, Nothing>;

    /// The item that was promised; none where it has been withdrawn since.
    fn redeem(&self, promise: Promise<'_>) -> Option<T>;
}

/// An item that belongs to the running greenlet; dropped, it is the next one's.
pub(in crate::green) struct Promise<'a> {
    source: Option<&'a (dyn Source + 'a)>,
}

impl<'a> Promise<'a> {
    /// That the running greenlet was handed by `source`.
    pub fn of(source: &'a (dyn Source + 'a)) -> Promise<'a> {
        Promise { source: Some(source) }
    }

    /// The item has been taken.
    pub fn keep(mut self) {
        self.source.take().inspect(|source| source.kept());
    }
}

impl Drop for Promise<'_> {
    fn drop(&mut self) {
        if let Some(source) = self.source.take() {
            Hub::try_with(|hub| source.withdraw(hub));
        }
    }
}
