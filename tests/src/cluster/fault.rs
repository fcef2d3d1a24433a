//! What is done to a cluster.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// A history node, by its place.
    History(usize),
    /// A frontend, by its place.
    Frontend(usize),
    /// The matching node.
    Matching,
    /// The node of the server's own workflows.
    Worker,
    /// The first process of the database, with SIGKILL.
    DatabaseKilled,
    /// The database, with `pg_ctl stop -m immediate`.
    DatabaseStopped,
}

impl Fault {
    /// Each of them once.
    pub const ROUND: [Self; 8] = [
        Self::History(0),
        Self::History(1),
        Self::Frontend(0),
        Self::Frontend(1),
        Self::Matching,
        Self::Worker,
        Self::DatabaseKilled,
        Self::DatabaseStopped,
    ];

    /// What the table calls it: either node of a role is the same there.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::History(_) => "a history node",
            Self::Frontend(_) => "a frontend",
            Self::Matching => "matching",
            Self::Worker => "the server's worker",
            Self::DatabaseKilled => "PostgreSQL, `kill -9`",
            Self::DatabaseStopped => "PostgreSQL, `stop -m immediate`",
        }
    }
}

/// A fault that was suffered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suffered {
    /// What was killed.
    pub fault: Fault,
    /// When, by the clock of the ledgers.
    pub at: Duration,
    /// How long it took until everything answered again.
    pub took: Duration,
}

/// A round of all of them in an order of its own.
pub(super) fn shuffled_round() -> [Fault; 8] {
    let mut round = Fault::ROUND;
    fastrand::shuffle(&mut round);
    round
}
