//! A world that writes down what was done in it, and what a check says of an activity.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use serde::{Deserialize, Serialize};

/// All worlds that are there, by their number: an activity's input is data.
static WORLDS: Mutex<Option<HashMap<u64, Vec<String>>>> = Mutex::new(None);

fn worlds() -> MutexGuard<'static, Option<HashMap<u64, Vec<String>>>> {
    WORLDS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A world of its own; dropped, it is forgotten.
pub(crate) struct World {
    number: u64,
}

impl World {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        worlds().get_or_insert_default().insert(number, Vec::new());
        Self { number }
    }

    /// What the activity is told of it.
    pub(crate) fn job(&self) -> Job {
        Job { world: self.number, items: 6 }
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.job().lines()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        worlds().get_or_insert_default().remove(&self.number);
    }
}

/// What an activity works on.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) world: u64,
    pub(crate) items: u64,
}

impl Job {
    /// Does something that can be seen.
    pub(crate) fn write(&self, line: impl Into<String>) {
        worlds().get_or_insert_default().entry(self.world).or_default().push(line.into());
    }

    /// Does it unless it was done already.
    pub(crate) fn write_once(&self, line: &str) {
        if !self.lines().iter().any(|it| it == line) {
            self.write(line);
        }
    }

    /// What was done so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        worlds().get_or_insert_default().get(&self.world).cloned().unwrap_or_default()
    }

    /// Takes back what was done.
    pub(crate) fn clear(&self) {
        worlds().get_or_insert_default().insert(self.world, Vec::new());
    }
}

/// The check that fits an activity with one effect an item.
macro_rules! one_an_item {
    ($activity:expr) => {
        autobeat::testing::ResumeCheck::in_world($activity, World::new, World::job)
            .effects(World::lines)
            .repeats_at_most(1)
    };
}

/// What a check that must fail says.
pub(crate) fn story(check: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(check)).expect_err("the mistake was not caught");
    panic.downcast_ref::<String>().expect("a story").clone()
}

pub(crate) use one_an_item;
