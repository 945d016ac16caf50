//! What an attempt asks of the run while it goes on: the way to its next request, the output. On the main
//! hub it asks in place, on another one it asks the line's greenlet on the main hub.

use crate::fetch::permits::{Connect, Pass, Permits, Reach, Refused};
use crate::fetch::sink::Output;
use crate::fetch::threads::Wire;
use crate::http::origin::Origin;
use crate::http::proxy::Proxy;

/// The right to talk to an origin, and what goes with it; dropping it lets the next in.
pub(in crate::fetch) enum Gate<'a> {
    /// On the main hub.
    Here { permits: &'a Permits, output: Option<&'a Output>, pass: Pass },
    /// On another.
    There(Wire),
}

impl Gate<'_> {
    fn reach(&self) -> &Reach {
        match self {
            Gate::Here { pass, .. } => pass.reach(),
            Gate::There(wire) => wire.reach(),
        }
    }

    /// Remembers how connecting went.
    pub fn note_connect(&self, connect: Connect) {
        self.reach().note(connect);
    }

    /// The proxy before the origin.
    pub fn proxy(&self) -> Option<&Proxy> {
        self.reach().proxy()
    }

    /// Where printed bodies go, if they go anywhere.
    pub fn output(&self) -> Option<Output> {
        match self {
            Gate::Here { output, .. } => output.cloned(),
            Gate::There(wire) => wire.output(),
        }
    }

    /// Turns to `origin`, where a redirect leads or the same request is made once more, and waits until that may be asked.
    pub fn follow(self, origin: Origin, crosses: bool) -> Result<Self, Refused> {
        match self {
            Gate::Here { permits, output, pass } => {
                let pass = permits.follow(pass, &origin, crosses)?;
                Ok(Gate::Here { permits, output, pass })
            }
            Gate::There(wire) => wire.follow(origin, crosses).map(Gate::There),
        }
    }
}
