//! Golden records, and hostile ones parsed back.

use gfetch::fetch::outcome::{Failure, Kind, Limit, Stage, Timings};
use serde_json::Value;

use super::super::chosen::Chosen;
use super::super::object::push_string;
use super::super::samples::{asis, drawn_record, failure, outcome, starred};
use super::*;

fn rendered(outcome: &Outcome) -> String {
    let mut out = Vec::new();
    record(&mut out, outcome, asis);
    String::from_utf8(out).unwrap()
}

fn parsed(outcome: &Outcome) -> Value {
    let text = rendered(outcome);
    assert_eq!(text.matches('\n').count(), 1, "a record is one line");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_record_is_as_the_contract_draws_it() {
    let expected = concat!(
        r#"{"index":0,"id":null,"source":"urls.txt:3","url":"http://example.org/","host":"example.org","#,
        r#""final_url":"https://example.org/","method":"GET","started":"2026-11-20T22:45:01.123456Z","ok":true,"#,
        r#""status":200,"http_version":"1.1","tls":"1.3","content_type":"text/html","content_length":11820,"#,
        r#""bytes":47424,"wire_bytes":11820,"redirects":1,"attempts":1,"#,
        r#""reused":false,"remote_ip":"192.0.2.7","remote_port":443,"file":null,"timings":{"queue":0.000000,"#,
        r#""dns":0.001000,"connect":0.012000,"tls":0.021000,"#,
        r#""send":0.000100,"wait":0.180000,"receive":0.040000,"retries":0.000000,"total":0.254100},"error":null}"#,
        "\n"
    );
    assert_eq!(rendered(&drawn_record()), expected);
}

/// What is copied from the record before is what it would be without one, whichever field has changed.
#[test]
fn a_record_is_the_same_after_any_other() {
    let other: [fn(&mut Outcome); 22] = [
        |outcome| outcome.index = 7,
        |outcome| outcome.id = Some(serde_json::json!("x")),
        |outcome| outcome.source = "urls.txt:9".into(),
        |outcome| outcome.url = "http://b.example/".into(),
        |outcome| outcome.host = None,
        |outcome| outcome.final_url = None,
        |outcome| outcome.method = "HEAD".into(),
        |outcome| outcome.started = None,
        |outcome| outcome.error = Some(failure(Kind::Protocol, Stage::Wait, "cut off")),
        |outcome| outcome.status = Some(204),
        |outcome| outcome.http_version = Some("2"),
        |outcome| outcome.tls = None,
        |outcome| outcome.content_type = Some("text/htm".into()),
        |outcome| outcome.content_length = None,
        |outcome| outcome.bytes = 1,
        |outcome| outcome.wire_bytes = 2,
        |outcome| outcome.redirects = 3,
        |outcome| outcome.attempts = 4,
        |outcome| outcome.reused = true,
        |outcome| outcome.remote = Some("192.0.2.7:80".parse().unwrap()),
        |outcome| outcome.file = Some("out/b".into()),
        |outcome| outcome.timings.wait = None,
    ];
    for change in other {
        let mut changed = drawn_record();
        change(&mut changed);
        for outcome in [&drawn_record(), &changed, &changed, &drawn_record()] {
            let mut alone = Vec::new();
            Chosen::default().record(&mut alone, Of { outcome, redact: asis, more: None });
            assert_eq!(rendered(outcome), String::from_utf8(alone).unwrap());
        }
        assert_ne!(rendered(&changed), rendered(&drawn_record()));
    }
}

#[test]
fn what_never_happened_is_null() {
    let mut outcome = outcome("no url", None, Duration::ZERO);
    (outcome.host, outcome.final_url, outcome.attempts) = (None, None, 0);
    outcome.timings = Timings::default();
    outcome.error = Some(failure(Kind::Url, Stage::Input, "empty host"));
    let expected = concat!(
        r#"{"index":0,"id":null,"source":"urls.txt:1","url":"no url","host":null,"final_url":null,"method":"GET","#,
        r#""started":null,"ok":false,"status":null,"http_version":null,"tls":null,"content_type":null,"#,
        r#""content_length":null,"bytes":0,"wire_bytes":0,"redirects":0,"attempts":0,"reused":false,"#,
        r#""remote_ip":null,"remote_port":null,"file":null,"timings":{"queue":0.000000,"dns":null,"connect":null,"#,
        r#""tls":null,"send":null,"wait":null,"receive":null,"retries":0.000000,"total":0.000000},"#,
        r#""error":{"kind":"url","stage":"input","message":"empty host","limit":null,"curl":1}}"#,
        "\n"
    );
    assert_eq!(rendered(&outcome), expected);
}

#[test]
fn a_timeout_names_its_clock_and_an_ipv6_peer_its_address() {
    let mut outcome = outcome("http://a.example/", Some(200), Duration::from_secs(5));
    outcome.remote = Some("[2001:db8::7]:8443".parse().unwrap());
    outcome.file = Some("out/a \"b\"".into());
    outcome.error = Some(Failure {
        limit: Some(Limit::MaxTime),
        ..failure(Kind::Timeout, Stage::Receive, "no answer within 5 s (-m)")
    });
    let record = parsed(&outcome);
    assert_eq!(record["error"]["limit"], "max-time");
    assert_eq!((&record["remote_ip"], &record["remote_port"]), (&"2001:db8::7".into(), &8443.into()));
    assert_eq!((&record["ok"], &record["status"]), (&false.into(), &200.into()));
    assert_eq!(record["file"], "out/a \"b\"");
}

#[test]
fn hostile_text_stays_in_its_string_and_is_plain_on_a_terminal() {
    let hostile = "\"},\n\r\t\0\x1b[2J\x7f\u{9b}31m\u{202e}\u{2028}\u{fffd}\u{e0041}\\ 日本";
    let mut outcome = outcome(hostile, Some(200), Duration::ZERO);
    outcome.id = Some(serde_json::json!({ "k\u{9b}": [hostile, 1, null] }));
    outcome.content_type = Some(hostile.into());
    outcome.host = Some(hostile.into());
    outcome.error = Some(failure(Kind::Protocol, Stage::Wait, hostile));
    let text = rendered(&outcome);
    assert!(!text.trim_end().chars().any(crate::cli::escape::is_hostile), "{text}");
    let record = parsed(&outcome);
    for place in ["/url", "/content_type", "/host", "/error/message", "/id/k\u{9b}/0"] {
        assert_eq!(record.pointer(place).unwrap(), hostile, "{place}");
    }
}

#[test]
fn passwords_are_redacted_in_both_urls() {
    let mut outcome = outcome("http://user:secret@a.example/", Some(200), Duration::ZERO);
    outcome.final_url = Some("https://user:secret@a.example/".into());
    let mut out = Vec::new();
    record(&mut out, &outcome, starred);
    let text = String::from_utf8(out).unwrap();
    assert!(!text.contains("secret") && text.matches("user:***@").count() == 2, "{text}");
}

#[test]
fn the_total_is_the_sum_of_the_phases_as_they_are_printed() {
    let mut outcome = outcome("http://a.example/", Some(200), Duration::ZERO);
    let time = Some(Duration::from_nanos(1_600));
    outcome.timings = Timings { dns: time, connect: time, wait: time, ..Timings::default() };
    assert!(rendered(&outcome).contains("\"total\":0.000006"));
}

#[test]
fn a_clock_set_wrongly_does_not_panic() {
    let mut outcome = outcome("http://a.example/", Some(200), Duration::ZERO);
    outcome.started = Some(SystemTime::UNIX_EPOCH - Duration::from_secs(5));
    assert_eq!(parsed(&outcome)["started"], "1970-01-01T00:00:00.000000Z");
    outcome.started = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40));
    assert_eq!(parsed(&outcome)["started"], "9999-12-31T23:59:59.999999Z");
}

