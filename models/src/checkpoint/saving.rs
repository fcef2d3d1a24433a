//! The newest value: bodies save and change it, the heartbeat reads it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use loom::{model, thread};

use super::saved::Saved;

#[test]
fn the_value_of_the_larger_version_stays() {
    model(|| {
        let saved = Arc::new(Saved::new(0));
        let other = Arc::clone(&saved);
        let saving = thread::spawn(move || other.replace(1));
        let version = saved.replace(2);
        let of_other = saving.join().unwrap();
        let newest = if version > of_other { 2 } else { 1 };
        assert_eq!(version + of_other, 3, "each has a version of its own");
        assert_eq!(saved.newest(), Some((2, newest)));
    });
}

#[test]
fn a_heartbeat_never_reads_an_older_value_than_before() {
    model(|| {
        let saved = Arc::new(Saved::new(0));
        let of_body = Arc::clone(&saved);
        let body = thread::spawn(move || {
            for value in [1, 2] {
                of_body.replace(value);
            }
        });
        // The values are the versions.
        let read = [saved.newest(), saved.newest()].map(Option::unwrap_or_default);
        assert!(read[0] <= read[1], "{read:?}");
        assert!(read.iter().all(|(version, value)| version == value), "{read:?}");
        body.join().unwrap();
    });
}

#[test]
fn a_save_during_a_change_is_not_lost() {
    model(|| {
        let saved = Arc::new(Saved::new(0));
        let other = Arc::clone(&saved);
        let changing = thread::spawn(move || other.change(|value| *value += 10));
        saved.replace(1);
        changing.join().unwrap();
        let newest = saved.newest();
        assert!(
            matches!(newest, Some((2, 1 | 11))),
            "the change was before the save, or of it: {newest:?}"
        );
    });
}

#[test]
fn two_changes_are_both_there() {
    model(|| {
        let saved = Arc::new(Saved::new(0));
        let other = Arc::clone(&saved);
        let changing = thread::spawn(move || other.change(|value| *value += 1));
        saved.change(|value| *value += 10);
        changing.join().unwrap();
        assert_eq!(saved.newest(), Some((2, 11)));
    });
}

#[test]
fn a_change_that_panics_lets_the_next_one_save() {
    model(|| {
        let saved = Arc::new(Saved::new(0));
        let other = Arc::clone(&saved);
        let changing = thread::spawn(move || {
            let change = |_: &mut i32| std::panic::resume_unwind(Box::new("as planned"));
            catch_unwind(AssertUnwindSafe(|| other.change(change))).unwrap_err();
        });
        saved.replace(1);
        changing.join().unwrap();
        assert_eq!(saved.newest(), Some((1, 1)));
    });
}

/// Saves a copy in which one half is changed, as a loop does; whether it was taken.
fn save_half(saved: &Saved<[u64; 2]>, half: usize, is_wanted: bool) -> bool {
    let (seen, mut copy) = saved.look();
    copy[half] = 1;
    saved.replace_copy(copy, seen, is_wanted).is_some()
}

#[test]
fn the_copy_of_a_loop_undoes_no_change() {
    for is_wanted in [false, true] {
        model(move || {
            let saved = Arc::new(Saved::new([0, 0]));
            let other = Arc::clone(&saved);
            let changing = thread::spawn(move || other.change(|halves| halves[1] = 1));
            if !save_half(&saved, 0, is_wanted) {
                saved.change(|halves| halves[0] = 1);
            }
            changing.join().unwrap();
            assert_eq!(saved.newest(), Some((2, [1, 1])));
        });
    }
}

#[test]
fn of_two_loops_none_saves_over_the_other() {
    model(|| {
        let saved = Arc::new(Saved::new([0, 0]));
        let other = Arc::clone(&saved);
        let saving = thread::spawn(move || save_half(&other, 1, true));
        let taken = [save_half(&saved, 0, true), saving.join().unwrap()];
        assert!(taken.contains(&true));
        let (_, halves) = saved.newest().unwrap();
        assert_eq!(halves, taken.map(u64::from), "what was taken is there, and nothing else");
    });
}
