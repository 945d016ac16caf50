//! The HTTP client as another program meets it: through the library's public face, against servers on loopback.

use std::cell::RefCell;
use std::error::Error as _;
use std::io::{self, BufRead, Read, Write};
use std::rc::Rc;
use std::time::Duration;

use gfetch::green::{self, ClockKind, Config};
use gfetch::http::cookies::Jar;
use gfetch::http::fields::Fields;
use gfetch::http::netrc::Netrc;
use gfetch::http::redirect::Schemes;
use gfetch::http::server::{Exchange, HttpServer};
use gfetch::http::types::{self, HeaderMap, Method, StatusCode, header};
use gfetch::http::{
    Answer, AnsweredBy, Blame, Client, Error, ErrorKind, Phase, RedirectPolicy, RequestError, SendBody,
};
use gfetch::net::{StreamServer, TcpListener, TcpStream};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// On the virtual clock: minutes take no time.
fn story(f: impl FnOnce()) {
    Config::new().clock(ClockKind::Virtual).run(f);
}

fn client() -> Client {
    Client::builder().build().unwrap()
}

/// What a server was asked, a line each: method, target, the body, and the fields of interest.
type Log = Rc<RefCell<Vec<String>>>;

/// Serves on `host`; where, and what it was asked.
fn serve(host: &str, answer: impl Fn(&mut Exchange<'_>) -> io::Result<()> + 'static) -> (String, Log) {
    let log = Log::default();
    let asked = log.clone();
    let listener = TcpListener::bind(format!("{host}:0").parse().unwrap()).unwrap();
    let server = HttpServer::new(listener).start(move |exchange| {
        let head = exchange.head();
        let mut line = format!("{} {}", head.method, head.target);
        for name in [
            "Authorization",
            "Cookie",
            "X-Mine",
            "Accept-Language",
            "Content-Type",
            "Content-Length",
            "Transfer-Encoding",
        ] {
            if let Some(value) = head.fields.first_str(name) {
                line += &format!(" | {name}: {value}");
            }
        }
        let mut body = String::new();
        exchange.body().read_to_string(&mut body)?;
        if !body.is_empty() {
            line += &format!(" | {body}");
        }
        asked.borrow_mut().push(line);
        answer(exchange)
    });
    (format!("http://{}", server.local_addr().unwrap()), log)
}

fn fields(pairs: &[(&str, &str)]) -> Fields {
    let mut fields = Fields::new();
    pairs.iter().for_each(|(name, value)| fields.push(name, value).unwrap());
    fields
}

/// `/STATUS/rest` answers with that status and leads to `/rest`; everything else is answered with its target.
fn leads(exchange: &mut Exchange<'_>) -> io::Result<()> {
    let target = exchange.head().target.clone();
    match target[1..].split_once('/').and_then(|(status, rest)| Some((status.parse().ok()?, rest))) {
        Some((status, rest)) => {
            let location = if rest.starts_with("http") { rest.to_owned() } else { format!("/{rest}") };
            exchange.respond(status, &fields(&[("Location", &location)]), b"on")
        }
        None => exchange.respond(200, &fields(&[("Content-Type", "text/plain")]), target.as_bytes()),
    }
}

/// Says these bytes to whoever connects, once something was said to it, and closes.
fn says(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let _ = StreamServer::new(listener).start(move |mut stream: TcpStream, _| -> io::Result<()> {
        let _ = stream.read(&mut [0; 4096])?;
        stream.write_all(bytes)
    });
    url
}

#[test]
fn an_answer_is_status_fields_and_a_body_that_is_read_as_it_comes() {
    story(|| {
        let (url, _) = serve("127.0.0.1", |exchange| {
            exchange.respond(201, &fields(&[("X-A", "1"), ("X-A", "2"), ("Retry-After", "7")]), b"one\ntwo\nthree")
        });
        let mut answer = client().get(url.as_str()).send().unwrap();
        assert_eq!((answer.status(), answer.version()), (StatusCode::CREATED, types::Version::HTTP_11));
        let values: Vec<_> = answer.headers().get_all("x-a").iter().collect();
        assert_eq!((values.len(), values[1].as_bytes()), (2, &b"2"[..]));
        assert_eq!((answer.url().as_str(), answer.redirects()), (&*format!("{url}/"), 0));
        assert_eq!(answer.retry_after(), Some(s(7)));
        assert!(answer.remote_addr().is_some_and(|remote| url.ends_with(&remote.to_string())));
        let mut line = String::new();
        answer.read_line(&mut line).unwrap();
        assert_eq!(line, "one\n");
        assert_eq!(answer.lines().map(Result::unwrap).collect::<Vec<_>>(), ["two", "three"]);
    });
}

#[test]
fn a_request_says_what_was_put_into_it_and_the_client_what_it_left_out() {
    story(|| {
        let heads = Rc::new(RefCell::new(Vec::new()));
        let seen = heads.clone();
        let (url, log) = serve("127.0.0.1", move |exchange| {
            seen.borrow_mut().push(exchange.head().fields.clone());
            exchange.respond(200, &Fields::new(), b"")
        });
        let client = Client::builder().user_agent("me/1").default_header("X-Mine", "all").build().unwrap();
        client.get(format!("{url}/a?b=c")).query([("d e", "f&g")]).send().unwrap();
        client.post(&url).form([("a", "1 2"), ("b", "&")]).header("Content-Length", "99").send().unwrap();
        client.put(&url).header("X-Mine", "one").header("Accept", "text/plain").body("text").send().unwrap();
        client.post(&url).send().unwrap();
        client.delete(&url).basic_auth("me", "secret").header("User-Agent", "you").send().unwrap();
        client.get(url.replace("//", "//me:secret@")).send().unwrap();
        let form = "Content-Type: application/x-www-form-urlencoded | Content-Length: 11";
        let basic = "Authorization: Basic bWU6c2VjcmV0";
        assert_eq!(
            *log.borrow(),
            [
                "GET /a?b=c&d+e=f%26g | X-Mine: all",
                &format!("POST / | X-Mine: all | {form} | a=1+2&b=%26"),
                "PUT / | X-Mine: one | Content-Length: 4 | text",
                "POST / | X-Mine: all | Content-Length: 0",
                &format!("DELETE / | {basic} | X-Mine: all"),
                &format!("GET / | {basic} | X-Mine: all"),
            ]
        );
        let heads = heads.borrow();
        let agents: Vec<_> = heads.iter().map(|head| head.first_str("user-agent").unwrap()).collect();
        assert_eq!(agents, ["me/1", "me/1", "me/1", "me/1", "you", "me/1"]);
        assert_eq!((heads[0].first_str("accept"), heads[2].first_str("accept")), (Some("*/*"), Some("text/plain")));
        assert_eq!(heads[0].first_str("host"), Some(&url["http://".len()..]));
        assert!(heads.iter().all(|head| head.all("accept-encoding").count() == 1));
    });
}

#[test]
fn a_body_may_be_a_reader_of_known_or_unknown_length() {
    story(|| {
        let (url, log) = serve("127.0.0.1", leads);
        let client = client();
        client.post(&url).body(SendBody::sized(io::repeat(b'x'), 5)).send().unwrap();
        let pieces = (&b"one "[..]).chain(&b"two"[..]);
        client.post(&url).body(SendBody::reader(pieces)).send().unwrap();
        assert_eq!(log.borrow()[0], "POST / | Content-Length: 5 | xxxxx");
        assert_eq!(log.borrow()[1], "POST / | Transfer-Encoding: chunked | one two");
        let error = client.post(&url).body(SendBody::sized(&b"abc"[..], 5)).send().unwrap_err();
        assert_eq!((error.kind(), error.blame()), (ErrorKind::Read, Blame::Caller));
    });
}

#[test]
fn the_http_crates_types_go_in_and_come_out() {
    story(|| {
        let (url, log) = serve("127.0.0.1", leads);
        let request = types::Request::builder()
            .method(Method::from_bytes(b"PURGE").unwrap())
            .uri(format!("{url}/a?b"))
            .header("X-Mine", "field")
            .body(b"bytes")
            .unwrap();
        let response: types::Response<_> = client().execute(request).unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/plain");
        assert_eq!(response.extensions().get::<AnsweredBy>().unwrap().url.path(), "/a");
        assert_eq!(response.into_body().text().unwrap(), "/a?b");
        assert_eq!(*log.borrow(), ["PURGE /a?b | X-Mine: field | Content-Length: 5 | bytes"]);
        client().execute(types::Request::get(&*url).body(()).unwrap()).unwrap();
        let error = client().execute(types::Request::get("/only/a/path").body(()).unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Url);
        let mut map = HeaderMap::new();
        map.append("x-mine", "a".parse().unwrap());
        client().get(&url).headers(&map).send().unwrap();
        assert_eq!(log.borrow()[2], "GET / | X-Mine: a");
    });
}

#[test]
fn redirects_are_followed_by_the_fetchers_rules() {
    story(|| {
        let (url, log) = serve("127.0.0.1", leads);
        let client = client();
        let answer = client.get(format!("{url}/301/302/end#part")).send().unwrap();
        assert_eq!((answer.redirects(), answer.url().as_str()), (2, &*format!("{url}/end#part")));
        assert_eq!(answer.text().unwrap(), "/end");
        for (method, status, then) in [
            (Method::POST, 302, "GET /end"),
            (Method::POST, 303, "GET /end"),
            (Method::PUT, 301, "PUT /end | Content-Type: a/b | Content-Length: 3 | a=1"),
            (Method::POST, 307, "POST /end | Content-Type: a/b | Content-Length: 3 | a=1"),
            (Method::POST, 308, "POST /end | Content-Type: a/b | Content-Length: 3 | a=1"),
        ] {
            let request = client.request(method, format!("{url}/{status}/end")).header("Content-Type", "a/b");
            request.body("a=1").send().unwrap();
            assert_eq!(log.borrow().last().unwrap(), then, "{status}");
        }
        let seen = client.get(format!("{url}/302/end")).redirects(RedirectPolicy::none()).send().unwrap();
        assert_eq!((seen.status(), seen.redirects()), (StatusCode::FOUND, 0));
        let two = client.get(format!("{url}/302/302/302/end")).redirects(RedirectPolicy::up_to(2)).send().unwrap_err();
        assert_eq!((two.kind(), two.blame(), two.may_have_acted()), (ErrorKind::Redirect, Blame::Server, true));
        assert!(two.to_string().ends_with("/302/end: more than 2 redirects"), "{two}");
    });
}

#[test]
fn secrets_and_fields_do_not_follow_to_another_origin() {
    story(|| {
        let (there, heard) = serve("127.0.0.2", leads);
        let (here, _) = serve("127.0.0.1", leads);
        let client = Client::builder().default_header("X-Mine", "common").build().unwrap();
        let ask = |policy: RedirectPolicy| {
            let request = client.get(format!("{here}/302/{there}/end")).bearer_auth("token");
            request.header("Accept-Language", "en").redirects(policy).send().unwrap();
            heard.borrow().last().unwrap().clone()
        };
        assert_eq!(ask(RedirectPolicy::default()), "GET /end | Accept-Language: en");
        assert_eq!(ask(RedirectPolicy::default().secret_header("accept-language")), "GET /end");
        let all = ask(RedirectPolicy::default().trust_other_origins(true));
        assert_eq!(all, "GET /end | Authorization: Bearer token | X-Mine: common | Accept-Language: en");
        let with_password = here.replace("//", "//me:secret@");
        client.get(format!("{with_password}/302/{there}/end")).send().unwrap();
        assert_eq!(heard.borrow().last().unwrap(), "GET /end");
    });
}

#[test]
fn a_redirect_that_must_not_or_cannot_be_followed_is_an_error() {
    story(|| {
        let (url, log) = serve("127.0.0.1", leads);
        let client = client();
        let https = RedirectPolicy::default().schemes(Schemes::ONLY_HTTPS);
        let error = client.get(format!("{url}/302/end")).redirects(https).send().unwrap_err();
        assert_eq!((error.kind(), error.blame()), (ErrorKind::Blocked, Blame::Caller));
        let stream = || SendBody::reader(&b"once"[..]);
        let error = client.put(format!("{url}/307/end")).body(stream()).send().unwrap_err();
        assert_eq!((error.kind(), error.is_retry_sensible()), (ErrorKind::Read, false));
        assert!(error.to_string().contains("asks for the request's body again"), "{error}");
        assert_eq!(log.borrow().len(), 2, "nothing went on");
        client.post(format!("{url}/303/end")).body(stream()).send().unwrap();
        assert_eq!(log.borrow().last().unwrap(), "GET /end", "without the body it goes on");
    });
}

#[test]
fn bodies_are_decoded_where_the_client_asked_for_that() {
    const GZIP: &[u8] =
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05\x00\x00\x00";
    story(|| {
        let (url, _) = serve("127.0.0.1", |exchange| {
            let coding = exchange.head().target[1..].to_owned();
            exchange.respond(200, &fields(&[("Content-Encoding", &coding)]), GZIP)
        });
        let client = client();
        let answer = client.get(format!("{url}/gzip")).send().unwrap();
        assert!(!answer.headers().contains_key(header::CONTENT_ENCODING));
        assert!(!answer.headers().contains_key(header::CONTENT_LENGTH));
        assert_eq!(answer.text().unwrap(), "hello");
        for request in [
            client.get(format!("{url}/gzip")).header("Accept-Encoding", "gzip"),
            client.get(format!("{url}/gzip")).header("Range", "bytes=0-"),
            Client::builder().compressed(false).build().unwrap().get(format!("{url}/gzip")),
        ] {
            let answer = request.send().unwrap();
            assert_eq!(answer.headers()[header::CONTENT_ENCODING], "gzip");
            assert_eq!(answer.bytes().unwrap(), GZIP);
        }
        let answer = client.get(format!("{url}/odd")).send().unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "its head is there all the same");
        let error = answer.bytes().unwrap_err();
        assert_eq!(
            (error.kind(), error.blame(), error.stage()),
            (ErrorKind::Decode, Blame::Server, Some(Phase::Receive))
        );
    });
}

