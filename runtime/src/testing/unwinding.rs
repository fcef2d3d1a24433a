//! Which bodies a crash has stopped by unwinding out of a `save`, and which have caught it.
//!
//! Whoever saves after a crash unwinds. One that saves again has caught that, and would do so for ever: it
//! is told by an error from then on. A thread of a pool, which runs one job after the other, is no such one.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, ThreadId},
};

use tokio::task;

/// What is wrong with a case in which the crash was no crash.
pub(super) const CAUGHT: &str = "the body catches panics around a `save`, and so the crash itself: what it \
                                 did after that no process would have done; save outside of what is caught";

/// How often a thread of the body's own unwinds.
const OF_A_POOL: u32 = 1_000;

/// Who saved, as far as that can be told.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Place {
    thread: ThreadId,
    task: Option<task::Id>,
}

impl Place {
    fn here() -> Self {
        Self { thread: thread::current().id(), task: task::try_id() }
    }
}

#[derive(Default)]
pub(super) struct Unwinding {
    places: Mutex<HashMap<Place, u32>>,
    runtime: OnceLock<ThreadId>,
    /// From when on nothing runs on the thread of the runtime but destructors.
    is_over: OnceLock<()>,
    was_caught: AtomicBool,
}

/// What comes of a save after a crash.
pub(super) enum Fate {
    Unwinds,
    /// The body has caught the crash.
    HasCaughtIt,
    /// A destructor saves.
    Nothing,
}

impl Unwinding {
    fn places(&self) -> MutexGuard<'_, HashMap<Place, u32>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The attempt runs on this thread.
    pub(super) fn begin(&self) {
        let _ = self.runtime.set(thread::current().id());
    }

    /// What is left to do on this thread is to drop.
    pub(super) fn end(&self) {
        let _ = self.is_over.set(());
    }

    fn is_on_the_runtime(&self, thread: ThreadId) -> bool {
        self.runtime.get() == Some(&thread)
    }

    /// Whoever is here has saved after the crash.
    pub(super) fn saves(&self) -> Fate {
        let here = Place::here();
        let on_the_runtime = self.is_on_the_runtime(here.thread);
        // What unwinds out of a destructor would end the process, or the test.
        if thread::panicking() || (on_the_runtime && self.is_over.get().is_some()) {
            return Fate::Nothing;
        }
        let most = if on_the_runtime || here.task.is_some() { 1 } else { OF_A_POOL };
        let mut places = self.places();
        let times = places.entry(here).or_default();
        *times += 1;
        if *times > most { Fate::HasCaughtIt } else { Fate::Unwinds }
    }

    /// The body went on after a crash.
    pub(super) fn is_caught(&self) {
        self.was_caught.store(true, Ordering::Release);
    }

    /// Whether the body went on after a crash.
    pub(super) fn was_caught(&self) -> bool {
        self.was_caught.load(Ordering::Acquire)
    }

    /// Whether the body, which was run here and did not unwind, should have.
    pub(super) fn has_caught_it(&self) -> bool {
        self.places().contains_key(&Place::here())
    }
}
