//! A thread that looks out for heartbeats that are overdue, and wakes their runtime.
//!
//! A body that blocks its thread takes more with it than its own future. What the thread has queued
//! for itself alone waits behind it, and where no other thread of the runtime is awake, nobody looks
//! after timers and sockets: idle ones sleep until somebody gives them work, and then take both over. So
//! a plain thread gives them an empty task, for as long as a heartbeat is overdue.
//!
//! Invariants:
//! - there is one thread in a process, and it lives while attempts do (and a moment longer, so that
//!   many short ones do not start many);
//! - it sleeps until the first heartbeat is overdue: a runtime that answers is never woken by it, and one
//!   that does not has one task of it waiting, no more;
//! - it goes through all heartbeats some times a second at most, however many are late;
//! - what a body wakes a heartbeat with is [rung](ring) by this thread: woken by the body's own, the
//!   heartbeat would wait for it;
//! - it never touches a runtime of one thread, where nobody could take over. That includes every paused
//!   clock;
//! - no code of others runs on it or under its lock: what it has to say is said by a thread of its own.

use std::{
    collections::HashMap,
    io, mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError},
    thread,
    time::{Duration, Instant},
};

use tokio::{
    runtime::{Handle, Id, RuntimeFlavor},
    sync::Notify,
    task::JoinHandle,
    time,
};

use crate::events::say;

/// How late a heartbeat may be before its runtime is woken.
const LATENESS: Duration = Duration::from_millis(200);

/// The least time between two looks at all heartbeats.
const RESTS: Duration = Duration::from_millis(50);

/// How long a runtime may take to run a task that does nothing before it is said that it does not answer.
const NOTABLE_SILENCE: Duration = Duration::from_secs(2);

/// Longer than any heartbeat sleeps.
const NEVER: Duration = Duration::from_hours(24);

/// How long the thread stays after the last attempt.
const LINGERS: Duration = Duration::from_secs(1);

static LOOKOUT: Mutex<Option<Lookout>> = Mutex::new(None);
static CHANGED: Condvar = Condvar::new();

/// What the thread looks at.
#[derive(Default)]
struct Lookout {
    posts: HashMap<u64, Watched>,
    runtimes: HashMap<Id, Watch>,
    numbers: u64,
    rings: Vec<Arc<Notify>>,
    is_running: bool,
    /// When the first heartbeat may be overdue: never later than it is.
    looks_at: Option<Instant>,
    looked_at: Option<Instant>,
}

/// A heartbeat that is looked out for.
struct Watched {
    runtime: Id,
    /// When it is to be polled at the latest.
    due: Instant,
}

/// A runtime with heartbeats.
struct Watch {
    handle: Handle,
    heartbeats: usize,
    /// The task that wakes it, since when.
    waking: Option<(JoinHandle<()>, Instant)>,
    /// Whether it was said that it does not answer.
    is_silent: bool,
}

/// The place of one heartbeat at the lookout; dropped, nobody looks any more.
pub(crate) struct Post {
    number: Option<u64>,
}

impl Post {
    /// Takes a place for a heartbeat of the runtime that this is called on.
    pub(crate) fn take() -> Self {
        let handle = Handle::current();
        if handle.runtime_flavor() == RuntimeFlavor::CurrentThread {
            return Self { number: None };
        }
        let (number, started) = lock().get_or_insert_default().add(handle);
        if let Err(error) = started {
            static SAID: Once = Once::new();
            SAID.call_once(|| {
                say!(
                    warn,
                    %error,
                    "no thread looks out for heartbeats: a body that blocks its thread may lose its \
                     lease",
                );
            });
        }
        Self { number: Some(number) }
    }

    /// The heartbeat will be polled at this moment, unless something blocks its runtime.
    pub(crate) fn expect(&self, moment: time::Instant) {
        let Some(number) = self.number else { return };
        let due = Instant::now() + moment.saturating_duration_since(time::Instant::now());
        if let Some(lookout) = lock().as_mut() {
            lookout.expect(number, due);
        }
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let watch = lock().as_mut().and_then(|lookout| lookout.remove(number));
        // The runtime may go with it, and what is still queued there: not under the lock.
        drop(watch);
    }
}

/// Wakes a heartbeat for a body, from outside of its runtime.
pub(crate) fn ring(bell: &Arc<Notify>) {
    let is_shared = Handle::try_current()
        .is_ok_and(|runtime| runtime.runtime_flavor() != RuntimeFlavor::CurrentThread);
    if !(is_shared && hand_over(bell)) {
        bell.notify_one();
    }
}

/// Has the thread ring, where it runs.
fn hand_over(bell: &Arc<Notify>) -> bool {
    let mut lookout = lock();
    let running = lookout.as_mut().filter(|lookout| lookout.is_running);
    let takes = running.is_some();
    if let Some(lookout) = running {
        lookout.rings.push(Arc::clone(bell));
        CHANGED.notify_one();
    }
    takes
}

impl Lookout {
    fn add(&mut self, handle: Handle) -> (u64, io::Result<()>) {
        self.numbers += 1;
        // Nothing is expected of it until it says what.
        let never = Instant::now() + NEVER;
        let runtime = handle.id();
        self.posts.insert(self.numbers, Watched { runtime, due: never });
        let watch = self.runtimes.entry(runtime).or_insert(Watch {
            handle,
            heartbeats: 0,
            waking: None,
            is_silent: false,
        });
        watch.heartbeats += 1;
        self.looks_at.get_or_insert(never);
        (self.numbers, self.run())
    }

