//! What `--to-curl` writes, run by a shell: curl sends what gfetch sends for the same command, and nothing else happens.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::client::run;
use crate::needs_servers;
use crate::server::{Request, Server};

/// What a server saw of a request: its fields in order of their names, without what only tells curl's proxy apart.
type Seen = (String, String, Vec<String>, Vec<u8>);

fn seen(request: Request) -> Seen {
    let fields = request.fields.into_iter().filter(|(name, _)| !name.eq_ignore_ascii_case("proxy-connection"));
    let mut fields: Vec<String> = fields.map(|(name, value)| format!("{name}: {value}")).collect();
    fields.sort();
    (request.method, request.path, fields, request.body)
}

/// Files below a folder, by name, with what is in them.
fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push((path.display().to_string(), std::fs::read(&path).expect("a file"))),
        }
    }
    found.sort();
    found
}

/// A command for one server: its requests by gfetch, and those by curl from the lines that gfetch writes, are the same, as
/// are the files that both leave in a folder that held `before`.
fn same(server: &Server, args: &[impl AsRef<OsStr>], input: &str, before: &[(&str, &[u8])]) -> Vec<Seen> {
    let made = |what: &dyn Fn(&Path)| {
        // In one place each time, so that the names are the same.
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("to-curl-{}", server.addr.port()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).expect("a folder");
        before.iter().for_each(|(name, bytes)| std::fs::write(dir.join(name), bytes).expect("written"));
        let already = server.requests().len();
        what(&dir);
        let left = files(&dir);
        std::fs::remove_dir_all(&dir).expect("removed");
        let requests = server.requests().split_off(already);
        (requests.into_iter().map(seen).collect::<Vec<_>>(), left)
    };
    let gfetch = |dir: &Path, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gfetch"));
        let output = run(command.args(more).args(args).current_dir(dir), input);
        let shown: Vec<_> = args.iter().map(AsRef::as_ref).collect();
        assert!(output.status.success(), "{shown:?}: {}", String::from_utf8_lossy(&output.stdout));
        output
    };
    let by_gfetch = made(&|dir| drop(gfetch(dir, &["--serial", "-s"])));
    let script = std::cell::OnceCell::new();
    let by_curl = made(&|dir| {
        let lines = gfetch(dir, &["--to-curl", "--show-secrets"]).stdout;
        let lines = String::from_utf8(lines).expect("text");
        let output = run(Command::new("/bin/sh").args(["-e", "-c", &lines]).current_dir(dir), "");
        assert!(output.status.success(), "{lines}\n{}", String::from_utf8_lossy(&output.stderr));
        script.set(lines).expect("run once");
    });
    assert_eq!(by_gfetch, by_curl, "gfetch on the left; {script:?}");
    assert!(!by_gfetch.0.is_empty());
    by_gfetch.0
}

fn same_for(server: &Server, args: &[&str]) -> Vec<Seen> {
    same(server, args, "", &[])
}

fn same_list(server: &Server, lines: &[Value]) -> Vec<Seen> {
    let list: String = lines.iter().map(|line| format!("{line}\n")).collect();
    same(server, &["-i", "-"], &list, &[])
}

