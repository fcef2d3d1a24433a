//! The loop with several items on their way at once.
//!
//! Invariants:
//! - an item is done when the answer after its own is asked for, and saved as such together with the rest of
//!   the state;
//! - where the attempt should stop no item begins, and those on their way are brought to their end.

use std::{
    fmt,
    future::{Ready, poll_fn, ready},
    iter::{Fuse, Zip},
    ops::RangeFrom,
    task::{Context, Poll, ready},
};

use futures_util::{
    StreamExt,
    future::{Join, join},
    stream::FuturesUnordered,
};

use super::{Beginning, Finished, FromCancelled, OwnCopy, ResumeConcurrentAll, Turn, known_total};
use crate::{cancel::Cancelled, checkpoint::Checkpoint, progress::Progress};

impl Checkpoint<Finished> {
    /// Works on up to `limit` items at once, and leaves out those that are done.
    ///
    /// Each item is saved as done when its future is; after a crash only those that were on their
    /// way are done again, and none is left out. The items must be the same for every attempt, in
    /// the same order. The futures run in this task: spawn within one for work that needs a core.
    /// Where it knows how many items there are, it shows how many are done.
    ///
    /// The first item that fails ends it. To count those that fail, or to skip some, go over the answers
    /// with [`resume_concurrent_at`](Self::resume_concurrent_at).
    ///
    /// ```
    /// # use autobeat::{Checkpoint, Finished};
    /// # use temporalio_sdk::activities::ActivityError;
    /// # async fn fetch(url: String) -> Result<(), std::io::Error> { Ok(()) }
    /// async fn fetch_all(checkpoint: Checkpoint<Finished>, urls: Vec<String>) -> Result<(), ActivityError> {
    ///     checkpoint.resume_concurrent(urls, 8, |url| async move { Ok(fetch(url).await?) }).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// The first error of an item, or [`Cancelled`] where items are left when the attempt should
    /// stop. In both cases no new item begins, and those on their way are brought to their end.
    ///
    /// # Panics
    ///
    /// Rather than leave items out without a word: on a second call after one whose items are all done,
    /// and in a call that goes on although another one has begun. A checkpoint of [`Finished`] is for
    /// one set of items; for two, take [`resume_concurrent_at`](Self::resume_concurrent_at) with a field
    /// for each.
    ///
    /// # Cancel safety
    ///
    /// A dropped call drops the items on their way; those that were done stay so.
    #[track_caller]
    pub fn resume_concurrent<I, W, F, E>(
        &self,
        items: I,
        limit: usize,
        work: W,
    ) -> ResumeConcurrentAll<I::IntoIter, W, F, E>
    where
        I: IntoIterator,
        W: Fn(I::Item) -> F,
        F: Future<Output = Result<(), E>>,
        E: FromCancelled,
    {
        let calls = self.resume_concurrent_at(items, limit, |finished| finished, work);
        ResumeConcurrentAll::new(calls)
    }
}

impl<T: Clone + 'static> Checkpoint<T> {
    /// Works on up to `limit` items at once, and hands over one answer after another.
    ///
    /// [`resume_concurrent`](Checkpoint::resume_concurrent) with what is [`Finished`] in a field of a larger
    /// state, and with answers that the body judges: it may count one, skip it, or return it. An item is
    /// done when the next answer is asked for; what is changed in the [`state`](ResumeConcurrent::state)
    /// for it is saved together with that, as one. The loop keeps its own copy of the state, so change it
    /// there, and not through the checkpoint.
    ///
    /// The answers come as they are ready, in any order; where it matters whose one is, let `work` return
    /// the item as well. The futures run in this task, and only while an answer is waited for: spawn
    /// within one for work that needs a core or must go on meanwhile.
    ///
    /// ```
    /// # use autobeat::{Checkpoint, Finished};
    /// # use serde::{Deserialize, Serialize};
    /// # use temporalio_sdk::activities::ActivityError;
    /// # async fn send(letter: String) -> Result<u64, std::io::Error> { Ok(1) }
    /// #[derive(Clone, Default, Serialize, Deserialize)]
    /// struct State {
    ///     finished: Finished,
    ///     cents: u64,
    ///     failed: u64,
    /// }
    ///
    /// async fn send_all(checkpoint: Checkpoint<State>, letters: Vec<String>) -> Result<u64, ActivityError> {
    ///     let mut calls = checkpoint.resume_concurrent_at(letters, 16, |state| &mut state.finished, send);
    ///     while let Some(answer) = calls.next().await {
    ///         match answer? {
    ///             Ok(cents) => calls.state().cents += cents,
    ///             Err(_) if calls.state().failed < 100 => calls.state().failed += 1, // skipped
    ///             Err(error) => return Err(error.into()),
    ///         }
    ///     }
    ///     Ok(calls.state().cents)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`next`](ResumeConcurrent::next) yields [`Cancelled`] once, and ends, where items are left when the
    /// attempt should stop. No new item begins then, and the answers of those on their way come before it.
    ///
    /// # Panics
    ///
    /// As [`resume_at`](Self::resume_at), where a second loop over this field would leave items out.
    #[track_caller]
    pub fn resume_concurrent_at<I, W, F>(
        &self,
        items: I,
        limit: usize,
        finished: fn(&mut T) -> &mut Finished,
        work: W,
    ) -> ResumeConcurrent<I::IntoIter, T, W, F>
    where
        I: IntoIterator,
        W: Fn(I::Item) -> F,
        F: Future,
    {
        let items = items.into_iter();
        let total = known_total(items.size_hint());
        if let Some(total) = total {
            self.show_count(finished, total);
        }
        let mut copy = OwnCopy::of(self);
        let done = copy.field(finished).clone();
        let leaves_out = done.count() > 0;
        let beginning = Beginning { position: finished, leaves_out, total };
        let turn = self.turns().take(copy.value(), &beginning);
        ResumeConcurrent {
            items: (0..).zip(items).fuse(),
            limit: limit.max(1),
            copy,
            done,
            finished,
            call: |work, item| work(item),
            work,
            turn,
            on_their_way: FuturesUnordered::new(),
            answered: None,
            has_begun: false,
            is_given_up: false,
            cancelled: None,
        }
    }

    fn show_count(&self, finished: fn(&mut T) -> &mut Finished, total: u64) {
        let count = move |state: &T| finished(&mut state.clone()).count();
        self.show_at_least(move |state| Progress::new(count(state)).of(total));
    }
}

