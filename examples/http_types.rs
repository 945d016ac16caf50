//! The `http` crate's types at the border: a function written for any client sends through this one.
//!
//! `cargo run --example http_types`

use std::error::Error;
use std::io::{self, Read};

use gfetch::green;
use gfetch::http::fields::Fields;
use gfetch::http::server::{Exchange, HttpServer};
use gfetch::http::types::{Method, Request, Response, StatusCode, header};
use gfetch::http::{AnsweredBy, Client};
use gfetch::net::TcpListener;

fn main() -> Result<(), Box<dyn Error>> {
    green::run(|| {
        let listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
        let server = HttpServer::new(listener).start(echo);
        let url = format!("http://{}/notes", server.local_addr()?);
        let client = Client::builder().build()?;
        let response = add_note(&url, "remember the milk", |request| client.execute(request))?;
        println!("{}", told(response)?);
        Ok(())
    })
}

/// Somebody else's code, which knows no client: it makes a request, and has it sent.
pub fn add_note<B, E: Into<Box<dyn Error>>>(
    url: &str,
    text: &str,
    send: impl FnOnce(Request<String>) -> Result<Response<B>, E>,
) -> Result<Response<B>, Box<dyn Error>> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(url)
        .header(header::CONTENT_TYPE, "text/plain")
        .body(text.to_owned())?;
    send(request).map_err(Into::into)
}

/// Status, type and body of an answer, and the path that gave it.
pub fn told(response: Response<impl Read>) -> io::Result<String> {
    assert_eq!(response.status(), StatusCode::CREATED);
    let by = response.extensions().get::<AnsweredBy>().map_or("", |by| by.url.path()).to_owned();
    let kind = response.headers()[header::CONTENT_TYPE].to_str().unwrap_or_default().to_owned();
    let mut text = String::new();
    response.into_body().read_to_string(&mut text)?;
    Ok(format!("{by} says in {kind}: {text}"))
}

/// Answers 201 with what it was sent, in capitals.
pub fn echo(exchange: &mut Exchange<'_>) -> io::Result<()> {
    let mut text = String::new();
    exchange.body().take(64 * 1024).read_to_string(&mut text)?;
    let mut fields = Fields::new();
    fields.push("Content-Type", "text/plain").map_err(io::Error::other)?;
    exchange.respond(201, &fields, text.to_uppercase().as_bytes())
}
