//! The activities of a load.

use std::time::Duration;

use crate::activities::{Action, Plan};

/// An activity that is started again and again.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// What the table calls it.
    pub title: &'static str,
    /// The name that it is registered under.
    pub activity: &'static str,
    /// How many items it has.
    pub items: u64,
    /// How long one of them takes.
    pub item_time: Duration,
    /// Its heartbeat timeout.
    pub heartbeat_timeout: Duration,
    /// How many there are at once.
    pub at_once: u32,
    /// Whether it is of the bare SDK, whose bodies are counted and not judged.
    pub is_bare: bool,
    /// What its first attempt does in the middle.
    pub step: Option<Action>,
}

impl Kind {
    /// One of ours that saves after each item.
    #[must_use]
    pub const fn ours(title: &'static str, activity: &'static str) -> Self {
        Self {
            title,
            activity,
            items: 1_000,
            item_time: Duration::from_millis(20),
            heartbeat_timeout: Duration::from_secs(5),
            at_once: 8,
            is_bare: false,
            step: None,
        }
    }

    /// What its plan adds to its items.
    #[must_use]
    pub fn plan(&self, plan: Plan) -> Plan {
        match self.step {
            Some(action) => plan.before(1, self.items / 2, action),
            None => plan,
        }
    }
}
