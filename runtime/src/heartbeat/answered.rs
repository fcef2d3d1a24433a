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
//!   whatever comes after another attempt began. It ends a timeout after the attempt, whatever comes.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::{Instant, sleep, timeout_at};

use super::{Landed, lock, perform, pulse::Pulse};
use crate::{
    cancel::CancelReason,
    lease::{Answer, Lease, Reply},
};

/// The least time between two tries.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);

/// How long the first try is waited for, at most, unless that is known to be too short.
const FIRST_TRY: Duration = Duration::from_secs(1);

pub(super) async fn see_answered(lease: Arc<dyn Lease>, pulse: Arc<Mutex<Pulse>>, answer: Answer) {
    let (patience, may_be_lost) = {
        let pulse = lock(&pulse);
        (pulse.answer_patience(), pulse.is_given_up())
    };
    if !may_be_lost {
        sleep(patience).await;
        // A beat would only keep alive for longer what has no body any more.
        let is_over = lock(&pulse).is_over(Instant::now());
        if !is_over && !is_awaited(lease.as_ref(), &pulse).await {
            return;
        }
    }
    say(lease.as_ref(), &pulse, &answer).await;
}

/// When tries are made, and until when.
struct Tries {
    /// How long one is waited for; like the pause it doubles, up to the longest.
    length: Duration,
    pause: Duration,
    longest: Duration,
    end: Instant,
}

impl Tries {
    fn new(pulse: &Mutex<Pulse>) -> Self {
        let pulse = lock(pulse);
        let longest = pulse.longest_pause();
        Self {
            length: pulse.settling().max(longest.min(FIRST_TRY)),
            pause: SHORTEST_PAUSE,
            longest: longest.max(pulse.settling()),
            end: Instant::now() + pulse.longest_beat(),
        }
    }

    /// Until when the next try may take; `None` where there is none.
    fn next(&self) -> Option<Instant> {
        let now = Instant::now();
        (self.end > now).then(|| self.end.min(now + self.length))
    }

    /// After a try that nobody answered in its time: the next one goes out at once.
    fn extend(&mut self) {
        self.length = (self.length * 2).min(self.longest);
    }

    /// After one that was refused.
    async fn pause(&mut self) {
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(self.longest);
    }
}

/// Whether the server still waits for the answer, as far as it can be asked.
async fn is_awaited(lease: &dyn Lease, pulse: &Mutex<Pulse>) -> bool {
    let mut tries = Tries::new(pulse);
    while let Some(until) = tries.next() {
        let order = lock(pulse).beat(Instant::now());
        let Ok(landed) = timeout_at(until, perform(lease, order)).await else {
            tries.extend();
            continue;
        };
        let reply = match &landed {
            Landed::Beat(_, Ok(reply)) => Some(*reply),
            _ => None,
        };
        lock(pulse).take(landed, Instant::now());
        match reply {
            Some(Reply::Stop(CancelReason::NotFound)) => return false,
            Some(Reply::GoOn | Reply::Stop(_)) => return true,
            // Refused; or not sent, and the next one carries what can be.
            Some(Reply::TooLarge(_)) | None => tries.pause().await,
        }
    }
    true
}

/// Says it on the lease's own lane, until it is taken.
async fn say(lease: &dyn Lease, pulse: &Mutex<Pulse>, answer: &Answer) {
    let mut tries = Tries::new(pulse);
    while let Some(until) = tries.next() {
        if lease.say(answer, until).await {
            return;
        }
        if until <= Instant::now() { tries.extend() } else { tries.pause().await }
    }
}
