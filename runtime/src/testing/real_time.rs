//! What is waited for in real time while the clock of an attempt jumps: one thread looks at all attempts
//! that run, several times a second.

use std::{
    fmt, mem,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, Thread},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use super::stage::Stage;

/// How often it looks. Time is counted by looks: while the process is stopped, nothing is late.
pub(super) const LOOKS: Duration = Duration::from_millis(50);

/// How long a body may do nothing: what it waits for never comes.
const LONGEST_STILL: Duration = Duration::from_secs(10);

/// How often a body may save: its loop never ends.
const MOST_SAVES: u64 = 1_000_000;

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

/// Why a body was given up.
#[derive(Clone, Copy, Debug)]
pub(super) enum Endless {
    /// It did nothing any more.
    Still,
    /// It saved, and saved, and saved.
    Saves,
}

impl fmt::Display for Endless {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Still => write!(
                formatter,
                "did nothing for {} s, and was given up: what it waits for does not come",
                LONGEST_STILL.as_secs()
            ),
            Self::Saves => write!(
                formatter,
                "saved {MOST_SAVES} times, and was given up: its loop does not end"
            ),
        }
    }
}

/// How long a body has done nothing, or how much without an end.
pub(super) struct Stillness {
    /// How often the body moved: saved, or was run.
    moves: AtomicU64,
    /// How often it had moved when this was looked at, and how often that was seen.
    still: Mutex<(u64, u32)>,
    endless: OnceLock<Endless>,
    is_over: CancellationToken,
}

impl Stillness {
    pub(super) fn new() -> Self {
        Self {
            moves: AtomicU64::new(0),
            still: Mutex::new((0, 0)),
            endless: OnceLock::new(),
            is_over: CancellationToken::new(),
        }
    }

    pub(super) fn moves(&self) {
        self.moves.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn look(&self) {
        let moves = self.moves.load(Ordering::Relaxed);
        let mut still = self.still.lock().unwrap_or_else(PoisonError::into_inner);
        *still = if still.0 == moves { (moves, still.1 + 1) } else { (moves, 0) };
        if LOOKS * still.1 >= LONGEST_STILL {
            self.give_up(Endless::Still);
        }
    }

    /// Whether a body that has saved so often is to be stopped.
    pub(super) fn is_too_much(&self, saves: u64) -> bool {
        if saves >= MOST_SAVES {
            self.give_up(Endless::Saves);
        }
        saves >= MOST_SAVES
    }

    fn give_up(&self, endless: Endless) {
        let _ = self.endless.set(endless);
        self.is_over.cancel();
    }

    /// Why it was given up, if it was.
    pub(super) fn endless(&self) -> Option<Endless> {
        self.endless.get().copied()
    }

    /// Waits until it was too long.
    pub(super) async fn is_too_long(&self) {
        self.is_over.cancelled().await;
    }
}
