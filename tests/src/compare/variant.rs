//! What is compared with what.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The heartbeat timeouts that are compared, in seconds.
pub const TIMEOUTS: [u64; 3] = [2, 10, 30];

/// The interval of [`Variant::EachSecond`].
pub const SECOND: Duration = Duration::from_secs(1);

/// How often the variant that commits does so, in items.
pub const ITEMS_PER_COMMIT: u64 = 100;

/// An activity's author.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// The SDK alone: `record_heartbeat` after each item, or by a timer where there are no items.
    ByHand,
    /// Ours, with nothing declared but the timeout.
    Default,
    /// Ours, with `heartbeat_interval = "1s"`.
    EachSecond,
    /// Ours, with a `commit` after each hundredth item.
    Commits,
}

/// What an activity does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Items one by one, its position saved after each.
    Items,
    /// It waits, with nothing to save.
    Sleep,
    /// It blocks its thread once.
    Block,
}

impl Variant {
    /// All of them, as the table has them.
    pub const ALL: [Self; 4] = [Self::ByHand, Self::Default, Self::EachSecond, Self::Commits];

    /// The name of the activity that does this work.
    #[must_use]
    pub fn activity(self, work: Work) -> &'static str {
        match (work, self) {
            (Work::Items, Self::ByHand) => "items_by_hand",
            (Work::Items, Self::Default) => "save_items",
            (Work::Items, Self::EachSecond) => "save_items_each_second",
            (Work::Items, Self::Commits) => "save_and_commit_items",
            (Work::Sleep, Self::ByHand) => "sleep_by_hand",
            (Work::Sleep, Self::EachSecond) => "sleep_each_second",
            (Work::Sleep, Self::Default | Self::Commits) => "sleep",
            (Work::Block, Self::ByHand) => "block_by_hand",
            (Work::Block, _) => "block",
        }
    }

    /// How often it beats at a heartbeat timeout: the SDK sends what it is given as rarely as this.
    #[must_use]
    pub fn interval(self, timeout: Duration) -> Duration {
        match self {
            Self::ByHand => timeout.mul_f64(0.8).min(Duration::from_mins(1)),
            Self::Default | Self::Commits => (timeout / 3).min(Duration::from_secs(30)),
            Self::EachSecond => SECOND,
        }
    }
}
