//! The resolver's rules, each a test, over look-ups that are played.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::*;
use crate::green::{self, ClockKind, Config, GetError, Greenlet, Interrupt};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const V4: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));

/// A directory of names that counts who asks, behind a gate.
#[derive(Default)]
struct Directory {
    asked: Mutex<HashMap<String, usize>>,
    closed: Mutex<bool>,
    opened: Condvar,
}

impl Directory {
    fn new() -> Arc<Directory> {
        Arc::default()
    }

    fn closed() -> Arc<Directory> {
        let directory = Directory::new();
        *directory.closed.lock().unwrap() = true;
        directory
    }

    fn open(&self) {
        *self.closed.lock().unwrap() = false;
        self.opened.notify_all();
    }

    fn look_up(&self, name: &str) -> Result<Vec<IpAddr>, LookupError> {
        *self.asked.lock().unwrap().entry(name.to_owned()).or_default() += 1;
        drop(self.opened.wait_while(self.closed.lock().unwrap(), |closed| *closed).unwrap());
        match name.split('.').next().unwrap() {
            "missing" => Err(LookupError::not_found("no such name")),
            "flaky" => Err(LookupError::temporary("try again".to_owned())),
            "empty" => Ok(Vec::new()),
            "broken" => panic!("the look-up broke"),
            "twice" => Ok(vec![V4, V6, V4, V6]),
            "crowd" => Ok((0..1000).map(|n: u16| Ipv4Addr::new(192, 0, (n >> 8) as u8, n as u8).into()).collect()),
            "old" => Ok(vec![V4]),
            _ => Ok(vec![V6, V4]),
        }
    }

    fn asked(&self, name: &str) -> usize {
        self.asked.lock().unwrap().get(name).copied().unwrap_or(0)
    }

    fn asked_at_all(&self) -> usize {
        self.asked.lock().unwrap().values().sum()
    }

    fn config(self: &Arc<Self>) -> ResolverConfig {
        let directory = self.clone();
        ResolverConfig { lookup_with: Arc::new(move |name, _| directory.look_up(name)), ..ResolverConfig::default() }
    }

    fn resolver(self: &Arc<Self>) -> Resolver {
        Resolver::new(self.config())
    }
}

fn virtual_run<T>(f: impl FnOnce() -> T) -> T {
    Config::new().clock(ClockKind::Virtual).run(f)
}

fn at(address: IpAddr, port: u16) -> SocketAddr {
    SocketAddr::new(address, port)
}

type Looked = Result<Rc<[SocketAddr]>, DnsError>;

/// A greenlet that asks for `name`; it has begun to wait when this returns.
fn asking(resolver: &Resolver, name: &str) -> Greenlet<Looked> {
    let (resolver, name) = (resolver.clone(), name.to_owned());
    let greenlet = green::spawn(move || resolver.lookup(&name, 80));
    green::yield_now().unwrap();
    greenlet
}

#[test]
fn an_answer_keeps_its_order_and_takes_the_port() {
    green::run(|| {
        let directory = Directory::new();
        let resolver = directory.resolver();
        assert_eq!(resolver.lookup("a.test", 80).unwrap()[..], [at(V6, 80), at(V4, 80)]);
        assert_eq!(resolver.lookup("A.Test", 443).unwrap()[..], [at(V6, 443), at(V4, 443)]);
        assert_eq!(directory.asked("a.test"), 1, "another port or case is the same name");
    });
}

#[test]
fn a_thousand_greenlets_asking_ten_names_make_ten_look_ups() {
    green::run(|| {
        let directory = Directory::closed();
        let resolver = directory.resolver();
        let asking: Vec<_> = (0..1000)
            .map(|n| {
                let resolver = resolver.clone();
                green::spawn(move || resolver.lookup(&format!("{}.test", n % 10), 80))
            })
            .collect();
        green::yield_now().unwrap();
        directory.open();
        for task in &asking {
            assert_eq!(task.get().unwrap().unwrap().len(), 2);
        }
        assert_eq!(directory.asked_at_all(), 10);
    });
}

#[test]
fn addresses_are_kept_for_their_time() {
    virtual_run(|| {
        let directory = Directory::new();
        let resolver = directory.resolver();
        let ask = || resolver.lookup("a.test", 80).unwrap();
        ask();
        green::sleep(SECOND * 59).unwrap();
        ask();
        assert_eq!(directory.asked("a.test"), 1);
        green::sleep(SECOND).unwrap();
        ask();
        assert_eq!(directory.asked("a.test"), 2);
    });
}

