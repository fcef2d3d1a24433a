//! Several items at a time: one save, and one piece of work, for all of them.
//!
//! A chunk is what one item is to the other loops: done when the next one is asked for, as a whole, and
//! done again as a whole. How large chunks are may change between attempts, since positions and keys are
//! those of items.

use std::{fmt, iter::Fuse};

use super::{Cursor, Resume, ResumeAfter, ResumeError, after::Next};
use crate::cancel::Cancelled;

impl<I: Iterator, T> Resume<I, T> {
    /// Up to `size` items at a time, as one: for what is cheaper together, such as the rows of a
    /// transaction.
    ///
    /// The items of a chunk are done, and saved as such, when the next one is asked for. The last chunk
    /// may be shorter, none is empty, and a size of 0 is taken for 1.
    ///
    /// ```
    /// # use autobeat::{Cancelled, Checkpoint};
    /// # async fn insert(rows: Vec<String>) {}
    /// async fn insert_all(checkpoint: Checkpoint<u64>, rows: Vec<String>) -> Result<(), Cancelled> {
    ///     for chunk in checkpoint.resume(rows).chunks(100) {
    ///         insert(chunk?).await;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// The iterator yields [`Cancelled`] once, and ends, when the attempt should stop.
    pub fn chunks(self, size: usize) -> ResumeChunks<I, T> {
        let Self { items, skip, cursor } = self;
        ResumeChunks { items: items.fuse(), skip, cursor, size: size.max(1) }
    }
}

/// Goes over items several at a time; made by [`Resume::chunks`].
#[must_use = "a loop does nothing unless something asks for its items"]
pub struct ResumeChunks<I, T> {
    items: Fuse<I>,
    /// How many are still to be left out.
    skip: u64,
    cursor: Cursor<T>,
    size: usize,
}

impl<I, T: fmt::Debug> fmt::Debug for ResumeChunks<I, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ResumeChunks")
            .field("state", self.cursor.copy.value())
            .finish_non_exhaustive()
    }
}

impl<I, T> ResumeChunks<I, T> {
    /// The state, to be changed by the chunk at hand, and saved when that is done.
    pub fn state(&mut self) -> &mut T {
        self.cursor.copy.state()
    }
}

impl<I: Iterator, T: Clone + 'static> Iterator for ResumeChunks<I, T> {
    type Item = Result<Vec<I::Item>, Cancelled>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.cursor.is_over {
            return None;
        }
        let saved = self.cursor.complete();
        let first = match usize::try_from(std::mem::take(&mut self.skip)) {
            Ok(skip) => self.items.nth(skip),
            Err(_) => None,
        };
        let mut chunk: Vec<_> = first.into_iter().collect();
        // What is not handed out is not asked for.
        if saved.is_ok() && !chunk.is_empty() {
            chunk.extend(self.items.by_ref().take(self.size - 1));
        }
        self.cursor.begin_chunk(saved, chunk)
    }
}

impl<I: Iterator, T, K> ResumeAfter<I, T, K> {
    /// Up to `size` items at a time, as one: for what is cheaper together, such as the rows of a
    /// transaction.
    ///
    /// The items of a chunk are done when the next one is asked for, and the key of the last of them is
    /// stored. The last chunk may be shorter, none is empty, and a size of 0 is taken for 1.
    ///
    /// # Errors
    ///
    /// As the loop itself. The items before one that is out of order are handed out first.
    pub fn chunks(self, size: usize) -> ResumeAfterChunks<I, T, K> {
        ResumeAfterChunks { items: self, size: size.max(1), failed: None }
    }
}

/// Goes over items several at a time, by their keys; made by [`ResumeAfter::chunks`].
#[must_use = "a loop does nothing unless something asks for its items"]
pub struct ResumeAfterChunks<I: Iterator, T, K> {
    items: ResumeAfter<I, T, K>,
    size: usize,
    /// What comes after the chunk at hand.
    failed: Option<ResumeError>,
}

impl<I: Iterator, T: fmt::Debug, K> fmt::Debug for ResumeAfterChunks<I, T, K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ResumeAfterChunks")
            .field("items", &self.items)
            .finish_non_exhaustive()
    }
}

impl<I: Iterator, T: Clone + 'static, K: Ord + Clone> ResumeAfterChunks<I, T, K> {
    /// The state, to be changed by the chunk at hand, and saved when that is done.
    pub fn state(&mut self) -> &mut T {
        self.items.state()
    }

    /// The items of the next chunk, and the key of the last of them.
    fn gather(&mut self) -> Next<Vec<I::Item>, K> {
        if let Some(error) = self.failed.take() {
            return Some(Err(error));
        }
        let (first, mut last) = match self.items.next_left()? {
            Ok(first) => first,
            Err(error) => return Some(Err(error)),
        };
        let mut chunk = vec![first];
        while chunk.len() < self.size
            && let Some(next) = self.items.next_left()
        {
            match next {
                Ok((item, key)) => {
                    chunk.push(item);
                    last = key;
                }
                Err(error) => {
                    self.failed = Some(error);
                    break;
                }
            }
        }
        Some(Ok((chunk, last)))
    }
}

impl<I: Iterator, T: Clone + 'static, K: Ord + Clone> Iterator for ResumeAfterChunks<I, T, K> {
    type Item = Result<Vec<I::Item>, ResumeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.items.is_over {
            return None;
        }
        let saved = self.items.complete();
        let next = self.gather();
        self.items.begin(saved, next)
    }
}
