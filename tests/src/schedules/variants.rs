//! The activity under test, once for each set of options: those of an attribute are fixed when it
//! is compiled.

use std::{sync::Arc, time::Duration};

use autobeat::{Cancellation, Checkpoint};
use temporalio_sdk::activities::ActivityError;

use super::body::{Bodies, State};

/// What the attribute of one variant says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variant {
    /// The name of its activity.
    pub name: &'static str,
    /// `heartbeat_timeout`.
    pub heartbeat_timeout: Duration,
    /// `heartbeat_interval`.
    pub heartbeat_interval: Option<Duration>,
    /// `stall_timeout`.
    pub stall_timeout: Option<Duration>,
    /// `cancel_grace`: `None` is `"never"`.
    pub cancel_grace: Option<Duration>,
}

const fn seconds(timeout: u64) -> Duration {
    Duration::from_secs(timeout)
}

const fn variant(name: &'static str, heartbeat_timeout: Duration) -> Variant {
    Variant {
        name,
        heartbeat_timeout,
        heartbeat_interval: None,
        stall_timeout: None,
        cancel_grace: Some(seconds(10)),
    }
}

impl Variant {
    const fn every(mut self, milliseconds: u64) -> Self {
        self.heartbeat_interval = Some(Duration::from_millis(milliseconds));
        self
    }

    const fn stalls_after(mut self, timeout: Duration) -> Self {
        self.stall_timeout = Some(timeout);
        self
    }

    const fn grace(mut self, grace: Option<Duration>) -> Self {
        self.cancel_grace = grace;
        self
    }

    /// The interval in force where the workflow asked for this timeout.
    #[must_use]
    pub fn interval(&self, timeout: Duration) -> Duration {
        let default = |timeout: Duration| (timeout / 3).min(seconds(30));
        let declared = self.heartbeat_interval.unwrap_or_else(|| default(self.heartbeat_timeout));
        if declared > timeout / 2 { default(timeout) } else { declared }
    }

    /// The variant of this name.
    ///
    /// # Panics
    ///
    /// Where there is none.
    #[must_use]
    pub fn named(name: &str) -> &'static Self {
        VARIANTS.iter().find(|variant| variant.name == name).expect("a variant of this name")
    }
}

/// All variants.
pub const VARIANTS: [Variant; 16] = [
    variant("nine", seconds(9)),
    variant("second", seconds(1)),
    variant("half_of_a_second", seconds(1)).every(500),
    variant("two_at_a_thousandth", seconds(2)).every(2),
    variant("five_quickly", seconds(5)).every(250),
    variant("nine_stalls", seconds(9)).stalls_after(seconds(20)),
    variant("nine_at_once", seconds(9)).grace(Some(Duration::ZERO)),
    variant("ten_at_half", seconds(10)).every(5_000),
    variant("thirty", seconds(30)),
    variant("thirty_quickly", seconds(30)).every(100),
    variant("thirty_never", seconds(30)).grace(None),
    variant("minute", seconds(60)),
    variant("minute_at_24", seconds(60)).every(24_000),
    variant("minute_stalls", seconds(60)).every(10_000).stalls_after(seconds(90)),
    variant("ten_minutes", seconds(600)),
    variant("ten_minutes_at_half", seconds(600)).every(300_000),
];

type Return = Result<u64, ActivityError>;

#[autobeat::activities]
impl Bodies {
    /// Nine seconds.
    #[activity(name = "nine", heartbeat_timeout = "9s")]
    async fn nine(
        self: Arc<Self>,
        saved: Checkpoint<State>,
        told: Cancellation,
        it: u64,
    ) -> Return {
        self.run(saved, told, it).await
    }

    /// The shortest timeout.
    #[activity(name = "second", heartbeat_timeout = "1s")]
    async fn second(
        self: Arc<Self>,
        saved: Checkpoint<State>,
        told: Cancellation,
        it: u64,
    ) -> Return {
        self.run(saved, told, it).await
    }

    /// The shortest timeout, and the longest interval for it.
    #[activity(name = "half_of_a_second", heartbeat_timeout = "1s", heartbeat_interval = "500ms")]
    async fn half_of_a_second(
        self: Arc<Self>,
        saved: Checkpoint<State>,
        told: Cancellation,
        it: u64,
    ) -> Return {
        self.run(saved, told, it).await
    }

