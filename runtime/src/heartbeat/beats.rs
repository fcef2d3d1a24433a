//! When a heartbeat is due, on which lane it goes out, and what becomes of it.
//!
//! Invariants:
//! - a beat is followed by the next one after its interval, or beside it where it is not answered in its
//!   time; where beats are lost or refused, the next try comes soon, so that trouble that ends in time
//!   costs no lease;
//! - a beat that was refused for load is tried again later than one that was lost, and apart from others;
//! - where nothing is wrong, the engine's lane carries a beat in place of ours, never two in a row;
//! - what the server would not take is not sent: the last details that it acknowledged go out instead.

use std::time::Duration;

use futures_util::future::{AbortHandle, AbortRegistration};
use tokio::time::Instant;

use super::{
    Encoded,
    pressure::Answers,
    pulse::{Pulse, Unfit},
    traffic::Flight,
};
use crate::{
    cancel::CancelReason,
    checkpoint::Details,
    events::say,
    lease::{BeatError, Reply, TooLarge},
};

/// The part of a timeout that is left when a beat goes out at the latest.
const LAST_EIGHTH: u32 = 8;

/// How long a beat may take where no clock of the attempt bounds it.
const LONGEST_BEAT: Duration = Duration::from_secs(30);

/// How soon the first beat after one that was refused goes out: a tenth of the interval, within these.
const SHORTEST_RETRY: Duration = Duration::from_millis(10);

const LONGEST_RETRY: Duration = Duration::from_secs(1);

/// The longest pause between two tries of a long timeout.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long a question why to stop is waited for before it is asked again beside it.
const QUESTION_PATIENCE: Duration = Duration::from_millis(500);

/// A heartbeat that is due.
pub(super) enum Order {
    /// On the lease's own lane.
    Beat { number: u64, details: Details, until: Instant, abortable: AbortRegistration },
    /// On the engine's.
    Record { details: Details },
}

/// Which heartbeats are due.
#[derive(Clone, Copy)]
pub(super) struct Due {
    /// On the lease's own lane.
    pub(super) beat: bool,
    /// On the engine's.
    pub(super) record: bool,
}

impl Due {
    pub(super) const NOTHING: Self = Self { beat: false, record: false };

    pub(super) fn is_nothing(self) -> bool {
        !self.beat && !self.record
    }
}

impl Pulse {
    /// Which heartbeats are due.
    pub(super) fn due(&mut self, now: Instant) -> Due {
        self.ease(now);
        let is_past = |moment: Option<Instant>| moment.is_some_and(|moment| moment <= now);
        let record = is_past(self.record_at(now));
        let beat = is_past(self.beat_at(now));
        if beat && !record && self.may_share(now) {
            self.last_beat = Some(now);
            self.next_beat = Some(now + self.interval());
            return Due { beat: false, record: true };
        }
        Due { beat, record }
    }

    /// The heartbeats that are due, with the newest details.
    pub(super) fn orders(&mut self, due: Due, newest: &Encoded, now: Instant) -> Vec<Order> {
        self.prepares = false;
        let mut orders = Vec::new();
        if due.beat && !self.stopped {
            orders.push(self.beat(newest.clone(), now));
        }
        if due.record && !self.stopped {
            orders.push(self.record(newest.clone(), now));
        }
        orders
    }

    /// Puts off what is due where the server has too much to do: a beat as far as pressure has widened the
    /// interval since the last one, and what would go out beside another one until that is its turn.
    fn ease(&mut self, now: Instant) {
        let is_wanted = |moment: Option<Instant>| moment.is_some_and(|moment| moment <= now);
        let is_next = is_wanted(self.next_beat);
        let is_asked_for = is_wanted(self.commit_at(now)) || is_wanted(self.last_call);
        let Some(last) = self.last_beat.filter(|_| is_next && !is_asked_for) else { return };
        if self.failures > 0 || self.question.is_some() {
            return;
        }
        if self.traffic.open() == 0 {
            self.next_beat = Some(self.before_the_last_eighth(last + self.interval()));
            return;
        }
        let turn = self.own_turn(last);
        if turn > now && !self.peers().may_try_beside(now) {
            self.next_beat = Some(turn.min(now + self.rhythm.interval / 4));
        }
    }

    /// When a beat goes out beside others that are not answered, whatever the other attempts do: an
    /// interval after the last one, and once in the last of the lease.
    fn own_turn(&self, last: Instant) -> Instant {
        let turn = last + self.rhythm.interval;
        let latest = self.before_the_last_eighth(turn);
        if last < latest { latest } else { turn }
    }

    /// How far apart beats are now.
    pub(super) fn interval(&self) -> Duration {
        let peers = self.peers();
        self.pressure.interval(Answers {
            round_trip: peers.round_trip(),
            quickest: peers.quickest(),
            one_try: self.one_try(),
        })
    }

