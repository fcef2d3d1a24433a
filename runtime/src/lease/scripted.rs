//! A lease for tests: it answers from a script and writes down what it was sent.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use temporalio_common::{
    data_converters::PayloadConverter, protos::temporal::api::common::v1::Payload,
};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{BeatError, Lease, Reply};
use crate::{
    cancel::CancelReason,
    checkpoint::{Details, decode},
};

/// What the script says to one beat.
#[derive(Clone, Debug)]
pub(crate) enum Line {
    Answer(Reply),
    /// No answer within the limit.
    Silence,
    /// An answer, but only after this long.
    Late(Duration),
}

pub(crate) struct ScriptedLease {
    began: Instant,
    script: Mutex<VecDeque<Line>>,
    /// What every beat after the script's end is answered.
    ever_after: Line,
    beats: Mutex<Vec<(Duration, Details)>>,
    left: Mutex<Option<Details>>,
    pub(crate) engine: CancellationToken,
    unspoken: CancelReason,
    unsettled: Mutex<Duration>,
}

impl ScriptedLease {
    pub(crate) fn new(script: impl IntoIterator<Item = Line>, ever_after: Line) -> Self {
        Self {
            began: Instant::now(),
            script: Mutex::new(script.into_iter().collect()),
            ever_after,
            beats: Mutex::default(),
            left: Mutex::default(),
            engine: CancellationToken::new(),
            unspoken: CancelReason::WorkerShutdown,
            unsettled: Mutex::default(),
        }
    }

    /// Every beat is welcome.
    pub(crate) fn friendly() -> Self {
        Self::new([], Line::Answer(Reply::GoOn))
    }

    /// The first beat is told to stop, and so is every one after it.
    pub(crate) fn stopping(reason: CancelReason) -> Self {
        Self::new([], Line::Answer(Reply::Stop(reason)))
    }

    pub(crate) fn with_unsettled(self, unsettled: Duration) -> Self {
        *lock(&self.unsettled) = unsettled;
        self
    }

    /// When the beats came, since the lease began.
    pub(crate) fn times(&self) -> Vec<Duration> {
        lock(&self.beats).iter().map(|(time, _)| *time).collect()
    }

    /// What the beats carried; `None` for one without details.
    pub(crate) fn values(&self) -> Vec<Option<u64>> {
        lock(&self.beats).iter().map(|(_, details)| number(&details.payloads)).collect()
    }

    /// What was left for the answer.
    pub(crate) fn left(&self) -> Option<u64> {
        lock(&self.left).as_ref().and_then(|details| number(&details.payloads))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

fn number(payloads: &[Payload]) -> Option<u64> {
    decode(&PayloadConverter::default(), payloads).unwrap()
}

impl Lease for ScriptedLease {
    fn converter(&self) -> PayloadConverter {
        PayloadConverter::default()
    }

    fn beat(&self, details: Details, limit: Duration) -> BoxFuture<'_, Result<Reply, BeatError>> {
        lock(&self.beats).push((self.began.elapsed(), details));
        let line = lock(&self.script).pop_front().unwrap_or_else(|| self.ever_after.clone());
        async move {
            let (delay, answer) = match line {
                Line::Answer(reply) => (Duration::ZERO, Some(reply)),
                Line::Late(delay) if delay < limit => (delay, Some(Reply::GoOn)),
                Line::Late(_) | Line::Silence => (limit, None),
            };
            sleep(delay).await;
            answer.ok_or_else(|| BeatError::new("silence"))
        }
        .boxed()
    }

    fn unsettled_for(&self) -> Duration {
        std::mem::take(&mut *lock(&self.unsettled))
    }

    fn leave(&self, details: Details) -> BoxFuture<'_, ()> {
        *lock(&self.left) = Some(details);
        std::future::ready(()).boxed()
    }

    fn is_told_to_stop(&self) -> bool {
        self.engine.is_cancelled()
    }

    fn told_to_stop(&self) -> BoxFuture<'_, ()> {
        self.engine.cancelled().boxed()
    }

    fn unspoken_reason(&self) -> CancelReason {
        self.unspoken
    }
}