    /// Starts the thread, unless it runs.
    fn run(&mut self) -> io::Result<()> {
        if !self.is_running {
            thread::Builder::new().name("autobeat-lookout".to_owned()).spawn(look_out)?;
            self.is_running = true;
        }
        Ok(())
    }

    fn expect(&mut self, number: u64, due: Instant) {
        let Some(watched) = self.posts.get_mut(&number) else { return };
        watched.due = due;
        let rested = self.looked_at.map_or(due, |looked_at| looked_at + RESTS);
        let looks_at = (due + LATENESS).max(rested);
        if self.looks_at.is_none_or(|next| looks_at < next) {
            self.looks_at = Some(looks_at);
            CHANGED.notify_one();
        }
    }

    /// Its runtime, where nobody else is on it.
    fn remove(&mut self, number: u64) -> Option<Watch> {
        let runtime = self.posts.remove(&number)?.runtime;
        if self.posts.is_empty() {
            // The thread may leave soon.
            self.looks_at = None;
            CHANGED.notify_one();
        }
        let watch = self.runtimes.get_mut(&runtime)?;
        watch.heartbeats -= 1;
        if watch.heartbeats == 0 { self.runtimes.remove(&runtime) } else { None }
    }

    fn is_over(&self) -> bool {
        self.posts.is_empty() && self.rings.is_empty()
    }

    /// Wakes the runtimes with heartbeats that are overdue, if it is time to look at all; what is to be
    /// said about them.
    fn look(&mut self, now: Instant) -> Vec<Silence> {
        let Some(looks_at) = self.looks_at.filter(|looks_at| *looks_at <= now) else {
            return Vec::new();
        };
        // Whoever stopped this process stopped its runtimes as well.
        let is_late = now - looks_at >= NOTABLE_SILENCE / 2;
        let mut overdue: HashMap<Id, usize> = HashMap::new();
        let mut next: Option<Instant> = None;
        for watched in self.posts.values() {
            let wake_at = watched.due + LATENESS;
            if wake_at <= now {
                *overdue.entry(watched.runtime).or_default() += 1;
            }
            next = Some(next.map_or(wake_at, |next| next.min(wake_at)));
        }
        self.looked_at = Some(now);
        self.looks_at = next.map(|next| next.max(now + RESTS));
        let runtimes = overdue.into_iter().filter_map(|(runtime, heartbeats)| {
            self.runtimes.get_mut(&runtime)?.wake(heartbeats, now, is_late)
        });
        runtimes.collect()
    }
}

impl Watch {
    /// Gives the runtime a task that has nothing to do but to wake whoever runs it, unless one waits.
    fn wake(&mut self, heartbeats: usize, now: Instant, is_late: bool) -> Option<Silence> {
        let waking = self.waking.take().filter(|(task, _)| !task.is_finished());
        let Some((task, since)) = waking else {
            self.is_silent = false;
            self.waking = Some((self.handle.spawn(async {}), now));
            return None;
        };
        let since = if is_late { now } else { since };
        self.waking = Some((task, since));
        let silence = now - since;
        let is_news = silence >= NOTABLE_SILENCE && !self.is_silent;
        self.is_silent |= is_news;
        is_news.then_some(Silence { silence, heartbeats })
    }
}

/// A runtime that does not answer, to be said once.
#[derive(Debug, PartialEq)]
struct Silence {
    silence: Duration,
    /// How many heartbeats are overdue there.
    heartbeats: usize,
}

impl Silence {
    /// Says so, on a thread of its own: whoever listens may take long, or panic.
    fn say(self) {
        let Self { silence, heartbeats } = self;
        let said = thread::Builder::new().name("autobeat-lookout-says".to_owned()).spawn(move || {
            say!(
                warn,
                ?silence,
                heartbeats,
                "no thread of the runtime answers, so that its leases will be lost; move blocking \
                 work into functions that are not `async`, or give the runtime more threads",
            );
        });
        // A process without a thread left to say it says nothing.
        drop(said);
    }
}

/// The life of the thread.
fn look_out() {
    let mut lookout = lock();
    loop {
        let this = lookout.get_or_insert_default();
        let rings = mem::take(&mut this.rings);
        let silent = this.look(Instant::now());
        if !rings.is_empty() || !silent.is_empty() {
            drop(lookout);
            for bell in rings {
                bell.notify_one();
            }
            for silence in silent {
                silence.say();
            }
            lookout = lock();
            continue;
        }
        let sleeps = match this.looks_at {
            Some(looks_at) => looks_at.saturating_duration_since(Instant::now()),
            None => LINGERS,
        };
        let (woken, slept) =
            CHANGED.wait_timeout(lookout, sleeps).unwrap_or_else(PoisonError::into_inner);
        lookout = woken;
        if slept.timed_out() && lookout.as_ref().is_some_and(Lookout::is_over) {
            *lookout = None;
            return;
        }
    }
}

/// A poisoned lock is as good as any: no code of others runs under it.
fn lock() -> MutexGuard<'static, Option<Lookout>> {
    LOOKOUT.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
