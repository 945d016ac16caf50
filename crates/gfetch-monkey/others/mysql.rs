//! `mysql` against a real MariaDB.

use mysql::prelude::Queryable;
use mysql::{Conn, Opts, OptsBuilder, Pool, PoolConstraints, PoolOpts};

use crate::servers::Server;
use crate::{MANY, as_on_threads, needs};
use std::time::Duration;

/// How long the server takes for a query.
const SLOW: Duration = Duration::from_millis(200);

fn options(server: &Server) -> OptsBuilder {
    let options = OptsBuilder::new().ip_or_hostname(Some("127.0.0.1")).tcp_port(server.port).user(Some("root"));
    options.prefer_socket(false)
}

/// `n` squared, slowly.
fn square(mut connection: impl Queryable, n: usize) -> usize {
    let (slept, square): (u8, usize) = connection.exec_first("select sleep(0.2), ? * ?", (n, n)).unwrap().unwrap();
    assert_eq!(slept, 0);
    square
}

fn squares() -> Vec<usize> {
    (0..MANY).map(|n| n * n).collect()
}

#[test]
fn a_connection_each() {
    let server = needs!(mariadb);
    let own = Opts::from(options(&server));
    let done = as_on_threads(MANY, SLOW, move |n| square(Conn::new(own.clone()).unwrap(), n));
    assert_eq!(done, squares());
    let own = Opts::from(options(&server).socket(Some(server.socket())));
    let done = as_on_threads(MANY, SLOW, move |n| square(Conn::new(own.clone()).unwrap(), n));
    assert_eq!(done, squares());
}

/// Half as many connections as there are who want one: they wait for each other by a mutex and a condition.
#[test]
fn a_pool() {
    let server = needs!(mariadb);
    let constraints = PoolConstraints::new(1, MANY / 2).unwrap();
    let pool = Pool::new(options(&server).pool_opts(PoolOpts::new().with_constraints(constraints))).unwrap();
    let done = as_on_threads(MANY, SLOW * 2, move |n| square(pool.get_conn().unwrap(), n));
    assert_eq!(done, squares());
}
