//! Which files are served, and which never.

use super::*;

/// A folder with something to hide, beside something that is not in it.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    fs::create_dir_all(root.join("sub/.git")).unwrap();
    fs::create_dir_all(root.join("bytes")).unwrap();
    fs::create_dir(folder.path().join("rooted")).unwrap();
    for (name, text) in [
        ("secret.txt", "secret"),
        ("rooted/secret.txt", "secret"),
        ("root/a b.txt", "hello"),
        ("root/bytes/3", "file"),
        ("root/.env", "secret"),
        ("root/sub/index.html", "<p>index"),
        ("root/sub/.git/config", "secret"),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    fs::write(root.join("large.bin"), random(700_000)).unwrap();
    std::os::unix::fs::symlink("a b.txt", root.join("link.txt")).unwrap();
    std::os::unix::fs::symlink("../secret.txt", root.join("out.txt")).unwrap();
    std::os::unix::fs::symlink("..", root.join("up")).unwrap();
    std::os::unix::fs::symlink(".env", root.join("hidden.txt")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", root.join("zero")).unwrap();
    std::os::unix::fs::symlink("loop", root.join("loop")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(root.join("pipe")).status();
    assert!(made.unwrap().success());
    folder
}

fn standing_in(folder: &tempfile::TempDir) -> Standing {
    standing(Some(&folder.path().join("root")))
}

#[test]
fn a_file_is_served_with_its_type_and_length() {
    let (folder, server);
    folder = self::folder();
    server = standing_in(&folder);
    let file = server.get("/a%20b.txt?query");
    assert_eq!((file.status, file.text(), file.field("content-length")), (200, "hello", Some("5")));
    assert_eq!(file.field("content-type"), Some("text/plain; charset=utf-8"));
    let head = server.ask("HEAD", "/a%20b.txt", "");
    assert_eq!((head.body.len(), head.field("content-length")), (0, Some("5")));
    assert_eq!(server.get("/link.txt").text(), "hello", "a link that stays inside");
    assert!(server.get("/large.bin").body == random(700_000));
    let part = server.ask("GET", "/large.bin", "Range: bytes=600000-\r\n");
    assert!(part.status == 206 && part.body == random(700_000)[600_000..]);
    let known = format!("If-Modified-Since: {}\r\n", file.field("last-modified").unwrap());
    assert_eq!(server.ask("GET", "/a%20b.txt", &known).status, 304);
    assert_eq!(server.ask("POST", "/a%20b.txt", "").status, 405);
}

#[test]
fn routes_win_over_files_and_a_folder_is_its_index() {
    let (folder, server);
    folder = self::folder();
    server = standing_in(&folder);
    assert_eq!(server.get("/bytes/3").body, random(3));
    let redirect = server.get("/sub?a=b");
    assert_eq!((redirect.status, redirect.field("location")), (301, Some("/sub/?a=b")));
    assert_eq!(server.get("/sub/").text(), "<p>index");
    assert_eq!(server.get("/bytes/").status, 404, "no list of what is in a folder");
    assert!(server.get("/").text().contains("/bytes/N"), "no index.html here: the routes");
    fs::write(folder.path().join("root/index.html"), "own").unwrap();
    assert_eq!(server.get("/").text(), "own");
}

#[test]
fn nothing_outside_and_nothing_hidden_is_served() {
    let (folder, server);
    folder = self::folder();
    server = standing_in(&folder);
    let absolute = format!("/{}", folder.path().join("secret.txt").display());
    for target in [
        "/../secret.txt",
        "/sub/../../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/.%2e/secret.txt",
        "/sub/%2e%2e/a%20b.txt",
        "/%252e%252e/secret.txt",
        "/..%5csecret.txt",
        "/../rooted/secret.txt",
        "//etc/passwd",
        "/%2fetc/passwd",
        &absolute,
        "/./a%20b.txt",
        "/sub//index.html",
        "/out.txt",
        "/up/secret.txt",
        "/up/root/a%20b.txt",
        "/hidden.txt",
        "/.env",
        "/%2eenv",
        "/sub/.git/config",
        "/a%20b.txt%00",
        "/a%20b.txt%00.html",
        "/%00",
        "/a%20b.txt/",
        "/%ff",
        "/zero",
        "/loop",
        "/pipe",
        "/up/",
    ] {
        let answer = server.get(target);
        assert_eq!(answer.status, 404, "{target}: {}", answer.text());
        assert!(!answer.text().contains("secret"), "{target}");
    }
    let long = server.get(&format!("/{}", "a".repeat(5000)));
    assert_eq!(long.status, 404, "a name too long is no file");
}
