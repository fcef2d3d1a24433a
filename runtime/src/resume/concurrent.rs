//! The loop with several items on their way at once.

use futures_util::{StreamExt, stream::FuturesUnordered};
use serde::{Deserialize, Serialize};

use super::{Beginning, address_of, known_total};
use crate::{cancel::Cancelled, checkpoint::Checkpoint};

/// Which of many items are done: all up to a position, and ranges beyond it.
///
/// Stays small: beyond the first item that is not done there can only be gaps that are on their way,
/// so there are never more ranges than items at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// All items before this one are done.
    pub(super) up_to: u64,
    /// Done beyond it: `[start, end)`, ascending, with a gap before each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) beyond: Vec<(u64, u64)>,
}

impl Finished {
    /// How many items are done.
    #[must_use]
    pub fn count(&self) -> u64 {
        // Somebody else may have written it.
        let beyond = self.beyond.iter().map(|(start, end)| end.saturating_sub(*start));
        beyond.fold(self.up_to, u64::saturating_add)
    }

    /// Whether the item at this position is done.
    #[must_use]
    pub fn contains(&self, position: u64) -> bool {
        let after = self.beyond.partition_point(|(start, _)| *start <= position);
        position < self.up_to || after > 0 && position < self.beyond[after - 1].1
    }

    pub(super) fn insert(&mut self, position: u64) {
        if self.contains(position) {
            return;
        }
        let after = self.beyond.partition_point(|(start, _)| *start < position);
        let joins_left = after > 0 && self.beyond[after - 1].1 == position;
        let joins_right = self.beyond.get(after).is_some_and(|right| right.0 == position + 1);
        match (joins_left, joins_right) {
            (true, true) => self.beyond[after - 1].1 = self.beyond.remove(after).1,
            (true, false) => self.beyond[after - 1].1 += 1,
            (false, true) => self.beyond[after].0 = position,
            (false, false) => self.beyond.insert(after, (position, position + 1)),
        }
        if self.beyond.first().is_some_and(|first| first.0 == self.up_to) {
            self.up_to = self.beyond.remove(0).1;
        }
    }
}

impl Checkpoint<Finished> {
    /// Works on up to `limit` items at once, and leaves out those that are done.
    ///
    /// Each item is saved as done when its future is; after a crash only those that were on their
    /// way are done again, and none is left out. The items must be the same for every attempt, in
    /// the same order. The futures run in this task: spawn within one for work that needs a core.
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
    /// one set of items.
    ///
    /// # Cancel safety
    ///
    /// A dropped call drops the items on their way; those that were done stay so.
    pub async fn resume_concurrent<I, F, E>(
        &self,
        items: I,
        limit: usize,
        work: impl Fn(I::Item) -> F,
    ) -> Result<(), E>
    where
        I: IntoIterator,
        F: Future<Output = Result<(), E>>,
        E: From<Cancelled>,
    {
        let done = self.get();
        let items = items.into_iter();
        let beginning = Beginning {
            address: |done: &mut Finished| address_of(done),
            leaves_out: done.count() > 0,
            total: known_total(items.size_hint()),
        };
        let turn = self.turns().take(&done, beginning);
        let mut left = (0..).zip(items).filter(|(position, _)| !done.contains(*position));
        let mut on_their_way = FuturesUnordered::new();
        let mut outcome = Ok(());
        let mut has_begun = false;
        loop {
            while outcome.is_ok() && on_their_way.len() < limit.max(1) {
                let Some((position, item)) = left.next() else { break };
                turn.check();
                let cancellation = self.cancellation();
                // Never before the first: each attempt comes further.
                let may_begin =
                    if has_begun { cancellation.check() } else { cancellation.check_within_item() };
                match may_begin {
                    Ok(()) => {
                        has_begun = true;
                        let working = work(item);
                        on_their_way.push(async move { (position, working.await) });
                    }
                    Err(cancelled) => outcome = Err(cancelled.into()),
                }
            }
            match on_their_way.next().await {
                // Whether to stop is looked at before another item begins.
                Some((position, Ok(()))) => {
                    turn.check();
                    drop(self.update(|done| done.insert(position)));
                }
                Some((_, Err(error))) if outcome.is_ok() => outcome = Err(error),
                Some((_, Err(_))) => {}
                None => {
                    if outcome.is_ok() {
                        turn.end();
                    }
                    return outcome;
                }
            }
        }
    }
}
