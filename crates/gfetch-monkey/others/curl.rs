//! `curl`: libcurl, a C library that polls and reads by itself; its resolver has threads of its own.

use std::net::SocketAddr;
use std::time::Duration;

use curl::easy::Easy;

use crate::support::{SECOND, all, patched, timed};
use crate::{DELAY, MANY, as_on_threads, assert_overlapped, http};

/// What is at a URL, or why not.
fn get(url: &str, set: impl Fn(&mut Easy)) -> Result<String, String> {
    let mut body = Vec::new();
    let mut easy = Easy::new();
    easy.url(url).unwrap();
    set(&mut easy);
    {
        let mut transfer = easy.transfer();
        transfer
            .write_function(|bytes| {
                body.extend_from_slice(bytes);
                Ok(bytes.len())
            })
            .unwrap();
        transfer.perform().map_err(|error| error.description().to_owned())?;
    }
    Ok(String::from_utf8(body).unwrap())
}

fn paths() -> Vec<Result<String, String>> {
    (0..MANY).map(|n| Ok(format!("/{n}"))).collect()
}

fn url(address: SocketAddr, n: usize) -> String {
    format!("http://{address}/{n}")
}

#[test]
fn many_transfers() {
    curl::init();
    let address = http::serve(DELAY);
    assert_eq!(as_on_threads(MANY, DELAY, move |n| get(&url(address, n), |_| ())), paths());
}

#[test]
fn names_and_tls() {
    curl::init();
    let own = http::certificate();
    let address = http::serve_tls(DELAY, &own);
    let done = as_on_threads(MANY, DELAY, move |n| {
        let trust = |easy: &mut Easy| easy.ssl_cainfo_blob(own.cert.pem().as_bytes()).unwrap();
        get(&format!("https://localhost:{}/{n}", address.port()), trust)
    });
    assert_eq!(done, paths());
}

#[test]
fn time_outs() {
    const LIMIT: Duration = Duration::from_millis(300);
    curl::init();
    let address = http::serve(SECOND * 30);
    let limited = move |n| get(&url(address, n), |easy| easy.timeout(LIMIT).unwrap());
    let (done, wall) = timed(|| patched(|| all(MANY, limited)));
    assert_eq!(done, vec![Err("Timeout was reached".to_owned()); MANY]);
    assert_overlapped(wall, MANY, LIMIT);
}
