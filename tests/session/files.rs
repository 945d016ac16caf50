//! Bodies that are saved: whole or not at all, and only by a success.

use std::cell::RefCell;
use std::fs;
use std::rc::Rc;
use std::sync::{Arc, Mutex, mpsc};

use gfetch::fetch::names::Template;
use gfetch::fetch::plan::{Bodies, Resume, Save};

use super::*;

fn save(plan: Plan, dir: &std::path::Path, template: &str, lines: &[String]) -> Vec<Outcome> {
    let save = Save { create_dirs: true, ..Save::default() };
    let session = session(Plan { bodies: Bodies::Save(save), ..plan });
    let names = Names::new(Some(dir.to_path_buf()), vec![Template::parse(template)], false);
    session.run(list(lines), names).map(|fetched| fetched.unwrap().outcome).collect()
}

/// All files below a folder with their texts.
fn tree(dir: &std::path::Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(tree(&entry.path())),
            false => found.push((
                entry.file_name().into_string().unwrap(),
                String::from_utf8_lossy(&fs::read(entry.path()).unwrap()).into_owned(),
            )),
        }
    }
    found.sort();
    found
}

#[test]
fn a_file_appears_whole_or_not_at_all_and_only_a_success_replaces_one() {
    story(|| {
        let dir = tempfile::tempdir().unwrap();
        let (path, seen) = (dir.path().to_owned(), Rc::new(RefCell::new(Vec::new())));
        let look = seen.clone();
        let server = Server::start(move |asked, peer| match asked.path.as_str() {
            "/404" => peer.answer("404 Not Found", &[], "sorry"),
            "/half" => {
                peer.raw(format!("HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n{}", "x".repeat(600_000)));
                green::sleep(s(1)).unwrap();
                peer.close();
            }
            _ => {
                peer.raw("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nne");
                green::sleep(s(1)).unwrap();
                *look.borrow_mut() = tree(&path);
                peer.raw("w!");
            }
        });
        let file = dir.path().join("f");
        fs::write(&file, "old").unwrap();
        for path in ["/404", "/half"] {
            let outcomes = save(plan(), dir.path(), "f", &[server.url(path)]);
            assert!(outcomes[0].error.is_some() && outcomes[0].file.is_none());
            assert_eq!(tree(dir.path()), [("f".to_owned(), "old".to_owned())], "{path}: and nothing left over");
        }
        let outcomes = save(plan(), dir.path(), "f", &[server.url("/ok")]);
        assert_eq!((kind(&outcomes[0]), &outcomes[0].file), (None, &Some(file)));
        assert_eq!(*seen.borrow(), [("f".to_owned(), "old".to_owned())], "while it runs the old one stands");
        assert_eq!(tree(dir.path()), [("f".to_owned(), "new!".to_owned())]);
    });
}

#[test]
fn folders_are_made_names_used_again_get_a_number_and_empty_bodies_a_file() {
    story(|| {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::start(|asked, peer| peer.ok(if asked.path == "/a/x" { "text" } else { "" }));
        let lines = ["/a/x", "/a/x", "/b/y"].map(|path| server.url(path));
        let outcomes = save(plan(), dir.path(), "{path}", &lines);
        assert!(outcomes.iter().all(Outcome::ok));
        let expected = [("x", "text"), ("x.1", "text"), ("y", "")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(tree(dir.path()), expected);
    });
}

#[test]
fn a_body_that_cannot_be_written_is_that_lines_failure() {
    story(|| {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("0")).unwrap();
        let server = Server::start(echo);
        let lines = ["/a", "/b"].map(|path| server.url(path));
        let outcomes = save(plan(), dir.path(), "{index}", &lines);
        assert_eq!(why(&outcomes[0]), Some((Kind::Write, Stage::Write, None)));
        assert_eq!((outcomes[0].status, outcomes[0].error.as_ref().unwrap().curl), (Some(200), 23));
        assert_eq!(kind(&outcomes[1]), None);
    });
}

#[test]
fn a_json_lines_own_output_is_saved_whatever_becomes_of_the_others() {
    story(|| {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::start(echo);
        let line = format!("{{\"url\":\"{}\",\"output\":\"own\",\"id\":[7]}}", server.url("/a"));
        let session = session(plan());
        let names = Names::new(Some(dir.path().to_owned()), Vec::new(), false);
        let outcomes: Vec<_> =
            session.run(list(&[line, server.url("/b")]), names).map(|fetched| fetched.unwrap().outcome).collect();
        assert_eq!(tree(dir.path()), [("own".to_owned(), "/a".to_owned())]);
        assert_eq!((&outcomes[0].file, &outcomes[1].file), (&Some(dir.path().join("own")), &None));
        assert_eq!(outcomes[0].id, Some(serde_json::json!([7])));
    });
}

#[test]
fn only_the_last_attempt_leaves_a_file() {
    story(|| {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::start(|asked, peer| match asked.at.as_secs() {
            0 => peer.answer("503 Busy", &[], "busy"),
            _ => {
                peer.raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
                peer.close();
            }
        });
        fs::write(dir.path().join("f"), "old").unwrap();
        let mut plan = Plan { fail_on_status: false, ..plan() };
        plan.retry.retries = 1;
        let outcomes = save(plan, dir.path(), "f", &[server.url("/")]);
        assert_eq!((kind(&outcomes[0]), outcomes[0].attempts), (Some(Kind::Truncated), 2));
        assert_eq!(tree(dir.path()), [("f".to_owned(), "old".to_owned())], "the 503 would have been a success");
    });
}

/// On the real clock: threads are waited for.
#[test]
fn max_time_holds_also_while_it_is_found_out_how_much_of_the_file_is_there() {
    green::run(|| {
        let (server, dir) = (Server::start(echo), tempfile::tempdir().unwrap());
        let mut plan = plan();
        plan.transfer.resume = Some(Resume::AtEnd);
        plan.limits.max_time = Some(ms(50));
        plan.bodies = Bodies::Save(Save::default());
        let session = session(plan);
        // A file system that does not answer: all threads that could ask it wait.
        let (let_go, waits) = mpsc::channel::<()>();
        let waits = Arc::new(Mutex::new(waits));
        let ask = |_| {
            let waits = waits.clone();
            move || drop(waits.lock().map(|waits| waits.recv()))
        };
        let asking = green::offload_many((0..64).map(ask));
        let answers = green::spawn(move || {
            let _ = green::sleep(s(10));
            drop(let_go);
        });
        let names = Names::new(Some(dir.path().to_path_buf()), vec![Template::parse("f")], false);
        let outcomes: Vec<_> =
            session.run(list(&[server.url("/a")]), names).map(|fetched| fetched.unwrap().outcome).collect();
        assert_eq!(why(&outcomes[0]), Some((Kind::Timeout, Stage::Queue, Some(Limit::MaxTime))));
        answers.kill().unwrap();
        asking.into_iter().for_each(|asked| asked.get().unwrap());
        assert!(server.asked().is_empty());
    });
}
