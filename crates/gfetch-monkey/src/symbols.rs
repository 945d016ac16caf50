//! The table of what this crate defines beside the C library: name, feature, our function, the original.
//!
//! It refers to every function, so that a program which refers to the table (by `patch_all`, say) gets them all: a linker
//! takes from a library only what is asked for.

use crate::feature::{Feature, is_on};

/// Whether a signal handler may call a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignalSafety {
    /// As POSIX says of the original: also patched it never waits, allocates nothing and takes no lock.
    Safe,
    /// As POSIX says of the original where the call never waits as a greenlet: off any, not patched, in a handler that runs
    /// on an alternate stack (`SA_ONSTACK`), for a non-blocking descriptor. A handler on a greenlet's own stack may have
    /// interrupted the runtime: a call that waits there, or that lets others run because it is their turn, spoils it.
    UnlessItWaits,
    /// Not to be called by a signal handler, patched or not.
    Unsafe,
}

/// A function of the C library that this crate stands in for.
#[derive(Clone, Copy)]
pub struct Symbol {
    pub(crate) name: &'static str,
    pub(crate) feature: Feature,
    pub(crate) safety: SignalSafety,
    /// By functions, because an address is known to the linker only.
    pub(crate) ours: fn() -> *const (),
    pub(crate) original: fn() -> *const (),
}

impl Symbol {
    /// Its name in C.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What it is patched with.
    pub fn feature(&self) -> Feature {
        self.feature
    }

    /// Whether a signal handler may call it.
    pub fn signal_safety(&self) -> SignalSafety {
        self.safety
    }

    /// Whether it waits as a greenlet by now.
    pub fn is_patched(&self) -> bool {
        is_on(self.feature)
    }

    /// The address of the function that does what the system's does: see [`original`](crate::original), which has them
    /// with their types.
    pub fn original(&self) -> *const () {
        (self.original)()
    }
}

/// A row of the table: the function of this name here, and its original.
macro_rules! symbol {
    ($name:ident, $feature:ident, $safety:expr) => {
        $crate::symbols::Symbol {
            name: stringify!($name),
            feature: $crate::feature::Feature::$feature,
            safety: $safety,
            ours: || $name as *const (),
            original: || original::$name as *const (),
        }
    };
}
pub(crate) use symbol;

/// Each file's own part.
const PARTS: &[&[Symbol]] = &[
    crate::copy::SYMBOLS,
    crate::descriptors::SYMBOLS,
    crate::futex::SYMBOLS,
    crate::io::SYMBOLS,
    crate::join::SYMBOLS,
    crate::select::SYMBOLS,
    crate::socket::accept::SYMBOLS,
    crate::socket::connect::SYMBOLS,
    crate::socket::receive::SYMBOLS,
    crate::socket::send::SYMBOLS,
    crate::time::SYMBOLS,
    #[cfg(not(target_feature = "crt-static"))]
    crate::names::SYMBOLS,
    #[cfg(all(target_env = "musl", target_feature = "crt-static"))]
    crate::musl::SYMBOLS,
    crate::process::SYMBOLS,
];

/// Every function that this crate stands in for.
pub fn symbols() -> impl Iterator<Item = &'static Symbol> {
    PARTS.iter().copied().flatten()
}

/// The one of this name.
pub(crate) fn find(name: &str) -> Option<&'static Symbol> {
    symbols().find(|symbol| symbol.name == name)
}
