//! Virtual time: how long ago the world began.

use std::{
    fmt,
    ops::{Add, Sub},
    time::Duration,
};

/// An instant of a world: the same on its server and in each of its workers, whatever their clocks
/// say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(Duration);

impl Moment {
    /// When the world began.
    pub const BEGIN: Self = Self(Duration::ZERO);

    /// This long after the world began.
    #[must_use]
    pub const fn after(duration: Duration) -> Self {
        Self(duration)
    }

    /// How long the world existed then.
    #[must_use]
    pub const fn since_begin(self) -> Duration {
        self.0
    }

    /// How long after an earlier moment this one is; zero where it is not later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

impl Sub<Duration> for Moment {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.3}s", self.0.as_secs_f64())
    }
}
