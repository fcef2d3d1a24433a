//! A loop's own copy of the state: changed for the item at hand, and saved as one with its position.
//!
//! Invariants:
//! - a loop beside this one is not one within it: it has begun before the item was handed out;
//! - nothing that another loop or an [`update`](Checkpoint::update) saved meanwhile is replaced by an older copy: one
//!   that the body has not asked for since is made anew, and one that it has is not saved, which panics;
//! - what the body saves as a whole while the item is at hand, such as a `commit` of this copy, is its own affair;
//! - a loop within an item is that item's: when that is done, its position is set back, in the same save.

use super::turns::Turn;
use crate::{cancel::Cancelled, checkpoint::Checkpoint};

pub(super) struct OwnCopy<T> {
    checkpoint: Checkpoint<T>,
    value: T,
    /// The version of what was saved that it was made from, or saved as.
    version: u64,
    /// Whether the body has asked for it since.
    may_be_changed: bool,
    /// How many loops had begun when the item at hand was handed out.
    begun: u64,
}

impl<T: Clone> OwnCopy<T> {
    pub(super) fn of(checkpoint: &Checkpoint<T>) -> Self {
        let (version, value) = checkpoint.look();
        let checkpoint = checkpoint.clone();
        Self { checkpoint, value, version, may_be_changed: false, begun: 0 }
    }
}

impl<T> OwnCopy<T> {
    pub(super) fn checkpoint(&self) -> &Checkpoint<T> {
        &self.checkpoint
    }

    pub(super) fn value(&self) -> &T {
        &self.value
    }

    /// To look at a field of it, which only who changes it can name.
    pub(super) fn field<V>(&mut self, field: impl FnOnce(&mut T) -> &mut V) -> &mut V {
        field(&mut self.value)
    }

    /// For the body, which may change it.
    pub(super) fn state(&mut self) -> &mut T {
        if !self.may_be_changed && self.checkpoint.version() > self.version {
            (self.version, self.value) = self.checkpoint.look();
        }
        self.may_be_changed = true;
        &mut self.value
    }

    /// Panics where another loop over the same position has begun meanwhile.
    ///
    /// That one has moved it, so it is `set` to where this one is: the next attempt meets the same panic, and
    /// leaves nothing out.
    #[track_caller]
    pub(super) fn check(&self, turn: &Turn, set: impl FnOnce(&mut T)) {
        if !turn.is_newest() {
            drop(self.checkpoint.update(set));
        }
        turn.check();
    }

    /// An item is handed out: a loop that begins from now on is within it.
    pub(super) fn hand_out(&mut self) {
        self.begun = self.checkpoint.turns().begun();
    }

    /// Saves that the item at hand is done.
    #[track_caller]
    pub(super) fn save(&mut self, turn: &Turn, done: impl Fn(&mut T)) -> Result<(), Cancelled>
    where
        T: Clone,
    {
        let within = self.checkpoint.turns().over_since(self.begun, turn);
        let advance = |state: &mut T| {
            // First: where they are may depend on which item it is.
            for set_back in &within {
                set_back(state);
            }
            done(state);
        };
        advance(&mut self.value);
        let value = self.value.clone();
        match self.checkpoint.save_copy(value, self.version, self.may_be_changed) {
            Some(version) => self.version = version,
            None if self.may_be_changed => panic!(
                "another loop over the checkpoint, or an `update` of it, saved after the state of this loop \
                 was asked for, and one of both would be lost: ask for `state()` after a loop within this \
                 one, and change it there instead of by `update`"
            ),
            None => {
                drop(self.checkpoint.update(advance));
                (self.version, self.value) = self.checkpoint.look();
            }
        }
        self.may_be_changed = false;
        self.checkpoint.cancellation().check()
    }
}
