//! Loops that go on where the last attempt was, without bookkeeping.
//!
//! Invariants:
//! - a cursor says how much is *done*: it moves when the next item is asked for, so one that fails, is
//!   dropped or panics half-way is done again;
//! - the cursor and the rest of the state change in one save, so no attempt sees one without the other;
//! - work that is complete completes: a cancellation is reported only where an item is left;
//! - a loop hands over after an item, never before its first: each attempt comes further;
//! - one position is one loop's: see [`turns`];
//! - what others save meanwhile is kept: see [`own_copy`].

mod after;
mod chunks;
mod concurrent;
mod concurrent_all;
mod finished;
mod own_copy;
mod stream;
mod turns;

use std::fmt;

pub(crate) use self::turns::Turns;
pub use self::{
    after::{ResumeAfter, ResumeError},
    chunks::{ResumeAfterChunks, ResumeChunks},
    concurrent::ResumeConcurrent,
    concurrent_all::{FromCancelled, ResumeConcurrentAll},
    finished::Finished,
    stream::{ResumeStream, ResumeStreamChunks},
};
use self::{
    own_copy::OwnCopy,
    turns::{Beginning, Turn},
};
use crate::{
    cancel::{Cancellation, Cancelled},
    checkpoint::Checkpoint,
    progress::Progress,
};

impl Checkpoint<u64> {
    /// Goes over items from where the last attempt was; the checkpoint is how many are done.
    ///
    /// An item is done when the next one is asked for. The items must be the same for every attempt,
    /// in the same order; where they may change, go by key with [`resume_after`](Self::resume_after).
    /// The position is this loop's alone: for two loops, take [`resume_at`](Self::resume_at) with a
    /// field for each. A loop that was left early may be begun again over the same items. For several
    /// items at a time, as for the rows of a transaction, there are [`chunks`](Resume::chunks).
    ///
    /// It begins at what was saved last, also in this attempt: where a database knows better, as it keeps
    /// the position beside its rows, [`save`](Self::save) what it says before the loop. See
    /// [Once, in a database](crate::guide::databases#once-in-a-database).
    ///
    /// ```
    /// # use autobeat::{Cancelled, Checkpoint};
    /// # async fn send(letter: &str) {}
    /// async fn send_all(checkpoint: Checkpoint<u64>, letters: Vec<String>) -> Result<(), Cancelled> {
    ///     for letter in checkpoint.resume(letters) {
    ///         send(&letter?).await; // saved as done when the loop comes round
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// The iterator yields [`Cancelled`] once, and ends, when the attempt should stop.
    ///
    /// # Panics
    ///
    /// As [`resume_at`](Self::resume_at), where a second loop would leave items out.
    #[track_caller]
    pub fn resume<I: IntoIterator>(&self, items: I) -> Resume<I::IntoIter, u64> {
        self.resume_at(items, |position| position)
    }
}

impl<T: Clone + 'static> Checkpoint<T> {
    /// [`resume`](Checkpoint::resume) with the position in a field of a larger state.
    ///
    /// What the loop changes in the [`state`](Resume::state) meanwhile is saved together with the
    /// position, when the item is done: a count and the position can never disagree. The loop keeps
    /// its own copy of the state, so change it there, and not through the checkpoint. A loop within an item
    /// of this one is that item's: [its position is set back](crate::guide::loops#a-loop-within-a-loop) with it.
    ///
    /// ```
    /// # use autobeat::{Cancelled, Checkpoint};
    /// # use serde::{Deserialize, Serialize};
    /// # async fn send(letter: String) -> Result<(), ()> { Ok(()) }
    /// #[derive(Clone, Default, Serialize, Deserialize)]
    /// struct State {
    ///     position: u64,
    ///     failed: u64,
    /// }
    ///
    /// async fn send_all(checkpoint: Checkpoint<State>, letters: Vec<String>) -> Result<u64, Cancelled> {
    ///     let mut letters = checkpoint.resume_at(letters, |state| &mut state.position);
    ///     while let Some(letter) = letters.next() {
    ///         if send(letter?).await.is_err() {
    ///             letters.state().failed += 1;
    ///         }
    ///     }
    ///     Ok(letters.state().failed)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// The iterator yields [`Cancelled`] once, and ends, when the attempt should stop.
    ///
    /// # Panics
    ///
    /// Rather than leave items out without a word: after another loop over the same position came to
    /// its end, unless the position was set back to 0; where that loop is known to have another number
    /// of items; and in a loop that goes on although another one over its position has begun, or whose `state()` was
    /// asked for before another loop or an [`update`](Self::update) saved.
    #[track_caller]
    pub fn resume_at<I: IntoIterator>(
        &self,
        items: I,
        position: fn(&mut T) -> &mut u64,
    ) -> Resume<I::IntoIter, T> {
        let items = items.into_iter();
        let cursor = Cursor::new(self, position, known_total(items.size_hint()));
        Resume { items, skip: cursor.done, cursor }
    }
}

