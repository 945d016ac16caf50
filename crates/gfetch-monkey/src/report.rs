//! Says what is interposed in this very program, and what its linker left out.

use std::fmt;

use crate::symbols::{Symbol, symbols};

/// How one function is found in this program.
#[derive(Clone, Copy)]
pub struct Found {
    /// The function.
    pub symbol: &'static Symbol,
    /// The program's own code (Rust's std, crates, C that is linked in) calls ours.
    pub in_program: bool,
    /// Shared libraries call ours as well, because the program exports it; `None` in a static program, which has none.
    pub in_libraries: Option<bool>,
}

/// What is interposed in this program. Only a program that refers to this crate has anything of it: one that names it in
/// its manifest and calls nothing is as if it did not.
#[derive(Clone)]
pub struct Report {
    /// Every function of this crate.
    pub found: Vec<Found>,
}

impl Report {
    /// What the program's own code calls past this crate.
    pub fn left_out(&self) -> impl Iterator<Item = &Found> {
        self.found.iter().filter(|found| !found.in_program)
    }

    /// What shared libraries call past this crate, where there are any: what they wait for there blocks the hub.
    pub fn left_out_of_libraries(&self) -> impl Iterator<Item = &Found> {
        self.found.iter().filter(|found| found.in_libraries == Some(false))
    }
}

/// Looks up every function of this crate as this program and its libraries do.
pub fn report() -> Report {
    Report { found: symbols().map(find).collect() }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<18} {:<8} {:<8} {:<10} in libraries", "function", "feature", "patched", "in program")?;
        for found in &self.found {
            let symbol = found.symbol;
            let feature = format!("{:?}", symbol.feature());
            let says = |is: bool| if is { "ours" } else { "left out" };
            let libraries = found.in_libraries.map_or("none here", says);
            let (patched, program) = (if symbol.is_patched() { "yes" } else { "no" }, says(found.in_program));
            writeln!(f, "{:<18} {feature:<8} {patched:<8} {program:<10} {libraries}", symbol.name())?;
        }
        Ok(())
    }
}

fn find(symbol: &'static Symbol) -> Found {
    let ours = (symbol.ours)();
    let (in_program, in_libraries) = system::find(symbol.name, ours);
    Found { symbol, in_program, in_libraries }
}

#[cfg(target_feature = "crt-static")]
mod system {
    /// One link, one definition: it is the one that this crate refers to.
    pub(super) fn find(_: &str, _: *const ()) -> (bool, Option<bool>) {
        (true, None)
    }
}

#[cfg(not(target_feature = "crt-static"))]
mod system {
    use std::ffi::{CString, c_void};
    use std::ptr;

    /// By name a program's code finds what its linker chose, which is in the file that holds this crate if it is ours;
    /// libraries find what comes first among all exported ones.
    pub(super) fn find(name: &str, ours: *const ()) -> (bool, Option<bool>) {
        let in_program = file_of(ours) == file_of(file_of as *const ());
        let name = CString::new(name).expect("no name has a zero in it");
        // SAFETY: a string that ends in zero.
        let first = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
        (in_program, Some(ptr::eq(first.cast_const(), ours.cast::<c_void>())))
    }

    /// Where the file begins in memory that holds `address`.
    fn file_of(address: *const ()) -> *const c_void {
        // SAFETY: zeros are such a place.
        let mut known: libc::Dl_info = unsafe { std::mem::zeroed() };
        // SAFETY: any address may be asked for, and the place is good.
        unsafe { libc::dladdr(address.cast(), &mut known) };
        known.dli_fbase
    }
}
