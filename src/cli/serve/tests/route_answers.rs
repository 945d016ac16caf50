//! What each route answers.

use super::*;

#[test]
fn bytes_are_the_same_every_time_and_as_many_as_asked_for() {
    let server = standing(None);
    for bytes in [0, 1, 1024, 65_536, 1_000_000] {
        let answer = server.get(&format!("/bytes/{bytes}"));
        assert_eq!((answer.status, answer.field("content-length").unwrap()), (200, bytes.to_string().as_str()));
        assert!(answer.body == random(bytes), "/bytes/{bytes}");
    }
}

#[test]
fn sixteen_gibibytes_are_announced_and_streamed() {
    let server = standing(None);
    assert_eq!(server.ask("HEAD", "/bytes/17179869184", "").field("content-length"), Some("17179869184"));
    let mut stream = server.connect();
    stream.write_all(b"GET /bytes/17179869184 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut some = vec![0; 1 << 20];
    stream.read_exact(&mut some).unwrap();
    drop(stream);
    assert_eq!(server.get("/bytes/1").status, 200, "who leaves halfway harms nobody");
}

#[test]
fn bodies_end_by_chunks_or_by_the_close() {
    let server = standing(None);
    let chunked = server.get("/chunked/10?chunk=4");
    assert_eq!(chunked.field("transfer-encoding"), Some("chunked"));
    assert_eq!(dechunked(&chunked.body), (random(10), vec![4, 4, 2]));
    assert_eq!(dechunked(&server.get("/chunked/10").body).1, [4, 4, 2]);
    assert_eq!(dechunked(&server.get("/chunked/0").body).1, [0; 0]);
    let large = dechunked(&server.get("/chunked/700000?chunk=500000").body);
    assert!(large == (random(700_000), vec![500_000, 200_000]));
    let close = server.raw("GET /no-length/10 HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = String::from_utf8_lossy(&close[..close.len() - 10]).into_owned();
    assert_eq!(close[close.len() - 10..], random(10));
    assert!(head.contains("Connection: close") && !head.contains("Content-Length") && !head.contains("Transfer"));
}

#[test]
fn each_coding_decodes_to_the_same_text() {
    let server = standing(None);
    for bytes in [0, 100, 300_000] {
        let mut text = Vec::new();
        content::Text::new(bytes).read_to_end(&mut text).unwrap();
        for coding in ["gzip", "deflate", "zstd"] {
            let answer = server.get(&format!("/{coding}/{bytes}"));
            assert_eq!(answer.field("content-encoding"), Some(coding));
            assert!(decoded(&answer) == text, "/{coding}/{bytes}");
            assert!(bytes < 300_000 || answer.body.len() < 100_000, "/{coding}: {}", answer.body.len());
        }
    }
}

#[test]
fn a_delay_delays_and_a_drip_drips() {
    let server = standing(None);
    let timed = |target: &str| {
        let begun = Instant::now();
        (server.get(target), begun.elapsed())
    };
    let (answer, took) = timed("/delay/80");
    assert_eq!(answer.text(), "after 80 ms\n");
    assert!(took >= Duration::from_millis(80), "{took:?}");
    assert_eq!(timed("/delay/1?bytes=3").0.body, random(3));
    let (answer, took) = timed("/drip?bytes=2000&ms=100");
    assert!(answer.body == random(2000) && took >= Duration::from_millis(100), "{took:?}");
    assert_eq!(timed("/drip?bytes=3&ms=0").0.body, random(3));
    assert_eq!(timed("/drip?bytes=0&ms=20").0.body, b"");

    let mut stream = server.connect();
    stream.write_all(b"GET /drip?bytes=2&ms=600 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let begun = Instant::now();
    stream.read_exact(&mut [0; 17]).unwrap();
    assert!(begun.elapsed() < Duration::from_millis(250), "the head comes at once: {:?}", begun.elapsed());
}

#[test]
fn statuses_and_redirects() {
    let server = standing(None);
    assert_eq!(server.get("/status/404").text(), "404 Not Found\n");
    assert_eq!(server.get("/status/999").status, 999);
    let empty = server.get("/status/204");
    assert_eq!((empty.status, empty.body.len(), empty.field("content-length")), (204, 0, None));
    let redirect = server.get("/redirect/2");
    assert_eq!((redirect.status, redirect.field("location")), (302, Some("1")));
    assert_eq!(server.get("/redirect/0").status, 200);
    let to = server.get("/redirect-to?url=http%3A%2F%2Fb%2F%3Fc%3Dd&status=308");
    assert_eq!((to.status, to.field("location")), (308, Some("http://b/?c=d")));
}

#[test]
fn no_parameter_splits_a_response() {
    let server = standing(None);
    for target in ["/redirect-to?url=/%0d%0aX-A:%20b", "/redirect-to?url=/%0aX-A:b", "/redirect-to?url=/%00"] {
        let answer = server.get(target);
        assert_eq!((answer.status, answer.field("x-a")), (400, None), "{target}");
    }
}

#[test]
fn a_wrong_parameter_is_400_and_says_what_is_right() {
    let server = standing(None);
    for target in [
        "/bytes/-1",
        "/bytes/17179869185",
        "/bytes/1e3",
        "/delay/soon",
        "/delay/3600001",
        "/delay/0?bytes=x",
        "/status/199",
        "/status/1000",
        "/redirect/x",
        "/redirect-to",
        "/redirect-to?url=/&status=200",
        "/gzip/1073741825",
        "/chunked/5?chunk=0",
        "/drip?ms=x",
        "/range/x",
        "/retry-after/x",
        "/truncate/x",
    ] {
        let answer = server.get(target);
        assert_eq!(answer.status, 400, "{target}");
        let route = routes::find(Target::of(target).path.as_str()).unwrap().0;
        assert_eq!(answer.text(), format!("{} takes {}\n", route.pattern, route.takes));
    }
    assert_eq!(server.get("/nowhere").status, 404);
}

#[test]
fn a_request_is_told_back() {
    let server = standing(None);
    let told = server.ask("GET", "/headers", "X-A: 1\r\nX-B: 2\r\nx-a: 3\r\n").json();
    assert_eq!(told["headers"]["X-A"], serde_json::json!(["1", "3"]));
    assert_eq!(told["headers"]["X-B"], "2");
    let told = server.get("/echo?a=b").json();
    assert_eq!((told["method"].as_str(), told["target"].as_str()), (Some("GET"), Some("/echo?a=b")));
    let body = "Content-Type: text/x-a\r\nContent-Length: 3\r\n\r\nab\0";
    let answer = server.raw(&format!("POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{body}"));
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.contains("Content-Type: text/x-a\r\n") && answer.ends_with("\r\n\r\nab\0"), "{answer}");
}

#[test]
fn an_echo_has_a_bound() {
    let server = standing(None);
    let head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut stream = server.connect();
    let mut sender = stream.try_clone().unwrap();
    let sending = std::thread::spawn(move || {
        let chunk = format!("100000\r\n{}\r\n", "x".repeat(1 << 20));
        sender.write_all(head.as_bytes()).unwrap();
        (0..20).try_for_each(|_| sender.write_all(chunk.as_bytes())).is_ok()
    });
    let mut heard = String::new();
    stream.read_to_string(&mut heard).unwrap();
    assert!(heard.starts_with("HTTP/1.1 413 "), "{heard}");
    let _ = sending.join();
}

#[test]
fn basic_authentication_opens_its_page() {
    let server = standing(None);
    let without = server.get("/basic-auth/user/pass");
    assert_eq!(without.status, 401);
    assert!(without.field("www-authenticate").unwrap().starts_with("Basic realm="));
    assert_eq!(server.ask("GET", "/basic-auth/user/pass", "Authorization: Basic eDp5\r\n").status, 401);
    let with = server.ask("GET", "/basic-auth/user/pass", "Authorization: Basic dXNlcjpwYXNz\r\n");
    assert_eq!((with.status, with.json()["user"].as_str()), (200, Some("user")));
}

#[test]
fn what_is_known_is_304() {
    let server = standing(None);
    let first = server.get("/cache");
    assert_eq!((first.status, first.body.len()), (200, 1024));
    let (etag, modified) = (first.field("etag").unwrap(), first.field("last-modified").unwrap());
    for field in [format!("If-None-Match: \"x\", W/{etag}"), format!("If-Modified-Since: {modified}")] {
        let again = server.ask("GET", "/cache", &format!("{field}\r\n"));
        assert_eq!((again.status, again.body.len(), again.field("etag")), (304, 0, Some(etag)), "{field}");
    }
    let older = "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    assert_eq!(server.ask("GET", "/cache", older).status, 200);
    let both = format!("If-None-Match: \"x\"\r\nIf-Modified-Since: {modified}\r\n");
    assert_eq!(server.ask("GET", "/cache", &both).status, 200, "the tag alone counts");
}

#[test]
fn parts_are_the_same_bytes() {
    let server = standing(None);
    let part = |more: &str| server.ask("GET", "/range/100000", more);
    let middle = part("Range: bytes=65000-66000\r\n");
    assert_eq!((middle.status, middle.field("content-range")), (206, Some("bytes 65000-66000/100000")));
    assert!(middle.body == random(100_000)[65_000..=66_000]);
    let behind = part("Range: bytes=100000-\r\n");
    assert_eq!((behind.status, behind.field("content-range")), (416, Some("bytes */100000")));
    assert_eq!(part("Range: bytes=0-1,5-6\r\n").body.len(), 100_000);
    assert_eq!(part("Range: bytes=0-1\r\nIf-Range: \"other\"\r\n").status, 200);
    assert_eq!(part("Range: bytes=0-1\r\nIf-Range: \"random-100000\"\r\n").status, 206);
}

#[test]
fn a_retry_succeeds_after_its_times_each_key_alone() {
    let server = standing(None);
    for (target, status) in [
        ("/retry-after/7?times=2&key=a", 503),
        ("/retry-after/7?times=2&key=a", 503),
        ("/retry-after/7?times=2&key=b", 503),
        ("/retry-after/7?times=2&key=a", 200),
        ("/retry-after/7?times=0&key=c", 200),
    ] {
        let answer = server.get(target);
        assert_eq!(answer.status, status, "{target}");
        assert_eq!(answer.field("retry-after"), (status == 503).then_some("7"));
    }
}

#[test]
fn broken_servers_are_played() {
    let server = standing(None);
    let ask = |target: &str| server.raw(&format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_eq!(ask("/close"), b"");
    let truncated = ask("/truncate/10");
    assert!(String::from_utf8_lossy(&truncated).contains("Content-Length: 10\r\n"));
    assert!(truncated.ends_with(&[b"\r\n\r\n".as_slice(), &random(5)].concat()));
}

#[test]
fn the_index_names_every_route() {
    let server = standing(None);
    let index = server.get("/");
    assert!(index.field("content-type").unwrap().starts_with("text/html"));
    assert!(routes::ROUTES.iter().all(|route| index.text().contains(route.pattern)));
    assert_eq!(server.ask("POST", "/", "").status, 405);
}
