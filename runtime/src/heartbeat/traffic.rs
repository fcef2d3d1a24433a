//! What is on its way to the server, and what of it may still land.
//!
//! The server stores what reaches it last. So an acknowledgement says that a value is there, and not
//! that it stays: something older may be on its way. A `commit` promises both.
//!
//! Invariants:
//! - a beat of ours takes effect, if at all, before it is answered; one that is abandoned, or that failed
//!   for another reason than load, may do so within the settling time after that, and so may a report of
//!   the engine after it went out;
//! - what a beat *settles* is the newest version that no older one can replace any more: its own, or the
//!   oldest that could still land when it was sent. That is what a `commit` waits for.

use std::time::Duration;

use futures_util::future::AbortHandle;
use tokio::time::Instant;

use crate::checkpoint::Details;

/// The least that is allowed for a request to land after it was given up on.
const LEAST_SETTLING: Duration = Duration::from_millis(100);

/// How many round trips a request may take to land, where the last ones took so long.
const SETTLING_ROUND_TRIPS: u32 = 4;

/// The beats of one attempt that are not answered, and the requests that nobody answers.
#[derive(Default)]
pub(super) struct Traffic {
    open: Vec<Flight>,
    unsettled: Vec<Unsettled>,
    round_trip: Duration,
    sent: u64,
    last_sent: Option<Instant>,
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
        LEAST_SETTLING.max(self.round_trip * SETTLING_ROUND_TRIPS)
    }

    /// How long the last beats took to be answered.
    pub(super) fn round_trip(&self) -> Duration {
        self.round_trip
    }

    /// How many beats are on their way.
    pub(super) fn open(&self) -> usize {
        self.open.len()
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
        open.chain(unsettled).fold(now, Instant::max)
    }

    /// A beat goes out; its number.
    pub(super) fn send(&mut self, details: Details, now: Instant, abort: AbortHandle) -> u64 {
        let settling = self.settling();
        self.unsettled.retain(|request| request.since + settling > now);
        let version = details.version;
        let open = self.open.iter().map(|flight| flight.details.version);
        let unsettled = self.unsettled.iter().map(|request| request.version);
        let settled = open.chain(unsettled).fold(version, u64::min);
        self.sent += 1;
        self.last_sent = Some(now);
        let number = self.sent;
        self.open.push(Flight { number, details, sent: now, settled, abort });
        number
    }

    /// The engine's lane is given a version; it may land until it is settled.
    pub(super) fn record(&mut self, version: u64, now: Instant) {
        self.unsettled.push(Unsettled { version, since: now });
    }

    /// A beat was answered, well or badly.
    pub(super) fn land(&mut self, number: u64) -> Option<Flight> {
        let index = self.open.iter().position(|flight| flight.number == number)?;
        Some(self.open.swap_remove(index))
    }

    /// A beat failed, and nobody says that it will not be stored all the same.
    pub(super) fn doubt(&mut self, flight: &Flight, now: Instant) {
        self.unsettled.push(Unsettled { version: flight.details.version, since: now });
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
            abandoned.abort.abort();
            self.unsettled.push(Unsettled { version: abandoned.details.version, since: now });
        }
    }
}

#[cfg(test)]
mod tests;
