//! One connection as those see it who have requests for it: how many streams are open, and whether it takes more.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::{Rc, Weak};
use std::time::Instant;

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use rustls::pki_types::CertificateDer;

use super::census::Grants;
use super::driver;
use super::error::Fate;
use super::limits::*;
use super::request::Site;
use super::table::Table;
use super::wire::Wire;
use crate::green::{self, Doorbell};
use crate::http::connection::Connection;
use crate::http::error::Error;
use crate::http::h1::Truncated;
use crate::http::pool::Key;

pub(in crate::http) struct Shared {
    pub key: Rc<Key>,
    pub remote: Option<SocketAddr>,
    pub local: Option<SocketAddr>,
    pub tls: Option<&'static str>,
    pub(super) site: Site,
    pub(super) fate: Rc<Fate>,
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) status: Rc<Status>,
    pub(super) grants: Rc<Grants>,
    /// None once it takes no more requests: when the last stream ends, the driver closes it.
    requests: RefCell<Option<SendRequest<Bytes>>>,
    exchanges: Cell<u32>,
    own_resets: Cell<u32>,
    /// The server has refused a stream that was begun while this many others were open.
    full_at: Cell<usize>,
    pub(super) idle_since: Cell<Instant>,
    /// Its number in the order of becoming idle.
    pub(super) idle_number: Cell<u64>,
}

/// What the driver and the users of a connection know in common.
#[derive(Default)]
pub(super) struct Status {
    pub open_streams: Cell<usize>,
    pub retired: Cell<bool>,
    pub ended: Cell<bool>,
}

impl Shared {
    /// Takes over a connection on which HTTP/2 was agreed, and starts its driver. `streams` is what is known of the
    /// server's limit until its SETTINGS are there. The preface goes out with the first request.
    pub fn start(connection: Connection, streams: usize) -> Result<Rc<Shared>, Error> {
        let (tls, certificates) = (connection.tls_version(), connection.certificates());
        let Connection { key, transport, remote, .. } = connection;
        let local = transport.socket().local();
        let fate = Rc::new(Fate::default());
        let grants = Rc::new(Grants::default());
        let wire = Wire::new(transport, fate.clone(), grants.clone());
        // The wire takes the preface in without waiting.
        let handshake = Doorbell::new().wait_for(|context| {
            let future = std::pin::pin!(builder(streams).handshake::<_, Bytes>(wire.clone()));
            future.poll(context)
        });
        let (requests, connection) = handshake.map_err(Error::Interrupted)?.map_err(|_| fate.error(closed))?;
        let status = Rc::new(Status::default());
        let site = Site::of(&key.origin)?;
        driver::start(connection, wire, status.clone(), &key.origin)?;
        Ok(Rc::new(Shared {
            key,
            remote,
            local,
            tls,
            certificates,
            site,
            fate,
            status,
            grants,
            requests: RefCell::new(Some(requests)),
            exchanges: Cell::new(0),
            own_resets: Cell::new(0),
            full_at: Cell::new(usize::MAX),
            idle_since: Cell::new(green::recent_now()),
            idle_number: Cell::new(0),
        }))
    }

    /// How many streams may be open at once; 0 once it takes none.
    pub fn limit(&self) -> usize {
        match &*self.requests.borrow() {
            Some(requests) if !self.status.ended.get() => {
                requests.current_max_send_streams().min(MAX_STREAMS).min(self.full_at.get())
            }
            _ => 0,
        }
    }

    pub fn open_streams(&self) -> usize {
        self.status.open_streams.get()
    }

    pub fn is_usable(&self) -> bool {
        !self.status.retired.get() && !self.status.ended.get()
    }

    /// Takes no more requests. Open streams go on to their ends.
    pub fn retire(&self) {
        self.status.retired.set(true);
        drop(self.requests.take());
    }

    pub(super) fn requests(&self) -> Option<SendRequest<Bytes>> {
        self.requests.borrow().clone()
    }

    /// A stream was left before its end. What is under way to it is ignored, but not for ever.
    fn note_own_reset(&self) {
        let resets = self.own_resets.get() + 1;
        self.own_resets.set(resets);
        if resets >= MAX_OWN_RESETS {
            self.retire();
        }
    }
}

/// A stream's place on a connection, from the request to the end of the answer.
pub(in crate::http) struct Seat {
    pub shared: Rc<Shared>,
    table: Weak<Table>,
    /// Exchanges begun on the connection before.
    pub before: u32,
    /// Streams that were open when it was taken.
    others: usize,
    /// Whether the stream has ended, well or not; else it is left when this is dropped.
    pub over: Cell<bool>,
}

impl Seat {
    pub(super) fn new(shared: &Rc<Shared>, table: Weak<Table>) -> Seat {
        let others = shared.status.open_streams.replace(shared.open_streams() + 1);
        shared.grants.open();
        let before = shared.exchanges.replace(shared.exchanges.get().saturating_add(1));
        Seat { shared: shared.clone(), table, before, others, over: Cell::new(false) }
    }

    /// The server refused the stream: so many as were open when it was begun are enough. How many are open now says nothing:
    /// of a burst that is refused, the last ones hear of it when all others are over.
    pub fn refuse(&self) {
        let full_at = &self.shared.full_at;
        full_at.set(full_at.get().min(self.others));
        if self.others == 0 {
            self.shared.retire();
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if !self.over.get() {
            self.shared.note_own_reset();
        }
        let status = &self.shared.status;
        status.open_streams.set(status.open_streams.get() - 1);
        if status.open_streams.get() == 0
            && let Some(table) = self.table.upgrade()
        {
            table.note_idle(&self.shared);
        }
    }
}

fn closed() -> Error {
    Error::Truncated(Truncated::Nothing)
}

fn builder(streams: usize) -> Builder {
    let mut builder = Builder::new();
    builder
        .enable_push(false)
        .header_table_size(HEADER_TABLE_BYTES)
        .initial_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_frame_size(MAX_FRAME_BYTES)
        .max_header_list_size(MAX_HEADER_LIST_BYTES)
        .initial_max_send_streams(streams)
        .max_send_buffer_size(SEND_BUFFER_BYTES)
        .data_frame_budget(DATA_OVERHEAD_BYTES)
        .max_concurrent_reset_streams(REMEMBERED_RESETS)
        .reset_stream_duration(RESET_MEMORY)
        .max_local_error_reset_streams(Some(MAX_STREAM_FAULTS));
    builder
}
