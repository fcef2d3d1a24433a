//! Which of two attempts in this process a number belongs to.
//!
//! A server tells the attempts of an activity apart by their number alone, and a reset counts from 1
//! again. Whatever an earlier attempt of the same number still sent would be taken for the later one's.
//! Where both are in this process, the earlier one falls silent; across workers nobody can tell.
//!
//! The later one is the one that the server started later. One attempt may have several leases, where one
//! activity runs within another's wrapper: they have one start, and do not end each other.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

/// When the attempts started that hold each number now. Names are the server's own, and unlike on every
/// other: the identifier of a run is among them.
static HOLDERS: Mutex<Option<HashMap<String, Vec<SystemTime>>>> = Mutex::new(None);

/// One holder of a number.
pub(super) struct Succession {
    attempt: String,
    started: SystemTime,
}

impl Succession {
    pub(super) fn new(attempt: String, started: SystemTime) -> Self {
        with_holders(|holders| holders.entry(attempt.clone()).or_default().push(started));
        Self { attempt, started }
    }

    /// Whether a later attempt was given the same number.
    pub(super) fn is_over(&self) -> bool {
        with_holders(|holders| {
            let of_attempt = holders.get(&self.attempt);
            of_attempt.is_some_and(|started| started.iter().any(|other| *other > self.started))
        })
    }
}

impl Drop for Succession {
    fn drop(&mut self) {
        with_holders(|holders| {
            let Some(of_attempt) = holders.get_mut(&self.attempt) else { return };
            if let Some(this) = of_attempt.iter().position(|started| *started == self.started) {
                of_attempt.swap_remove(this);
            }
            if of_attempt.is_empty() {
                holders.remove(&self.attempt);
            }
        });
    }
}

fn with_holders<R>(look: impl FnOnce(&mut HashMap<String, Vec<SystemTime>>) -> R) -> R {
    look(HOLDERS.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NAME: &str = "an attempt of this test alone";

    fn at(second: u64) -> Succession {
        Succession::new(NAME.to_owned(), SystemTime::UNIX_EPOCH + Duration::from_secs(second))
    }

    #[test]
    fn an_attempt_of_the_same_number_ends_the_one_that_started_before_it() {
        let second = at(2);
        // Whoever comes first, it is the start that counts.
        let first = at(1);
        assert!(first.is_over() && !second.is_over());
        let wrapped = at(2);
        assert!(!second.is_over() && !wrapped.is_over(), "two leases of one attempt");
        drop(wrapped);
        assert!(first.is_over() && !second.is_over(), "its other lease is still there");
        drop(first);
        assert!(!second.is_over(), "the first one takes nothing with it");
        drop(second);
        assert!(with_holders(|holders| !holders.contains_key(NAME)), "nothing is left");
    }
}
