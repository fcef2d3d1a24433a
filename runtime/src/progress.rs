//! How far an activity is, for people to look at.
//!
//! It travels beside the checkpoint, as the second detail of a heartbeat, and is made from the
//! checkpoint when a heartbeat goes out: saving costs nothing more.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::by_keys::ByKeys;

/// How far an activity is, for people to look at.
///
/// Plain JSON beside the checkpoint, so the Temporal UI shows it and every language can read it. That JSON
/// is promised: `done` is always there, `total`, `unit`, `message` and `rate` (in a second) where they are
/// known, and read as unknown where they are missing or `null`.
///
/// ```
/// # use autobeat::Progress;
/// let progress = Progress::new(1200).of(5000).unit("lines").message("reading");
/// assert_eq!(
///     serde_json::to_string(&progress)?,
///     r#"{"done":1200,"total":5000,"unit":"lines","message":"reading"}"#,
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "ByKeys<Written>")]
#[non_exhaustive]
pub struct Progress {
    /// How much is done.
    pub done: u64,
    /// How much there is, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// What is counted, such as `lines`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// What it does at the moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How much is done in a second, measured between heartbeats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
}

/// As it may have been written, by whomever.
#[derive(Deserialize)]
struct Written {
    done: u64,
    // Of a list as well, in a format that writes one.
    #[serde(default)]
    total: Option<u64>,
    #[serde(default)]
    unit: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    rate: Option<f64>,
}

impl From<ByKeys<Written>> for Progress {
    fn from(ByKeys(written): ByKeys<Written>) -> Self {
        let Written { done, total, unit, message, rate } = written;
        Self { done, total, unit, message, rate }
    }
}

impl Progress {
    /// So much is done.
    #[must_use]
    pub fn new(done: u64) -> Self {
        Self { done, ..Self::default() }
    }

    /// There is so much in all.
    #[must_use]
    pub fn of(mut self, total: u64) -> Self {
        self.total = Some(total);
        self
    }

    /// What is counted, such as `lines`.
    #[must_use]
    pub fn unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = Some(unit.into());
        self
    }

    /// What it does at the moment.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// How long the rest takes at the measured rate; nothing where total or rate are unknown.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        let rate = self.rate.filter(|rate| *rate > 0.0)?;
        let left = self.total?.saturating_sub(self.done);
        // Beyond 2^53 of anything, the time left is a guess in any case.
        #[allow(clippy::cast_precision_loss)]
        Duration::try_from_secs_f64(left as f64 / rate).ok()
    }
}

/// How far the work is, and how fast it was seen to move.
pub(crate) struct Shown<T> {
    what: What<T>,
    /// Whether a loop shows it by itself, in whose place the next loop's comes.
    pub(crate) is_of_a_loop: bool,
    pace: Mutex<Option<Pace>>,
}

/// Where what is shown comes from.
enum What<T> {
    /// A look at the checkpoint.
    Look(Box<dyn Fn(&T) -> Progress + Send + Sync>),
    /// The body, which said it last.
    Told(Mutex<Progress>),
}

#[derive(Clone, Copy)]
struct Pace {
    at: Instant,
    done: u64,
    rate: Option<f64>,
}

/// Looks closer together than this say nothing about a rate.
const SHORTEST_LOOK: Duration = Duration::from_millis(200);

/// How much of the rate is that since the last look; the rest is that from before.
const NEWEST_SHARE: f64 = 0.5;

impl<T> Shown<T> {
    pub(crate) fn new(look: impl Fn(&T) -> Progress + Send + Sync + 'static) -> Self {
        Self { what: What::Look(Box::new(look)), is_of_a_loop: false, pace: Mutex::new(None) }
    }

    /// What a loop shows by itself.
    pub(crate) fn of_a_loop(look: impl Fn(&T) -> Progress + Send + Sync + 'static) -> Self {
        Self { is_of_a_loop: true, ..Self::new(look) }
    }

    /// Shows what the body says.
    pub(crate) fn told(progress: Progress) -> Self {
        Self { what: What::Told(Mutex::new(progress)), is_of_a_loop: false, pace: Mutex::new(None) }
    }

    /// Shows this from now on, unless it is a look: then that is handed back.
    pub(crate) fn tell(&self, progress: Progress) -> Result<(), Progress> {
        match &self.what {
            What::Look(_) => Err(progress),
            What::Told(told) => {
                *told.lock().unwrap_or_else(PoisonError::into_inner) = progress;
                Ok(())
            }
        }
    }

