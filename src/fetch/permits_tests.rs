//! Permits by themselves: what is remembered of origins, and for how long.

use url::Url;

use super::breaker::PROBE_EVERY;
use super::*;
use crate::fetch::plan::HostPlan;
use crate::fetch::summary::Held;
use crate::green::{ClockKind, Config};
use crate::http::proxy::ProxyKind;

fn origin(url: &str) -> Origin {
    Origin::of(&Url::parse(url).unwrap()).unwrap()
}

fn host(number: usize) -> Origin {
    origin(&format!("http://h{number}.example/"))
}

fn permits(jobs: usize, per_host: usize, give_up_host: u32) -> Permits {
    let per_host = std::num::NonZeroUsize::new(per_host);
    Permits::new(&Plan { jobs, per_host, give_up_host, ..Plan::default() })
}

fn story(f: impl FnOnce()) {
    Config::new().clock(ClockKind::Virtual).run(f);
}

/// A start that may be skipped.
fn try_now(permits: &Permits, origin: &Origin) -> Result<Pass, Refused> {
    permits.try_acquire(origin).map_or_else(|| permits.acquire(origin, true, None, |_| ()), Ok)
}

fn fails(permits: &Permits, origin: &Origin) {
    let pass = try_now(permits, origin).unwrap();
    pass.reach().note(Connect::Failed);
}

#[test]
fn what_cannot_have_both_permits_now_takes_neither() {
    story(|| {
        let permits = permits(1, 1, 0);
        let (a, b) = (origin("http://a.example/"), origin("http://b.example/"));
        let held = permits.try_acquire(&a).unwrap();
        assert!(permits.try_acquire(&a).is_none() && permits.try_acquire(&b).is_none());
        drop(held);
        let of_b = permits.try_acquire(&b).unwrap();
        assert!(permits.try_acquire(&a).is_none());
        drop(of_b);
        assert!(permits.try_acquire(&a).is_some(), "the failed tries left nothing taken");
    });
}

#[test]
fn schemes_and_ports_are_origins_of_their_own() {
    story(|| {
        let permits = permits(9, 1, 0);
        let urls = ["http://a.example/", "https://a.example/", "http://a.example:81/"];
        let held: Vec<_> = urls.iter().map(|url| permits.try_acquire(&origin(url))).collect();
        assert!(held.iter().all(Option::is_some));
        assert!(permits.try_acquire(&origin("http://A.example:80/x")).is_none());
    });
}

#[test]
fn a_hold_can_be_lengthened_and_never_shortened() {
    story(|| {
        let permits = permits(9, 9, 0);
        let (a, began) = (origin("http://a.example/"), green::now());
        permits.hold(&a, Duration::from_secs(30));
        permits.hold(&a, Duration::from_secs(5));
        assert!(permits.try_acquire(&a).is_none() && permits.try_acquire(&origin("http://b.example/")).is_some());
        drop(permits.acquire(&a, false, None, |_| ()).unwrap());
        assert_eq!(green::now() - began, Duration::from_secs(30));
        assert!(permits.try_acquire(&a).is_some(), "over is over");
    });
}

/// How long lines to a host with a start each 2 s waited for which cause together, where `at_first` is what they find.
fn waits(lines: usize, jobs: usize, per_host: usize, at_first: impl FnOnce(&Permits, &Origin)) -> Held {
    let (a, rate) = (origin("http://a.example/"), Some(Rate { starts: 1, per: Duration::from_secs(2) }));
    let mut plan = Plan { jobs, per_host: std::num::NonZeroUsize::new(per_host), ..Plan::default() };
    plan.hosts.add("a.example", HostPlan { rate, ..HostPlan::default() }).unwrap();
    let (permits, held) = (Rc::new(Permits::new(&plan)), Rc::new(RefCell::new(Held::default())));
    at_first(&permits, &a);
    let start = |_| {
        let (permits, held, a) = (permits.clone(), held.clone(), a.clone());
        green::spawn(move || {
            let pass = permits.acquire(&a, true, None, |(cause, waited)| held.borrow_mut().add(cause, waited));
            green::sleep(Duration::from_secs(3)).unwrap();
            drop(pass.unwrap());
        })
    };
    let lines: Vec<_> = (0..lines).map(start).collect();
    lines.iter().for_each(|line| line.get().unwrap());
    held.take()
}

