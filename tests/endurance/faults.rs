//! Which fault is to blame, and what the table says of it.

use std::time::Duration;

use autobeat_tests::{
    cluster::{
        fault::{Fault, Suffered},
        results::Results,
        table,
    },
    endurance::{Circumstances, Damage, HandOver, Tally},
};

fn at(second: u64) -> Duration {
    Duration::from_secs(second)
}

fn results() -> Results {
    let suffered = |fault, second| Suffered { fault, at: at(second), took: at(2) };
    let hand_over = |second, lost, by_two| HandOver {
        at: at(second),
        lost,
        repeated: 100,
        by_two,
        overlap: Duration::ZERO,
    };
    Results {
        circumstances: Circumstances { minutes: 1, ..Circumstances::default() },
        faults: vec![
            suffered(Fault::Matching, 10),
            suffered(Fault::History(0), 20),
            suffered(Fault::History(1), 30),
        ],
        kinds: vec![Tally {
            title: "by hand".to_owned(),
            at_once: 8,
            activities: 12,
            item_time: Duration::from_millis(20),
            hand_overs: vec![hand_over(5, 1, 0), hand_over(20, 2, 7), hand_over(39, 1, 0)],
            broken: vec!["by hand: 1 items are missing".to_owned()],
        }],
    }
}

#[test]
fn the_last_fault_before_an_attempt_began_is_to_blame() {
    let results = results();
    let damage = |title| results.damage(title, &results.kinds[0]);
    let history = Damage { lost: 3, repeated: at(4), by_two: 7 };
    assert_eq!(damage(Fault::History(0).title()), history);
    assert_eq!(damage(Fault::Matching.title()), Damage::default());
}

#[test]
fn the_table_has_a_row_for_each_fault_and_one_for_all() {
    let table = table::render(&results());
    let row = |title: &str| table.lines().find(|line| line.starts_with(title)).expect("a row");
    let history = "| a history node | 2 | 2.0 s | 3 of 16 lost, 4.0 s again, 7 items by two |";
    assert_eq!(row("| a history node"), history);
    assert_eq!(row("| matching"), "| matching | 1 | 2.0 s | 0 of 8 lost, 0.0 s again |");
    assert_eq!(row("| a frontend"), "| a frontend | 0 | 0.0 s | 0 of 0 lost, 0.0 s again |");
    let all = "| all of them | 3 | | 4 lost, 6.0 s again, 7 items by two |";
    assert_eq!(row("| all of them"), all);
    assert_eq!(results().broken(), ["by hand: 1 items are missing"]);
}