/// Works on several items at once; made by [`Checkpoint::resume_concurrent_at`].
#[must_use = "a loop does nothing unless something asks for its answers"]
pub struct ResumeConcurrent<I: Iterator, T, W, F: Future> {
    items: Fuse<Zip<RangeFrom<u64>, I>>,
    limit: usize,
    /// Called otherwise than its method, so that the compiler offers that.
    copy: OwnCopy<T>,
    /// Which items are done.
    done: Finished,
    finished: fn(&mut T) -> &mut Finished,
    work: W,
    /// Calls it: what it is was asked where the loop was made, and is asked at no `.await` again.
    call: fn(&W, I::Item) -> F,
    turn: Turn,
    /// Each with its position.
    on_their_way: FuturesUnordered<Join<Ready<u64>, F>>,
    /// The position of the item whose answer was handed out.
    answered: Option<u64>,
    has_begun: bool,
    /// Whether no item begins any more, for a reason of the caller's.
    is_given_up: bool,
    /// Why no item begins any more.
    pub(super) cancelled: Option<Cancelled>,
}

impl<I: Iterator, T: fmt::Debug, W, F: Future> fmt::Debug for ResumeConcurrent<I, T, W, F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ResumeConcurrent")
            .field("state", self.copy.value())
            .field("on_their_way", &self.on_their_way.len())
            .finish_non_exhaustive()
    }
}

impl<I, T, W, F> ResumeConcurrent<I, T, W, F>
where
    I: Iterator,
    T: Clone + 'static,
    F: Future,
{
    /// The state, to be changed for the answer at hand, and saved when the next one is asked for.
    pub fn state(&mut self) -> &mut T {
        self.copy.state()
    }

    /// The next answer; the item of the one before it is done.
    ///
    /// A loop that is left drops the items on their way, which the next attempt does again, as well as the
    /// one whose answer it was left with.
    ///
    /// # Errors
    ///
    /// [`Cancelled`], once, where items are left when the attempt should stop.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again: no answer is lost. Nothing moves on meanwhile.
    pub async fn next(&mut self) -> Option<Result<F::Output, Cancelled>> {
        self.ask();
        poll_fn(|context| self.poll_answer(context)).await
    }

    /// Asks for the next answer.
    pub(super) fn ask(&mut self) {
        self.complete();
        self.begin();
    }

    /// The answer that was asked for.
    pub(super) fn poll_answer(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<F::Output, Cancelled>>> {
        if let Some((position, answer)) = ready!(self.on_their_way.poll_next_unpin(context)) {
            self.answered = Some(position);
            return Poll::Ready(Some(Ok(answer)));
        }
        if let Some(cancelled) = self.cancelled.take() {
            self.give_up();
            // Items were on their way meanwhile: another reason may have come that wins over it.
            let newest = self.copy.checkpoint().cancellation().check().err();
            return Poll::Ready(Some(Err(newest.unwrap_or(cancelled))));
        }
        if !self.is_given_up {
            self.turn.end();
        }
        Poll::Ready(None)
    }

    /// The item whose answer was handed out is done.
    fn complete(&mut self) {
        let Some(position) = self.answered.take() else { return };
        self.check_turn();
        self.done.insert(position);
        let finished = self.finished;
        // Whether to stop is looked at before another item begins.
        drop(self.copy.save(&self.turn, |state| finished(state).clone_from(&self.done)));
        self.copy.hand_out();
    }

    /// Lets as many items begin as there may be at once.
    fn begin(&mut self) {
        while !self.is_given_up
            && self.cancelled.is_none()
            && self.on_their_way.len() < self.limit
            && let Some((position, item)) = self.next_left()
        {
            self.check_turn();
            let cancellation = self.copy.checkpoint().cancellation();
            let may_begin = if self.has_begun {
                cancellation.check()
            } else {
                cancellation.check_within_item()
            };
            match may_begin {
                Ok(()) => {
                    if !self.has_begun {
                        self.copy.hand_out();
                    }
                    self.has_begun = true;
                    self.on_their_way.push(join(ready(position), (self.call)(&self.work, item)));
                }
                Err(cancelled) => self.cancelled = Some(cancelled),
            }
        }
    }

    fn check_turn(&self) {
        let finished = self.finished;
        self.copy.check(&self.turn, |state| finished(state).clone_from(&self.done));
    }

    fn next_left(&mut self) -> Option<(u64, I::Item)> {
        let Self { items, done, .. } = self;
        items.find(|(position, _)| !done.contains(*position))
    }

    /// No item begins any more, and the one whose answer was handed out is not done.
    pub(super) fn give_up(&mut self) {
        self.answered = None;
        self.is_given_up = true;
    }
}
