//! Which of two attempts in this process a number belongs to.
//!
//! A server tells the attempts of an activity apart by their number alone, and a reset counts from 1
//! again. Whatever an earlier attempt of the same number still sent would be taken for the later one's.
//! Where both are in this process, the earlier one falls silent; across workers nobody can tell.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// The newest holder of each number that is in use, by the connection that it came over: two servers may
/// have the same names.
static HOLDERS: Mutex<Option<HashMap<String, Vec<Holder>>>> = Mutex::new(None);

#[derive(Clone, Copy, PartialEq, Eq)]
struct Holder {
    connection: u128,
    number: u64,
}

/// One holder of a number.
pub(super) struct Succession {
    attempt: String,
    holder: Holder,
}

/// Whether an attempt of some connection holds this number, so that it is worth asking of which.
pub(super) fn is_held(attempt: &str) -> bool {
    with_holders(|holders| holders.contains_key(attempt))
}

impl Succession {
    pub(super) fn new(attempt: &str, connection: u128) -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let holder = Holder { connection, number: NUMBERS.fetch_add(1, Ordering::Relaxed) };
        with_holders(|holders| {
            let of_attempt = holders.entry(attempt.to_owned()).or_default();
            of_attempt.retain(|other| other.connection != connection);
            of_attempt.push(holder);
        });
        Self { attempt: attempt.to_owned(), holder }
    }

    /// Whether a later attempt was given the same number.
    pub(super) fn is_over(&self) -> bool {
        with_holders(|holders| {
            !holders.get(&self.attempt).is_some_and(|of_attempt| of_attempt.contains(&self.holder))
        })
    }
}

impl Drop for Succession {
    fn drop(&mut self) {
        with_holders(|holders| {
            if let Some(of_attempt) = holders.get_mut(&self.attempt) {
                of_attempt.retain(|other| *other != self.holder);
                if of_attempt.is_empty() {
                    holders.remove(&self.attempt);
                }
            }
        });
    }
}

fn with_holders<R>(look: impl FnOnce(&mut HashMap<String, Vec<Holder>>) -> R) -> R {
    look(HOLDERS.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_of_the_same_number_ends_the_one_before_it() {
        let attempt = "an attempt of this test alone";
        let first = Succession::new(attempt, 1);
        let elsewhere = Succession::new(attempt, 2);
        assert!(!first.is_over() && !elsewhere.is_over() && is_held(attempt));
        let second = Succession::new(attempt, 1);
        assert!(first.is_over() && !second.is_over() && !elsewhere.is_over());
        drop(first);
        assert!(!second.is_over(), "the first one takes nothing with it");
        drop((second, elsewhere));
        assert!(!is_held(attempt), "nothing is left");
    }
}
