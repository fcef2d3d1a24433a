//! After an attempt: its answer has to reach the server.
//!
//! The engine is given the answer and may lose it: see [`Lease::can_say`]. So the lease outlives the
//! body until the server knows the attempt no more, which says that an answer came.
//!
//! Invariants:
//! - one beat asks; only where the server still waits for the attempt, or the engine is known to have
//!   given it up, is the answer said again;
//! - the answer is the one that the engine was given, and the server takes one of the two;
//! - all of it ends with the lease.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::{Instant, sleep};

use super::{lock, perform, pulse::Pulse};
use crate::{
    cancel::CancelReason,
    heartbeat::Landed,
    lease::{Answer, Lease, Reply},
};

/// The least time between two tries.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);

pub(super) async fn see_answered(lease: Arc<dyn Lease>, pulse: Arc<Mutex<Pulse>>, answer: Answer) {
    let (patience, given_up) = {
        let pulse = lock(&pulse);
        (pulse.answer_patience(), pulse.is_given_up())
    };
    if !given_up {
        sleep(patience).await;
        if !is_awaited(lease.as_ref(), &pulse, patience).await {
            return;
        }
    }
    say(lease.as_ref(), &pulse, &answer, patience).await;
}

/// Whether the server still waits for the answer; it is asked until it says so, or the lease is over.
async fn is_awaited(lease: &dyn Lease, pulse: &Mutex<Pulse>, longest: Duration) -> bool {
    let mut pause = SHORTEST_PAUSE;
    loop {
        let now = Instant::now();
        let order = {
            let mut pulse = lock(pulse);
            if pulse.limit(now) <= now {
                return false;
            }
            pulse.beat(now)
        };
        let landed = perform(lease, order).await;
        let reply = match &landed {
            Landed::Beat(_, Ok(reply)) => Some(*reply),
            _ => None,
        };
        lock(pulse).take(landed, Instant::now());
        match reply {
            Some(Reply::Stop(CancelReason::NotFound)) => return false,
            Some(_) => return true,
            None => sleep(pause).await,
        }
        pause = (pause * 2).min(longest.max(SHORTEST_PAUSE));
    }
}

/// Says it on the lease's own lane, until it is taken or the lease is over.
async fn say(lease: &dyn Lease, pulse: &Mutex<Pulse>, answer: &Answer, longest: Duration) {
    let mut pause = SHORTEST_PAUSE;
    loop {
        let (now, until) = (Instant::now(), lock(pulse).limit(Instant::now()));
        if until <= now || lease.say(answer, until.min(now + longest.max(LONGEST_SAY))).await {
            return;
        }
        sleep(pause).await;
        pause = (pause * 2).min(longest.max(SHORTEST_PAUSE));
    }
}

/// How long one try is waited for before the next.
const LONGEST_SAY: Duration = Duration::from_secs(2);