    /// Whether the engine's lane carries the beat that is due: where nothing is wrong, the one before it
    /// was ours, nobody waits for an acknowledgement, and two intervals and a retry leave time before
    /// the lease ends.
    fn may_share(&self, now: Instant) -> bool {
        let Some((engine, timeout)) = self.engine.as_ref().zip(self.rhythm.timeout) else {
            return false;
        };
        let interval = self.interval();
        let leaves_time = self.rhythm.interval <= timeout / 3
            && interval.saturating_mul(2) + self.one_try() <= timeout;
        engine.takes(now, interval)
            && engine.is_older_than(self.traffic.last_sent())
            && leaves_time
            && self.failures == 0
            && self.traffic.open() == 0
            && !self.cancellation.is_told()
            && self.source.acknowledgements().wanted().is_none()
            && self.last_call.is_none_or(|moment| moment > now)
    }

    /// A beat on the lease's own lane, with the newest details that can be sent.
    pub(super) fn beat(&mut self, newest: Encoded, now: Instant) -> Order {
        self.last_call = self.last_call.filter(|moment| *moment > now);
        let gives_way = |unfit: &mut Unfit| std::mem::take(&mut unfit.gives_way);
        let gives_way = self.unfit.as_mut().is_some_and(gives_way);
        let newest = self.fit(newest).filter(|_| !gives_way);
        let details = newest.unwrap_or_else(|| self.kept.clone());
        let (abort, abortable) = AbortHandle::new_pair();
        let number = self.traffic.send(details.clone(), now, abort);
        self.last_beat = Some(now);
        // One that asks after nobody listened any more changes nothing about that.
        self.next_beat = self.next_beat.map(|_| now + self.until_hedge(now));
        Order::Beat { number, details, until: now + self.longest_beat(), abortable }
    }

    fn record(&mut self, newest: Encoded, now: Instant) -> Order {
        let details = self.fit(newest).unwrap_or_else(|| self.kept.clone());
        self.traffic.hand_over(details.version);
        if let Some(engine) = &mut self.engine {
            engine.recorded(now);
        }
        Order::Record { details }
    }

    /// The newest details, unless they cannot be sent: then the attempt is cancelled.
    pub(super) fn fit(&mut self, newest: Encoded) -> Option<Details> {
        match newest {
            Ok(details) if self.is_unfit(details.version) => None,
            Ok(details) => Some(details),
            Err(error) => {
                self.cancel_with(CancelReason::CheckpointInvalid, error);
                None
            }
        }
    }

    fn is_unfit(&self, version: u64) -> bool {
        self.unfit.as_ref().is_some_and(|unfit| unfit.version == version)
    }

    /// How long a beat is waited for before the next one goes out beside it.
    fn until_hedge(&self, now: Instant) -> Duration {
        let interval = self.rhythm.interval;
        let least = self.traffic.settling().max(interval / 4);
        let first = match self.traffic.round_trip() {
            _ if self.question.is_some() => self.traffic.settling().max(QUESTION_PATIENCE),
            // Nothing was measured yet.
            Duration::ZERO => interval / 2,
            _ => least,
        };
        let doublings = self.traffic.open().saturating_sub(1).min(16);
        let delay =
            first.saturating_mul(1 << doublings).min(self.longest_pause()).max(first.min(interval));
        delay.min(self.part_of_lease(now).max(least))
    }

    /// How soon a beat that was lost is tried again.
    fn soon(&self) -> Duration {
        (self.rhythm.interval / 10).clamp(SHORTEST_RETRY, LONGEST_RETRY)
    }

    /// A part of what is left of the lease: the less that is, the sooner the next try goes out, so that
    /// some fit into the last of it, too.
    fn part_of_lease(&self, now: Instant) -> Duration {
        self.lease_end().map_or(Duration::MAX, |end| (end - now) / 3)
    }

    /// How long a try takes that follows one that was not answered.
    fn one_try(&self) -> Duration {
        self.peers().round_trip() + self.rhythm.interval / 4
    }

    /// The longest time between two tries where beats are lost: trouble that ends in time costs no
    /// lease.
    pub(super) fn longest_pause(&self) -> Duration {
        let interval = self.rhythm.interval;
        let part = |timeout: Duration| (timeout / LAST_EIGHTH).min(LONGEST_PAUSE);
        self.rhythm.timeout.map_or(interval, |timeout| interval.max(part(timeout)))
    }

    /// The last details that the server acknowledged, or that it handed out.
    pub(super) fn kept(&self) -> Details {
        self.kept.clone()
    }

    /// The newest details on their way, where they are newer than what was acknowledged.
    pub(super) fn newest_on_its_way(&self) -> Option<Details> {
        self.traffic.newest().filter(|details| {
            details.version > self.kept.version && !self.is_unfit(details.version)
        })
    }

    /// How long an answer may take: a slow server is not a lost one, and nothing waits for it.
    pub(super) fn longest_beat(&self) -> Duration {
        self.rhythm.timeout.unwrap_or(LONGEST_BEAT)
    }

    /// Until when the server may still know this attempt, after its body has ended.
    pub(super) fn limit(&self, now: Instant) -> Instant {
        self.end().unwrap_or(now + LONGEST_BEAT)
    }