#[test]
fn that_a_name_is_missing_is_kept_for_a_second_and_a_temporary_failure_not_at_all() {
    virtual_run(|| {
        let directory = Directory::new();
        let resolver = directory.resolver();
        for _ in 0..3 {
            let error = resolver.lookup("missing.test", 80).unwrap_err();
            assert!(matches!(error.kind, DnsErrorKind::NotFound), "{error:?}");
            assert_eq!(error.to_string(), "cannot resolve missing.test: no such name");
            let error = resolver.lookup("flaky.test", 80).unwrap_err();
            assert!(matches!(error.kind, DnsErrorKind::Temporary), "{error:?}");
        }
        assert_eq!((directory.asked("missing.test"), directory.asked("flaky.test")), (1, 3));
        green::sleep(SECOND).unwrap();
        resolver.lookup("missing.test", 80).unwrap_err();
        assert_eq!(directory.asked("missing.test"), 2);
    });
}

#[test]
fn no_more_than_the_bound_is_kept() {
    green::run(|| {
        let directory = Directory::new();
        let resolver = Resolver::new(ResolverConfig { max_entries: 2, ..directory.config() });
        for name in ["a.test", "b.test", "c.test", "b.test", "a.test"] {
            resolver.lookup(name, 80).unwrap();
        }
        assert_eq!(["a.test", "b.test", "c.test"].map(|name| directory.asked(name)), [2, 1, 1]);
    });
}

#[test]
fn the_first_waiter_takes_nothing_from_the_others_when_it_is_killed_or_timed_out() {
    green::run(|| {
        let directory = Directory::closed();
        let resolver = directory.resolver();
        let first = asking(&resolver, "a.test");
        let second = asking(&resolver, "a.test");
        first.kill().unwrap();
        assert!(matches!(first.get(), Err(GetError::Killed)));

        let third = green::timeout(MS * 5, || resolver.lookup("a.test", 80));
        assert!(third.is_err(), "its own scope ends its wait");
        directory.open();
        assert_eq!(second.get().unwrap().unwrap().len(), 2);
        assert_eq!(directory.asked("a.test"), 1);
    });
}

#[test]
fn an_interrupted_wait_says_so_and_its_answer_is_kept_all_the_same() {
    green::run(|| {
        let directory = Directory::closed();
        let resolver = directory.resolver();
        let mut seen = None;
        let _ =
            green::timeout(MS * 5, || resolver.lookup("a.test", 80).inspect_err(|error| seen = Some(error.clone())));
        assert!(matches!(seen.unwrap().kind, DnsErrorKind::Interrupted(Interrupt::TimedOut(_))));
        directory.open();
        resolver.lookup("a.test", 80).unwrap();
        assert_eq!(directory.asked("a.test"), 1);
    });
}

#[test]
fn a_queued_name_is_forgotten_with_its_last_waiter() {
    green::run(|| {
        let directory = Directory::closed();
        let resolver = directory.resolver();
        let all: Vec<_> = (0..100).map(|n| asking(&resolver, &format!("{n}.test"))).collect();
        let kept = asking(&resolver, "99.test");
        for task in &all {
            task.kill().unwrap();
        }
        directory.open();
        kept.get().unwrap().unwrap();
        resolver.lookup("last.test", 80).unwrap();
        assert_eq!(directory.asked("99.test"), 1, "one waiter of it was left");
        assert_eq!((16..99).map(|n| directory.asked(&format!("{n}.test"))).sum::<usize>(), 0);
    });
}

#[test]
fn a_look_up_that_panics_is_a_temporary_failure_with_its_words() {
    green::run(|| {
        let resolver = Directory::new().resolver();
        let error = resolver.lookup("broken.test", 80).unwrap_err();
        assert!(matches!(error.kind, DnsErrorKind::Temporary), "{error:?}");
        assert!(error.message.contains("the look-up broke"), "{error}");
        resolver.lookup("a.test", 80).unwrap();
    });
}

#[test]
fn a_resolver_works_on_in_the_next_run_when_the_last_one_ended_amid_a_look_up() {
    let directory = Directory::closed();
    let resolver = directory.resolver();
    green::run(|| {
        asking(&resolver, "flying.test");
        green::yield_now().unwrap();
        asking(&resolver, "queued.test");
    });
    directory.open();
    green::run(|| {
        for name in ["flying.test", "queued.test"] {
            assert_eq!(resolver.lookup(name, 80).unwrap().len(), 2);
        }
    });
}

#[test]
fn only_the_wanted_family_is_given() {
    green::run(|| {
        let directory = Directory::new();
        let only = |family| Resolver::new(ResolverConfig { family, ..directory.config() });
        let (v4, v6) = (only(Family::V4), only(Family::V6));
        assert_eq!(v4.lookup("a.test", 80).unwrap()[..], [at(V4, 80)]);
        assert_eq!(v6.lookup("a.test", 80).unwrap()[..], [at(V6, 80)]);
        assert_eq!(v4.lookup("localhost", 80).unwrap()[..], [at(Ipv4Addr::LOCALHOST.into(), 80)]);
        for host in ["old.test", "127.0.0.1"] {
            let error = v6.lookup(host, 80).unwrap_err();
            assert!(matches!(error.kind, DnsErrorKind::NoAddressInFamily), "{error:?}");
        }
    });
}

