//! Loom's locks and atomics, and stand-ins for what `std` and tokio build on such.

use std::sync::atomic::Ordering;

pub(crate) use loom::sync::{
    Condvar, Mutex, MutexGuard,
    atomic::{AtomicU8, AtomicU64},
};

/// As `std`'s, with a step before each look and each write.
#[derive(Debug)]
pub(crate) struct OnceLock<T> {
    steps: AtomicU64,
    value: std::sync::OnceLock<T>,
}

impl<T> OnceLock<T> {
    pub(crate) fn new() -> Self {
        Self { steps: AtomicU64::new(0), value: std::sync::OnceLock::new() }
    }

    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        self.steps.fetch_add(1, Ordering::AcqRel);
        self.value.set(value)
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.steps.fetch_add(1, Ordering::AcqRel);
        self.value.get()
    }
}

/// A value that threads wait for.
#[derive(Debug)]
struct Watched<T> {
    value: Mutex<T>,
    changed: Condvar,
}

impl<T> Watched<T> {
    fn new(value: T) -> Self {
        Self { value: Mutex::new(value), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, T> {
        self.value.lock().expect("no model panics under a lock of these")
    }

    /// Changes it, and wakes who waits where that is news.
    fn change(&self, change: impl FnOnce(&mut T) -> bool) -> bool {
        let news = change(&mut self.lock());
        if news {
            self.changed.notify_all();
        }
        news
    }

    fn wait_for(&self, is_there: impl Fn(&T) -> bool) -> MutexGuard<'_, T> {
        let mut value = self.lock();
        while !is_there(&value) {
            value = self.changed.wait(value).expect("no model panics under a lock of these");
        }
        value
    }
}

/// As tokio's: one permit, which is kept until somebody waits.
#[derive(Debug)]
pub(crate) struct Notify {
    permit: Watched<bool>,
}

impl Default for Notify {
    fn default() -> Self {
        Self { permit: Watched::new(false) }
    }
}

#[allow(clippy::unused_async, reason = "as tokio's")]
impl Notify {
    pub(crate) fn notify_one(&self) {
        self.permit.change(|permit| {
            *permit = true;
            true
        });
    }

    pub(crate) async fn notified(&self) {
        *self.permit.wait_for(|permit| *permit) = false;
    }
}

/// As tokio-util's: fires once.
#[derive(Debug)]
pub(crate) struct CancellationToken {
    has_fired: Watched<bool>,
}

#[allow(clippy::unused_async, reason = "as tokio-util's")]
impl CancellationToken {
    pub(crate) fn new() -> Self {
        Self { has_fired: Watched::new(false) }
    }

    pub(crate) fn cancel(&self) {
        self.has_fired.change(|has_fired| !std::mem::replace(has_fired, true));
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        *self.has_fired.lock()
    }

    pub(crate) async fn cancelled(&self) {
        drop(self.has_fired.wait_for(|has_fired| *has_fired));
    }
}

/// As tokio's: the newest value, and who waits for one.
pub(crate) mod watch {
    use std::sync::Arc;

    use super::{MutexGuard, Watched};

    pub(crate) struct Sender<T>(Arc<Watched<T>>);

    pub(crate) struct Receiver<T>(Arc<Watched<T>>);

    impl<T> Sender<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(Arc::new(Watched::new(value)))
        }

        pub(crate) fn subscribe(&self) -> Receiver<T> {
            Receiver(Arc::clone(&self.0))
        }

        pub(crate) fn borrow(&self) -> MutexGuard<'_, T> {
            self.0.lock()
        }

        pub(crate) fn send_if_modified(&self, change: impl FnOnce(&mut T) -> bool) -> bool {
            self.0.change(change)
        }
    }

    #[allow(clippy::unused_async, reason = "as tokio's")]
    impl<T> Receiver<T> {
        pub(crate) async fn wait_for(
            &mut self,
            is_there: impl Fn(&T) -> bool,
        ) -> Result<MutexGuard<'_, T>, ()> {
            Ok(self.0.wait_for(is_there))
        }
    }
}
