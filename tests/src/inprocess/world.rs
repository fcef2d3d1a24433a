//! A world: one server with one activity, its network, its history, and its time.
//!
//! Invariants:
//! - it is plain data behind one lock, and outlives every worker and every runtime;
//! - nothing happens but in [`State::advance`], in the order of virtual time, and every step is in
//!   the history;
//! - while a worker lives, its runtime's paused clock is the world's; in between, time is moved by
//!   hand.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use tokio::{sync::Notify, time::Instant};

use super::{
    activity::{Activity, Change, Closed, Terms, Token},
    calls::{Skew, value_of},
    history::{CallId, Event, Lane, Order, Said, What, WorkerStep},
    moment::Moment,
    network::Network,
    wire::{Due, InFlight},
};

/// A world; all clones are the same one.
#[derive(Clone)]
pub struct World {
    state: Arc<Mutex<State>>,
    /// Tells whoever moves the world on that something is due sooner.
    pub(super) changed: Arc<Notify>,
}

/// Everything in a world.
pub(super) struct State {
    /// No two worlds share one: what is asked once a namespace is asked in each of them.
    pub(super) namespace: String,
    pub(super) activity: Activity,
    pub(super) network: Network,
    pub(super) skew: Skew,
    pub(super) queue: BTreeMap<(Moment, u64), Due>,
    pub(super) calls: HashMap<CallId, InFlight>,
    /// Polls that wait for an attempt.
    pub(super) waiting: VecDeque<CallId>,
    /// How many calls about attempts each lane has made.
    pub(super) places: HashMap<Lane, u32>,
    /// Which worker lives; the calls of every other are refused.
    pub(super) worker: u64,
    pub(super) has_polled: bool,
    pub(super) is_shutting_down: bool,
    /// When the attempt that runs started, as its worker was told.
    pub(super) started: Option<SystemTime>,
    history: Vec<Event>,
    held: Option<u64>,
    clock: Clock,
    numbers: u64,
}

enum Clock {
    Stopped(Moment),
    Running { since: Instant, base: Moment },
}

impl World {
    /// A world that begins with an activity that is scheduled.
    #[must_use]
    pub fn new(terms: Terms, network: Network, skew: Skew) -> Self {
        static WORLDS: AtomicU64 = AtomicU64::new(0);
        let state = State {
            namespace: format!("world-{}", WORLDS.fetch_add(1, Ordering::Relaxed)),
            activity: Activity::new(terms, Moment::BEGIN),
            network,
            skew,
            queue: BTreeMap::new(),
            calls: HashMap::new(),
            waiting: VecDeque::new(),
            places: HashMap::new(),
            worker: 0,
            has_polled: false,
            is_shutting_down: false,
            started: None,
            history: Vec::new(),
            held: None,
            clock: Clock::Stopped(Moment::BEGIN),
            numbers: 0,
        };
        Self { state: Arc::new(Mutex::new(state)), changed: Arc::new(Notify::new()) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.lock().now()
    }

    /// What happened so far.
    #[must_use]
    pub fn history(&self) -> Vec<Event> {
        self.lock().history.clone()
    }

    /// Ends this world; what happened in it. The client of a worker that crashed keeps its world for
    /// ever, since the SDK frees no attempt that was not answered: so that little is kept.
    #[must_use]
    pub fn end(self) -> Vec<Event> {
        let mut state = self.lock();
        state.queue = BTreeMap::new();
        state.calls = HashMap::new();
        std::mem::take(&mut state.history)
    }

    /// How the activity ended, if it did.
    #[must_use]
    pub fn closed(&self) -> Option<Closed> {
        self.lock().activity.closed()
    }

    /// How many steps there were so far.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.lock().steps()
    }

    /// A number that no one was given before in this world.
    #[must_use]
    pub fn next_number(&self) -> u64 {
        let mut state = self.lock();
        state.numbers += 1;
        state.numbers
    }

