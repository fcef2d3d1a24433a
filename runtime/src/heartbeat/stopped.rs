//! After the body: the last questions, and who says the answer.
//!
//! Invariants:
//! - it beats only where it is asked to, always with the details as the attempt left them;
//! - a question is asked again beside itself, so that neither a slow server nor a lost call costs its answer.

use std::{
    future::ready,
    pin::pin,
    sync::{Arc, Mutex, OnceLock},
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::{
    Encoded, LONGEST_FIRST_SAY, answered, encode,
    locked::{Locked, lock},
    perform,
    progress::Moves,
    pulse::Pulse,
    tries::Tries,
};
use crate::{
    checkpoint::Source,
    lease::{Answer, Lease, Reply},
};

/// A heartbeat that beats no more by itself.
pub(crate) struct Stopped {
    pulse: Arc<Mutex<Pulse>>,
    pub(super) lease: Arc<dyn Lease>,
    source: Arc<dyn Source>,
    /// As the attempt left it: handles that outlive it speak for nothing any more.
    newest: OnceLock<Encoded>,
}

impl Stopped {
    pub(super) fn new(
        pulse: Arc<Mutex<Pulse>>,
        lease: Arc<dyn Lease>,
        source: Arc<dyn Source>,
    ) -> Self {
        Self { pulse, lease, source, newest: OnceLock::new() }
    }

    pub(super) fn newest(&self) -> Encoded {
        self.newest.get_or_init(|| encode(self.source.as_ref(), self.lease.as_ref())).clone()
    }

    /// Finds out why a body was told to stop before the heartbeat was: by the clock, or the server is
    /// asked.
    pub(crate) async fn find_reason(&self) {
        let (moves, now) = (Moves::of(self.source.as_ref()), Instant::now());
        let tries = {
            let mut pulse = self.lock();
            pulse.look_at_clocks(moves, now);
            pulse.ask(now).then(|| Tries::within(&pulse, now, pulse.question_ends(now) - now))
        };
        if let Some(tries) = tries {
            first_reply(tries, |until| self.beat_until(until)).await;
        }
        let mut pulse = self.lock();
        pulse.answer_by_guess(Instant::now());
        pulse.settle_on_give_up();
    }

    /// Asks whether somebody requested a cancellation since the last beat, where that is the better
    /// answer.
    pub(crate) async fn look_for_request(&self) {
        let now = Instant::now();
        let tries = {
            let pulse = self.lock();
            let longest = pulse.longest_pause().min(LONGEST_FIRST_SAY);
            pulse.may_be_requested(now).then(|| Tries::within(&pulse, now, longest))
        };
        if let Some(tries) = tries {
            first_reply(tries, |until| self.beat_until(until)).await;
        }
    }

    async fn beat_until(&self, until: Instant) -> Option<Reply> {
        let newest = self.newest();
        let order = self.lock().beat(newest, Instant::now());
        let landed = timeout_at(until, perform(self.lease.as_ref(), order)).await.ok()?;
        let reply = landed.reply();
        self.lock().take(landed, Instant::now());
        reply
    }

    /// Sends the newest details once more; again, where they did not arrive.
    pub(crate) async fn beat(&self) {
        let tries = Tries::beside(&self.lock(), Instant::now());
        first_reply(tries, |until| self.beat_until(until)).await;
    }

    /// How many beats were acknowledged.
    pub(crate) fn beats(&self) -> u64 {
        self.lock().beats
    }

    /// Whether an answer that the engine loses, or is not to be given, can be said by the lease.
    pub(crate) fn can_say(&self) -> bool {
        self.lease.can_say() && (self.lease.is_alone_heard() || self.lock().is_known())
    }

    /// Says an answer before the engine is given it, where the engine would make another one of it: a
    /// cancellation in a shutdown becomes a failure, which a server takes as the end of the activity; or
    /// would not be heard. `true` where the server knows it.
    async fn say_first(&self, answer: &Answer) -> bool {
        let now = Instant::now();
        let tries = {
            let pulse = self.lock();
            let is_translated = matches!(answer, Answer::Cancelled) && pulse.shuts_down(now);
            (is_translated || self.lease.is_alone_heard())
                .then(|| Tries::within(&pulse, now, LONGEST_FIRST_SAY))
        };
        match tries {
            Some(tries) => answered::say(self.lease.as_ref(), tries, answer).await,
            None => false,
        }
    }

    /// Sees to it that the server learns of this answer; `true` where the engine is not to be given it.
    pub(crate) async fn see_answered(self, answer: Answer) -> bool {
        if self.say_first(&answer).await {
            return self.lease.is_alone_heard();
        }
        let is_alone_heard = self.lease.is_alone_heard();
        let newest = match answer {
            Answer::Failed(_) => self.newest(),
            // Nothing comes after it: to encode a large state would only keep the answer back.
            Answer::Completed(_) | Answer::Cancelled => Ok(self.lock().kept()),
        };
        // Not owned by the attempt, which ends here: it ends by itself, a timeout later at the latest.
        let seeing = answered::see_answered(self.lease, self.pulse, newest, answer);
        tokio::spawn(seeing.in_current_span());
        is_alone_heard
    }

    pub(super) fn lock(&self) -> Locked<'_> {
        lock(&self.pulse)
    }
}

/// What the server says to the first beat that it answers: one follows where it refuses, and beside what it does
/// not answer in its time, since a slow server is not a lost one.
pub(super) async fn first_reply<F>(mut tries: Tries, beat: impl Fn(Instant) -> F) -> Option<Reply>
where
    F: Future<Output = Option<Reply>>,
{
    let mut underway = FuturesUnordered::new();
    while let Some(until) = tries.next() {
        underway.push(beat(tries.end()));
        // Nothing was sent where it is too large, and the next one carries what can be.
        let replies = underway.by_ref().filter_map(|reply: Option<Reply>| {
            ready(reply.filter(|reply| !matches!(reply, Reply::TooLarge(_))))
        });
        if let Ok(Some(reply)) = timeout_at(until, pin!(replies).next()).await {
            return Some(reply);
        }
        tries.go_on_after(until).await;
    }
    None
}