#[test]
fn curl_sends_what_gfetch_sends_option_by_option() {
    needs_servers!();
    let server = Server::new();
    let (a, moved) = (server.url("/a?q=1"), server.url(&format!("/to/{}", server.url("/b"))));
    let port = server.addr.port();
    let (by_name, resolve) = (format!("http://shop.example:{port}/x"), format!("shop.example:{port}:127.0.0.1"));
    let connect_to = format!("::127.0.0.1:{port}");
    let proxy = format!("http://me:pw@127.0.0.1:{port}");
    for args in [
        &[&*a][..],
        &[&moved],
        &["--no-location", &moved],
        &["-I", &moved],
        &["-L", "-d", "x=1", &moved],
        &["--location-trusted", "-u", "a:b", &moved],
        &["-X", "DELETE", &a],
        &["-X", "GET", "-d", "b", &a],
        &["-X", "POST", &a],
        &["-X", "PUT", "--data-binary", "b", "-H", "Content-Type:", &a],
        &["-d", "a=1", "-d", "b=2", &a],
        &["-d", "@text", &a],
        &["-d", "@text", "-d", "more", &a],
        &["--data-binary", "@text", &a],
        &["--data-raw", "@text", &a],
        &["--data-urlencode", "n=\u{fc} &", "--data-urlencode", "@text", &a],
        &["--json", "{\"a\": \"'\"}", &a],
        &["--json", "@text", "-H", "Accept: x", &a],
        &["-G", "-d", "a=1", "--data-urlencode", "b=2 &", &a],
        &["--url-query", "z=a b", &a],
        &["--data-binary", "@large", &a],
        &["-H", "X-A: 1", "-H", "X-Empty;", "-H", "Accept:", "-H", "Host: other.example", &a],
        &["-H", "User-Agent: mine", "-H", "Referer: http://from.example/;auto", &a],
        &["-A", "", "-e", "http://from.example/", &a],
        &["-A", "it's \"me\"", "-e", "http://from.example/;auto", &moved],
        &["-u", "me:p w'\"$x", &a],
        &["--oauth2-bearer", "t/o+k=", &a],
        &["-b", "a=1; b=2", "-b", "c=3", &a],
        &["-b", "jar", "-b", "mine=1", &a],
        &["-b", "", &a],
        &["--netrc-file", "netrc", &a],
        &["--no-compressed", &a],
        &["--compressed", "-H", "Accept-Encoding: gzip", &a],
        &["-o", "f", "--compressed", &a],
        &["-r", "0-1", &server.url("/file/10")],
        &["-H", "Range: bytes=2-3", "-r", "0-1", &a],
        &["-z", "Sun, 06 Nov 1994 08:49:36 GMT", &a],
        &["-z", "-Sun, 06 Nov 1994 08:49:36 GMT", &a],
        &["--etag-compare", "tag", "--etag-save", "tag2", &server.url("/file/10")],
        &["-C", "-", "-o", "part", &server.url("/file/100")],
        &["-o", "new/#1-#2", "--create-dirs", &server.url("/say/{one,two}-[1-2]")],
        &["-O", "--output-dir", "d", "--create-dirs", &server.url("/say/name")],
        &["-O", "-J", &server.url("/named/chosen")],
        &["-O", &server.url("/say/name"), &server.url("/say/name")],
        &["-R", "-o", "f", &server.url("/file/10")],
        &["-m", "20", "--connect-timeout", "5.5", "-y", "10", "-Y", "1", "--max-filesize", "1k", &a],
        &["--limit-rate", "10k", "--retry", "2", "--retry-max-time", "9.5", &a],
        &["--resolve", &resolve, &by_name],
        &["--connect-to", &connect_to, "-4", &by_name],
        &["-x", &proxy, "http://far.example/x"],
        &["-x", &format!("127.0.0.1:{port}"), "-U", "me:p:w", "http://far.example/x"],
        &["-x", "127.0.0.1:1", "--noproxy", "127.0.0.1", &a],
        &["--http1.1", "--tlsv1.2", "-k", &a],
        &["--max-redirs", "1", "--proto-redir", "=http", &moved],
        &["--no-fail", &server.url("/status/404")],
        &[&format!("http://u%20s:p%40w@127.0.0.1:{port}/x")],
    ] {
        let before: &[(&str, &[u8])] = &[
            ("text", b"one\r\ntwo\n"),
            ("large", &[b'x'; (1 << 20) + 1]),
            ("jar", b"127.0.0.1\tFALSE\t/\tFALSE\t0\tcandy\tsweet\n"),
            ("netrc", b"machine 127.0.0.1 login me password secret\n"),
            ("tag", b"\"other\"\n"),
            ("part", b"000000000\n"),
        ];
        same(&server, args, "", before);
    }
}

#[test]
fn lines_of_a_list_have_their_own_method_headers_body_and_output() {
    needs_servers!();
    let server = Server::new();
    let requests = same_list(
        &server,
        &[
            json!({"url": server.url("/a"), "method": "PATCH", "body": "b", "headers": {"X-A": ["1", "2"], "Accept": "x/y"}}),
            json!({"url": server.url("/say/b"), "output": "sub", "timeout": 9.5}),
            json!({"url": server.url("/c"), "body": "", "headers": {"Content-Type": "a/b"}}),
            json!({"url": server.url("/d"), "headers": {"User-Agent": "", "Cookie": "a=1", "Referer": "x"}}),
        ],
    );
    assert_eq!(requests.len(), 4);
    assert_eq!((&*requests[0].0, &*requests[2].0), ("PATCH", "POST"));
}

/// What a shell, curl or a terminal would take for more than text.
const HOSTILE: &[&str] = &[
    "$(touch ran)",
    "`touch ran`",
    "'; touch ran; '",
    "\"; touch ran; \"",
    "'$(touch ran)'",
    "\\'; touch ran #",
    "-o ran",
    "--output ran",
    "-K /etc/passwd",
    "@/etc/passwd",
    "<touch",
    "& touch ran &",
    "| touch ran",
    "> ran",
    "~ $HOME ${PATH} !! * ? [a-z] {a,b}",
    "%s %n %% %00 \\055 \\n \\0",
    "#1 #{x} %{url}",
    "tab\there",
    "\u{fc} \u{65e5}\u{672c} \u{202e}gpj.exe",
];

