//! The examples about greenlets, on the virtual clock: each story's lines, to the letter.

use std::cell::RefCell;
use std::rc::Rc;

use gfetch::green::{ClockKind, Config};

#[path = "../examples/generators.rs"]
#[allow(dead_code)]
mod generators;
#[path = "../examples/greenlets.rs"]
#[allow(dead_code)]
mod greenlets;
#[path = "../examples/groups_and_pools.rs"]
#[allow(dead_code)]
mod groups_and_pools;

/// A story, told line by line.
type Tale = fn(Rc<dyn Fn(&str)>);

/// What `story` says, also at the end of its run.
fn told(story: Tale) -> String {
    let lines: Rc<RefCell<Vec<String>>> = Rc::default();
    let page = lines.clone();
    let say = Rc::new(move |line: &str| page.borrow_mut().push(line.to_owned()));
    Config::new().clock(ClockKind::Virtual).run(|| story(say));
    lines.take().join("\n")
}

/// The lines of `text`, without their indentation.
#[track_caller]
fn assert_told(story: Tale, text: &str) {
    let expected: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(told(story), expected.join("\n"));
}

#[test]
fn s0_7_three_functions_end_in_the_order_of_their_sleeps() {
    let text = "func1 running\n func2 running\n func3 running\n func3 finish\n func2 finish\n func1 finish\n 2.0 s";
    assert_told(greenlets::three_functions, text);
}

#[test]
fn s0_8_nine_in_turn_take_the_sum_and_ten_at_once_the_longest() {
    let tasks = |range: std::ops::Range<u32>| range.map(|pid| format!("Task {pid} done\n")).collect::<String>();
    let text = format!("Synchronous:\n{}4.5 s\nAsynchronous:\n{}0.5 s", tasks(1..10), tasks(0..10));
    assert_told(greenlets::serial_and_parallel, &text);
}

#[test]
fn s1_6_and_s1_8_three_joins_and_one_of_the_dead() {
    assert_told(greenlets::eat_play_and_task, "eat 1\n play 1\n task 1\n task 2\n eat 2\n play 2\n 主\n 4.0 s");
}

#[test]
fn s2_5_foo_and_bar() {
    let text = "Running in foo
        Explicit context to bar
        Explicit context switch to foo again
        Implicit context switch back to bar
        3.0 s";
    assert_told(greenlets::foo_and_bar, text);
}

#[test]
fn s3_2_sleep_zero_switches_and_a_join_between_does_not() {
    let text = "Running in foo
        Explicit context to bar
        Explicit context switch to foo again
        Implicit context switch back to bar
        --- joined between
        Running in foo
        Explicit context switch to foo again
        Explicit context to bar
        Implicit context switch back to bar";
    assert_told(greenlets::explicit_switches, text);
}

#[test]
fn s3_4_random_tasks_are_in_order_when_serial_and_a_permutation_when_not() {
    let text = told(greenlets::random_tasks);
    let (serial, parallel) = text.split_once("\nAsynchronous:\n").unwrap();
    let in_order: Vec<_> = (0..10).map(|pid| format!("Task {pid} done")).collect();
    assert_eq!(serial.lines().skip(1).collect::<Vec<_>>(), in_order[1..]);
    let mut tasks: Vec<_> = parallel.lines().collect();
    assert_ne!(tasks, in_order, "these lengths are not in order");
    tasks.sort_unstable();
    assert_eq!(tasks, in_order);
}

#[test]
fn s3_8_three_forms_of_spawn() {
    assert_told(greenlets::three_forms_of_spawn, "Hello after 1.0 s\n I live! after 2.0 s\n 3");
}

#[test]
fn s3_9_a_greenlet_of_ones_own() {
    assert_told(greenlets::a_greenlet_of_ones_own, "Hi there!\n <MyGreenlet Done> after 3.0 s");
}

#[test]
fn s3_10_the_states_of_a_winner_and_a_loser() {
    let text = "started: true true
        ready: true true
        successful: true false
        started: false false
        value: You win!
        exception: You fail at failing.
        get: greenlet-2 panicked: You fail at failing.";
    assert_told(greenlets::winner_and_loser, text);
}

#[test]
fn s4_2_arguments_and_values() {
    assert_told(greenlets::arguments_and_values, "15 nothing");
}

#[test]
fn s4_3_eat_and_play_egon() {
    assert_told(greenlets::eat_and_play, "egon eat 1\n egon play 1\n egon play 2\n egon eat 2\n 主\n 2.0 s");
}

#[test]
fn s4_6_names() {
    assert_told(greenlets::names, "greenlet-1 runs\n eat runs\n greenlet-3 runs\n main runs");
}

#[test]
fn s1_7_what_is_not_joined_ends_with_main_and_is_unwound() {
    assert_told(greenlets::without_a_join, "eat 1\n 主\n unwound");
}

#[test]
fn s0_5_seventeen_lines_of_baozi() {
    let start = "--->starting eating baozi...\n".repeat(2);
    let round = |n| format!("[c1] is eating baozi {n}\n[c2] is eating baozi {n}\n[producer] is making baozi {n}\n");
    let text = start + &(1..=5).map(round).collect::<String>();
    assert_eq!(text.lines().count(), 17);
    assert_told(generators::baozi, &text);
}

#[test]
fn s0_6_and_s2_4_two_greenlets_switch_to_each_other_and_the_suspended_one_is_dropped_cleanly() {
    let text = "12\n 56\n 34\n 78\n gr1 dead: false, gr2 dead: true\n gr1 unwound";
    assert_told(generators::two_greenlets, text);
}

#[test]
fn s1_5_a_switch_carries_a_value() {
    assert_told(generators::eat_and_play, "alex eat 1\n alex play 1\n alex eat 2\n alex play 2");
}

#[test]
fn s2_1_lists_without_end_are_piped_one_into_the_other() {
    assert_told(generators::infinite_lists_and_pipes, "1\n 3\n 6\n 10\n 15");
}

#[test]
fn s3_6_a_pool_gives_the_same_order_each_time() {
    assert_told(groups_and_pools::the_same_order_each_time, "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n all equal: true");
}

#[test]
fn s3_23_a_list_and_a_group_talk_alike() {
    let once = ["bar", "foo", "fizz"].map(|word| format!("{word}\n").repeat(3)).concat();
    assert_told(groups_and_pools::talk, &format!("{once}--- as a group\n{once}"));
}

#[test]
fn s3_24_hello_from_a_group() {
    let text = "Size of group 3\n Size of group 3\n Size of group 3\n 3 different greenlets";
    assert_told(groups_and_pools::hello_from_a_group, text);
}

#[test]
fn s3_25_and_s3_26_intensive_work_in_order_and_as_it_comes() {
    let text = r#"Ordered:
        3 s ("task", 0)
        3 s ("task", 1)
        3 s ("task", 2)
        Unordered:
        4 s ("task", 2)
        5 s ("task", 1)
        6 s ("task", 0)"#;
    assert_told(groups_and_pools::intensive, text);
}

#[test]
fn s3_27_hello_from_a_pool_of_two() {
    assert_told(groups_and_pools::hello_from_a_pool, "Size of pool 2\n Size of pool 2\n Size of pool 1");
}

#[test]
fn s3_28_a_full_pool_of_sockets_refuses_one_more_and_its_shutdown_ends_all() {
    let text = r#"socket 1: Ok(())
        socket 2: Ok(())
        socket 3: Ok(())
        socket 4: Err("At maximum pool size")
        hello
        4 sockets closed"#;
    assert_told(groups_and_pools::a_pool_of_sockets, text);
}
