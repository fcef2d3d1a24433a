//! What the attempts of one connection know together of their server.
//!
//! One attempt hears of its server a few times a minute, a thousand of them many times a second. So
//! they notice together when it becomes slow, before it is too late for each of them, and do not all try
//! again what it has no time for.
//!
//! Invariants:
//! - a server that becomes slow is noticed within a second, and believed to be quick again only after many
//!   seconds: whoever waited for that would else come back together, and make it slow again;
//! - whatever others do, an attempt may try once an interval, and once in the last of its lease; what
//!   comes on top of that is a part of what is answered, and [a few](TRIES_AT_ONCE), so that an attempt
//!   alone never lacks them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::time::Instant;

/// The time that an average is taken over, of answers that are slower than it and of those that are quicker.
const RISES_WITHIN: Duration = Duration::from_secs(1);
const FALLS_WITHIN: Duration = Duration::from_secs(15);

/// The time within which it is forgotten how quick the server once was.
const FORGETS_WITHIN: Duration = Duration::from_mins(10);

/// How many tries beside a beat that is not answered may go out at once, and how many more in a second.
const TRIES_AT_ONCE: f64 = 20.0;
const TRIES_A_SECOND: f64 = 2.0;

/// How many more, for each beat that is answered.
const TRIES_AN_ANSWER: f64 = 0.1;

/// Those of each connection that has any.
static PEERS: Mutex<Option<HashMap<u128, Weak<Peers>>>> = Mutex::new(None);

/// The attempts of one connection; all of them share one.
#[derive(Debug)]
pub(crate) struct Peers(Mutex<State>);

#[derive(Debug)]
struct State {
    /// How long answers took of late; zero where there was none.
    round_trip: Duration,
    /// How long they take where nothing is wrong.
    quickest: Duration,
    answered: Option<Instant>,
    tries: f64,
    refilled: Option<Instant>,
}

impl Default for Peers {
    fn default() -> Self {
        Self(Mutex::new(State {
            round_trip: Duration::ZERO,
            quickest: Duration::ZERO,
            answered: None,
            tries: TRIES_AT_ONCE,
            refilled: None,
        }))
    }
}

impl Peers {
    /// Those of one connection, for as long as any of them is there.
    pub(super) fn of(connection: u128) -> Arc<Self> {
        let mut all = PEERS.lock().unwrap_or_else(PoisonError::into_inner);
        let all = all.get_or_insert_default();
        if let Some(peers) = all.get(&connection).and_then(Weak::upgrade) {
            return peers;
        }
        all.retain(|_, peers| peers.strong_count() > 0);
        let peers = Arc::new(Self::default());
        all.insert(connection, Arc::downgrade(&peers));
        peers
    }

    /// How long answers took of late.
    pub(crate) fn round_trip(&self) -> Duration {
        self.lock().round_trip
    }

    /// How long they take where nothing is wrong.
    pub(crate) fn quickest(&self) -> Duration {
        self.lock().quickest
    }

    /// A beat was answered.
    pub(crate) fn answered(&self, took: Duration, now: Instant) {
        let mut state = self.lock();
        let since = state.answered.replace(now).map(|last| now.saturating_duration_since(last));
        let Some(since) = since else {
            (state.round_trip, state.quickest) = (took, took);
            return;
        };
        let memory = if took > state.round_trip { RISES_WITHIN } else { FALLS_WITHIN };
        state.round_trip = towards(state.round_trip, took, since, memory);
        state.quickest = took.min(towards(state.quickest, took, since, FORGETS_WITHIN));
        state.tries = (state.tries + TRIES_AN_ANSWER).min(TRIES_AT_ONCE);
    }

    /// Whether a beat may go out beside one that is not answered yet.
    pub(crate) fn may_try_beside(&self, now: Instant) -> bool {
        let mut state = self.lock();
        let since = state.refilled.replace(now).map(|last| now.saturating_duration_since(last));
        let refill = since.unwrap_or_default().as_secs_f64() * TRIES_A_SECOND;
        state.tries = (state.tries + refill).min(TRIES_AT_ONCE);
        let may = state.tries >= 1.0;
        if may {
            state.tries -= 1.0;
        }
        may
    }

    /// Others have tried as often as may be, and nothing is left of a further one either.
    #[cfg(test)]
    pub(crate) fn use_up(&self, now: Instant) {
        let mut state = self.lock();
        (state.tries, state.refilled) = (0.0, Some(now));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As far on the way to a figure as the time since the last one allows, of the time it is averaged over.
fn towards(from: Duration, to: Duration, since: Duration, over: Duration) -> Duration {
    let weight = 1.0 - (-since.as_secs_f64() / over.as_secs_f64()).exp();
    from.mul_f64(1.0 - weight) + to.mul_f64(weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const QUICK: Duration = Duration::from_millis(5);

    #[tokio::test(start_paused = true)]
    async fn a_slow_server_is_noticed_soon_and_a_quick_one_believed_late() {
        let (peers, now) = (Peers::default(), Instant::now());
        assert_eq!(peers.round_trip(), Duration::ZERO, "nothing was measured");
        peers.answered(QUICK, now);
        assert_eq!((peers.round_trip(), peers.quickest()), (QUICK, QUICK));
        peers.answered(SECOND, now + 5 * SECOND);
        assert!(peers.round_trip() > SECOND * 9 / 10, "{:?}", peers.round_trip());
        for answer in 1..=150 {
            assert!(peers.quickest() < 3 * QUICK, "however slow it is: {:?}", peers.quickest());
            peers.answered(QUICK, now + 5 * SECOND + answer * SECOND / 10);
        }
        let a_third = SECOND * 3 / 10..SECOND * 4 / 10;
        assert!(a_third.contains(&peers.round_trip()), "{:?}", peers.round_trip());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_tried_beside_another_beat_is_a_few_and_a_part_of_what_is_answered() {
        let (peers, now) = (Peers::default(), Instant::now());
        let tried = |now| (0..1_000).filter(|_| peers.may_try_beside(now)).count();
        assert_eq!(tried(now), 20);
        assert_eq!(tried(now + SECOND / 2), 1);
        for _ in 0..100 {
            peers.answered(QUICK, now + SECOND / 2);
        }
        assert!((9..=10).contains(&tried(now + SECOND / 2)));
        assert_eq!(tried(now + 60 * SECOND), 20, "and no more after a pause");
    }

    #[test]
    fn they_are_those_of_one_connection_while_any_is_there() {
        let (one, other) = (Peers::of(17), Peers::of(18));
        assert!(Arc::ptr_eq(&one, &Peers::of(17)) && !Arc::ptr_eq(&one, &other));
        one.may_try_beside(Instant::now());
        drop(one);
        assert_eq!(Peers::of(17).lock().refilled, None, "another life of it");
        let _another = Peers::of(19);
        let all = PEERS.lock().unwrap();
        assert!(!all.as_ref().is_some_and(|all| all.contains_key(&17)), "nothing is left of it");
    }
}