#[test]
fn what_is_read_into_memory_has_a_bound_and_a_stream_has_none() {
    story(|| {
        let (url, _) = serve("127.0.0.1", |exchange| exchange.respond(200, &Fields::new(), &[b'x'; 1001]));
        let client = Client::builder().max_body(1000).build().unwrap();
        let ask = || client.get(&url).send().unwrap();
        let error = ask().bytes().unwrap_err();
        assert_eq!(
            (error.kind(), error.blame(), error.is_retry_sensible()),
            (ErrorKind::TooLarge, Blame::Caller, false)
        );
        assert!(error.to_string().ends_with("the body is larger than 1000 bytes"), "{error}");
        assert_eq!(ask().text().unwrap_err().kind(), ErrorKind::TooLarge);
        assert_eq!(ask().into_body().bytes_up_to(1001).unwrap().len(), 1001);
        assert_eq!(io::copy(&mut ask(), &mut io::sink()).unwrap(), 1001);
    });
}

#[test]
fn text_is_utf_8_whatever_comes() {
    story(|| {
        let (url, _) =
            serve("127.0.0.1", |exchange| exchange.respond(200, &Fields::new(), b"\xef\xbb\xbfa\xff\xc3\xbc"));
        assert_eq!(client().get(&url).send().unwrap().text().unwrap(), "a\u{fffd}ü");
    });
}

