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

/// The newest holder of each token that is in use.
static HOLDERS: Mutex<Option<HashMap<Vec<u8>, u64>>> = Mutex::new(None);

/// One holder of a token.
pub(super) struct Succession {
    token: Vec<u8>,
    number: u64,
}

impl Succession {
    pub(super) fn new(token: &[u8]) -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let (token, number) = (token.to_vec(), NUMBERS.fetch_add(1, Ordering::Relaxed));
        with_holders(|holders| holders.insert(token.clone(), number));
        Self { token, number }
    }

    /// Whether a later attempt was handed the same token.
    pub(super) fn is_over(&self) -> bool {
        with_holders(|holders| holders.get(&self.token) != Some(&self.number))
    }
}

impl Drop for Succession {
    fn drop(&mut self) {
        with_holders(|holders| {
            if holders.get(&self.token) == Some(&self.number) {
                holders.remove(&self.token);
            }
        });
    }
}

fn with_holders<R>(look: impl FnOnce(&mut HashMap<Vec<u8>, u64>) -> R) -> R {
    look(HOLDERS.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_with_the_same_token_ends_the_one_before_it() {
        let token = b"an attempt of this test alone";
        let first = Succession::new(token);
        assert!(!first.is_over());
        let second = Succession::new(token);
        assert!(first.is_over() && !second.is_over());
        drop(first);
        assert!(!second.is_over(), "the first one takes nothing with it");
        drop(second);
        assert!(with_holders(|holders| !holders.contains_key(token.as_slice())), "nothing is left");
    }
}
