//! The newest value of a checkpoint.
//!
//! Invariants:
//! - a version is given to every saved value under the lock, so a larger version is newer;
//! - of users' code, a `Clone` alone runs under the lock, and a `Debug` that writes nowhere;
//! - a change is made to a copy, outside of the lock: who saves meanwhile waits until it is over, who only
//!   looks, such as the heartbeat, sees the value before it;
//! - how a value is copied is known from the beginning, and asked of no type again: what is wrong with a
//!   state is said where it is declared, and not at each use.

use std::{fmt, sync::PoisonError};

use crate::sync::{Condvar, Mutex, MutexGuard};

/// The newest value, and its version.
pub(super) struct Saved<T> {
    current: Mutex<Current<T>>,
    is_changed: Condvar,
    copy: fn(&T) -> T,
}

struct Current<T> {
    value: T,
    /// How often something was saved in this attempt.
    version: u64,
    /// The version in which a part of it was changed last, by somebody who kept the rest as it was.
    part: u64,
    is_changing: bool,
}

impl<T: Clone> Saved<T> {
    pub(super) fn new(value: T) -> Self {
        let current = Current { value, version: 0, part: 0, is_changing: false };
        Self { current: Mutex::new(current), is_changed: Condvar::new(), copy: T::clone }
    }
}

impl<T> Saved<T> {
    /// A poisoned lock is as good as any: what it holds is never left half-changed.
    fn lock(&self) -> MutexGuard<'_, Current<T>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the turn to save.
    #[inline]
    fn turn(&self) -> MutexGuard<'_, Current<T>> {
        let mut current = self.lock();
        while current.is_changing {
            current = self.is_changed.wait(current).unwrap_or_else(PoisonError::into_inner);
        }
        current
    }

    /// Saves a value, and returns its version.
    #[inline]
    pub(super) fn replace(&self, value: T) -> u64 {
        let mut current = self.turn();
        let (version, replaced) = current.replace(value);
        drop(current);
        drop(replaced);
        version
    }

    /// Saves a copy of the value as it was in the version `seen`, with a part of it changed: unless
    /// somebody has changed a part since, or saved at all where the rest of the copy is not `wanted`.
    pub(super) fn replace_copy(&self, value: T, seen: u64, wanted: bool) -> Option<u64> {
        let mut current = self.turn();
        let newest = if wanted { current.part } else { current.version };
        if newest > seen {
            drop(current);
            return None;
        }
        let (version, replaced) = current.replace(value);
        current.part = version;
        drop(current);
        drop(replaced);
        Some(version)
    }

    /// How often something was saved.
    pub(super) fn version(&self) -> u64 {
        self.lock().version
    }

    pub(super) fn value(&self) -> T {
        (self.copy)(&self.lock().value)
    }

    /// The newest value with its version, which is 0 where none was saved.
    pub(super) fn look(&self) -> (u64, T) {
        let current = self.lock();
        (current.version, (self.copy)(&current.value))
    }

    /// The newest value with its version, where one was saved.
    pub(super) fn newest(&self) -> Option<(u64, T)> {
        let current = self.lock();
        (current.version > 0).then(|| (current.version, (self.copy)(&current.value)))
    }

    /// Changes a copy of the value, and saves it.
    pub(super) fn change(&self, change: impl FnOnce(&mut T)) {
        let mut current = self.turn();
        let mut value = (self.copy)(&current.value);
        current.is_changing = true;
        drop(current);
        let changing = Changing(self);
        change(&mut value);
        let mut current = self.lock();
        let (version, replaced) = current.replace(value);
        current.part = version;
        drop(current);
        drop(changing);
        drop(replaced);
    }
}

impl<T: fmt::Debug> Saved<T> {
    /// The value as it is written for people: made first, since whoever writes it may take his time.
    pub(super) fn describe(&self, is_pretty: bool) -> String {
        let current = self.lock();
        if is_pretty { format!("{:#?}", current.value) } else { format!("{:?}", current.value) }
    }
}

impl<T> Current<T> {
    fn replace(&mut self, value: T) -> (u64, T) {
        self.version += 1;
        (self.version, std::mem::replace(&mut self.value, value))
    }
}

/// A change is on its way; over, or given up by a panic, whoever waits goes on.
struct Changing<'a, T>(&'a Saved<T>);

impl<T> Drop for Changing<'_, T> {
    fn drop(&mut self) {
        self.0.lock().is_changing = false;
        self.0.is_changed.notify_all();
    }
}