/// Answers its head at once and a byte each ten seconds.
fn drips(exchange: &mut Exchange<'_>) -> io::Result<()> {
    let framing = gfetch::http::h1::Framing::Length(10);
    let mut body = exchange.start(200, &Fields::new(), framing)?;
    for _ in 0..10 {
        body.write_all(b"x")?;
        body.flush()?;
        green::sleep(s(10))?;
    }
    body.finish()
}

#[test]
fn each_clock_says_that_it_was_the_one_and_when() {
    story(|| {
        let (slow, _) = serve("127.0.0.1", |exchange| {
            green::sleep(s(100))?;
            exchange.respond(200, &Fields::new(), b"")
        });
        let (drips, _) = serve("127.0.0.1", drips);
        let began = green::now();
        let error = client().get(&slow).send().unwrap_err();
        assert_eq!((error.kind(), error.stage(), green::now() - began), (ErrorKind::Timeout, Some(Phase::Wait), s(60)));
        assert!(error.is_retry_sensible() && error.blame() == Blame::Server, "{error:?}");
        assert!(!client().post(&slow).send().unwrap_err().is_retry_sensible(), "it may have acted on it");

        let began = green::now();
        let error = client().get(&slow).timeout(s(7)).send().unwrap_err();
        assert_eq!((error.kind(), green::now() - began), (ErrorKind::Timeout, s(7)));
        assert!(error.to_string().ends_with("not complete within 7 s"), "{error}");

        let began = green::now();
        let error = client().get(&drips).timeout(s(25)).send().unwrap().bytes().unwrap_err();
        assert_eq!(
            (error.kind(), error.stage(), green::now() - began),
            (ErrorKind::Timeout, Some(Phase::Receive), s(25))
        );

        let impatient = Client::builder().stall_timeout(Some(s(5))).build().unwrap();
        let began = green::now();
        let mut answer = impatient.get(&drips).send().unwrap();
        let mut heard = Vec::new();
        let error = answer.read_to_end(&mut heard).unwrap_err();
        assert_eq!((error.kind(), heard.len(), green::now() - began), (io::ErrorKind::TimedOut, 1, s(5)));
        let inner = RequestError::of(&error).unwrap();
        assert!(inner.to_string().ends_with("nothing of the body came for 5 s"), "{inner}");
        assert_eq!(client().get(&drips).send().unwrap().bytes().unwrap().len(), 10, "which is not too slow for others");
    });
}

