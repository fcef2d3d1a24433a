//! What is on its way to the server, and what of it may still land.
//!
//! The server stores what reaches it last. So an acknowledgement says that a value is there, and not
//! that it stays: something older may be on its way. A `commit` promises both.
//!
//! Invariants:
//! - a beat of ours takes effect, if at all, before it is answered; one that is abandoned, or lost without
//!   an answer, may do so within the settling time after that, and so may a report of the engine after it
//!   was handed over;
//! - what a beat *settles* is the newest version that no older one can replace any more: its own, or the
//!   oldest that could still land when it was sent. That is what a `commit` waits for.

use std::time::Duration;

use futures_util::future::AbortHandle;
use tokio::time::Instant;

use crate::checkpoint::Details;

/// The least that is allowed for a request to land after it was given up on.
const LEAST_SETTLING: Duration = Duration::from_millis(100);

/// The most: no request lives longer, and what a process that was frozen took for a round trip was none.
const MOST_SETTLING: Duration = Duration::from_mins(1);

/// How many round trips a request may take to land, where the last ones took so long.
const SETTLING_ROUND_TRIPS: u32 = 4;

/// How many beats are on their way at once, at most: the oldest is abandoned for another one.
const MOST_OPEN: usize = 32;

/// The beats of one attempt that are not answered, and the requests that nobody answers.
#[derive(Default)]
pub(super) struct Traffic {
    open: Vec<Flight>,
    /// The versions that the engine's lane is about to be given.
    handing_over: Vec<u64>,
    unsettled: Vec<Unsettled>,
    round_trip: Duration,
    sent: u64,
    last_sent: Option<Instant>,
    /// The details of beats that were abandoned for others.
    abandoned: Vec<Details>,
}

/// A beat on its way.
pub(super) struct Flight {
    pub(super) number: u64,
    pub(super) details: Details,
    pub(super) sent: Instant,
    /// The version that the server holds, or a newer one, once this beat is acknowledged.
    pub(super) settled: u64,
    abort: AbortHandle,
}

/// A request that nobody answers; how long it may take to land is known better later.
struct Unsettled {
    version: u64,
    since: Instant,
}

impl Traffic {
    /// How long a request that nobody answers may take to land, by what was measured.
    pub(super) fn settling(&self) -> Duration {
        self.round_trip.saturating_mul(SETTLING_ROUND_TRIPS).clamp(LEAST_SETTLING, MOST_SETTLING)
    }

    /// How long the last beats took to be answered.
    pub(super) fn round_trip(&self) -> Duration {
        self.round_trip
    }

    /// How many beats are on their way.
    pub(super) fn open(&self) -> usize {
        self.open.len()
    }

    /// The newest details that are on their way.
    pub(super) fn newest(&self) -> Option<Details> {
        let open = self.open.iter().map(|flight| &flight.details);
        open.max_by_key(|details| details.version).cloned()
    }

    /// When the oldest beat was sent that is not answered.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.open.iter().map(|flight| flight.sent).min()
    }

    /// When the newest beat was sent.
    pub(super) fn last_sent(&self) -> Option<Instant> {
        self.last_sent
    }

    /// How many beats have been sent.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// Whether a beat on its way carries at least this version.
    pub(super) fn carries(&self, version: u64) -> bool {
        self.open.iter().any(|flight| flight.details.version >= version)
    }

    /// When a beat would settle this version; one before it that is not answered in time is not waited
    /// for.
    pub(super) fn settles_from(&self, version: u64, now: Instant) -> Instant {
        let open = self
            .open
            .iter()
            .filter(|flight| flight.details.version < version)
            .map(|flight| flight.sent + self.settling());
        let unsettled = self
            .unsettled
            .iter()
            .filter(|request| request.version < version)
            .map(|request| request.since + self.settling());
        let handing_over = self
            .handing_over
            .iter()
            .filter(|handed| **handed < version)
            .map(|_| now + self.settling());
        open.chain(unsettled).chain(handing_over).fold(now, Instant::max)
    }

    /// A beat goes out; its number.
    pub(super) fn send(&mut self, details: Details, now: Instant, abort: AbortHandle) -> u64 {
        let settling = self.settling();
        self.unsettled.retain(|request| request.since + settling > now);
        if self.open.len() >= MOST_OPEN {
            let oldest = self.open.remove(0);
            self.abandon(oldest, now);
        }
        let version = details.version;
        let open = self.open.iter().map(|flight| flight.details.version);
        let unsettled = self.unsettled.iter().map(|request| request.version);
        let handing_over = self.handing_over.iter().copied();
        let settled = open.chain(unsettled).chain(handing_over).fold(version, u64::min);
        self.sent += 1;
        self.last_sent = Some(now);
        let number = self.sent;
        self.open.push(Flight { number, details, sent: now, settled, abort });
        number
    }

    /// The engine's lane is about to be given a version: a codec may take its time for that.
    pub(super) fn hand_over(&mut self, version: u64) {
        self.handing_over.push(version);
    }

    /// It was given the version, which may land until it is settled; or was not given it.
    pub(super) fn handed_over(&mut self, version: u64, is_sent: bool, now: Instant) {
        if let Some(index) = self.handing_over.iter().position(|handed| *handed == version) {
            self.handing_over.swap_remove(index);
        }
        if is_sent {
            self.unsettled.push(Unsettled { version, since: now });
        }
    }

    /// A beat was answered, or is lost.
    pub(super) fn land(&mut self, number: u64) -> Option<Flight> {
        let index = self.open.iter().position(|flight| flight.number == number)?;
        // In the order in which they were sent.
        Some(self.open.remove(index))
    }

    /// A beat is lost: whether it reached the server, nobody says.
    pub(super) fn lose(&mut self, version: u64, now: Instant) {
        self.unsettled.push(Unsettled { version, since: now });
    }

    fn abandon(&mut self, flight: Flight, now: Instant) {
        flight.abort.abort();
        self.lose(flight.details.version, now);
        self.abandoned.push(flight.details);
    }

    /// What abandoned beats carried: whoever takes it drops it.
    pub(super) fn take_abandoned(&mut self) -> Vec<Details> {
        std::mem::take(&mut self.abandoned)
    }

    /// A beat was acknowledged: those before it are abandoned.
    pub(super) fn acknowledge(&mut self, flight: &Flight, now: Instant) {
        let took = now.saturating_duration_since(flight.sent);
        self.round_trip = took.max(self.round_trip.mul_f64(0.9));
        let (older, newer): (Vec<_>, Vec<_>) = std::mem::take(&mut self.open)
            .into_iter()
            .partition(|open| open.number < flight.number);
        self.open = newer;
        for abandoned in older {
            self.abandon(abandoned, now);
        }
    }
}

#[cfg(test)]
mod tests;
