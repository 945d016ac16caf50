//! What holds for some hosts only: their limits are theirs, and what is said to them is said to nobody else.

use gfetch::fetch::plan::{AuthScheme, HostPlan, Rate};

use super::*;

/// A plan with settings for the hosts of a pattern.
fn with(hosts: &str, settings: HostPlan) -> Plan {
    let mut plan = plan();
    plan.hosts.add(hosts, settings).unwrap();
    plan
}

fn slow(host: &str) -> Server {
    Server::on(host, None, |_, peer| {
        green::sleep(s(1)).unwrap();
        peer.ok("");
    })
}

fn lines(server: &Server, count: usize) -> Vec<String> {
    (0..count).map(|n| server.url(&format!("/{n}"))).collect()
}

#[test]
fn a_hosts_own_number_at_once_stands_over_that_of_all() {
    story(|| {
        let (a, b) = (slow("127.0.0.1"), slow("127.0.0.2"));
        let settings = HostPlan { per_host: Some(per_host(2)), ..HostPlan::default() };
        let plan = Plan { per_host: per_host(3), ..with("127.0.0.1", settings) };
        assert!(fetch(plan, &[lines(&a, 6), lines(&b, 6)].concat()).iter().all(Outcome::ok));
        assert_eq!((a.peak(), b.peak()), (2, 3));
        let none = HostPlan { per_host: Some(None), ..HostPlan::default() };
        let (c, plan) = (slow("127.0.0.3"), Plan { per_host: per_host(3), ..with("127.0.0.3", none) });
        fetch(plan, &lines(&c, 9));
        assert_eq!(c.peak(), 9);
    });
}

#[test]
fn a_hosts_own_rate_spaces_its_starts_with_retries_and_redirects_and_holds_up_nobody_else() {
    story(|| {
        let limited = Server::on("127.0.0.1", None, |asked, peer| match asked.path.as_str() {
            "/redirect" => peer.redirect("302 Found", "/end"),
            "/busy" => peer.answer("503 Busy", &[], ""),
            _ => peer.ok(""),
        });
        let other = Server::on("127.0.0.2", None, |_, peer| peer.ok(""));
        let rate = Some(Rate { starts: 5, per: s(10) });
        let mut plan = with("127.0.0.1", HostPlan { rate, ..HostPlan::default() });
        // Fewer at once than wait for the rate: they must not take what others need.
        plan.jobs = 2;
        plan.retry.retries = 1;
        let of_limited: Vec<String> = ["/redirect", "/busy", "/a", "/b"].map(|path| limited.url(path)).to_vec();
        let outcomes = fetch(plan, &[of_limited, lines(&other, 5)].concat());
        assert_eq!(limited.times(), [0, 2, 4, 6, 8, 10].map(s));
        assert_eq!(other.times(), [s(0); 5]);
        assert_eq!((outcomes[0].redirects, outcomes[1].attempts), (1, 2));
    });
}

#[test]
fn a_hosts_own_rate_counts_the_request_that_answers_who_asks() {
    story(|| {
        let server = Server::start(|asked, peer| match asked.fields("authorization").is_empty() {
            true => peer.answer("401 Who", &["WWW-Authenticate: Digest realm=\"r\", nonce=\"n\""], ""),
            false => peer.ok(""),
        });
        let rate = Some(Rate { starts: 1, per: s(2) });
        let mut plan = with("127.0.0.1", HostPlan { rate, ..HostPlan::default() });
        plan.secrets.scheme = AuthScheme::Digest;
        let lines = ["/a", "/b"].map(|path| server.url(path).replace("://", "://me:secret@"));
        let outcomes = fetch(plan, &lines);
        assert!(outcomes.iter().all(Outcome::ok), "{outcomes:?}");
        assert_eq!((server.times(), server.paths().concat()), ([0, 2, 4].map(s).to_vec(), "/a/b/a".to_owned()));
    });
}

#[test]
fn a_hosts_own_max_time_and_retries_are_its_lines() {
    story(|| {
        let (a, b) = (slow("127.0.0.1"), slow("127.0.0.2"));
        let settings = HostPlan { max_time: Some(Some(ms(500))), retries: Some(2), ..HostPlan::default() };
        let mut plan = with("127.0.0.1", settings);
        plan.retry.delay = Some(s(1));
        let outcomes = fetch(plan, &[a.url("/a"), b.url("/b")]);
        let error = outcomes[0].error.as_ref().unwrap();
        assert_eq!((error.kind, error.limit, outcomes[0].attempts), (Kind::Timeout, Some(Limit::MaxTime), 3));
        assert!(outcomes[1].ok() && outcomes[1].attempts == 1);
    });
}

#[test]
fn a_hosts_own_fields_go_to_it_alone_also_behind_redirects() {
    story(|| {
        let b = Server::on("127.0.0.2", None, |_, peer| peer.ok(""));
        let to_b = b.url("/end");
        let a = Server::on("127.0.0.1", None, move |_, peer| peer.redirect("302 Found", &to_b));
        let fields =
            |text: &str| vec![("X-Api-Key".to_owned(), text.to_owned()), ("Accept".to_owned(), text.to_owned())];
        for location_trusted in [false, true] {
            let mut plan = with("127.0.0.1", HostPlan { headers: fields("for-a"), ..HostPlan::default() });
            plan.hosts
                .add(&format!("127.0.0.2:{}", b.port()), HostPlan { headers: fields("for-b"), ..HostPlan::default() })
                .unwrap();
            plan.request.headers = vec![("Accept".to_owned(), Some("for-all".to_owned()))];
            plan.request.location_trusted = location_trusted;
            assert!(fetch(plan, &[a.url("/")])[0].ok());
            for (server, text) in [(&a, "for-a"), (&b, "for-b")] {
                let asked = server.asked();
                let last = asked.last().unwrap();
                assert_eq!((last.fields("x-api-key"), last.fields("accept")), (vec![text], vec![text]));
            }
        }
    });
}
