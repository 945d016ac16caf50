//! `--report`: the run kept as a page. (What a browser makes of it is tested in tests/interop/chromium.)

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::runner::{Dir, Gfetch, gfetch};
use crate::server::Server;

/// The records in the data of a page.
fn rows(page: &str) -> Vec<Value> {
    let blocks = page.split("<script type=\"application/json\" class=\"rows\">").skip(1);
    let rows =
        blocks.map(|block| serde_json::from_str::<Vec<Value>>(block.split("</script>").next().unwrap()).unwrap());
    rows.flatten().collect()
}

#[test]
fn report_is_a_page_with_every_record_and_the_records_stay_where_they_were() {
    let (server, dir) = (Server::new(), Dir::new());
    let list = format!("{}no url\n", server.list(["/a", "/status/404", "/redirect/1"]));
    let run =
        Gfetch::new(&["-i", "-", "--report", &dir.at("page.html"), "--format", "json"]).input(list).run().expect(1);
    let (records, page) = (run.records(), dir.read("page.html"));
    assert_eq!(records.len(), 4);
    let rows = rows(&page);
    for (record, row) in records.iter().zip(&rows) {
        let status = |value: &Value| value.as_u64();
        assert_eq!((&record["index"], status(&record["status"]), &record["url"]), (&row[0], status(&row[2]), &row[3]));
        assert_eq!(record["ok"].as_bool(), Some(row[1] == 1), "{row}");
    }
    assert_eq!(rows.len(), 4);
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"), "{page}");
    assert_eq!(dir.names(), ["page.html"], "nothing is left beside it");
}

#[test]
fn report_shows_no_password_unless_secrets_are_shown() {
    let (server, dir) = (Server::new(), Dir::new());
    let url = server.url("/a").replace("http://", "http://me:hunter2@");
    gfetch(&[&url, "--report", &dir.at("page.html")]).expect(0);
    let page = dir.read("page.html");
    assert!(page.contains("me:***@") && !page.contains("hunter2"));
    gfetch(&[&url, "--report", &dir.at("page.html"), "--show-secrets"]).expect(0);
    assert!(dir.read("page.html").contains("me:hunter2@"));
}

#[test]
fn report_is_for_others_to_read_as_the_umask_allows_and_keeps_the_mode_of_what_it_replaces() {
    let (server, dir) = (Server::new(), Dir::new());
    let mode = || fs::metadata(dir.file("page.html")).unwrap().permissions().mode() & 0o777;
    let script = format!("umask 027; \"$0\" -s {} --report {}", server.url("/a"), dir.at("page.html"));
    Gfetch::shell(&script).run().expect(0);
    assert_eq!(mode(), 0o640);
    fs::set_permissions(dir.file("page.html"), fs::Permissions::from_mode(0o604)).unwrap();
    Gfetch::shell(&script).run().expect(0);
    assert_eq!(mode(), 0o604);
}

#[test]
fn report_never_replaces_the_list_and_what_cannot_be_written_is_known_first() {
    let (server, dir) = (Server::new(), Dir::new());
    let list = dir.write("urls.txt", server.list(["/a"]));
    let run = gfetch(&["-i", &list, "--report", &list]).expect(2);
    assert!(run.err.contains("urls.txt: that is the list"), "{}", run.err);
    assert_eq!(dir.read("urls.txt"), server.list(["/a"]));
    let run = gfetch(&["-i", &list, "--report", &dir.at("none/page.html")]).expect(2);
    assert!(run.err.contains("none/page.html"), "{}", run.err);
    let run = gfetch(&["-i", &list, "--report", "-"]).expect(2);
    assert!(run.err.contains("--report takes a file, not '-'"), "{}", run.err);
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn report_on_a_full_disk_is_exit_4_and_the_old_page_stays() {
    let (server, dir) = (Server::new(), Dir::new());
    let run = gfetch(&[&server.url("/a"), "--report", "/dev/full"]).expect(4);
    assert!(run.err.contains("cannot write /dev/full: "), "{}", run.err);
    let page = dir.write("page.html", "old");
    // Blocks of 512 bytes: less than any page.
    let script = format!("trap '' XFSZ; ulimit -f 4; \"$0\" -s {} --report {page}", server.url("/a"));
    Gfetch::shell(&script).run().expect(4);
    assert_eq!((dir.read("page.html").as_str(), dir.names().len()), ("old", 1));
}

#[test]
fn report_is_written_also_when_the_run_is_stopped() {
    let (server, dir) = (Server::new(), Dir::new());
    let list = server.list(["/status/404", "/a", "/b"]);
    let args = ["-i", "-", "--serial", "--fail-early", "--report", &dir.at("page.html")];
    Gfetch::new(&args).input(list).run();
    let page = dir.read("page.html");
    assert!(page.contains("Stopped after line "), "{page}");
    assert!(rows(&page)[0][2] == 404);
}