#[test]
fn times_have_six_decimals_and_no_exponent_whatever_their_size() {
    let mut outcome = outcome("http://a.example/", Some(200), Duration::from_micros(1));
    outcome.timings.queue = Duration::from_secs(123_456_789);
    let text = rendered(&outcome);
    assert!(text.contains("\"queue\":123456789.000000,") && text.contains("\"wait\":0.000001,"), "{text}");
    for (us, shown) in [(0, "0.000000"), (9_999_999, "9.999999"), (10_000_000, "10.000000"), (1_020_304, "1.020304")] {
        outcome.timings.queue = Duration::from_micros(us);
        assert!(rendered(&outcome).contains(&format!("\"queue\":{shown},")), "{us} µs");
    }
}

#[test]
fn a_time_stamp_is_the_librarys_whichever_came_before_it() {
    let seconds = [0, 1, 1, 59, 60, 86_399, 86_400, 951_782_400, 951_868_799, 1_795_214_701, 253_402_300_799, 0];
    for second in seconds {
        for us in [0, 1, 999_999] {
            let time = SystemTime::UNIX_EPOCH + Duration::from_micros(second * 1_000_000 + us);
            let mut out = Vec::new();
            push_timestamp(&mut out, time);
            assert_eq!(String::from_utf8(out).unwrap(), format!("\"{}\"", humantime::format_rfc3339_micros(time)));
        }
    }
}

#[test]
fn a_string_is_json_whatever_ascii_stands_in_it_and_wherever() {
    for length in [1, 7, 8, 9, 15, 16, 17, 25] {
        for (place, byte) in (0..length).flat_map(|place| (0..0x80).map(move |byte: u8| (place, byte))) {
            let mut text = vec![b'x'; length];
            text[place] = byte;
            let text = String::from_utf8(text).expect("ASCII");
            let mut out = Vec::new();
            push_string(&mut out, &text);
            assert_eq!(serde_json::from_slice::<String>(&out).expect("JSON"), text);
            assert!(
                out.iter().all(|byte| (0x20..0x7f).contains(byte)),
                "{byte:#x} at {place} of {length} is shown bare"
            );
        }
    }
}
