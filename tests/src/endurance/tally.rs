//! What became of all activities of one kind.

use std::{fmt::Write, time::Duration};

use serde::{Deserialize, Serialize};

use super::{HandOver, load::Share};

/// What became of the activities of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// What the table calls it.
    pub title: String,
    /// How many there were at once.
    pub at_once: u32,
    /// How many there were in all.
    pub activities: usize,
    /// How long an item took.
    pub item_time: Duration,
    /// Each time that another attempt went on.
    pub hand_overs: Vec<HandOver>,
    /// What must not be, told as sentences.
    pub broken: Vec<String>,
}

/// What some of it cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Damage {
    /// How many attempts were lost.
    pub lost: u32,
    /// How much work was done again.
    pub repeated: Duration,
    /// How many items were done by a body after a later one had begun.
    pub by_two: u32,
}

impl Tally {
    /// Of all activities of a kind.
    #[must_use]
    pub fn of(share: &Share) -> Self {
        let accounts = &share.accounts;
        let broken = accounts.iter().flat_map(|account| &account.broken);
        Self {
            title: share.kind.title.to_owned(),
            at_once: share.kind.at_once,
            activities: accounts.len(),
            item_time: share.kind.item_time,
            hand_overs: accounts.iter().flat_map(|account| account.hand_overs.clone()).collect(),
            broken: broken.map(|broken| format!("{}: {broken}", share.kind.title)).collect(),
        }
    }

    /// What those hand-overs cost that began at such a moment.
    #[must_use]
    pub fn damage(&self, is_meant: impl Fn(Duration) -> bool) -> Damage {
        let meant = self.hand_overs.iter().filter(|hand_over| is_meant(hand_over.at));
        meant.fold(Damage::default(), |damage, hand_over| Damage {
            lost: damage.lost + hand_over.lost,
            repeated: damage.repeated + self.item_time * hand_over.repeated,
            by_two: damage.by_two + hand_over.by_two,
        })
    }
}

impl Damage {
    /// `3 of 40 lost, 8.9 s again, 254 items by two`.
    #[must_use]
    pub fn words(&self, of: Option<u32>) -> String {
        let Self { lost, repeated, by_two } = self;
        let of = of.map(|all| format!(" of {all}")).unwrap_or_default();
        let mut words = format!("{lost}{of} lost, {:.1} s again", repeated.as_secs_f64());
        if *by_two > 0 {
            let _ = write!(words, ", {by_two} items by two");
        }
        words
    }
}
