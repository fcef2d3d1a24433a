//! Whether a later attempt of the same activity runs in this process.
//!
//! A server tells the attempts of an activity apart by their number alone, and a reset counts from 1
//! again, even for an attempt that runs. Whatever an earlier attempt still sent would be refused, or taken
//! for the later one's. Where both are in this process, the earlier one falls silent; across workers
//! nobody can tell.
//!
//! Invariants:
//! - the later one is the one that the server started later, whichever speaks first;
//! - an attempt that was succeeded stays so, also when the later one has ended: its answer may still be on
//!   its way;
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

/// The leases of each activity that has any.
static LEASES: Mutex<Option<HashMap<String, Vec<Entry>>>> = Mutex::new(None);

/// One lease of an attempt.
struct Entry {
    number: u64,
    started: SystemTime,
    connection: Option<u128>,
    /// The connections over which later attempts came.
    succeeded_on: Vec<u128>,
}

impl Entry {
    fn is_succeeded_on(&mut self, connection: u128) {
        if !self.succeeded_on.contains(&connection) {
            self.succeeded_on.push(connection);
        }
    }
}

/// The place of one lease among those of its activity.
pub(super) struct Succession {
    activity: String,
    number: u64,
}

impl Succession {
    pub(super) fn new(activity: String, started: SystemTime) -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let entry = Entry { number, started, connection: None, succeeded_on: Vec::new() };
        with_leases(|leases| leases.entry(activity.clone()).or_default().push(entry));
        Self { activity, number }
    }

    /// Whether another attempt has a lease as well, so that it is worth knowing the connection.
    pub(super) fn is_contested(&self) -> bool {
        self.with_entries(|entries, this| {
            entries.iter().any(|other| other.started != entries[this].started)
        })
    }

    /// Says over which connection this one came.
    pub(super) fn connect(&self, connection: u128) {
        self.with_entries(|entries, this| {
            entries[this].connection = Some(connection);
            let started = entries[this].started;
            for earlier in entries.iter_mut().filter(|other| other.started < started) {
                earlier.is_succeeded_on(connection);
            }
            let is_later =
                |other: &&Entry| other.started > started && other.connection == Some(connection);
            if entries.iter().any(|other| is_later(&other)) {
                entries[this].is_succeeded_on(connection);
            }
            true
        });
    }

    /// Whether a later attempt was started.
    pub(super) fn is_over(&self) -> bool {
        self.with_entries(|entries, this| {
            let Entry { connection, succeeded_on, .. } = &entries[this];
            connection.is_some_and(|connection| succeeded_on.contains(&connection))
        })
    }

    /// Looks at the leases of the activity, and where this one is among them.
    fn with_entries(&self, look: impl FnOnce(&mut Vec<Entry>, usize) -> bool) -> bool {
        with_leases(|leases| {
            let Some(entries) = leases.get_mut(&self.activity) else { return false };
            let this = entries.iter().position(|entry| entry.number == self.number);
            this.is_some_and(|this| look(entries, this))
        })
    }
}

impl Drop for Succession {
    fn drop(&mut self) {
        with_leases(|leases| {
            if let Some(entries) = leases.get_mut(&self.activity) {
                entries.retain(|other| other.number != self.number);
                if entries.is_empty() {
                    leases.remove(&self.activity);
                }
            }
        });
    }
}

fn with_leases<R>(look: impl FnOnce(&mut HashMap<String, Vec<Entry>>) -> R) -> R {
    look(LEASES.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(name: &str, second: u64) -> Succession {
        Succession::new(name.to_owned(), SystemTime::UNIX_EPOCH + Duration::from_secs(second))
    }

    fn connected(name: &str, second: u64, connection: u128) -> Succession {
        let succession = at(name, second);
        succession.connect(connection);
        succession
    }

    #[test]
    fn a_later_attempt_ends_the_one_that_started_before_it() {
        const NAME: &str = "an activity of this test alone";
        let second = connected(NAME, 2, 1);
        assert!(!second.is_contested());
        // Whoever comes first, it is the start that counts.
        let first = connected(NAME, 1, 1);
        assert!(first.is_contested() && first.is_over() && !second.is_over());
        let wrapped = connected(NAME, 2, 1);
        assert!(!second.is_over() && !wrapped.is_over(), "two leases of one attempt");
        drop(first);
        assert!(!second.is_over(), "the first one takes nothing with it");
        drop((second, wrapped));
        assert!(with_leases(|leases| !leases.contains_key(NAME)), "nothing is left");
    }

    #[test]
    fn an_attempt_that_was_succeeded_stays_so() {
        const NAME: &str = "an activity whose second attempt is short";
        let (first, unconnected) = (connected(NAME, 1, 1), at(NAME, 1));
        drop(connected(NAME, 2, 1));
        assert!(first.is_over(), "the later one may still be answered");
        assert!(!unconnected.is_over(), "nobody knows yet whose it is");
        unconnected.connect(1);
        assert!(unconnected.is_over());
    }

    #[test]
    fn attempts_of_two_servers_with_the_same_names_do_not_end_each_other() {
        const NAME: &str = "an activity on two servers";
        let (here, there) = (connected(NAME, 1, 1), connected(NAME, 2, 2));
        assert!(here.is_contested() && there.is_contested());
        assert!(!here.is_over() && !there.is_over());
        let later = connected(NAME, 3, 1);
        assert!(here.is_over() && !there.is_over() && !later.is_over());
    }

    #[test]
    fn an_attempt_that_was_succeeded_stays_so_whatever_another_server_does() {
        const NAME: &str = "an activity of a cluster and of its copy";
        let (first, unconnected) = (connected(NAME, 1, 1), at(NAME, 1));
        let second = connected(NAME, 2, 1);
        let elsewhere = connected(NAME, 3, 2);
        assert!(first.is_over() && !second.is_over() && !elsewhere.is_over());
        drop((second, elsewhere));
        unconnected.connect(1);
        assert!(unconnected.is_over(), "it is one of both, and known late");
    }
}
