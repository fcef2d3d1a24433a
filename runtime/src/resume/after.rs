//! The loop by key: for items that may come and go between attempts.

use std::{error::Error, fmt, iter::Fuse};

use super::{Beginning, OwnCopy, Turn};
use crate::{cancel::Cancelled, checkpoint::Checkpoint};

impl<T: Clone + 'static> Checkpoint<T> {
    /// Goes over items after the last one that is done, by their keys.
    ///
    /// For sets that may change between attempts, such as the rows of a table: the items come in
    /// ascending order of their keys, and those up to the stored key are left out, whether the item
    /// of that key is still there or not. The state holds the key of the last item that is done;
    /// what the loop changes in the [`state`](ResumeAfter::state) is saved together with it.
    ///
    /// ```
    /// # use autobeat::{Checkpoint, ResumeError};
    /// # use serde::{Deserialize, Serialize};
    /// # struct Order { id: String }
    /// # async fn ship(order: Order) {}
    /// #[derive(Clone, Default, Serialize, Deserialize)]
    /// struct State {
    ///     last_id: Option<String>,
    ///     shipped: u64,
    /// }
    ///
    /// async fn ship_all(checkpoint: Checkpoint<State>, sorted: Vec<Order>) -> Result<(), ResumeError> {
    ///     let mut orders =
    ///         checkpoint.resume_after(sorted, |state| &mut state.last_id, |order| order.id.clone());
    ///     while let Some(order) = orders.next() {
    ///         ship(order?).await;
    ///         orders.state().shipped += 1;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// The iterator yields a [`ResumeError`] once, and ends, when the attempt should stop, and where
    /// a key is not above the one before it: items after it could be lost.
    ///
    /// # Panics
    ///
    /// As [`resume_at`](Self::resume_at), where a second loop by the same key would leave items out;
    /// set it back to `None` between two rounds.
    #[track_caller]
    pub fn resume_after<I, K>(
        &self,
        items: I,
        last: fn(&mut T) -> &mut Option<K>,
        key: fn(&I::Item) -> K,
    ) -> ResumeAfter<I::IntoIter, T, K>
    where
        I: IntoIterator,
        K: Ord + Clone + 'static,
    {
        let mut copy = OwnCopy::of(self);
        let done = copy.field(last).clone();
        let beginning = Beginning {
            position: last,
            leaves_out: done.is_some(),
            // A set that is gone over by key may change.
            total: None,
        };
        let turn = self.turns().take(copy.value(), &beginning);
        ResumeAfter {
            copy,
            items: items.into_iter().fuse(),
            last,
            key,
            turn,
            done,
            seen: None,
            on_its_way: None,
            is_over: false,
        }
    }
}

/// What comes next, with the key that is stored once it is done.
pub(super) type Next<N, K> = Option<Result<(N, K), ResumeError>>;

/// Goes over items after the last one that is done; made by [`Checkpoint::resume_after`].
#[must_use = "a loop does nothing unless something asks for its items"]
pub struct ResumeAfter<I: Iterator, T, K> {
    copy: OwnCopy<T>,
    items: Fuse<I>,
    last: fn(&mut T) -> &mut Option<K>,
    key: fn(&I::Item) -> K,
    turn: Turn,
    /// The key of the last item that is done.
    done: Option<K>,
    /// The key that came last, done or not.
    seen: Option<K>,
    /// The key of the item that was handed out, or of the last one of several.
    on_its_way: Option<K>,
    pub(super) is_over: bool,
}

impl<I: Iterator, T: fmt::Debug, K> fmt::Debug for ResumeAfter<I, T, K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ResumeAfter")
            .field("state", self.copy.value())
            .finish_non_exhaustive()
    }
}

impl<I: Iterator, T: Clone + 'static, K: Ord + Clone> ResumeAfter<I, T, K> {
    /// The state, to be changed by the item at hand, and saved when that is done.
    pub fn state(&mut self) -> &mut T {
        self.copy.state()
    }

    /// The item that was handed out is done.
    pub(super) fn complete(&mut self) -> Result<(), Cancelled> {
        let last = self.last;
        self.copy.check(&self.turn, |state| last(state).clone_from(&self.done));
        let Some(key) = self.on_its_way.take() else {
            return self.copy.checkpoint().cancellation().check_within_item();
        };
        self.done = Some(key);
        self.copy.save(&self.turn, |state| last(state).clone_from(&self.done))
    }

    /// The next item that is not done, with its key.
    pub(super) fn next_left(&mut self) -> Next<I::Item, K> {
        loop {
            let item = self.items.next()?;
            let key = (self.key)(&item);
            if self.seen.as_ref().is_some_and(|seen| *seen >= key) {
                return Some(Err(ResumeError::out_of_order()));
            }
            self.seen = Some(key.clone());
            if self.done.as_ref().is_none_or(|done| *done < key) {
                return Some(Ok((item, key)));
            }
        }
    }

    /// Hands out what is next, unless nothing is left or the attempt should stop.
    pub(super) fn begin<N>(
        &mut self,
        saved: Result<(), Cancelled>,
        next: Next<N, K>,
    ) -> Option<Result<N, ResumeError>> {
        if next.is_none() {
            self.turn.end();
        }
        let next = next.map(|next| match (saved, next) {
            (Ok(()), Ok((next, key))) => {
                self.on_its_way = Some(key);
                Ok(next)
            }
            (Err(cancelled), _) => Err(cancelled.into()),
            (_, Err(error)) => Err(error),
        });
        self.is_over = !matches!(next, Some(Ok(_)));
        self.copy.hand_out();
        next
    }
}

impl<I: Iterator, T: Clone + 'static, K: Ord + Clone> Iterator for ResumeAfter<I, T, K> {
    type Item = Result<I::Item, ResumeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let saved = self.complete();
        let next = self.next_left();
        self.begin(saved, next)
    }
}

/// Why a loop by key ended before its items.
#[derive(Debug)]
#[non_exhaustive]
pub struct ResumeError {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Cancelled(Cancelled),
    OutOfOrder,
}

impl ResumeError {
    fn out_of_order() -> Self {
        Self { kind: Kind::OutOfOrder }
    }

    /// Whether the attempt should stop; return the error with `?` then.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self.kind, Kind::Cancelled(_))
    }

    /// Whether a key was not above the one before it.
    #[must_use]
    pub fn is_out_of_order(&self) -> bool {
        matches!(self.kind, Kind::OutOfOrder)
    }
}

impl From<Cancelled> for ResumeError {
    fn from(cancelled: Cancelled) -> Self {
        Self { kind: Kind::Cancelled(cancelled) }
    }
}

impl fmt::Display for ResumeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Cancelled(cancelled) => cancelled.fmt(formatter),
            Kind::OutOfOrder => formatter.write_str(
                "the items are not in ascending order of their keys: sort them, or an attempt that \
                 resumes could leave some out",
            ),
        }
    }
}

impl Error for ResumeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            Kind::Cancelled(cancelled) => Some(cancelled),
            Kind::OutOfOrder => None,
        }
    }
}