#[test]
fn errors_say_whose_doing_it_was_and_whether_to_try_again() {
    story(|| {
        let refused = {
            let listener = TcpListener::bind("127.0.3.1:0".parse().unwrap()).unwrap();
            format!("http://{}/", listener.local_addr().unwrap())
        };
        let client = client();
        type Row<'a> = (&'a str, ErrorKind, Blame, Option<Phase>, bool, bool);
        let table: [Row<'_>; 7] = [
            ("ftp://a/", ErrorKind::Url, Blame::Caller, None, false, false),
            ("no url", ErrorKind::Url, Blame::Caller, None, false, false),
            (&refused, ErrorKind::Connect, Blame::Server, Some(Phase::Connect), true, false),
            (&says(b""), ErrorKind::Reset, Blame::Network, Some(Phase::Wait), true, true),
            (&says(b"SSH-2.0-x\r\n"), ErrorKind::Protocol, Blame::Server, Some(Phase::Wait), false, true),
            (&says(b"HTTP/1.1 200 OK\r\nConte"), ErrorKind::Truncated, Blame::Server, Some(Phase::Wait), true, true),
            (
                &says(b"HTTP/1.1 302 F\r\nLocation: http://[\r\n\r\n"),
                ErrorKind::Redirect,
                Blame::Server,
                Some(Phase::Receive),
                false,
                true,
            ),
        ];
        for (url, kind, blame, stage, again, acted) in table {
            let error = client.get(url).send().unwrap_err();
            assert_eq!((error.kind(), error.blame(), error.stage()), (kind, blame, stage), "{error:?}");
            assert_eq!((error.is_retry_sensible(), error.may_have_acted()), (again, acted), "{error:?}");
            let post = client.post(url).send().unwrap_err();
            assert_eq!(post.is_retry_sensible(), again && !acted, "{post:?}");
        }
        let mut cut = client.get(says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort")).send().unwrap();
        let error = cut.read_to_end(&mut Vec::new()).unwrap_err();
        let error = RequestError::of(&error).unwrap();
        assert_eq!((error.kind(), error.is_retry_sensible()), (ErrorKind::Truncated, true));
        assert!(matches!(error.exchange(), Some(Error::Truncated(_))));
        let source = error.source().unwrap();
        assert_eq!(source.to_string(), source.source().unwrap().to_string(), "down to the framing's own error");
    });
}

