//! Which of two attempts in this process a number belongs to.
//!
//! A server tells the attempts of an activity apart by their number alone, and a reset counts from 1
//! again. Whatever an earlier attempt of the same number still sent would be taken for the later one's.
//! Where both are in this process, the earlier one falls silent; across workers nobody can tell.
//!
//! Invariants:
//! - the later one is the one that the server started later, whichever speaks first;
//! - one attempt may have several leases, where one activity runs within another's wrapper: they have one
//!   start, and do not end each other;
//! - two servers may have the same names: only attempts of one connection succeed each other. Most
//!   attempts never need to know theirs.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

/// Who holds each number now.
static HOLDERS: Mutex<Option<HashMap<String, Vec<Holder>>>> = Mutex::new(None);

/// One lease of an attempt.
#[derive(Clone, Copy)]
struct Holder {
    number: u64,
    started: SystemTime,
    connection: Option<u128>,
}

/// One holder of a number.
pub(super) struct Succession {
    attempt: String,
    number: u64,
}

impl Succession {
    pub(super) fn new(attempt: String, started: SystemTime) -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let holder = Holder { number, started, connection: None };
        with_holders(|holders| holders.entry(attempt.clone()).or_default().push(holder));
        Self { attempt, number }
    }

    /// Whether another attempt holds this number, so that it is worth knowing the connection.
    pub(super) fn is_contested(&self) -> bool {
        self.look(|this, other| other.started != this.started)
    }

    /// Says over which connection this one came.
    pub(super) fn connect(&self, connection: u128) {
        with_holders(|holders| {
            let of_attempt = holders.get_mut(&self.attempt).into_iter().flatten();
            for this in of_attempt.filter(|holder| holder.number == self.number) {
                this.connection = Some(connection);
            }
        });
    }

    /// Whether a later attempt was given the same number.
    pub(super) fn is_over(&self) -> bool {
        self.look(|this, other| {
            other.started > this.started
                && this.connection.is_some()
                && other.connection == this.connection
        })
    }

    fn look(&self, is_it: impl Fn(&Holder, &Holder) -> bool) -> bool {
        with_holders(|holders| {
            let Some(of_attempt) = holders.get(&self.attempt) else { return false };
            let this = of_attempt.iter().find(|holder| holder.number == self.number);
            this.is_some_and(|this| of_attempt.iter().any(|other| is_it(this, other)))
        })
    }
}

impl Drop for Succession {
    fn drop(&mut self) {
        with_holders(|holders| {
            if let Some(of_attempt) = holders.get_mut(&self.attempt) {
                of_attempt.retain(|other| other.number != self.number);
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
    use std::time::Duration;

    use super::*;

    fn at(name: &str, second: u64, connection: u128) -> Succession {
        let started = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        let succession = Succession::new(name.to_owned(), started);
        succession.connect(connection);
        succession
    }

    #[test]
    fn an_attempt_of_the_same_number_ends_the_one_that_started_before_it() {
        const NAME: &str = "an attempt of this test alone";
        let second = at(NAME, 2, 1);
        assert!(!second.is_contested());
        // Whoever comes first, it is the start that counts.
        let first = at(NAME, 1, 1);
        assert!(first.is_contested() && first.is_over() && !second.is_over());
        let wrapped = at(NAME, 2, 1);
        assert!(!second.is_over() && !wrapped.is_over(), "two leases of one attempt");
        drop(wrapped);
        assert!(first.is_over() && !second.is_over(), "its other lease is still there");
        drop(first);
        assert!(!second.is_over(), "the first one takes nothing with it");
        drop(second);
        assert!(with_holders(|holders| !holders.contains_key(NAME)), "nothing is left");
    }

    #[test]
    fn attempts_of_two_servers_with_the_same_names_do_not_end_each_other() {
        const NAME: &str = "an attempt on two servers";
        let (here, there) = (at(NAME, 1, 1), at(NAME, 2, 2));
        assert!(here.is_contested() && there.is_contested());
        assert!(!here.is_over() && !there.is_over());
        let later = at(NAME, 3, 1);
        assert!(here.is_over() && !there.is_over() && !later.is_over());
    }
}
