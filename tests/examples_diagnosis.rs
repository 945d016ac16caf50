//! What `examples/diagnosis.rs` shows, to the letter.

#[allow(dead_code)]
#[path = "../examples/diagnosis.rs"]
mod diagnosis;

/// Table A, S3.1.
#[test]
fn never_two_greenlets_run_at_once() {
    assert_eq!(diagnosis::one_at_a_time(), "10000 times inside, 0 times not alone");
}

/// Table A, S3.6.
#[test]
fn four_runs_of_a_pool_are_equal() {
    let expected = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\nfour runs equal: true";
    assert_eq!(diagnosis::the_same_every_time(), expected);
}

/// Table A, S3.7.
#[test]
fn a_seed_shows_a_race_and_shows_it_again() {
    let expected = "in the order of coming: 10\nunder a hundred seeds: {10, 20, 30, 40, 50}\n\
                    the same seed twice, the same trace: 100 of 100";
    assert_eq!(diagnosis::another_order_on_purpose(), expected);
}

/// Table A, S0.3.
#[test]
fn the_greenlet_that_blocks_the_loop_is_named() {
    let expected = format!(
        "rude blocks the loop, spawned at {}\nassert_no_block: slow blocked the loop",
        "tests/../examples/diagnosis.rs"
    );
    assert_eq!(diagnosis::who_blocks_the_loop(), expected);
}

#[test]
fn the_tree_shows_who_waits_for_what_and_for_how_long() {
    let expected = "#0 \"main\" runs\n  #1 \"boss\" waits for the end of #2 \"steve\", for 3s now\n    \
                    #2 \"steve\" waits for an item of a queue, for 3s now, for 7s more at most\n    \
                    #3 \"john\" waits for an item of a queue, for 3s now, for 7s more at most";
    assert_eq!(diagnosis::who_is_there(), expected);
}

#[test]
fn a_circle_of_waits_is_told_by_names() {
    assert_eq!(diagnosis::who_waits_for_whom(), "3 wait, in a circle: [[\"hen\", \"egg\"]]");
}