#[test]
fn a_status_is_an_error_where_that_is_asked_for() {
    story(|| {
        let (url, _) = serve("127.0.0.1", |exchange| {
            let status = exchange.head().target[1..].parse().unwrap();
            exchange.respond(status, &fields(&[("Retry-After", "9")]), b"body")
        });
        let ask = |status: u16| client().get(format!("{url}/{status}")).send().and_then(Answer::error_for_status);
        assert_eq!(ask(200).unwrap().text().unwrap(), "body");
        for (status, blame, again) in
            [(404, Blame::Caller, false), (429, Blame::Caller, true), (503, Blame::Server, true)]
        {
            let error = ask(status).unwrap_err();
            assert_eq!((error.kind(), error.blame(), error.is_retry_sensible()), (ErrorKind::Status, blame, again));
            assert_eq!((error.status().unwrap().as_u16(), error.retry_after()), (status, Some(s(9))));
        }
    });
}

#[test]
fn no_text_shows_a_secret() {
    story(|| {
        let client = Client::builder().default_header("Authorization", "Bearer sEcReT").build().unwrap();
        let urls = ["http://me:sEcReT@127.0.3.2:1/a?key=sEcReT", "http://me:sEcReT@[::/", "ftp://me:sEcReT@a/"];
        for url in urls {
            let error = client.get(url).header("Cookie", "sEcReT").send().unwrap_err();
            let texts = format!("{error} {error:?} {:?}", client.get(url).header("Cookie", "sEcReT"));
            assert!(!texts.contains("sEcReT"), "{texts}");
            assert!(texts.contains("GET "), "{texts}");
        }
        let error = client.get("http://127.0.3.2:1/").header("X-A", "sEcReT\r\nX-B: c").send().unwrap_err();
        assert_eq!((error.kind(), error.may_have_acted()), (ErrorKind::Request, false));
        assert!(!format!("{error} {error:?}").contains("sEcReT"), "{error:?}");
        let (url, _) =
            serve("127.0.0.1", |exchange| exchange.respond(200, &fields(&[("Set-Cookie", "a=sEcReT")]), b""));
        let answer = client.get(url.replace("//", "//me:sEcReT@")).send().unwrap();
        assert!(!format!("{answer:?}").contains("sEcReT"), "{answer:?}");
    });
}