    /// What became of a beat.
    pub(super) fn landed(&mut self, number: u64, result: Result<Reply, BeatError>, now: Instant) {
        let Some(flight) = self.traffic.land(number) else { return };
        self.measure_landing(&flight, &result, now);
        let answered = result.is_ok();
        match result {
            Ok(Reply::TooLarge(by)) => {
                self.too_large(flight.details.version, by, now);
                self.drop_details(flight.details);
            }
            Ok(reply) => self.acknowledged(flight, reply, now),
            Err(error) => {
                if !error.is_for_load() {
                    self.traffic.lose(flight.details.version, now);
                }
                self.not_acknowledged(error, now);
                self.drop_details(flight.details);
            }
        }
        if answered && self.question.as_ref().is_some_and(|question| question.beat <= number) {
            self.answer_by_guess(now);
        }
    }

    fn acknowledged(&mut self, flight: Flight, reply: Reply, now: Instant) {
        if reply == Reply::Stop(CancelReason::NotFound) {
            self.cancel(CancelReason::NotFound);
            self.drop_details(flight.details);
            // Nobody listens any more.
            self.next_beat = None;
            self.last_call = None;
            return;
        }
        self.traffic.acknowledge(&flight, now);
        let took = now.saturating_duration_since(flight.sent);
        self.peers().answered(took, now);
        if let Some(engine) = &mut self.engine {
            engine.answered(took);
        }
        self.pressure.answered();
        self.failures = 0;
        self.beats += 1;
        self.renewed = self.renewed.max(flight.sent);
        self.publish_end();
        // Where a later beat was told that nobody listens any more, there is none.
        let interval = self.interval();
        if self.pressure.follows(interval) {
            self.afterwards(move || {
                say!(debug, ?interval, "the server is under pressure: fewer heartbeats");
            });
        }
        self.next_beat = self.next_beat.map(|_| self.after(flight.sent).max(now));
        let version = flight.details.version;
        self.afterwards(move || say!(trace, version, ?took, "beat"));
        self.source.acknowledgements().acknowledge(flight.settled);
        self.keep(flight.details);
        if let Reply::Stop(reason) = reply {
            self.cancel(reason);
        }
    }

    /// The server holds these details now, unless it holds newer ones.
    fn keep(&mut self, mut details: Details) {
        if details.version >= self.kept.version {
            std::mem::swap(&mut self.kept, &mut details);
        }
        self.drop_details(details);
    }

    /// When the next beat is due after one that was acknowledged: an interval after the newest, unless the
    /// lease, which counts from the one that was acknowledged, is over too soon after that.
    fn after(&self, sent: Instant) -> Instant {
        self.before_the_last_eighth(self.traffic.last_sent().unwrap_or(sent) + self.interval())
    }

    /// This moment, but never one at which too little is left of the lease.
    fn before_the_last_eighth(&self, moment: Instant) -> Instant {
        let last = self.lease_end().zip(self.rhythm.timeout);
        last.map_or(moment, |(end, timeout)| moment.min(end - timeout / LAST_EIGHTH))
    }

    fn too_large(&mut self, version: u64, by: TooLarge, now: Instant) {
        if self.asks_until.is_some() {
            // The server has handed it out itself, and the body may make it smaller: it begins unasked.
            self.asks_until = Some(now);
            self.next_beat = self.next_beat.map(|_| now + self.rhythm.interval);
            return;
        }
        // Nothing was sent: what was kept goes out in its place, unless that is it; also where something
        // newer was saved meanwhile, which may be too large as well.
        let gives_way = version != self.kept.version;
        self.unfit = Some(Unfit { version, gives_way });
        let pause = if gives_way { SHORTEST_RETRY } else { self.rhythm.interval };
        self.next_beat = self.next_beat.map(|_| now + pause);
        self.last_beat = None;
        self.cancel_with(CancelReason::CheckpointTooLarge, by.to_string());
    }

    fn not_acknowledged(&mut self, error: BeatError, now: Instant) {
        let is_for_load = error.is_for_load();
        if self.failures == 0 {
            self.afterwards(move || {
                say!(warn, %error, "a heartbeat was not acknowledged; trying again");
            });
        }
        let first = if is_for_load {
            self.pressure.refused();
            apart(self.rhythm.interval / 4)
        } else {
            self.pressure.lost();
            self.soon()
        };
        let delay = first.saturating_mul(1 << self.failures.min(16)).min(self.longest_pause());
        let latest = self.part_of_lease(now).max(self.soon());
        self.failures += 1;
        self.next_beat = self.next_beat.map(|_| now + delay.min(latest));
    }

    /// The details that the engine was given are now on its lane, or were not given to it.
    pub(super) fn recorded(&mut self, version: u64, result: Result<(), TooLarge>, now: Instant) {
        let is_taken = result.is_ok();
        self.measure(move |measured| measured.handed_over(is_taken));
        self.traffic.handed_over(version, is_taken, now);
        if let Err(by) = result {
            // It counts as a report all the same: another try would come to nothing at once.
            self.too_large(version, by, now);
        }
    }
}

/// A delay of about this long: those who were refused together do not come again together.
fn apart(delay: Duration) -> Duration {
    delay.mul_f64(0.75 + 0.5 * fastrand::f64())
}
