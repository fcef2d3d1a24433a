//! A history by the clock of whoever runs the schedule, written as calls and bodies go by.
//!
//! Invariants:
//! - its time begins with the first attempt, and stands still before;
//! - an attempt's token counts the starts that were seen, in their order.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context, anyhow};
use tokio::time::Instant;

use crate::{
    inprocess::{
        BY_NAME, Moment, Request,
        activity::Token,
        called,
        history::{Answer, CallId, Event, Lane, Rpc, Said, What, WorkerStep},
        network::{Fate, Loss, Network},
    },
    schedules::witness::Witness,
};

/// A history that is being written; all clones are the same one.
#[derive(Clone, Default)]
pub struct Record {
    pages: Arc<Mutex<Pages>>,
}

#[derive(Default)]
struct Pages {
    begin: Option<Instant>,
    history: Vec<Event>,
    /// The value that was last acknowledged.
    held: Option<u64>,
    tokens: HashMap<Vec<u8>, Token>,
    /// What calls on their way carry.
    carried: HashMap<CallId, Option<u64>>,
    /// How many calls about attempts each lane has made.
    places: HashMap<Lane, u32>,
    calls: u64,
}

impl Record {
    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happened so far.
    #[must_use]
    pub fn history(&self) -> Vec<Event> {
        self.lock().history.clone()
    }

    /// Whether the first attempt has started.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.lock().begin.is_some()
    }

    /// How many attempts have started.
    #[must_use]
    pub fn starts(&self) -> usize {
        self.lock().tokens.len()
    }

    /// How many bodies have begun, and not ended.
    #[must_use]
    pub fn running(&self) -> usize {
        let pages = self.lock();
        let count = |wanted: fn(Said) -> bool| {
            let is = |event: &&Event| matches!(event.what, What::Body(_, said) if wanted(said));
            pages.history.iter().filter(is).count()
        };
        let began = count(|said| matches!(said, Said::Began(_)));
        began - count(|said| matches!(said, Said::Returned(_) | Said::Dropped)).min(began)
    }

    /// Writes down what happens now.
    pub fn write(&self, what: What) {
        self.lock().write(what);
    }

    pub(super) fn step(&self, step: WorkerStep) {
        self.write(What::Worker(step));
    }

    /// An attempt starts, whatever the server calls it.
    pub(super) fn start(&self, name: Vec<u8>, number: u32) -> Token {
        let mut pages = self.lock();
        pages.begin.get_or_insert_with(Instant::now);
        let next = u64::try_from(pages.tokens.len()).unwrap_or(u64::MAX) + 1;
        let token = *pages.tokens.entry(name).or_insert(Token(next));
        pages.write(What::Started { token, number });
        token
    }

    /// The attempt that the server calls so.
    pub(super) fn token(&self, name: &[u8]) -> anyhow::Result<Token> {
        if name == BY_NAME {
            return Ok(Token(u64::try_from(self.lock().tokens.len())?));
        }
        let token = self.lock().tokens.get(name).copied();
        token.with_context(|| anyhow!("no token that was handed out: {name:?}"))
    }

    /// A call is sent; what happens to it.
    pub(super) fn send(
        &self,
        request: &Request,
        lane: Lane,
        limit: Option<Duration>,
        network: &Network,
    ) -> (CallId, Fate) {
        let mut pages = self.lock();
        pages.calls += 1;
        let call = CallId(pages.calls);
        let place = request.token().is_some().then(|| {
            let place = pages.places.entry(lane).or_default();
            *place += 1;
            *place
        });
        let fate = match pages.begin {
            Some(_) => network.fate(pages.now(), lane, request.rpc(), place),
            None => Fate { before: Duration::ZERO, after: Duration::ZERO, loss: Loss::Nothing },
        };
        pages.carried.insert(call, request.value());
        if request.rpc() != Rpc::Other {
            pages.write(What::Called(called(call, request, lane, fate, limit)));
        }
        (call, fate)
    }

    /// A call took effect.
    pub(super) fn take(&self, call: CallId, rpc: Rpc, answer: Answer) {
        let mut pages = self.lock();
        let value = pages.carried.get(&call).copied().flatten();
        if value.is_some() && matches!(answer, Answer::Recorded(_) | Answer::Done) {
            pages.held = value;
        }
        if rpc != Rpc::Other {
            pages.write(What::Took { call, answer, change: None });
        }
    }
}

impl Pages {
    fn now(&self) -> Moment {
        Moment::after(self.begin.map(|begin| begin.elapsed()).unwrap_or_default())
    }

    fn write(&mut self, what: What) {
        let at = self.now();
        self.history.push(Event { at, held: self.held, what });
    }
}

impl Witness for Record {
    fn now(&self) -> Moment {
        self.lock().now()
    }

    fn say(&self, token: Token, said: Said) {
        self.write(What::Body(token, said));
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Record").finish_non_exhaustive()
    }
}
