//! A lease for tests: it answers from a script and writes down what it was sent.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use temporalio_common::data_converters::PayloadConverter;
#[cfg(any(test, feature = "testing"))]
use temporalio_common::protos::temporal::api::common::v1::Payload;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

#[cfg(test)]
use super::core_rules;
use super::{Answer, BeatError, EngineRules, Lease, Reply, TooLarge};
use crate::checkpoint::Details;
#[cfg(test)]
use crate::{cancel::CancelReason, checkpoint::decode};

/// What the script says to one beat.
#[derive(Clone, Debug)]
pub(crate) enum Line {
    Answer(Reply),
    /// An error, at once.
    Refusal,
    /// No answer within the limit.
    Silence,
    /// An answer, but only after this long.
    Late(Duration, Reply),
}

pub(crate) struct ScriptedLease {
    began: Mutex<Instant>,
    script: Mutex<VecDeque<Line>>,
    /// What every beat after the script's end is answered.
    ever_after: Mutex<Line>,
    beats: Mutex<Vec<(Duration, Details)>>,
    records: Mutex<Vec<(Duration, Details)>>,
    /// What the next reports on the engine's lane are too large by.
    refusals: Mutex<VecDeque<TooLarge>>,
    left: Mutex<Option<Details>>,
    rules: Option<EngineRules>,
    pub(crate) engine: CancellationToken,
    /// How often the heartbeat's task went to sleep: it looks at this token each time.
    sleeps: AtomicUsize,
    /// What the server takes of an answer that is said again; `None` where it cannot be.
    says: Option<Mutex<VecDeque<bool>>>,
    said: Mutex<Vec<(Duration, String)>>,
    loses_what_is_left: bool,
    /// Whether the engine's answer would not be taken.
    is_alone_heard: bool,
}

impl ScriptedLease {
    pub(crate) fn new(script: impl IntoIterator<Item = Line>, ever_after: Line) -> Self {
        Self {
            began: Mutex::new(Instant::now()),
            script: Mutex::new(script.into_iter().collect()),
            ever_after: Mutex::new(ever_after),
            beats: Mutex::default(),
            records: Mutex::default(),
            refusals: Mutex::default(),
            left: Mutex::default(),
            rules: None,
            engine: CancellationToken::new(),
            sleeps: AtomicUsize::new(0),
            says: None,
            said: Mutex::default(),
            loses_what_is_left: false,
            is_alone_heard: false,
        }
    }

    /// Every beat is welcome.
    pub(crate) fn friendly() -> Self {
        Self::new([], Line::Answer(Reply::GoOn))
    }

    fn elapsed(&self) -> Duration {
        lock(&self.began).elapsed()
    }

    /// Instants count from now on: the runtime may have a clock of its own.
    #[cfg(feature = "testing")]
    pub(crate) fn begin(&self) {
        *lock(&self.began) = Instant::now();
    }

    /// Every beat from now on is answered so.
    #[cfg(feature = "testing")]
    pub(crate) fn answer_ever_after(&self, line: Line) {
        *lock(&self.ever_after) = line;
    }

    /// What the beats carried, and when they came, since the lease began.
    #[cfg(feature = "testing")]
    pub(crate) fn beats(&self) -> Vec<(Duration, Vec<Payload>)> {
        let beats = lock(&self.beats);
        beats.iter().map(|(time, details)| (*time, details.payloads.clone())).collect()
    }
}

/// What the crate's own tests ask of it beyond that.
#[cfg(test)]
impl ScriptedLease {
    /// The first beat is told to stop, and so is every one after it.
    pub(crate) fn stopping(reason: CancelReason) -> Self {
        Self::new([], Line::Answer(Reply::Stop(reason)))
    }

    /// With an engine that has a lane of its own, as the SDK's is for this timeout.
    pub(crate) fn with_engine(mut self, timeout: Duration) -> Self {
        self.rules = Some(EngineRules {
            throttle: core_rules::throttle(timeout),
            patience: core_rules::patience(timeout),
            spacing: timeout.min(Duration::from_secs(90)),
        });
        self
    }

    /// The first report on the engine's lane turns out to be too large.
    pub(crate) fn refusing_a_report(self) -> Self {
        lock(&self.refusals).push_back(TooLarge { size: 3_000_000, limit: 2_097_152 });
        self
    }

    /// Answers can be said again: so often in vain, then once and for all.
    pub(crate) fn hearing(mut self, failures: usize) -> Self {
        self.says = Some(Mutex::new(vec![false; failures].into()));
        self
    }

