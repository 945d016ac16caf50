//! The server's beginning and end, and the demo's hosts.

use super::*;

#[test]
fn what_cannot_be_served_is_said_at_once() {
    let options = |port, dir: &str| ServeOptions { bind: [127, 0, 0, 1].into(), port, dir: Some(dir.into()) };
    let error = run(&options(0, "/nowhere"), &mut Vec::new(), || ()).unwrap_err();
    assert_eq!(error.to_string(), "cannot serve /nowhere: No such file or directory (os error 2)");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let holder = std::net::TcpListener::bind(("127.0.0.1", taken)).unwrap();
    let error = run(&options(taken, "/"), &mut Vec::new(), || ()).unwrap_err();
    assert!(error.to_string().starts_with(&format!("cannot listen on 127.0.0.1:{taken}: ")), "{error}");
    drop(holder);
}

#[test]
fn a_stop_ends_idle_connections_lets_a_running_exchange_finish_and_cuts_a_long_one() {
    let server = standing(None);
    let ask = |target: &str| {
        let mut stream = server.connect();
        stream.write_all(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).unwrap();
        stream
    };
    let (mut long, mut short, mut idle) = (ask("/delay/60000"), ask("/delay/1500"), ask("/bytes/1"));
    let mut line = String::new();
    BufReader::new(&idle).read_line(&mut line).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let begun = Instant::now();
    drop(server);
    let took = begun.elapsed();
    assert!(GRACE <= took && took < 3 * GRACE, "{took:?}");
    let mut heard = String::new();
    short.read_to_string(&mut heard).unwrap();
    assert!(heard.contains("\r\nConnection: close\r\n") && heard.ends_with("after 1500 ms\n"), "{heard}");
    assert_eq!(idle.read(&mut [0; 1]).unwrap_or(0), 0);
    assert_eq!(long.read(&mut [0; 1]).unwrap_or(0), 0);
}

#[test]
fn the_demos_pages_have_the_tutorials_sizes() {
    let sizes = demo::PAGES.each_ref().map(|page| (page.body.len(), page.delay_ms));
    assert_eq!(sizes, [(47_424, 300), (47_424, 300), (25_735, 900), (82_693, 450)]);
    assert!(demo::PAGES[0].body == demo::PAGES[1].body);
}

#[test]
fn the_demo_answers_each_host_in_its_time() {
    use gfetch::net::TcpStream;
    green::Config::new().run(|| {
        let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let server = server::start(listener, ServerLimits::default(), demo::demo_handler());
        let ask = move |host: &str, path: &str| {
            let mut stream = TcpStream::connect(address).unwrap();
            write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}:80\r\nConnection: close\r\n\r\n").unwrap();
            let mut heard = Vec::new();
            stream.read_to_end(&mut heard).unwrap();
            heard
        };
        let begun = green::now();
        let tasks = demo::PAGES.map(|page| green::spawn(move || (ask(page.host, "/"), page, green::now() - begun)));
        for task in tasks {
            let (heard, page, took) = task.get().unwrap();
            assert!(heard.starts_with(b"HTTP/1.1 200 ") && heard.ends_with(page.body), "{}", page.host);
            assert!(took >= Duration::from_millis(page.delay_ms), "{}: {took:?}", page.host);
        }
        assert!(ask("www.python.example", "/other").starts_with(b"HTTP/1.1 404 "));
        assert!(ask("other.example", "/").starts_with(b"HTTP/1.1 404 "));
        server.stop(Duration::ZERO).unwrap();
    });
}
