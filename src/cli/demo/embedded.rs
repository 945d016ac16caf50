//! The demo's server: on an OS thread and a hub of its own, so that serving takes no turn from the fetching it is measured by.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use gfetch::green;
use gfetch::http::server::{self, ServerLimits};
use gfetch::http::{Client, ClientConfig, PoolLimits};
use gfetch::net::{Override, Resolver, ResolverConfig, TcpListener, TlsConfig};

use crate::cli::serve::demo::{PAGES, demo_handler};

/// It is in this process: what takes longer to connect has gone wrong.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A server of the demo's pages on a free port of 127.0.0.1, until it is dropped.
pub struct Embedded {
    port: u16,
    /// The server's thread waits for a letter; that there is no sender any more will do.
    stop: Option<green::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Embedded {
    /// Starts it; it takes connections when this returns.
    pub fn start() -> io::Result<Embedded> {
        let (tell, told) = mpsc::channel();
        let thread = thread::Builder::new().name("gfetch-demo-server".to_owned()).spawn(move || serve(&tell))?;
        let (port, stop) = told.recv().map_err(|_| io::Error::other("the embedded server did not start"))??;
        Ok(Embedded { port, stop: Some(stop), thread: Some(thread) })
    }

    /// A client for the calling hub, to which the four hosts are this server: `http://www.python.example/` is asked of
    /// 127.0.0.1 and its port, as with curl's `--connect-to`; URL and `Host` field are as they would be anywhere.
    pub fn client(&self) -> Client {
        let here = |host: &str| Override {
            host: host.to_owned(),
            port: Some(80),
            addresses: vec![Ipv4Addr::LOCALHOST.into()],
            port_to: Some(self.port),
        };
        let overrides = PAGES.iter().map(|page| here(page.host)).collect();
        Client::new(ClientConfig {
            resolver: Resolver::new(ResolverConfig { overrides, ..ResolverConfig::default() }),
            tls: TlsConfig::builder().build_lazy(),
            connect_timeout: Some(CONNECT_TIMEOUT),
            pool: PoolLimits::default(),
            versions: Default::default(),
        })
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A server that panicked has shown itself by pages that failed.
            let _ = thread.join();
        }
    }
}

type Started = io::Result<(u16, green::Sender<()>)>;

fn serve(tell: &mpsc::Sender<Started>) {
    green::run(|| {
        let bound = TcpListener::bind(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0));
        let started = bound.and_then(|listener| {
            let server = server::start(listener, ServerLimits::default(), demo_handler());
            server.local_addr()
        });
        let (sender, mailbox) = green::mailbox();
        // The receiver waits for this one letter.
        let _ = tell.send(started.map(|address| (address.port(), sender)));
        // Until the sender is dropped; then the hub ends, and the server with it.
        let _ = mailbox.receive();
    });
}