    /// What is left for a failure may be lost, as that of an activity without a workflow.
    pub(crate) fn losing_what_is_left(mut self) -> Self {
        self.loses_what_is_left = true;
        self
    }

    /// The server takes nothing of the attempt from the engine.
    pub(crate) fn alone(mut self) -> Self {
        self.is_alone_heard = true;
        self
    }

    /// The answers that were said again, and when.
    pub(crate) fn said(&self) -> Vec<(Duration, String)> {
        lock(&self.said).clone()
    }

    /// How often the heartbeat's task went to sleep.
    pub(crate) fn sleeps(&self) -> usize {
        self.sleeps.load(Ordering::Relaxed)
    }

    /// When the beats came, since the lease began.
    pub(crate) fn times(&self) -> Vec<Duration> {
        lock(&self.beats).iter().map(|(time, _)| *time).collect()
    }

    /// When the engine's lane was given something, since the lease began.
    pub(crate) fn recorded(&self) -> Vec<Duration> {
        lock(&self.records).iter().map(|(time, _)| *time).collect()
    }

    /// What the beats carried; `None` for one without details.
    pub(crate) fn values(&self) -> Vec<Option<u64>> {
        lock(&self.beats).iter().map(|(_, details)| number(&details.payloads)).collect()
    }

    /// What was left for the answer, as it was written.
    pub(crate) fn left_text(&self) -> Option<String> {
        let left = lock(&self.left);
        let payload = left.as_ref()?.payloads.first()?;
        Some(String::from_utf8_lossy(&payload.data).into_owned())
    }

    /// What was left for the answer.
    pub(crate) fn left(&self) -> Option<u64> {
        lock(&self.left).as_ref().and_then(|details| number(&details.payloads))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
fn number(payloads: &[Payload]) -> Option<u64> {
    decode(&PayloadConverter::default(), payloads).unwrap()
}

impl Lease for ScriptedLease {
    fn converter(&self) -> PayloadConverter {
        PayloadConverter::default()
    }

    fn beat(&self, details: Details, until: Instant) -> BoxFuture<'_, Result<Reply, BeatError>> {
        lock(&self.beats).push((self.elapsed(), details));
        let line = lock(&self.script).pop_front().unwrap_or_else(|| lock(&self.ever_after).clone());
        let sent = Instant::now();
        async move {
            let (at, answer) = match line {
                Line::Answer(reply) => (sent, Ok(reply)),
                Line::Refusal => (sent, Err(BeatError::new("refused"))),
                Line::Late(delay, reply) if sent + delay < until => (sent + delay, Ok(reply)),
                Line::Late(..) | Line::Silence => (until, Err(BeatError::not_within(until, sent))),
            };
            sleep_until(at).await;
            answer
        }
        .boxed()
    }

    fn engine(&self) -> Option<EngineRules> {
        self.rules
    }

    fn record(&self, details: Details) -> BoxFuture<'_, Result<(), TooLarge>> {
        let refusal = lock(&self.refusals).pop_front();
        if refusal.is_none() {
            lock(&self.records).push((self.elapsed(), details));
        }
        std::future::ready(refusal.map_or(Ok(()), Err)).boxed()
    }

    fn leave(&self, newest: Option<Details>, kept: Details) -> BoxFuture<'_, ()> {
        let details = newest.unwrap_or(kept);
        if !details.is_empty() {
            *lock(&self.left) = Some(details);
        }
        std::future::ready(()).boxed()
    }

    fn is_told_to_stop(&self) -> bool {
        self.engine.is_cancelled()
    }

    fn may_lose_what_is_left(&self) -> bool {
        self.loses_what_is_left
    }

    fn can_say(&self) -> bool {
        self.says.is_some()
    }

    fn is_alone_heard(&self) -> bool {
        self.is_alone_heard
    }

    fn say<'a>(&'a self, answer: &'a Answer, until: Instant) -> BoxFuture<'a, bool> {
        lock(&self.said).push((self.elapsed(), format!("{answer:?}")));
        let taken = self.says.as_ref().and_then(|says| lock(says).pop_front()).unwrap_or(true);
        // What is given no time is not heard.
        std::future::ready(taken && until > Instant::now()).boxed()
    }

    fn told_to_stop(&self) -> BoxFuture<'_, ()> {
        self.sleeps.fetch_add(1, Ordering::Relaxed);
        self.engine.cancelled().boxed()
    }
}
