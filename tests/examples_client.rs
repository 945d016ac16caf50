//! The examples of the HTTP client: each says what its first line promises.

use std::cell::RefCell;

use gfetch::green::{ClockKind, Config};
use gfetch::http::Client;
use gfetch::http::server::{Exchange, HttpServer};
use gfetch::net::TcpListener;

#[path = "../examples/http_client.rs"]
#[allow(dead_code)]
mod http_client;
#[path = "../examples/http_streams.rs"]
#[allow(dead_code)]
mod http_streams;
#[path = "../examples/http_types.rs"]
#[allow(dead_code)]
mod http_types;

fn serving(handler: impl Fn(&mut Exchange<'_>) -> std::io::Result<()> + 'static) -> String {
    let listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let server = HttpServer::new(listener).start(handler);
    format!("http://{}/", server.local_addr().unwrap())
}

#[test]
fn a_busy_server_is_asked_again_and_a_missing_page_is_not() {
    Config::new().clock(ClockKind::Virtual).run(|| {
        let lines = RefCell::new(Vec::new());
        let url = http_client::serve().unwrap();
        http_client::tell(&url, |line| lines.borrow_mut().push(line.to_owned())).unwrap();
        assert_eq!(
            lines.take(),
            [
                "503 Service Unavailable: again in 3s",
                "200 OK after 1 redirect: /new",
                "It is here.",
                "Some(404), to be put right by the caller",
            ]
        );
    });
}

#[test]
fn what_goes_out_line_by_line_comes_back_numbered() {
    Config::new().clock(ClockKind::Virtual).run(|| {
        let url = serving(http_streams::number_lines);
        assert_eq!(http_streams::numbered(&url, &["red", "green"]).unwrap(), ["1 red", "2 green"]);
    });
}

#[test]
fn a_function_that_knows_only_the_http_crate_is_served() {
    Config::new().clock(ClockKind::Virtual).run(|| {
        let url = serving(http_types::echo) + "notes";
        let client = Client::builder().build().unwrap();
        let response = http_types::add_note(&url, "milk", |request| client.execute(request)).unwrap();
        assert_eq!(http_types::told(response).unwrap(), "/notes says in text/plain: MILK");
    });
}
