//! The lock of a pulse, and what waits until it is free.
//!
//! Invariant: code of users runs under no lock that the heartbeat takes. Who listens, who measures, and what drops
//! a state that is held no more, is theirs.

use std::{
    ops::{Deref, DerefMut},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::pulse::Pulse;

/// A poisoned lock is as good as any: users' code, which alone may panic, runs outside of it.
pub(super) fn lock(pulse: &Mutex<Pulse>) -> Locked<'_> {
    Locked(Some(pulse.lock().unwrap_or_else(PoisonError::into_inner)))
}

/// A pulse under its lock; what it has left for afterwards runs as soon as that is free.
pub(super) struct Locked<'a>(Option<MutexGuard<'a, Pulse>>);

impl Deref for Locked<'_> {
    type Target = Pulse;

    fn deref(&self) -> &Pulse {
        self.0.as_ref().expect("only the drop takes it")
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut Pulse {
        self.0.as_mut().expect("only the drop takes it")
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        let afterwards = self.take_afterwards();
        self.0 = None;
        afterwards.run();
    }
}