    /// What there is to show although nothing was saved: what the body says itself.
    pub(crate) fn told_last(&self, now: Instant) -> Option<Progress> {
        match &self.what {
            What::Look(_) => None,
            What::Told(told) => {
                let told = told.lock().unwrap_or_else(PoisonError::into_inner).clone();
                Some(self.with_rate(told, now))
            }
        }
    }

    /// What there is to show of a state, with its rate unless the look gave one.
    ///
    /// Nothing where the look panics: a checkpoint must not be lost over what is for people alone.
    pub(crate) fn look(&self, state: &T, now: Instant) -> Option<Progress> {
        let What::Look(look) = &self.what else { return self.told_last(now) };
        let progress = catch_unwind(AssertUnwindSafe(|| look(state))).ok()?;
        Some(self.with_rate(progress, now))
    }

    fn with_rate(&self, mut progress: Progress, now: Instant) -> Progress {
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        let moved = pace.map_or(Pace { at: now, done: progress.done, rate: None }, |pace| {
            pace.moved_to(progress.done, now)
        });
        *pace = Some(moved);
        progress.rate = progress.rate.or(moved.rate);
        progress
    }
}

impl Pace {
    fn moved_to(self, done: u64, now: Instant) -> Self {
        let took = now.saturating_duration_since(self.at);
        if took < SHORTEST_LOOK {
            return self;
        }
        // Positions are far below 2^53.
        #[allow(clippy::cast_precision_loss)]
        let newest = done.saturating_sub(self.done) as f64 / took.as_secs_f64();
        let rate = self.rate.map_or(newest, |earlier| earlier + (newest - earlier) * NEWEST_SHARE);
        Self { at: now, done, rate: Some(rate) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_rate_is_measured_between_looks() {
        let start = Instant::now();
        let shown = Shown::new(|done: &u64| Progress::new(*done).of(400));
        assert_eq!(shown.look(&0, start).unwrap().rate, None);
        assert_eq!(shown.look(&100, start + SECOND).unwrap().rate, Some(100.0));
        assert_eq!(
            shown.look(&110, start + SECOND).unwrap().rate,
            Some(100.0),
            "too soon to say more"
        );
        let progress = shown.look(&300, start + 2 * SECOND).unwrap();
        assert_eq!(progress.rate, Some(150.0), "half of it is the newest");
        assert_eq!(progress.time_left(), Some(Duration::from_secs_f64(100.0 / 150.0)));
    }

    #[test]
    fn what_is_told_has_a_rate_as_well() {
        let start = Instant::now();
        let shown = Shown::told(Progress::new(0));
        assert_eq!(shown.look(&(), start).unwrap().rate, None);
        shown.tell(Progress::new(50).of(100)).unwrap();
        let progress = shown.look(&(), start + SECOND).unwrap();
        assert_eq!((progress.done, progress.total, progress.rate), (50, Some(100), Some(50.0)));
    }

    #[test]
    fn a_rate_that_is_given_stays() {
        let shown = Shown::new(|done: &u64| Progress { rate: Some(7.0), ..Progress::new(*done) });
        assert_eq!(shown.look(&0, Instant::now()).unwrap().rate, Some(7.0));
    }

    #[test]
    fn a_look_that_panics_shows_nothing() {
        let shown = Shown::new(|done: &u64| match done {
            1 => panic!("as planned"),
            done => Progress::new(*done),
        });
        assert_eq!(shown.look(&1, Instant::now()), None);
        assert_eq!(shown.look(&2, Instant::now()).unwrap().done, 2);
    }

    #[test]
    fn its_json_is_as_promised() {
        let progress = Progress::new(1200).of(5000).unit("lines").message("reading");
        let progress = Progress { rate: Some(93.5), ..progress };
        let written =
            r#"{"done":1200,"total":5000,"unit":"lines","message":"reading","rate":93.5}"#;
        assert_eq!(serde_json::to_string(&progress).unwrap(), written);
        assert_eq!(serde_json::from_str::<Progress>(written).unwrap(), progress);
        assert_eq!(serde_json::to_string(&Progress::new(7)).unwrap(), r#"{"done":7}"#);
        let nulls = r#"{"done":7,"total":null,"unit":null,"message":null,"rate":null,"later":1}"#;
        assert_eq!(serde_json::from_str::<Progress>(nulls).unwrap(), Progress::new(7));
        serde_json::from_str::<Progress>(r#"{"total":7}"#).unwrap_err();
    }

    #[test]
    fn what_is_unknown_has_no_time_left() {
        assert_eq!(Progress::new(1).of(2).time_left(), None);
        assert_eq!(Progress { rate: Some(0.0), ..Progress::new(1).of(2) }.time_left(), None);
        assert_eq!(Progress { rate: Some(1.0), ..Progress::new(1) }.time_left(), None);
    }
}