#[test]
fn a_wait_is_told_as_what_it_is_also_by_those_behind_who_waits() {
    let only = |cause, seconds| {
        move |held: Held| {
            for (other, waits) in held.causes() {
                let expected = if other == cause { seconds } else { 0 };
                assert_eq!(waits.total, Duration::from_secs(expected), "{other:?} of {held:?}");
            }
        }
    };
    story(|| {
        only(Cause::HostRate, 2 + 4 + 6)(waits(4, 9, 9, |_, _| ()));
        // Starts at 0, 3, 6, 9: at the third second there is a place, and the rate's moment is past.
        only(Cause::PerHost, 3 + 6 + 9)(waits(4, 9, 1, |_, _| ()));
        only(Cause::Origin, 30)(waits(1, 9, 9, |permits, a| permits.hold(a, Duration::from_secs(30))));
        let both = |held: Held, other| (held.of(Cause::HostRate).total.as_secs(), held.of(other).total.as_secs());
        // The same starts: each waits 2 s for the moment, and one more for the place.
        assert_eq!(both(waits(4, 1, 9, |_, _| ()), Cause::Jobs), (2 + 4 + 6, 1 + 2 + 3));
        let held = waits(3, 9, 9, |permits, a| permits.hold(a, Duration::from_secs(30)));
        assert_eq!(both(held, Cause::Origin), (2 + 4, 3 * 30));
    });
}

#[test]
fn a_given_up_host_has_one_probe_a_minute_however_many_ask() {
    story(|| {
        let permits = permits(9, 9, 2);
        let a = origin("http://a.example/");
        (0..2).for_each(|_| fails(&permits, &a));
        for _ in 0..3 {
            assert!(matches!(try_now(&permits, &a), Err(Refused::GivenUp(None))));
            assert!(permits.acquire(&a, false, None, |_| ()).is_ok(), "a retry is not skipped");
            green::sleep(PROBE_EVERY).unwrap();
            fails(&permits, &a);
        }
        green::sleep(PROBE_EVERY).unwrap();
        let probe = try_now(&permits, &a).unwrap();
        assert!(try_now(&permits, &a).is_err());
        probe.reach().note(Connect::Made);
        assert!(try_now(&permits, &a).is_ok());
    });
}

#[test]
fn a_proxy_that_is_not_there_is_given_up_and_no_origin_is_blamed_for_it() {
    story(|| {
        let mut plan = Plan { jobs: 99, give_up_host: 2, ..Plan::default() };
        let proxy = |text: &str| Arc::new(Proxy::parse(text, ProxyKind::Http).unwrap());
        plan.connect.routes.proxies.http = Some(proxy("me:secret@p:1"));
        plan.connect.routes.proxies.https = Some(proxy("q:1"));
        plan.connect.routes.proxies.no_proxy = "direct.example".into();
        let permits = Permits::new(&plan);
        let note = |number, connect| try_now(&permits, &host(number)).unwrap().reach().note(connect);
        // One origin fails, the proxy does not.
        (0..2).for_each(|_| note(0, Connect::Failed));
        assert!(
            matches!(try_now(&permits, &host(0)), Err(Refused::GivenUp(None))) && try_now(&permits, &host(1)).is_ok()
        );
        // Not in a row.
        note(1, Connect::FirstHopFailed);
        note(2, Connect::Failed);
        note(3, Connect::FirstHopFailed);
        assert!(try_now(&permits, &host(4)).is_ok());
        note(4, Connect::FirstHopFailed);
        let Err(Refused::GivenUp(Some(proxy))) = try_now(&permits, &host(5)) else { panic!("not given up") };
        assert_eq!(proxy.to_string(), "http://p:1");
        for other in ["https://h5.example/", "http://direct.example/"] {
            assert!(try_now(&permits, &origin(other)).is_ok(), "{other}");
        }
        green::sleep(PROBE_EVERY).unwrap();
        let probe = try_now(&permits, &host(6)).unwrap();
        assert!(try_now(&permits, &host(7)).is_err());
        probe.reach().note(Connect::Failed);
        assert!(try_now(&permits, &host(7)).is_ok(), "it was there");
    });
}

#[test]
fn any_number_of_hosts_costs_a_bounded_memory_also_where_all_are_dead() {
    story(|| {
        let permits = permits(9, 9, 2);
        let busy = permits.try_acquire(&host(0)).unwrap();
        permits.hold(&host(1), Duration::from_secs(3600));
        (0..2).for_each(|_| fails(&permits, &host(2)));
        for number in 3..30_000 {
            fails(&permits, &host(number));
        }
        assert!(permits.origins.borrow().len() <= MAX_QUIET_ORIGINS);
        drop(busy);
        assert!(permits.try_acquire(&host(1)).is_none(), "who asked for a pause is remembered");
        assert!(try_now(&permits, &host(2)).is_err(), "so is who was given up");
    });
}