#[test]
fn the_look_up_is_told_the_family() {
    green::run(|| {
        let lookup_with: LookUp = Arc::new(|_, family| {
            assert_eq!(family, Family::V6);
            Ok(vec![V6])
        });
        let resolver = Resolver::new(ResolverConfig { family: Family::V6, lookup_with, ..ResolverConfig::default() });
        resolver.lookup("a.test", 80).unwrap();
    });
}

#[test]
fn addresses_come_once_and_not_in_crowds() {
    green::run(|| {
        let resolver = Directory::new().resolver();
        assert_eq!(resolver.lookup("twice.test", 80).unwrap()[..], [at(V4, 80), at(V6, 80)]);
        assert_eq!(resolver.lookup("crowd.test", 80).unwrap().len(), 32);
        let error = resolver.lookup("empty.test", 80).unwrap_err();
        assert!(matches!(error.kind, DnsErrorKind::NotFound), "{error:?}");
    });
}

#[test]
fn literals_localhost_and_what_is_no_name_are_never_looked_up() {
    green::run(|| {
        let directory = Directory::new();
        let resolver = directory.resolver();
        let ask = |host: &str| resolver.lookup(host, 80).unwrap().to_vec();
        assert_eq!(ask("192.0.2.1"), [at(V4, 80)]);
        assert_eq!(ask("[2001:db8::1]"), [at(V6, 80)]);
        let both = [at(Ipv6Addr::LOCALHOST.into(), 80), at(Ipv4Addr::LOCALHOST.into(), 80)];
        assert_eq!(ask("localhost"), both);
        assert_eq!(ask("www.LOCALHOST."), both);
        let endless = "a".repeat(100_000);
        for host in ["", "a..b", "bad name", &endless] {
            let error = resolver.lookup(host, 80).unwrap_err();
            assert!(matches!(error.kind, DnsErrorKind::Invalid), "{error:?}");
            assert!(error.host.len() <= 253);
        }
        assert_eq!(directory.asked_at_all(), 0);
    });
}

#[test]
fn overrides_come_first_and_ask_nobody() {
    green::run(|| {
        let directory = Directory::new();
        let given = |host: &str, port, addresses: &[IpAddr]| Override {
            host: host.into(),
            port,
            addresses: addresses.into(),
            port_to: None,
        };
        let overrides =
            vec![given("a.test", Some(80), &[V4]), given("localhost", None, &[V6]), given("*", Some(8080), &[V4, V6])];
        let resolver = Resolver::new(ResolverConfig { overrides, ..directory.config() });
        assert_eq!(resolver.lookup("a.test", 80).unwrap()[..], [at(V4, 80)]);
        assert_eq!(resolver.lookup("localhost", 1).unwrap()[..], [at(V6, 1)]);
        assert_eq!(resolver.lookup("anything.test", 8080).unwrap()[..], [at(V4, 8080), at(V6, 8080)]);
        assert_eq!(directory.asked_at_all(), 0);
        resolver.lookup("a.test", 81).unwrap();
        assert_eq!(directory.asked("a.test"), 1);
    });
}

#[test]
fn an_override_may_lead_to_another_port_and_only_from_its_own() {
    green::run(|| {
        let directory = Directory::new();
        let elsewhere = Override { host: "a.test".into(), port: Some(80), addresses: vec![V4], port_to: Some(40_001) };
        let resolver = Resolver::new(ResolverConfig { overrides: vec![elsewhere], ..directory.config() });
        assert_eq!(resolver.lookup("a.test", 80).unwrap()[..], [at(V4, 40_001)]);
        assert!(resolver.lookup("a.test", 81).unwrap().iter().all(|address| address.port() == 81));
    });
}

#[test]
fn the_systems_own_look_up_answers_from_its_thread() {
    green::run(|| {
        let system = ResolverConfig::default().lookup_with;
        // The one name that every machine's own files have; asked for itself it would not get so far.
        let lookup_with: LookUp = Arc::new(move |_, family| system("localhost", family));
        let resolver = Resolver::new(ResolverConfig { family: Family::V4, lookup_with, ..ResolverConfig::default() });
        assert_eq!(resolver.lookup("a.test", 80).unwrap()[..], [at(Ipv4Addr::LOCALHOST.into(), 80)]);
    });
}

/// Bug class 35: look-ups that hang fill their own threads, and neither other offloaded calls nor a deadline waits for them.
#[test]
fn look_ups_that_hang_hold_up_no_other_offloaded_call_and_end_at_the_deadline() {
    green::run(|| {
        let directory = Directory::closed();
        let resolver = directory.resolver();
        let all: Vec<_> = (0..50).map(|n| asking(&resolver, &format!("{n}.test"))).collect();
        green::sleep(MS * 5).unwrap();
        assert_eq!(green::offload(|| 7).unwrap(), 7);
        assert!(green::timeout(MS * 5, || resolver.lookup("late.test", 80)).is_err());
        directory.open();
        for task in &all {
            assert_eq!(task.get().unwrap().unwrap().len(), 2);
        }
    });
}
