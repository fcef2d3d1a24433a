//! Which of two attempts in this process a task token belongs to.
//!
//! A server tells attempts apart by their number, and a reset counts from 1 again: a token that an
//! attempt had may be handed out once more. Whatever the earlier one still sent would then be taken for
//! the later one's. Where both are in this process, the earlier one falls silent; across workers nobody
//! can tell.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// The newest holder of each token that is in use, by the connection that it came over: two servers may
/// hand out the same.
static HOLDERS: Mutex<Option<HashMap<Vec<u8>, Vec<Holder>>>> = Mutex::new(None);

#[derive(Clone, Copy, PartialEq, Eq)]
struct Holder {
    connection: u128,
    number: u64,
}

/// One holder of a token.
pub(super) struct Succession {
    token: Vec<u8>,
    holder: Holder,
}

/// Whether an attempt of some connection holds this token, so that it is worth asking of which.
pub(super) fn is_held(token: &[u8]) -> bool {
    with_holders(|holders| holders.contains_key(token))
}

impl Succession {
    pub(super) fn new(token: &[u8], connection: u128) -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let holder = Holder { connection, number: NUMBERS.fetch_add(1, Ordering::Relaxed) };
        with_holders(|holders| {
            let of_token = holders.entry(token.to_vec()).or_default();
            of_token.retain(|other| other.connection != connection);
            of_token.push(holder);
        });
        Self { token: token.to_vec(), holder }
    }

    /// Whether a later attempt was handed the same token.
    pub(super) fn is_over(&self) -> bool {
        with_holders(|holders| {
            !holders.get(&self.token).is_some_and(|of_token| of_token.contains(&self.holder))
        })
    }
}

impl Drop for Succession {
    fn drop(&mut self) {
        with_holders(|holders| {
            if let Some(of_token) = holders.get_mut(&self.token) {
                of_token.retain(|other| *other != self.holder);
                if of_token.is_empty() {
                    holders.remove(&self.token);
                }
            }
        });
    }
}

fn with_holders<R>(look: impl FnOnce(&mut HashMap<Vec<u8>, Vec<Holder>>) -> R) -> R {
    look(HOLDERS.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_with_the_same_token_ends_the_one_before_it() {
        let token = b"an attempt of this test alone";
        let first = Succession::new(token, 1);
        let elsewhere = Succession::new(token, 2);
        assert!(!first.is_over() && !elsewhere.is_over() && is_held(token));
        let second = Succession::new(token, 1);
        assert!(first.is_over() && !second.is_over() && !elsewhere.is_over());
        drop(first);
        assert!(!second.is_over(), "the first one takes nothing with it");
        drop((second, elsewhere));
        assert!(!is_held(token), "nothing is left");
    }
}
