//! Several tell an attempt to stop: whoever wakes knows why, and the better reason stays.

use std::sync::Arc;

use loom::{model, thread};

use super::{CancelReason, told::Told};
use crate::wait;

/// Two reasons, told at the same time in either order: the one that stays.
fn stays(first: CancelReason, second: CancelReason) -> Option<CancelReason> {
    let told = Arc::new(Told::new());
    let other = Arc::clone(&told);
    let telling = thread::spawn(move || other.cancel(first));
    told.cancel(second);
    telling.join().unwrap();
    told.reason()
}

#[test]
fn whoever_is_woken_finds_the_reason_and_its_message() {
    model(|| {
        let told = Arc::new(Told::new());
        let of_body = Arc::clone(&told);
        let body = thread::spawn(move || {
            wait(of_body.token.cancelled());
            (of_body.reason(), of_body.message())
        });
        told.cancel_with(CancelReason::Stalled, "still for 5s".to_owned());
        let found = body.join().unwrap();
        assert_eq!(found, (Some(CancelReason::Stalled), "still for 5s".to_owned()));
    });
}

#[test]
fn a_request_stays_although_a_pause_is_told_beside_it() {
    use CancelReason::{HandOver, Paused, Requested, WorkerShutdown};
    for beside in [Paused, WorkerShutdown, HandOver] {
        model(move || assert_eq!(stays(beside, Requested), Some(Requested)));
    }
}

#[test]
fn a_lost_lease_stays_and_ends_every_grace() {
    model(|| {
        let told = Arc::new(Told::new());
        let other = Arc::clone(&told);
        let telling = thread::spawn(move || other.cancel(CancelReason::Requested));
        let of_body = Arc::clone(&told);
        let body = thread::spawn(move || {
            wait(of_body.over.cancelled());
            of_body.reason()
        });
        told.cancel(CancelReason::LeaseLost);
        telling.join().unwrap();
        assert_eq!(body.join().unwrap(), Some(CancelReason::LeaseLost), "when it is dropped");
        assert_eq!(told.reason(), Some(CancelReason::LeaseLost), "and after that");
    });
}

#[test]
fn a_reason_is_news_to_one() {
    model(|| {
        let told = Arc::new(Told::new());
        let other = Arc::clone(&told);
        let telling = thread::spawn(move || other.cancel(CancelReason::Paused));
        let news = told.cancel(CancelReason::Paused);
        assert!(news != telling.join().unwrap(), "one of the two logs it, and begins the grace");
    });
}

#[test]
fn a_hand_over_wakes_nobody_who_has_something_on_its_way() {
    model(|| {
        let told = Arc::new(Told::new());
        let of_body = Arc::clone(&told);
        let body = thread::spawn(move || {
            wait(of_body.hands_over.cancelled());
            (of_body.reason(), of_body.token.is_cancelled())
        });
        told.cancel(CancelReason::HandOver);
        assert_eq!(body.join().unwrap(), (Some(CancelReason::HandOver), false));
    });
}
