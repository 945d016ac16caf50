//! `pq-sys`: PostgreSQL's own client, a C library that polls and reads by itself (Diesel stands on it), against a real
//! PostgreSQL.

use std::ffi::{CStr, CString};

use pq_sys::{
    ConnStatusType, ExecStatusType, PGconn, PQclear, PQconnectdb, PQerrorMessage, PQexec, PQfinish, PQgetvalue,
    PQresultStatus, PQstatus,
};

use crate::{MANY, as_on_threads, needs};
use std::time::Duration;

/// A connection of libpq's.
struct Connection(*mut PGconn);

impl Connection {
    fn new(port: u16) -> Connection {
        let config = CString::new(format!("host=127.0.0.1 port={port} user=postgres")).unwrap();
        // SAFETY: a string.
        let connection = Connection(unsafe { PQconnectdb(config.as_ptr()) });
        // SAFETY: a connection, whatever its state.
        let status = unsafe { PQstatus(connection.0) };
        assert_eq!(status, ConnStatusType::CONNECTION_OK, "{}", connection.message());
        connection
    }

    /// The first value of a query's first row.
    fn value(&self, query: &str) -> String {
        let query = CString::new(query).unwrap();
        // SAFETY: a connection that stands, and a string; what comes is ours until it is cleared.
        unsafe {
            let rows = PQexec(self.0, query.as_ptr());
            assert_eq!(PQresultStatus(rows), ExecStatusType::PGRES_TUPLES_OK, "{}", self.message());
            let value = CStr::from_ptr(PQgetvalue(rows, 0, 0)).to_str().unwrap().to_owned();
            PQclear(rows);
            value
        }
    }

    fn message(&self) -> String {
        // SAFETY: a connection has a message always, until it is used again.
        unsafe { CStr::from_ptr(PQerrorMessage(self.0)) }.to_string_lossy().into_owned()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: nobody has it any more.
        unsafe { PQfinish(self.0) };
    }
}

#[test]
fn many_slow_queries() {
    const SLOW: Duration = Duration::from_millis(200);
    let server = needs!(postgres);
    let port = server.port;
    let done = as_on_threads(MANY, SLOW, move |n| {
        Connection::new(port).value(&format!("select {n} * {n} from pg_sleep(0.2)"))
    });
    assert_eq!(done, (0..MANY).map(|n| (n * n).to_string()).collect::<Vec<_>>());
}

/// More than sockets hold: libpq polls and reads on and on.
#[test]
fn large_results() {
    const COUNT: usize = 10;
    const BYTES: usize = 1_000_000;
    let server = needs!(postgres);
    let port = server.port;
    let done = as_on_threads(COUNT, Duration::from_millis(500), move |n| {
        let query = format!("select repeat('{n}', {BYTES}) from pg_sleep(0.5)");
        Connection::new(port).value(&query) == n.to_string().repeat(BYTES)
    });
    assert_eq!(done, [true; COUNT]);
}
