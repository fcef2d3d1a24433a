//! The activity under test with timeouts that are short enough for a real clock.

use std::{sync::Arc, time::Duration};

use autobeat::{Cancellation, Checkpoint};
use temporalio_sdk::activities::ActivityError;

use crate::schedules::{
    body::{Bodies, State},
    variants::Variant,
};

const fn variant(name: &'static str, heartbeat_timeout: u64) -> Variant {
    Variant {
        name,
        heartbeat_timeout: Duration::from_secs(heartbeat_timeout),
        heartbeat_interval: None,
        stall_timeout: None,
        cancel_grace: Some(Duration::from_secs(10)),
    }
}

/// Two seconds.
pub static TWO: Variant = variant("short_two", 2);

/// The shortest timeout.
pub static ONE: Variant = variant("short_one", 1);

/// Beats every 800 ms.
pub static TWO_AT_800: Variant = Variant {
    heartbeat_interval: Some(Duration::from_millis(800)),
    ..variant("short_two_at_800", 2)
};

/// Must move.
pub static TWO_STALLS: Variant =
    Variant { stall_timeout: Some(Duration::from_secs(1)), ..variant("short_two_stalls", 2) };

/// Is dropped as soon as it is told.
pub static TWO_AT_ONCE: Variant =
    Variant { cancel_grace: Some(Duration::ZERO), ..variant("short_two_at_once", 2) };

type Return = Result<u64, ActivityError>;

/// The bodies of one schedule under these options.
#[derive(Debug)]
pub struct Short(pub Arc<Bodies>);

impl Short {
    /// As a schedule is run with them.
    #[must_use]
    pub fn new(bodies: Bodies) -> Self {
        Self(Arc::new(bodies))
    }

    async fn run(&self, saved: Checkpoint<State>, told: Cancellation, it: u64) -> Return {
        Arc::clone(&self.0).run(saved, told, it).await
    }
}

#[autobeat::activities]
impl Short {
    /// Two seconds.
    #[activity(name = "short_two", heartbeat_timeout = "2s")]
    async fn two(self: Arc<Self>, saved: Checkpoint<State>, told: Cancellation, it: u64) -> Return {
        self.run(saved, told, it).await
    }

    /// The shortest timeout.
    #[activity(name = "short_one", heartbeat_timeout = "1s")]
    async fn one(self: Arc<Self>, saved: Checkpoint<State>, told: Cancellation, it: u64) -> Return {
        self.run(saved, told, it).await
    }

    /// Beats every 800 ms.
    #[activity(name = "short_two_at_800", heartbeat_timeout = "2s", heartbeat_interval = "800ms")]
    async fn at_800(
        self: Arc<Self>,
        saved: Checkpoint<State>,
        told: Cancellation,
        it: u64,
    ) -> Return {
        self.run(saved, told, it).await
    }

    /// Must move.
    #[activity(name = "short_two_stalls", heartbeat_timeout = "2s", stall_timeout = "1s")]
    async fn stalls(
        self: Arc<Self>,
        saved: Checkpoint<State>,
        told: Cancellation,
        it: u64,
    ) -> Return {
        self.run(saved, told, it).await
    }

    /// Is dropped as soon as it is told.
    #[activity(name = "short_two_at_once", heartbeat_timeout = "2s", cancel_grace = "0s")]
    async fn at_once(
        self: Arc<Self>,
        saved: Checkpoint<State>,
        told: Cancellation,
        it: u64,
    ) -> Return {
        self.run(saved, told, it).await
    }
}