/// How many items there are, where that is certain.
fn known_total((least, most): (usize, Option<usize>)) -> Option<u64> {
    most.filter(|most| *most == least).map(|total| total as u64)
}

/// Goes over items from where the last attempt was; made by [`Checkpoint::resume`].
#[must_use = "a loop does nothing unless something asks for its items"]
pub struct Resume<I, T> {
    items: I,
    /// How many are still to be left out.
    skip: u64,
    cursor: Cursor<T>,
}

impl<I, T: fmt::Debug> fmt::Debug for Resume<I, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Resume")
            .field("state", self.cursor.copy.value())
            .finish_non_exhaustive()
    }
}

impl<I, T> Resume<I, T> {
    /// The state, to be changed by the item at hand, and saved when that is done.
    pub fn state(&mut self) -> &mut T {
        self.cursor.copy.state()
    }
}

impl<I: Iterator, T: Clone + 'static> Iterator for Resume<I, T> {
    type Item = Result<I::Item, Cancelled>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.cursor.is_over {
            return None;
        }
        let saved = self.cursor.complete();
        let next = match usize::try_from(std::mem::take(&mut self.skip)) {
            Ok(skip) => self.items.nth(skip),
            Err(_) => None,
        };
        self.cursor.begin(saved, next)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let skip = usize::try_from(self.skip).unwrap_or(usize::MAX);
        let most = self.items.size_hint().1;
        // At least nothing: it may be cancelled at once, and then yields the error.
        (0, most.map(|most| most.saturating_sub(skip).saturating_add(1)))
    }
}

/// A position in a state, and the item that is on its way.
struct Cursor<T> {
    copy: OwnCopy<T>,
    /// How many items are done.
    done: u64,
    position: fn(&mut T) -> &mut u64,
    turn: Turn,
    /// How many items were handed out that are not counted yet.
    on_their_way: u64,
    is_over: bool,
}

impl<T> Cursor<T> {
    fn cancellation(&self) -> &Cancellation {
        self.copy.checkpoint().cancellation()
    }
}

impl<T: Clone + 'static> Cursor<T> {
    #[track_caller]
    fn new(
        checkpoint: &Checkpoint<T>,
        position: fn(&mut T) -> &mut u64,
        total: Option<u64>,
    ) -> Self {
        let mut copy = OwnCopy::of(checkpoint);
        let done = *copy.field(position);
        let beginning = Beginning { position, leaves_out: done > 0, total };
        let turn = checkpoint.turns().take(copy.value(), &beginning);
        if let Some(total) = total {
            let shown = move |state: &T| Progress::new(*position(&mut state.clone())).of(total);
            checkpoint.show_at_least(shown);
        }
        Self { copy, done, position, turn, on_their_way: 0, is_over: false }
    }

    /// What was handed out is done.
    fn complete(&mut self) -> Result<(), Cancelled> {
        let (done, position) = (self.done, self.position);
        self.copy.check(&self.turn, |state| *position(state) = done);
        if self.on_their_way == 0 {
            return self.cancellation().check_within_item();
        }
        self.done += std::mem::take(&mut self.on_their_way);
        let done = self.done;
        self.copy.save(&self.turn, |state| *position(state) = done)
    }

    /// Hands out the next item, unless there is none or the attempt should stop.
    fn begin<I>(
        &mut self,
        saved: Result<(), Cancelled>,
        next: Option<I>,
    ) -> Option<Result<I, Cancelled>> {
        if next.is_none() {
            self.turn.end();
        }
        let next = next.map(|item| saved.map(|()| item));
        let is_on_its_way = matches!(next, Some(Ok(_)));
        self.on_their_way = is_on_its_way.into();
        self.is_over = !is_on_its_way;
        self.copy.hand_out();
        next
    }

    /// Hands out several items as one, unless there is none or the attempt should stop.
    fn begin_chunk<I>(
        &mut self,
        saved: Result<(), Cancelled>,
        chunk: Vec<I>,
    ) -> Option<Result<Vec<I>, Cancelled>> {
        let size = chunk.len() as u64;
        let next = self.begin(saved, (size > 0).then_some(chunk));
        self.on_their_way *= size;
        next
    }
}

#[cfg(test)]
mod tests;
