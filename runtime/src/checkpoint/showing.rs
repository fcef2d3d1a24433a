//! What shows the progress of an attempt, until that is over.
//!
//! Invariants:
//! - after the end nothing is shown, whoever still shows something: it may hold a checkpoint, and so the
//!   place where it is kept;
//! - what is dropped is users' code: outside of the lock.

use std::sync::{Arc, PoisonError};

use crate::sync::{Mutex, MutexGuard};

/// What is shown at the moment.
pub(super) struct Showing<S> {
    current: Mutex<Current<S>>,
}

struct Current<S> {
    shown: Option<Arc<S>>,
    is_over: bool,
}

impl<S> Showing<S> {
    pub(super) fn new() -> Self {
        Self { current: Mutex::new(Current { shown: None, is_over: false }) }
    }

    /// A poisoned lock is as good as any: nothing of users' runs under it.
    fn lock(&self) -> MutexGuard<'_, Current<S>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self) -> Option<Arc<S>> {
        self.lock().shown.clone()
    }

    /// Shows it in place of what was shown before, unless the attempt is over.
    pub(super) fn show(&self, shown: S) {
        let mut current = self.lock();
        let shown = Arc::new(shown);
        let replaced = if current.is_over { Some(shown) } else { current.shown.replace(shown) };
        drop(current);
        drop(replaced);
    }

    /// Shows nothing any more.
    pub(super) fn end(&self) {
        let mut current = self.lock();
        current.is_over = true;
        let shown = current.shown.take();
        drop(current);
        drop(shown);
    }
}