    /// Writes down what a body does or sees.
    pub fn say(&self, token: Token, said: Said) {
        self.lock().record_now(What::Body(token, said));
    }

    /// Does something to the activity.
    pub fn order(&self, order: Order) {
        let mut state = self.lock();
        let now = state.now();
        state.advance(now);
        let change = state.obey(order, now);
        state.update_held();
        state.record(now, What::Ordered(order, change));
        state.hand_out(now);
        drop(state);
        self.changed.notify_one();
    }

    /// Moves the time on where no worker lives.
    pub fn pass(&self, duration: Duration) {
        let mut state = self.lock();
        let then = state.now() + duration;
        state.advance(then);
        state.clock = Clock::Stopped(then);
    }

    pub(super) fn step(&self, step: WorkerStep) {
        self.lock().record_now(What::Worker(step));
    }

    /// From now on the clock of the runtime around is the world's.
    pub(super) fn run_clock(&self) {
        let mut state = self.lock();
        let base = state.now();
        state.clock = Clock::Running { since: Instant::now(), base };
    }

    /// The runtime is about to end.
    pub(super) fn stop_clock(&self) {
        let mut state = self.lock();
        state.clock = Clock::Stopped(state.now());
    }

    /// Lets happen what is due, whenever it is, for as long as this is polled.
    pub(super) async fn drive(&self) {
        loop {
            let wait = {
                let mut state = self.lock();
                let now = state.now();
                state.advance(now);
                state.next_due().map(|due| due.since(now))
            };
            let changed = self.changed.notified();
            match wait {
                Some(wait) => tokio::select! {
                    () = changed => {}
                    () = tokio::time::sleep(wait) => {}
                },
                None => changed.await,
            }
        }
    }
}

impl fmt::Debug for World {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("World").finish_non_exhaustive()
    }
}

impl State {
    pub(super) fn now(&self) -> Moment {
        match self.clock {
            Clock::Stopped(at) => at,
            Clock::Running { since, base } => base + since.elapsed(),
        }
    }

    pub(super) fn record(&mut self, at: Moment, what: What) {
        self.history.push(Event { at, held: self.held, what });
    }

    pub(super) fn steps(&self) -> usize {
        self.history.len()
    }

    fn record_now(&mut self, what: What) {
        let now = self.now();
        self.record(now, what);
    }

    pub(super) fn update_held(&mut self) {
        self.held = value_of(self.activity.details());
    }

    pub(super) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// When something is due that nobody calls for.
    fn next_due(&self) -> Option<Moment> {
        let queued = self.queue.keys().next().map(|(due, _)| *due);
        let timer = self.activity.timer().map(|(due, _)| due);
        let attempt = self.activity.due().filter(|_| !self.waiting.is_empty());
        [queued, timer, attempt].into_iter().flatten().min()
    }

    /// Lets everything happen that is due by then, in its order.
    pub(super) fn advance(&mut self, now: Moment) {
        while let Some(due) = self.next_due().filter(|due| *due <= now) {
            let queued = self.queue.first_key_value().is_some_and(|((at, _), _)| *at == due);
            if queued && let Some((_, what)) = self.queue.pop_first() {
                self.happen(what, due);
            } else if let Some((_, timeout)) = self.activity.timer().filter(|(at, _)| *at == due) {
                let change = self.activity.time_out(timeout, due);
                self.update_held();
                self.record(due, What::TimedOut(timeout, change));
            }
            self.hand_out(due);
        }
    }

    fn obey(&mut self, order: Order, now: Moment) -> Option<Change> {
        match order {
            Order::Cancel => return self.activity.request_cancel(),
            Order::Pause => self.activity.pause(),
            Order::Unpause => self.activity.unpause(now),
            Order::Reset { heartbeats } => self.activity.reset(heartbeats, now),
            Order::Terminate => return self.activity.terminate(),
        }
        None
    }
}