#[test]
fn nothing_in_a_url_a_header_or_a_body_is_run_or_changed() {
    needs_servers!();
    let server = Server::new();
    for text in HOSTILE {
        let written = text.replace(' ', "%20").replace('\t', "%09");
        let requests = same_list(
            &server,
            &[
                json!({"url": server.url(&format!("/{written}?{written}")), "headers": {"X-Hostile": text}, "body": text}),
                json!({"url": server.url("/x"), "headers": {"Cookie": format!("a={text}"), "User-Agent": text, "Referer": text}}),
            ],
        );
        assert_eq!(requests[0].3, text.as_bytes());
        assert!(requests[0].2.contains(&format!("X-Hostile: {text}")), "{:?}", requests[0].2);
        same_for(
            &server,
            &["-u", &format!("{text}:{text}").replacen(':', "", text.matches(':').count()), &server.url("/u")],
        );
    }
}

#[test]
fn bodies_of_any_bytes_come_as_they_are() {
    needs_servers!();
    let server = Server::new();
    let all: String = ('\0'..='\u{ff}').collect();
    for body in [&*all, "\n", "a\r\nb\n", "\0", "-n", "-\0", "@file", "\u{1b}[31m"] {
        let requests = same_list(&server, &[json!({"url": server.url("/a"), "body": body})]);
        assert_eq!(requests[0].3, body.as_bytes());
    }
    let bytes: Vec<u8> = (1..=255).collect();
    let args: [OsString; 3] = ["--data-raw".into(), OsString::from_vec(bytes.clone()), server.url("/raw").into()];
    assert_eq!(same(&server, &args, "", &[])[0].3, bytes);
    let requests =
        same(&server, &["-d", "@-", "--data-binary", "@f", &server.url("/in")], "from\tinput", &[("f", b"\xff\0")]);
    assert_eq!(requests[0].3, b"from\tinput&\xff\0");
}

#[test]
fn names_of_files_are_those_of_gfetch_whatever_they_hold() {
    needs_servers!();
    let server = Server::new();
    for name in ["it's", "-o", "a b", "$(x)", "#1", "~", "`id`", "\"", "%41", "@x", "new\nline"] {
        same_for(&server, &["-o", name, &server.url("/say/x")]);
    }
    let list =
        [json!({"url": server.url("/say/x"), "output": "-rf/$(touch ran)/'x"}), json!({"url": server.url("/say/y")})];
    let list: String = list.iter().map(|line| format!("{line}\n")).collect();
    same(&server, &["-i", "-", "--output-dir", "d d", "--create-dirs"], &list, &[]);
}

/// What both print for a URL.
fn same_bodies(args: &[&str]) -> String {
    let gfetch = |more: &[&str]| {
        let output = crate::client::succeeded(crate::client::gfetch(&[more, args].concat(), ""));
        String::from_utf8(output.stdout).expect("text")
    };
    let (printed, lines) = (gfetch(&["--body", "-s"]), gfetch(&["--to-curl", "--body"]));
    let output = run(Command::new("/bin/sh").args(["-e", "-c", &lines]), "");
    assert_eq!(printed, String::from_utf8_lossy(&output.stdout), "{lines}{}", String::from_utf8_lossy(&output.stderr));
    printed
}

#[test]
fn certificates_versions_and_pins_are_told_to_curl() {
    needs_servers!();
    let nginx = crate::nginx::Nginx::start();
    let (trust, cert, key) = (nginx.certificate(), nginx.file("client.pem"), nginx.file("client-key.pem"));
    let odd = nginx.file("odd:na\\me.pem");
    std::fs::copy(&cert, &odd).expect("copied");
    let who = format!("https://localhost:{}/who", nginx.client_port);
    let escaped = odd.replace('\\', "\\\\").replace(':', "\\:");
    for cert in [&cert, &escaped] {
        let printed = same_bodies(&["--cacert", &trust, "-E", cert, "--key", &key, &who]);
        assert!(printed.starts_with("SUCCESS "), "{printed}");
    }
    let small = format!("https://localhost:{}/small.txt", nginx.tls_port);
    for options in
        [&["--tlsv1.3"][..], &["--tls-max", "1.2"], &["--http1.1"], &["--pinnedpubkey", &nginx.file("public.pem")]]
    {
        same_bodies(&[&["--cacert", &trust], options, &[&small]].concat());
    }
    same_bodies(&["-k", &small.replace("localhost", "127.0.0.1")]);
}

#[test]
fn a_unix_socket_is_told_to_curl() {
    needs_servers!();
    let dir = tempfile::tempdir().expect("a folder");
    let socket = dir.path().join("it's a socket");
    let listener = std::os::unix::net::UnixListener::bind(&socket).expect("bound");
    let asked = std::thread::spawn(move || {
        [(); 2].map(|()| {
            let (stream, _) = listener.accept().expect("a client");
            let mut reader = std::io::BufReader::new(&stream);
            let request = crate::server::read_request(&mut reader).expect("a request");
            (&stream).write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok").expect("sent");
            seen(request)
        })
    });
    let socket = socket.to_str().expect("text");
    assert_eq!(same_bodies(&["--unix-socket", socket, "http://a.example/x"]), "ok");
    let [ours, curls] = asked.join().expect("no panic");
    assert_eq!(ours, curls);
}
