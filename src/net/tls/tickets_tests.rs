//! The store's rules, with numbers for tickets.

use super::*;

fn name(number: usize) -> Server {
    (SessionScope::default(), format!("host{number}.example").try_into().unwrap())
}

#[test]
fn what_is_equal_is_one_scope_and_what_differs_is_another() {
    let (one, other) = (SessionScope::of(&("a", 1)), SessionScope::of(&("a", 2)));
    assert_eq!(one, SessionScope::of(&("a", 1)));
    assert_ne!(one, other);
    let mut store = Generations::default();
    let host = name(0).1;
    store.put((one, host.clone()), 7);
    assert_eq!((store.take(&(other, host.clone())), store.take(&(one, host))), (None, Some(7)));
}

#[test]
fn a_ticket_serves_once_and_the_newest_first() {
    let mut store = Generations::default();
    (0..3).for_each(|ticket| store.put(name(0), ticket));
    assert_eq!([store.take(&name(0)), store.take(&name(0)), store.take(&name(0))], [Some(2), Some(1), Some(0)]);
    assert_eq!(store.take(&name(0)), None);
    assert_eq!(store.take(&name(1)), None);
}

#[test]
fn beyond_the_cap_a_name_loses_its_oldest_ticket() {
    let mut store = Generations::default();
    (0..=TICKETS_PER_NAME).for_each(|ticket| store.put(name(0), ticket));
    let held: Vec<_> = std::iter::from_fn(|| store.take(&name(0))).collect();
    assert_eq!(held.len(), TICKETS_PER_NAME);
    assert_eq!((held[0], held[held.len() - 1]), (TICKETS_PER_NAME, 1));
}

#[test]
fn neither_names_nor_tickets_grow_without_end() {
    let mut store = Generations::default();
    for round in 0..20_000 {
        store.put(name(round % 5_000), round);
        let held = |map: &HashMap<_, Session<usize>>| map.values().map(|session| session.tls13.len()).sum::<usize>();
        if round % 100 == 0 {
            assert!(store.young.len() <= NAMES && store.old.len() <= NAMES);
            assert_eq!(store.tickets, held(&store.young));
            assert!(held(&store.young) <= TICKETS + TICKETS_PER_NAME && held(&store.old) <= TICKETS + TICKETS_PER_NAME);
        }
    }
}

#[test]
fn a_name_met_again_outlives_those_that_are_not() {
    let mut store = Generations::default();
    store.put(name(0), 7);
    for other in 1..3 * NAMES {
        store.put(name(other), other);
        let kept = store.take(&name(0)).expect("met again within a generation");
        store.put(name(0), kept);
    }
    assert_eq!(store.take(&name(1)), None, "met once, long ago");
}

#[test]
fn a_steady_exchange_with_one_server_keeps_its_tickets() {
    let mut store = Generations::default();
    (0..64).for_each(|ticket| store.put(name(0), ticket));
    for ticket in 0..10 * TICKETS {
        assert!(store.take(&name(0)).is_some());
        store.put(name(0), ticket);
    }
    assert_eq!(store.tickets, 64);
}
