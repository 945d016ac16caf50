//! A client put together with its builder, and a request that is tried again where that is sensible. The server is in the
//! same process, and busy at first.
//!
//! `cargo run --example http_client`

use std::cell::Cell;
use std::error::Error;
use std::io;
use std::time::Duration;

use gfetch::green;
use gfetch::http::fields::Fields;
use gfetch::http::server::{Exchange, HttpServer};
use gfetch::http::{Answer, Client, RedirectPolicy, RequestError};
use gfetch::net::TcpListener;

fn main() -> Result<(), Box<dyn Error>> {
    green::run(|| {
        let url = serve()?;
        Ok(tell(&url, |line| println!("{line}"))?)
    })
}

/// Asks for what is there, and for what is not.
pub fn tell(url: &str, say: impl Fn(&str)) -> Result<(), RequestError> {
    let client = Client::builder()
        .user_agent("example/1.0")
        .default_header("Accept-Language", "en")
        .connect_timeout(Some(Duration::from_secs(5)))
        .timeout(Some(Duration::from_secs(30)))
        .redirects(RedirectPolicy::up_to(3))
        .max_body(64 * 1024)
        .build()
        .expect("the fields can be sent");
    let answer = patient(&client, &format!("{url}/old"), &say)?;
    say(&format!("{} after {} redirect: {}", answer.status(), answer.redirects(), answer.url().path()));
    say(&answer.text()?);
    if let Err(error) = patient(&client, &format!("{url}/none"), &say) {
        say(&format!("{:?}, to be put right by the {}", error.status(), error.blame()));
    }
    Ok(())
}

/// Three tries at most, after one second and after two; longer where the server asks for it, but no more than ten.
fn patient(client: &Client, url: &str, say: impl Fn(&str)) -> Result<Answer, RequestError> {
    for wait in [1, 2] {
        match client.get(url).send().and_then(Answer::error_for_status) {
            Err(error) if error.is_retry_sensible() => {
                let wait =
                    error.retry_after().unwrap_or_default().clamp(Duration::from_secs(wait), Duration::from_secs(10));
                say(&format!(
                    "{}: again in {wait:?}",
                    error.status().map_or("no answer".into(), |status| status.to_string())
                ));
                let _ = green::sleep(wait);
            }
            done => return done,
        }
    }
    client.get(url).send().and_then(Answer::error_for_status)
}

/// Where `/old` leads to `/new`, which is busy when it is asked for the first time.
pub fn serve() -> io::Result<String> {
    let busy = Cell::new(true);
    let listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
    let server = HttpServer::new(listener).start(move |exchange: &mut Exchange<'_>| {
        let mut fields = Fields::new();
        let mut field = |name, value| fields.push(name, value).map_err(io::Error::other);
        match &*exchange.head().target {
            "/old" => field("Location", "/new")?,
            "/new" if busy.replace(false) => field("Retry-After", "3")?,
            "/new" => return exchange.respond(200, &fields, b"It is here."),
            _ => return exchange.respond(404, &fields, b"It is not."),
        }
        let status = if fields.first("location").is_some() { 301 } else { 503 };
        exchange.respond(status, &fields, b"")
    });
    Ok(format!("http://{}", server.local_addr()?))
}