#[test]
fn a_builder_refuses_what_cannot_be_sent() {
    for builder in [
        Client::builder().user_agent("a\r\nb"),
        Client::builder().default_header("no name", "x"),
        Client::builder().default_header("X-A", "a\nb"),
    ] {
        assert!(matches!(builder.build(), Err(Error::Request(_))));
    }
    story(|| {
        let (url, _) = serve("127.0.0.1", |exchange| {
            let none = exchange.head().fields.first("user-agent").is_none();
            exchange.respond(if none { 200 } else { 400 }, &Fields::new(), b"")
        });
        let silent = Client::builder().user_agent("").build().unwrap();
        assert_eq!(silent.get(&url).send().unwrap().status(), StatusCode::OK);
    });
}

#[test]
fn a_connection_is_kept_for_the_next_request_and_closed_where_a_body_is_left() {
    story(|| {
        let (url, _) = serve("127.0.0.1", leads);
        let client = client();
        client.get(&url).send().unwrap().bytes().unwrap();
        assert_eq!(client.idle(), 1);
        let answer = client.get(format!("{url}/302/end")).send().unwrap();
        assert!(answer.trace().reused && client.idle() == 0, "the redirect's body was read away");
        drop(answer);
        assert_eq!(client.idle(), 0);
    });
}

#[test]
fn cookies_are_kept_where_there_is_a_jar_and_stay_with_their_host() {
    story(|| {
        let set = |exchange: &mut Exchange<'_>| {
            let status = if exchange.head().target == "/set" { 302 } else { 200 };
            exchange.respond(status, &fields(&[("Set-Cookie", "a=1; Path=/"), ("Location", "/end")]), b"")
        };
        let (here, heard) = serve("127.0.0.1", set);
        let (there, elsewhere) = serve("127.0.0.2", leads);
        client().get(format!("{here}/set")).send().unwrap();
        assert_eq!(heard.take(), ["GET /set", "GET /end"], "without a jar there are none");
        let jar = Rc::new(RefCell::new(Jar::new()));
        let client = Client::builder().cookies(jar.clone()).build().unwrap();
        client.get(format!("{here}/set")).send().unwrap();
        client.get(format!("{here}/end")).header("Cookie", "b=2").send().unwrap();
        client.get(&there).send().unwrap();
        assert_eq!(heard.take(), ["GET /set", "GET /end | Cookie: a=1", "GET /end | Cookie: a=1; b=2"]);
        assert_eq!((elsewhere.take(), jar.borrow().len()), (vec!["GET /".to_owned()], 1));
    });
}

