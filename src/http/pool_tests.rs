//! Tests of `pool`, on connections whose other ends the test holds.

use super::*;
use crate::green::{ClockKind, Config};
use crate::http::connection::Transport;
use crate::http::proxy::ProxyKind;
use crate::net::{TcpListener, TcpStream};
use std::io::Write;
use url::Url;

/// Makes connections, and keeps the far ends.
struct Net {
    listener: TcpListener,
    far: Vec<TcpStream>,
}

impl Net {
    fn new() -> Net {
        Net { listener: TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap(), far: Vec::new() }
    }

    /// A connection to `host`, told apart by its number of exchanges.
    fn connection(&mut self, host: &str, number: u32) -> Box<Connection> {
        let address = self.listener.local_addr().unwrap();
        let near = TcpStream::connect(address).unwrap();
        self.far.push(self.listener.accept().unwrap().0);
        let mut connection = Box::new(Connection::new(Rc::new(key(host)), Transport::Plain(near), Some(address)));
        connection.exchanges = number;
        // As after an exchange: drained, and known to be.
        let far = self.far.last_mut().unwrap();
        far.write_all(b"x").unwrap();
        connection.fill().unwrap();
        connection.buffer.consume(1);
        connection
    }
}

fn key(host: &str) -> Key {
    Key::direct(Origin::of(&Url::parse(&format!("http://{host}/")).unwrap()).unwrap(), None)
}

fn pool(idle_per_origin: usize, idle: usize) -> Pool {
    Pool::new(PoolLimits { idle_per_origin, idle, ..PoolLimits::default() })
}

fn taken(pool: &Pool, key: &Key) -> Option<u32> {
    pool.take(key).map(|connection| connection.exchanges)
}

fn on_virtual_time(f: impl FnOnce()) {
    Config::new().clock(ClockKind::Virtual).run(f);
}

#[test]
fn the_last_one_released_is_the_first_one_taken() {
    on_virtual_time(|| {
        let (mut net, pool) = (Net::new(), pool(10, 10));
        (1..=3).for_each(|number| pool.put(net.connection("a", number)));
        assert_eq!(pool.len(), 3);
        let order: Vec<_> = (0..4).map(|_| taken(&pool, &key("a"))).collect();
        assert_eq!(order, [Some(3), Some(2), Some(1), None]);
        assert_eq!(pool.len(), 0);
    });
}

#[test]
fn keys_do_not_mix() {
    on_virtual_time(|| {
        let (mut net, pool) = (Net::new(), pool(10, 10));
        pool.put(net.connection("a", 1));
        let tls = Key { tls: Some(1), ..key("a") };
        let proxy = |text| Arc::new(Proxy::parse(text, ProxyKind::Http).unwrap());
        let via = |via| Key { via, ..key("a") };
        for other in [
            key("b"),
            key("a:81"),
            tls,
            via(Via::Forward(proxy("p"))),
            via(Via::Tunnel(proxy("p"))),
            via(Via::Tunnel(proxy("socks5://p"))),
        ] {
            assert_eq!(taken(&pool, &other), None);
        }
        assert_eq!(taken(&pool, &key("a")), Some(1));
    });
}

#[test]
fn a_way_through_a_proxy_is_for_whom_it_let_through() {
    on_virtual_time(|| {
        let (mut net, pool) = (Net::new(), pool(10, 10));
        let through = |text| {
            let proxy = Arc::new(Proxy::parse(text, ProxyKind::Http).unwrap());
            Key { via: Via::Tunnel(proxy), ..key("a") }
        };
        let mut connection = net.connection("a", 1);
        connection.key = Rc::new(through("http://me:pw@p:1"));
        pool.put(connection);
        let others = ["http://p:1", "http://me@p:1", "http://you:pw@p:1", "https://me:pw@p:1", "http://me:pw@p:2"];
        for other in others.map(through).into_iter().chain([key("a")]) {
            assert_eq!(taken(&pool, &other), None, "{other:?}");
        }
        assert_eq!(taken(&pool, &through("me:pw@P:1")), Some(1));
    });
}

#[test]
fn beyond_a_limit_the_longest_idle_one_goes() {
    on_virtual_time(|| {
        let mut net = Net::new();
        let per_origin = pool(2, 10);
        (1..=4).for_each(|number| per_origin.put(net.connection("a", number)));
        assert_eq!(per_origin.len(), 2);
        assert_eq!([taken(&per_origin, &key("a")), taken(&per_origin, &key("a"))], [Some(4), Some(3)]);
        let in_all = pool(10, 3);
        (1..=5).for_each(|number| in_all.put(net.connection(["a", "b"][number as usize % 2], number)));
        assert_eq!(in_all.len(), 3);
        assert_eq!(
            [taken(&in_all, &key("b")), taken(&in_all, &key("b")), taken(&in_all, &key("b"))],
            [Some(5), Some(3), None]
        );
        assert_eq!(taken(&in_all, &key("a")), Some(4));
    });
}

#[test]
fn room_is_made_by_age_over_all_origins() {
    on_virtual_time(|| {
        let (mut net, pool) = (Net::new(), pool(10, 10));
        for (number, host) in [(1, "a"), (2, "b"), (3, "a")] {
            pool.put(net.connection(host, number));
        }
        assert!(pool.close_one());
        assert!(pool.close_one());
        assert_eq!(taken(&pool, &key("b")), None);
        assert_eq!(taken(&pool, &key("a")), Some(3));
        assert!(!pool.close_one());
        pool.put(net.connection("a", 4));
        pool.clear();
        assert_eq!((pool.len(), taken(&pool, &key("a"))), (0, None));
    });
}

#[test]
fn a_connection_is_closed_when_it_has_been_idle_too_long() {
    on_virtual_time(|| {
        let (mut net, pool) = (Net::new(), pool(10, 10));
        pool.put(net.connection("a", 1));
        green::sleep(Duration::from_secs(40)).unwrap();
        pool.put(net.connection("a", 2));
        green::sleep(Duration::from_secs(19)).unwrap();
        assert_eq!(taken(&pool, &key("a")), Some(2));
        green::sleep(Duration::from_secs(1)).unwrap();
        assert_eq!((taken(&pool, &key("a")), pool.len()), (None, 0));
    });
}

#[test]
fn one_that_was_closed_or_spoken_to_is_passed_over() {
    on_virtual_time(|| {
        let (mut net, pool) = (Net::new(), pool(10, 10));
        (1..=3).for_each(|number| pool.put(net.connection("a", number)));
        net.far[2].write_all(b"unasked").unwrap();
        net.far.remove(1);
        green::sleep(Duration::from_millis(1)).unwrap();
        assert_eq!(taken(&pool, &key("a")), Some(1));
        assert_eq!(pool.len(), 0);
    });
}

#[test]
fn one_with_bytes_left_is_not_kept() {
    on_virtual_time(|| {
        let (mut net, pool) = (Net::new(), pool(10, 10));
        let mut connection = net.connection("a", 1);
        net.far[0].write_all(b"left").unwrap();
        connection.fill().unwrap();
        pool.put(connection);
        assert_eq!(pool.len(), 0);
    });
}

#[test]
fn what_is_remembered_of_ages_is_bounded_by_the_connections() {
    on_virtual_time(|| {
        let (mut net, pool) = (Net::new(), pool(10, 10));
        pool.put(net.connection("a", 1));
        for _ in 0..1000 {
            let connection = pool.take(&key("a")).unwrap();
            pool.put(connection);
        }
        assert!(pool.idle.borrow().ages.len() < 100);
        assert!(pool.close_one());
    });
}
