//! `rusqlite`: SQLite reads files and computes, so that a query holds the thread; on a thread of the pool it holds none of
//! the greenlets. What it sleeps (a database that another has locked) it sleeps as a greenlet.

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use gfetch::green;
use rusqlite::{Connection, TransactionBehavior};

use crate::support::{MOMENT, SECOND, begun, patched};

/// Long enough for many ticks.
const COUNTING: &str =
    "with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000000) select count(*) from n";

fn count() -> i64 {
    Connection::open_in_memory().unwrap().query_row(COUNTING, [], |row| row.get(0)).unwrap()
}

/// DOES NOT WORK: a query on a greenlet. The way round: offload it.
#[test]
fn a_query_holds_the_thread_unless_it_is_offloaded() {
    patched(|| {
        let (ticks, over) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(false)));
        let (ticked, ended) = (ticks.clone(), over.clone());
        let ticker = green::spawn(move || {
            while !ended.get() {
                thread::sleep(Duration::from_millis(1));
                ticked.set(ticked.get() + 1);
            }
        });
        thread::sleep(MOMENT);
        let before = ticks.get();
        assert!(before > 0);
        assert_eq!(count(), 1_000_000);
        assert_eq!(ticks.get(), before, "it waits nowhere");
        assert_eq!(green::offload(count).unwrap(), 1_000_000);
        assert!(ticks.get() > before + 3, "the others went on");
        over.set(true);
        ticker.get().unwrap();
    });
}

fn open(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(SECOND * 60).unwrap();
    connection
}

/// One holds the database while it sleeps; the other, on the same thread, asks SQLite again and again, which sleeps
/// between.
#[test]
fn a_locked_database_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data");
    open(&path).execute_batch("create table t (n integer)").unwrap();
    let rows = patched(|| {
        let held = path.clone();
        let holds = begun(move || {
            let mut connection = open(&held);
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
            transaction.execute("insert into t values (1)", []).unwrap();
            thread::sleep(MOMENT * 5);
            transaction.commit().unwrap();
        });
        let connection = open(&path);
        connection.execute("insert into t select max(n) + 1 from t", []).unwrap();
        assert!(holds.is_done(), "the first had to end");
        connection.query_row("select group_concat(n) from t", [], |row| row.get::<_, String>(0)).unwrap()
    });
    assert_eq!(rows, "1,2");
}
