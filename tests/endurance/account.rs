//! What the ledger of an activity says of its attempts.

use std::time::Duration;

use autobeat_tests::{
    endurance::{Account, HandOver, Kind},
    ledger::{Entry, Record},
};

const OURS: Kind = Kind { items: 4, ..Kind::ours("ours", "save_items") };
const BARE: Kind = Kind { is_bare: true, ..OURS };

fn at(second: u64) -> Duration {
    Duration::from_secs(second)
}

fn begun(attempt: u32, next: u64, second: u64) -> Entry {
    Entry { attempt, record: Record::Begun(next), at: at(second) }
}

fn item(attempt: u32, item: u64, second: u64) -> Entry {
    Entry { attempt, record: Record::Item(item), at: at(second) }
}

fn note(attempt: u32, note: &str, second: u64) -> Entry {
    Entry { attempt, record: Record::Note(note.to_owned()), at: at(second) }
}

/// An attempt that does items from one to another, one a second after its beginning.
fn attempt(number: u32, items: std::ops::Range<u64>, second: u64) -> Vec<Entry> {
    let does = |(place, done)| item(number, done, second + 1 + place);
    let beginning = [begun(number, items.start, second)];
    beginning.into_iter().chain((0..).zip(items).map(does)).collect()
}

#[test]
fn an_attempt_that_does_all_hands_over_to_nobody() {
    let account = Account::of(&attempt(1, 0..4, 0), &OURS);
    assert_eq!(account, Account { attempts: 1, ..Account::default() });
}

#[test]
fn what_an_earlier_attempt_had_done_is_repeated() {
    let entries = [attempt(1, 0..3, 0), attempt(2, 1..4, 10)].concat();
    let account = Account::of(&entries, &OURS);
    let hand_over = HandOver { at: at(10), lost: 1, repeated: 2, ..HandOver::default() };
    assert_eq!(account, Account { attempts: 2, hand_overs: vec![hand_over], broken: vec![] });
}

#[test]
fn attempts_that_came_to_no_worker_are_lost_too() {
    let entries = [attempt(2, 0..2, 0), attempt(5, 2..4, 10)].concat();
    let account = Account::of(&entries, &OURS);
    let lost: Vec<u32> = account.hand_overs.iter().map(|hand_over| hand_over.lost).collect();
    assert_eq!((lost, account.lost(), account.attempts), (vec![1, 3], 4, 2));
}

#[test]
fn an_item_that_nobody_did_is_missing() {
    let entries = [attempt(1, 0..1, 0), attempt(2, 2..4, 10)].concat();
    let broken = Account::of(&entries, &BARE).broken;
    assert_eq!(broken, ["1 items are missing, the first is 1"]);
}

#[test]
fn no_attempt_begins_before_what_was_acknowledged() {
    let committed = [attempt(1, 0..3, 0), vec![note(1, "acknowledged-2", 4)]].concat();
    let going_on_at = |next| {
        let entries = [committed.clone(), attempt(2, next..4, 10)].concat();
        Account::of(&entries, &OURS).broken
    };
    assert!(going_on_at(2).is_empty(), "the third item was done, and not committed");
    assert_eq!(going_on_at(1), ["attempt 2 began with item 1 after 2 were acknowledged"]);
}

#[test]
fn what_was_acknowledged_stays_so_past_an_attempt_that_did_nothing() {
    let committed = [attempt(1, 0..3, 0), vec![note(1, "acknowledged-3", 4)]].concat();
    let entries = [committed, attempt(2, 3..3, 10), attempt(3, 0..4, 20)].concat();
    let broken = Account::of(&entries, &OURS).broken;
    assert_eq!(broken, ["attempt 3 began with item 0 after 3 were acknowledged"]);
}

#[test]
fn a_body_that_goes_on_after_a_later_one_has_begun_is_one_of_two() {
    let entries = [attempt(1, 0..4, 0), attempt(2, 1..4, 3)].concat();
    let account = Account::of(&entries, &OURS);
    // Its items are done in the seconds 1 to 4.
    assert_eq!((account.hand_overs[0].by_two, account.hand_overs[0].overlap), (1, at(1)));
    assert_eq!(account.broken, ["an attempt went on for 1s after a later one had begun: 1 items"]);

    let bare = Account::of(&entries, &BARE);
    assert_eq!((bare.hand_overs[0].by_two, bare.broken), (1, vec![]), "counted, not judged");
}

#[test]
fn an_item_is_counted_for_the_first_that_had_begun() {
    let entries = [attempt(1, 0..4, 0), attempt(2, 1..2, 1), attempt(3, 1..4, 3)].concat();
    let account = Account::of(&entries, &BARE);
    let by_two: Vec<u32> = account.hand_overs.iter().map(|hand_over| hand_over.by_two).collect();
    // Those of the seconds 2, 3 and 4.
    assert_eq!(by_two, [3, 0]);
}

#[test]
fn an_attempt_that_begins_after_a_later_one_is_one_of_two() {
    let entries = [attempt(1, 0..0, 10), attempt(2, 0..4, 3)].concat();
    assert_eq!(Account::of(&entries, &OURS).hand_overs[0].by_two, 1);
}

#[test]
fn what_a_body_writes_as_it_is_told_is_no_work() {
    let entries = [attempt(1, 0..1, 0), vec![note(1, "told", 20)], attempt(2, 1..4, 10)].concat();
    let account = Account::of(&entries, &OURS);
    assert_eq!((account.hand_overs[0].by_two, account.broken), (0, vec![]));
}