    /// A thousandth of the timeout.
    #[activity(name = "two_at_a_thousandth", heartbeat_timeout = "2s", heartbeat_interval = "2ms")]
    async fn two_at_a_thousandth(
        self: Arc<Self>,
        saved: Checkpoint<State>,
        told: Cancellation,
        it: u64,
    ) -> Return {
        self.run(saved, told, it).await
    }

    /// A twentieth of the timeout.
    #[activity(name = "five_quickly", heartbeat_timeout = "5s", heartbeat_interval = "250ms")]
    async fn five_quickly(
        self: Arc<Self>,
        saved: Checkpoint<State>,
        told: Cancellation,
        it: u64,
    ) -> Return {
        self.run(saved, told, it).await
    }

    /// Must move.
    #[activity(name = "nine_stalls", heartbeat_timeout = "9s", stall_timeout = "20s")]
    async fn nine_stalls(
        self: Arc<Self>,
        saved: Checkpoint<State>,
        told: Cancellation,
        it: u64,
    ) -> Return {
        self.run(saved, told, it).await
    }

    /// Is dropped as soon as it is told.
    #[activity(name = "nine_at_once", heartbeat_timeout = "9s", cancel_grace = "0s")]
    async fn nine_at_once(
        self: Arc<Self>,
        saved: Checkpoint<State>,
        told: Cancellation,
        it: u64,
    ) -> Return {
        self.run(saved, told, it).await
    }

    /// The longest interval.
    #[activity(name = "ten_at_half", heartbeat_timeout = "10s", heartbeat_interval = "5s")]
    async fn ten_at_half(
        self: Arc<Self>,
        saved: Checkpoint<State>,
        told: Cancellation,
        it: u64,
    ) -> Return {
        self.run(saved, told, it).await
    }

    /// Half a minute.
    #[activity(name = "thirty", heartbeat_timeout = "30s")]
    async fn thirty(
        self: Arc<Self>,
        saved: Checkpoint<State>,
        told: Cancellation,
        it: u64,
    ) -> Return {
        self.run(saved, told, it).await
    }

    /// More often than a slow server answers.
    #[activity(name = "thirty_quickly", heartbeat_timeout = "30s", heartbeat_interval = "100ms")]
    async fn thirty_quickly(
        self: Arc<Self>,
        saved: Checkpoint<State>,
        told: Cancellation,
        it: u64,
    ) -> Return {
        self.run(saved, told, it).await
    }

    /// Is never dropped for a cancellation.
    #[activity(name = "thirty_never", heartbeat_timeout = "30s", cancel_grace = "never")]
    async fn thirty_never(
        self: Arc<Self>,
        saved: Checkpoint<State>,
        told: Cancellation,
        it: u64,
    ) -> Return {
        self.run(saved, told, it).await
    }

    /// A minute.
    #[activity(name = "minute", heartbeat_timeout = "60s")]
    async fn minute(
        self: Arc<Self>,
        saved: Checkpoint<State>,
        told: Cancellation,
        it: u64,
    ) -> Return {
        self.run(saved, told, it).await
    }

    /// An interval that the SDK's throttle does not divide.
    #[activity(name = "minute_at_24", heartbeat_timeout = "60s", heartbeat_interval = "24s")]
    async fn minute_at_24(
        self: Arc<Self>,
        saved: Checkpoint<State>,
        told: Cancellation,
        it: u64,
    ) -> Return {
        self.run(saved, told, it).await
    }

    /// Must move, within more than a timeout.
    #[activity(
        name = "minute_stalls",
        heartbeat_timeout = "60s",
        heartbeat_interval = "10s",
        stall_timeout = "90s"
    )]
    async fn minute_stalls(
        self: Arc<Self>,
        saved: Checkpoint<State>,
        told: Cancellation,
        it: u64,
    ) -> Return {
        self.run(saved, told, it).await
    }

    /// The longest timeout.
    #[activity(name = "ten_minutes", heartbeat_timeout = "10m")]
    async fn ten_minutes(
        self: Arc<Self>,
        saved: Checkpoint<State>,
        told: Cancellation,
        it: u64,
    ) -> Return {
        self.run(saved, told, it).await
    }

    /// The longest timeout, and the longest interval for it.
    #[activity(name = "ten_minutes_at_half", heartbeat_timeout = "10m", heartbeat_interval = "5m")]
    async fn ten_minutes_at_half(
        self: Arc<Self>,
        saved: Checkpoint<State>,
        told: Cancellation,
        it: u64,
    ) -> Return {
        self.run(saved, told, it).await
    }
}
