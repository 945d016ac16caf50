//! Owns the measure of what the idle pool costs a request, for `benches/micro.rs`: beside sockets and protocol nobody sees
//! it. Not part of the library: it is compiled under the feature `measuring`, and for tests.

use std::io::{self, Read};
use std::rc::Rc;
use std::time::Duration;

use url::Url;

use super::connection::{Connection, Transport};
use super::origin::Origin;
use super::pool::{Key, Pool, PoolLimits};
use crate::net::{TcpListener, TcpStream};

/// A pool with one idle connection to each of many origins.
pub struct IdlePool {
    pool: Pool,
    urls: Vec<Url>,
    /// Their far ends wait in the listeners' queues, where they cost no descriptor.
    _listeners: Vec<TcpListener>,
}

impl IdlePool {
    /// Opens as many connections on loopback.
    ///
    /// # Errors
    /// Those of the sockets: there may be too few descriptors.
    pub fn of(origins: usize) -> io::Result<IdlePool> {
        let (pool, mut urls, mut listeners) = (Pool::new(PoolLimits::default()), Vec::new(), Vec::new());
        for origin in 0..origins {
            if origin % (TcpListener::BACKLOG as usize / 2) == 0 {
                listeners.push(TcpListener::bind("127.0.0.1:0".parse().map_err(io::Error::other)?)?);
            }
            let address = listeners[listeners.len() - 1].local_addr()?;
            let mut stream = TcpStream::connect(address)?;
            // As an exchange leaves it: drained, and known to be.
            stream.set_read_timeout(Some(Duration::ZERO));
            let _ = stream.read(&mut [0]);
            let url = Url::parse(&format!("http://www.site{origin}.example/a/page?q=1")).map_err(io::Error::other)?;
            let key = key_of(&url).ok_or(io::ErrorKind::InvalidInput)?;
            pool.put(Box::new(Connection::new(Rc::new(key), Transport::Plain(stream), Some(address))));
            urls.push(url);
        }
        Ok(IdlePool { pool, urls, _listeners: listeners })
    }

    /// What the pool does for one request to one of the origins: its key is made, its connection taken and given back.
    /// False if it was not there.
    pub fn exchange(&self, origin: usize) -> bool {
        let key = key_of(&self.urls[origin % self.urls.len()]).map(Rc::new);
        let connection = key.and_then(|key| self.pool.take(&key));
        connection.map(|connection| self.pool.put(connection)).is_some()
    }
}

fn key_of(url: &Url) -> Option<Key> {
    Some(Key::direct(Origin::of(url)?, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_exchange_finds_the_connection_of_its_origin() {
        crate::green::run(|| {
            let idle = IdlePool::of(20).unwrap();
            assert!((0..100).all(|origin| idle.exchange(origin * 7)));
            assert_eq!(idle.pool.len(), 20);
            idle.pool.clear();
            assert!(!idle.exchange(0));
        });
    }
}
