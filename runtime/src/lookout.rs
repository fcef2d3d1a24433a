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
//! - it sleeps until the first heartbeat is overdue: a runtime that answers is never woken by it;
//! - what a body wakes a heartbeat with is [rung](ring) by this thread: woken by the body's own, the
//!   heartbeat would wait for it;
//! - it never touches a runtime of one thread, where nobody could take over. That includes every paused
//!   clock.

use std::{
    collections::HashMap,
    io, mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use tokio::{
    runtime::{Handle, Id, RuntimeFlavor},
    sync::Notify,
    time,
};

/// How late a heartbeat may be before its runtime is woken.
const LATENESS: Duration = Duration::from_millis(200);

/// How late the first heartbeats of a runtime are when it is said that nobody answers.
const NOTABLE_LATENESS: Duration = Duration::from_secs(2);

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
    numbers: u64,
    rings: Vec<Arc<Notify>>,
    is_running: bool,
    /// When the first heartbeat may be overdue: never later than it is.
    looks_at: Option<Instant>,
    /// The runtimes that were said not to answer.
    silent: Vec<Id>,
}

/// A heartbeat that is looked out for.
struct Watched {
    runtime: Handle,
    /// When it is to be polled at the latest.
    due: Instant,
    /// When its runtime is woken.
    wake_at: Instant,
}

/// The place of one heartbeat at the lookout; dropped, nobody looks any more.
pub(crate) struct Post {
    number: Option<u64>,
}

impl Post {
    /// Takes a place for a heartbeat of the runtime that this is called on.
    pub(crate) fn take() -> Self {
        let runtime = Handle::current();
        if runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
            return Self { number: None };
        }
        let (number, started) = lock().get_or_insert_default().add(runtime);
        if let Err(error) = started {
            tracing::warn!(
                target: "autobeat",
                %error,
                "no thread looks out for heartbeats: a body that blocks its thread may lose its lease",
            );
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
        let watched = lock().as_mut().and_then(|lookout| lookout.remove(number));
        // Its runtime may go with it, and what is still queued there: not under the lock.
        drop(watched);
    }
}

/// Wakes a heartbeat for a body, from outside of its runtime.
pub(crate) fn ring(bell: &Arc<Notify>) {
    let is_shared = Handle::try_current()
        .is_ok_and(|runtime| runtime.runtime_flavor() != RuntimeFlavor::CurrentThread);
    match lock().as_mut() {
        Some(lookout) if is_shared && lookout.is_running => {
            lookout.rings.push(Arc::clone(bell));
            CHANGED.notify_one();
        }
        _ => bell.notify_one(),
    }
}

impl Lookout {
    fn add(&mut self, runtime: Handle) -> (u64, io::Result<()>) {
        self.numbers += 1;
        // Nothing is expected of it until it says what.
        let never = Instant::now() + NEVER;
        self.posts.insert(self.numbers, Watched { runtime, due: never, wake_at: never });
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
        watched.wake_at = due + LATENESS;
        if self.looks_at.is_none_or(|looks_at| watched.wake_at < looks_at) {
            self.looks_at = Some(watched.wake_at);
            CHANGED.notify_one();
        }
        if !self.silent.is_empty() {
            let answers = watched.runtime.id();
            self.silent.retain(|silent| *silent != answers);
        }
    }

    fn remove(&mut self, number: u64) -> Option<Watched> {
        let watched = self.posts.remove(&number);
        if self.posts.is_empty() {
            // The thread may leave soon.
            self.looks_at = None;
            CHANGED.notify_one();
        }
        watched
    }

    fn is_over(&self) -> bool {
        self.posts.is_empty() && self.rings.is_empty()
    }

    /// The runtimes with heartbeats that are overdue, if it is time to look at all.
    fn look(&mut self, now: Instant) -> Vec<Overdue> {
        if self.looks_at.is_none_or(|looks_at| looks_at > now) {
            return Vec::new();
        }
        let mut overdue: HashMap<Id, Overdue> = HashMap::new();
        for watched in self.posts.values_mut().filter(|watched| watched.wake_at <= now) {
            watched.wake_at = now + LATENESS;
            let entry = overdue.entry(watched.runtime.id()).or_insert_with(|| Overdue {
                runtime: watched.runtime.clone(),
                lateness: Duration::ZERO,
                heartbeats: 0,
                is_news: false,
            });
            entry.lateness = entry.lateness.max(now - watched.due);
            entry.heartbeats += 1;
        }
        for (runtime, overdue) in &mut overdue {
            overdue.is_news =
                overdue.lateness >= NOTABLE_LATENESS && !self.silent.contains(runtime);
            if overdue.is_news {
                self.silent.push(*runtime);
            }
        }
        self.looks_at = self.posts.values().map(|watched| watched.wake_at).min();
        overdue.into_values().collect()
    }
}

/// A runtime whose heartbeats are overdue.
struct Overdue {
    runtime: Handle,
    lateness: Duration,
    heartbeats: usize,
    /// Whether this is to be said: waking it did not help, and nobody was told so far.
    is_news: bool,
}

