//! After an attempt: its answer has to reach the server.
//!
//! The engine is given the answer and may lose it: see [`Lease::can_say`]. So the lease outlives the
//! body until the server knows the attempt no more, which says that an answer came.
//!
//! Invariants:
//! - one beat asks; only where the server still waits for the attempt, or the engine is known to have
//!   given it up, is the answer said again;
//! - the answer is the one that the engine was given, and the server takes one of the two;
//! - it does no harm where the lease is over by our clock: the server may know better, and refuses
//!   whatever comes after another attempt began. (But for one that a reset gave the same number: the
//!   lease knows of it where it is in this process.)
//! - it ends a timeout after the attempt, whatever comes.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex},
};

use futures_util::FutureExt;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{Encoded, Stopped, lock, perform, pulse::Pulse, stopped::first_reply, tries::Tries};
use crate::{
    cancel::CancelReason,
    events::say,
    lease::{Answer, Lease, Reply},
};

impl Stopped {
    /// Leaves the newest details where the answer to the server takes them from.
    pub(crate) async fn leave_newest(&self) {
        let newest = self.newest();
        let (newest, kept) = {
            let mut pulse = self.lock();
            // What is on its way may be there already.
            let newest = pulse.fit(newest).or_else(|| pulse.newest_on_its_way());
            (newest, pulse.kept())
        };
        let leaving = self.lease.leave(newest, kept);
        if AssertUnwindSafe(leaving).catch_unwind().await.is_err() {
            say!(warn, "the newest checkpoint cannot be left: its codec panicked");
        }
        if self.lease.may_lose_what_is_left() && self.is_newer_than_known() {
            self.beat().await;
        }
    }

    /// Whether there are details to send that the server does not have, as far as it still listens.
    fn is_newer_than_known(&self) -> bool {
        let newest = self.newest();
        let mut pulse = self.lock();
        let known = pulse.kept().version;
        pulse.is_listened_to(Instant::now())
            && pulse.fit(newest).is_some_and(|newest| newest.version != known)
    }
}

pub(super) async fn see_answered(
    lease: Arc<dyn Lease>,
    pulse: Arc<Mutex<Pulse>>,
    newest: Encoded,
    answer: Answer,
) {
    let began = Instant::now();
    let (due, is_lost) = {
        let pulse = lock(&pulse);
        (pulse.answer_is_due(began), pulse.is_given_up())
    };
    if !is_lost {
        sleep_until(due).await;
        // A beat would only keep alive for longer what has no body any more.
        let is_over = lock(&pulse).is_over(Instant::now());
        if !is_over && !is_awaited(lease.as_ref(), &pulse, &newest, began).await {
            return;
        }
    }
    let tries = Tries::new(&lock(&pulse), began);
    say(lease.as_ref(), tries, &answer).await;
}

/// Whether the server still waits for the answer, as far as it can be asked.
async fn is_awaited(
    lease: &dyn Lease,
    pulse: &Mutex<Pulse>,
    newest: &Encoded,
    began: Instant,
) -> bool {
    let tries = Tries::beside(&lock(pulse), began);
    let ask = async |until| {
        let order = lock(pulse).beat(newest.clone(), Instant::now());
        let landed = timeout_at(until, perform(lease, order)).await.ok()?;
        let reply = landed.reply();
        lock(pulse).take(landed, Instant::now());
        reply
    };
    let reply = first_reply(tries, ask).await;
    reply != Some(Reply::Stop(CancelReason::NotFound))
}

/// Says it on the lease's own lane, until it is taken; `true` where it was.
pub(super) async fn say(lease: &dyn Lease, mut tries: Tries, answer: &Answer) -> bool {
    while let Some(until) = tries.next() {
        if lease.say(answer, until).await {
            return true;
        }
        tries.go_on_after(until).await;
    }
    false
}
