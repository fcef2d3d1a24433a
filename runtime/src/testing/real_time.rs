//! What is waited for in real time while the clock of an attempt jumps: one thread looks at all attempts
//! that run, several times a second.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
    thread::{self, Thread},
    time::Duration,
};

use super::stage::Stage;

/// How often it looks.
const LOOKS: Duration = Duration::from_millis(50);

static RUNNING: Mutex<Vec<Weak<Stage>>> = Mutex::new(Vec::new());

fn running() -> MutexGuard<'static, Vec<Weak<Stage>>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has an attempt looked at for as long as its stage is there.
pub(super) fn look_at(stage: &Arc<Stage>) {
    static THREAD: OnceLock<Thread> = OnceLock::new();
    running().push(Arc::downgrade(stage));
    THREAD.get_or_init(|| thread::spawn(look_on).thread().clone()).unpark();
}

fn look_on() {
    loop {
        // Not under the lock: whoever is the last to let go of a stage drops it.
        let seen = mem::take(&mut *running());
        let mut left = Vec::new();
        for stage in seen {
            if let Some(running) = stage.upgrade() {
                running.look();
                left.push(stage);
            }
        }
        if left.is_empty() {
            thread::park();
        } else {
            running().append(&mut left);
            thread::sleep(LOOKS);
        }
    }
}