#[test]
fn netrc_gives_each_host_its_own_password() {
    story(|| {
        let (there, elsewhere) = serve("127.0.0.2", leads);
        let (here, heard) = serve("127.0.0.1", leads);
        let netrc = Netrc::parse(b"machine 127.0.0.1 login me password secret").unwrap();
        let client = Client::builder().netrc(netrc).build().unwrap();
        client.get(format!("{here}/302/{there}/end")).send().unwrap();
        client.get(&here).bearer_auth("token").send().unwrap();
        assert!(heard.borrow()[0].ends_with(" | Authorization: Basic bWU6c2VjcmV0"), "{heard:?}");
        assert_eq!(heard.borrow()[1], "GET / | Authorization: Bearer token");
        assert_eq!(elsewhere.take(), ["GET /end"]);
    });
}

#[test]
fn a_challenge_for_digest_is_answered_once_and_by_nobody_elsewhere() {
    story(|| {
        let challenge = |exchange: &mut Exchange<'_>| {
            let answer = exchange.head().fields.first_str("authorization").unwrap_or_default().to_owned();
            let good = answer.contains(r#"username="me""#) && answer.contains(r#"uri="/end?a""#);
            let offer = r#"Digest realm="r", nonce="n", qop="auth""#;
            match good {
                true => exchange.respond(200, &Fields::new(), b"in"),
                false => exchange.respond(401, &fields(&[("WWW-Authenticate", offer)]), b"out"),
            }
        };
        let (there, heard) = serve("127.0.0.2", challenge);
        let (here, _) = serve("127.0.0.1", leads);
        let client = client();
        let put = client.put(format!("{there}/end?a")).digest_auth("me", "secret").body("text").send().unwrap();
        assert_eq!((put.status(), put.redirects(), heard.take().len()), (StatusCode::OK, 0, 2));
        let wrong = client.get(format!("{there}/end?a")).digest_auth("you", "secret").send().unwrap();
        assert_eq!((wrong.status(), heard.take().len()), (StatusCode::UNAUTHORIZED, 2), "not again and again");
        let away = client.get(format!("{here}/302/{there}/end?a")).digest_auth("me", "secret").send().unwrap();
        assert_eq!((away.status(), heard.take()), (StatusCode::UNAUTHORIZED, vec!["GET /end?a".to_owned()]));
        let stream = SendBody::reader(&b"once"[..]);
        let once = client.put(format!("{there}/end?a")).digest_auth("me", "secret").body(stream).send().unwrap();
        assert_eq!((once.status(), heard.take().len()), (StatusCode::UNAUTHORIZED, 1));
    });
}

#[test]
fn routes_lead_through_proxies_and_keep_out_of_private_networks() {
    use gfetch::http::Routes;
    use gfetch::http::proxy::{Proxy, ProxyKind, ProxyRules};
    story(|| {
        let (url, log) = serve("127.0.0.1", leads);
        let through = |proxy: &str| {
            let proxies = ProxyRules::all(Proxy::parse(proxy, ProxyKind::Http).unwrap());
            Client::builder().routes(Routes { proxies, ..Routes::default() }).build().unwrap()
        };
        let answer = through(&url).get("http://a.example/b").send().unwrap();
        assert_eq!((answer.status(), &*log.take()), (StatusCode::OK, &["GET http://a.example/b".to_owned()][..]));

        let busy = says(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
        let error = through(&busy).post("https://a.example/").send().unwrap_err();
        assert_eq!((error.kind(), error.blame()), (ErrorKind::Proxy, Blame::Proxy), "{error:?}");
        assert!(error.is_retry_sensible() && !error.may_have_acted(), "the origin saw nothing of it: {error:?}");
        let strict = says(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
        assert!(!through(&strict).get("https://a.example/").send().unwrap_err().is_retry_sensible());

        let routes = Routes { block_private: true, ..Routes::default() };
        let error = Client::builder().routes(routes).build().unwrap().get(&url).send().unwrap_err();
        assert_eq!(
            (error.kind(), error.blame(), error.is_retry_sensible()),
            (ErrorKind::Blocked, Blame::Caller, false)
        );
    });
}
