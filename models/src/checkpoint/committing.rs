//! Who commits is woken once its value is with the server, and never before.

use std::sync::Arc;

use loom::{model, model::Builder, thread};

use super::{acknowledgements::Acknowledgements, saved::Saved};
use crate::wait;

struct Slot {
    saved: Saved<u64>,
    acknowledgements: Acknowledgements,
}

impl Slot {
    fn new() -> Arc<Self> {
        Arc::new(Self { saved: Saved::new(0), acknowledgements: Acknowledgements::new() })
    }

    /// As a body does it.
    fn commit(&self, value: u64) -> u64 {
        let version = self.saved.replace(value);
        wait(self.acknowledgements.reach(version));
        version
    }

    /// As the heartbeat does it: beats when it is asked, until this version is acknowledged; the version that
    /// the server then holds.
    fn beat_until(&self, version: u64) -> u64 {
        let mut held = 0;
        while held < version {
            wait(self.acknowledgements.asked());
            if self.acknowledgements.wanted().is_some() {
                (held, _) = self.saved.newest().expect("somebody saved before he asked");
                self.acknowledgements.acknowledge(held);
            }
        }
        held
    }
}

#[test]
fn a_commit_is_woken_by_the_beat_that_it_asked_for() {
    model(|| {
        let slot = Slot::new();
        let of_body = Arc::clone(&slot);
        let body = thread::spawn(move || of_body.commit(7));
        assert_eq!(slot.beat_until(1), 1);
        assert_eq!(body.join().unwrap(), 1);
        assert_eq!(slot.acknowledgements.wanted(), None, "nobody waits any more");
    });
}

#[test]
fn two_commits_are_both_woken() {
    // Three threads meet in too many orders: those in which each is interrupted twice at most.
    let mut model = Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let slot = Slot::new();
        let bodies = [1, 2].map(|value| {
            let of_body = Arc::clone(&slot);
            thread::spawn(move || of_body.commit(value))
        });
        slot.beat_until(2);
        let versions = bodies.map(|body| body.join().unwrap());
        assert_eq!(versions.iter().sum::<u64>(), 3);
    });
}

#[test]
fn an_answer_that_comes_late_takes_nothing_back() {
    model(|| {
        let slot = Slot::new();
        let late = Arc::clone(&slot);
        let answering = thread::spawn(move || late.acknowledgements.acknowledge(1));
        slot.acknowledgements.acknowledge(2);
        answering.join().unwrap();
        // Returns at once, or never.
        wait(slot.acknowledgements.reach(2));
    });
}