impl Overdue {
    fn wake(self) {
        // It has nothing to do but to wake whoever runs it.
        self.runtime.spawn(async {});
        if self.is_news {
            tracing::warn!(
                target: "autobeat",
                lateness = ?self.lateness,
                heartbeats = self.heartbeats,
                "no thread of the runtime answers, so that its leases will be lost; move blocking \
                 work into functions that are not `async`, or give the runtime more threads",
            );
        }
    }
}

/// The life of the thread.
fn look_out() {
    let mut lookout = lock();
    loop {
        let this = lookout.get_or_insert_default();
        let rings = mem::take(&mut this.rings);
        let overdue = this.look(Instant::now());
        if !rings.is_empty() || !overdue.is_empty() {
            drop(lookout);
            for bell in rings {
                bell.notify_one();
            }
            for runtime in overdue {
                runtime.wake();
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
mod tests {
    use tokio::runtime::{Builder, Runtime};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn runtime() -> Runtime {
        Builder::new_multi_thread().worker_threads(1).build().unwrap()
    }

    /// A lookout without a thread, so that a test can say what time it is.
    fn lookout() -> Lookout {
        Lookout { is_running: true, ..Lookout::default() }
    }

    #[test]
    fn a_heartbeat_in_time_wakes_nobody() {
        let (runtime, mut lookout, now) = (runtime(), lookout(), Instant::now());
        let (post, _) = lookout.add(runtime.handle().clone());
        for second in 0..5 {
            let due = now + second * SECOND;
            lookout.expect(post, due);
            assert!(lookout.look(due).is_empty(), "in time");
            assert!(lookout.look(due + LATENESS / 2).is_empty(), "a little late");
        }
    }

    #[test]
    fn runtimes_with_late_heartbeats_are_woken_again_and_again() {
        let (one, other, mut lookout, now) = (runtime(), runtime(), lookout(), Instant::now());
        for due in [now, now + SECOND] {
            let (post, _) = lookout.add(one.handle().clone());
            lookout.expect(post, due);
        }
        let (post, _) = lookout.add(other.handle().clone());
        lookout.expect(post, now + 2 * SECOND);
        let woken = |lookout: &mut Lookout, at| {
            let mut woken: Vec<_> = lookout
                .look(now + at)
                .into_iter()
                .map(|overdue| (overdue.runtime.id(), overdue.heartbeats, overdue.is_news))
                .collect();
            woken.sort_by_key(|(runtime, ..)| *runtime != one.handle().id());
            woken
        };
        let (one_id, other_id) = (one.handle().id(), other.handle().id());
        assert_eq!(woken(&mut lookout, LATENESS), [(one_id, 1, false)]);
        assert_eq!(woken(&mut lookout, LATENESS), [], "it has its time to answer");
        assert_eq!(woken(&mut lookout, SECOND + LATENESS), [(one_id, 2, false)]);
        let late = 2 * SECOND + LATENESS;
        assert_eq!(woken(&mut lookout, late), [(one_id, 2, true), (other_id, 1, false)]);
        assert_eq!(
            woken(&mut lookout, late + LATENESS),
            [(one_id, 2, false), (other_id, 1, false)],
            "what is known is no news"
        );
        lookout.expect(post - 1, now + 5 * SECOND);
        assert_eq!(
            woken(&mut lookout, 3 * SECOND + LATENESS),
            [(one_id, 1, true), (other_id, 1, false)],
            "after it has answered once, it is news again"
        );
    }

    #[test]
    fn what_is_due_sooner_is_looked_at_sooner() {
        let (runtime, mut lookout, now) = (runtime(), lookout(), Instant::now());
        let (late, _) = lookout.add(runtime.handle().clone());
        let (soon, _) = lookout.add(runtime.handle().clone());
        lookout.expect(late, now + 9 * SECOND);
        lookout.expect(soon, now + SECOND);
        assert_eq!(lookout.looks_at, Some(now + SECOND + LATENESS));
        assert_eq!(lookout.look(now + SECOND + LATENESS).len(), 1);
        assert!(lookout.remove(soon).is_some() && !lookout.is_over());
        assert!(lookout.remove(late).is_some() && lookout.is_over());
        assert_eq!(lookout.looks_at, None, "nobody is left to look at");
    }

    #[tokio::test]
    async fn on_one_thread_a_heartbeat_is_woken_directly() {
        let bell = Arc::new(Notify::new());
        ring(&bell);
        assert_eq!(futures_util::FutureExt::now_or_never(bell.notified()), Some(()));
    }

    #[test]
    fn on_several_threads_a_heartbeat_is_woken_from_outside_while_there_are_attempts() {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
        runtime.block_on(async {
            let post = Post::take();
            let bell = Arc::new(Notify::new());
            ring(&bell);
            time::timeout(10 * SECOND, bell.notified()).await.expect("it is rung");
            drop(post);
        });
    }
}
