//! The loop over what comes in time.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_util::{Stream, future::BoxFuture};

use super::{Cursor, known_total};
use crate::{
    cancel::{CancelReason, Cancelled},
    checkpoint::Checkpoint,
};

impl Checkpoint<u64> {
    /// [`resume`](Self::resume) for an asynchronous stream, such as the pages of a service.
    ///
    /// What the last attempts did is taken from the stream and left out, so the stream must begin
    /// at the same item for every attempt.
    ///
    /// ```
    /// # use autobeat::{Cancelled, Checkpoint};
    /// # use futures_util::Stream;
    /// # async fn store(row: u64) {}
    /// async fn store_all(
    ///     checkpoint: Checkpoint<u64>,
    ///     rows: impl Stream<Item = u64>,
    /// ) -> Result<(), Cancelled> {
    ///     let mut rows = checkpoint.resume_stream(rows);
    ///     while let Some(row) = rows.next().await {
    ///         store(row?).await;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// It yields [`Cancelled`] once, and ends, when the attempt should stop; also while it waits for
    /// an item.
    ///
    /// # Panics
    ///
    /// As [`resume_at`](Self::resume_at), where a second loop would leave items out.
    #[track_caller]
    pub fn resume_stream<S: Stream>(&self, items: S) -> ResumeStream<S, u64> {
        self.resume_stream_at(items, |position| position)
    }
}

impl<T: Clone + 'static> Checkpoint<T> {
    /// [`resume_stream`](Checkpoint::resume_stream) with the position in a field of a larger state.
    ///
    /// # Errors
    ///
    /// As [`resume_stream`](Checkpoint::resume_stream).
    ///
    /// # Panics
    ///
    /// As [`resume_at`](Self::resume_at), where a second loop would leave items out.
    #[track_caller]
    pub fn resume_stream_at<S: Stream>(
        &self,
        items: S,
        position: fn(&mut T) -> &mut u64,
    ) -> ResumeStream<S, T> {
        let cancellation = self.cancellation().clone();
        let cursor = Cursor::new(self, position, known_total(items.size_hint()));
        ResumeStream {
            items: Box::pin(items),
            skip: cursor.done,
            cursor,
            completed: None,
            may_hand_over: false,
            cancelled: Box::pin(async move { cancellation.cancelled().await }),
        }
    }
}

/// Goes over a stream from where the last attempt was; made by [`Checkpoint::resume_stream`].
#[must_use = "a loop does nothing unless something asks for its items"]
pub struct ResumeStream<S, T> {
    items: Pin<Box<S>>,
    /// How many are still to be left out.
    skip: u64,
    cursor: Cursor<T>,
    /// What became of the save of the last item, while the next one is waited for.
    completed: Option<Result<(), Cancelled>>,
    /// Whether an item came: before the first nothing is handed over, or no attempt would come further.
    may_hand_over: bool,
    cancelled: BoxFuture<'static, Cancelled>,
}

impl<S, T: fmt::Debug> fmt::Debug for ResumeStream<S, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ResumeStream")
            .field("state", self.cursor.copy.value())
            .finish_non_exhaustive()
    }
}

impl<S: Stream, T: Clone + Unpin + 'static> ResumeStream<S, T> {
    /// The state, to be changed by the item at hand, and saved when that is done.
    pub fn state(&mut self) -> &mut T {
        self.cursor.copy.state()
    }

    /// The next item; the one before it is done.
    ///
    /// # Errors
    ///
    /// [`Cancelled`], once, when the attempt should stop.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again: no item is lost.
    pub async fn next(&mut self) -> Option<Result<S::Item, Cancelled>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl<S: Stream, T> ResumeStream<S, T> {
    /// Up to `size` items at a time, as one: for what is cheaper together, such as the rows of a
    /// transaction.
    ///
    /// The items of a chunk are done when the next one is asked for. It waits until a chunk is full or the
    /// stream is over, so the last one may be shorter; none is empty, and a size of 0 is taken for 1. Not
    /// that of `StreamExt`, which would ask for an item, and so save the one before it as done, while it
    /// still gathers them.
    pub fn chunks(self, size: usize) -> ResumeStreamChunks<S, T> {
        ResumeStreamChunks {
            items: self,
            size: size.max(1),
            chunk: Vec::new(),
            is_exhausted: false,
        }
    }

    /// The next item that is not done.
    fn poll_left(&mut self, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut next = self.items.as_mut().poll_next(context);
        while let (1.., Poll::Ready(Some(_))) = (self.skip, &next) {
            self.skip -= 1;
            next = self.items.as_mut().poll_next(context);
        }
        if next.is_ready() && !self.may_hand_over {
            self.may_hand_over = true;
            let cancellation = self.cursor.cancellation().clone();
            self.cancelled = Box::pin(async move { cancellation.cancelled_between_items().await });
        }
        next
    }
}

impl<S: Stream, T: Clone + Unpin + 'static> Stream for ResumeStream<S, T> {
    type Item = Result<S::Item, Cancelled>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.cursor.is_over {
            return Poll::Ready(None);
        }
        if this.completed.is_none() {
            this.completed = Some(this.cursor.complete());
        }
        let next = this.poll_left(context);
        // Looked at only where it is waited for: a future that is over must not be polled again.
        let cancelled = match &next {
            Poll::Ready(_) => Poll::Pending,
            Poll::Pending => this.cancelled.as_mut().poll(context),
        };
        let completed = match (next, cancelled) {
            (Poll::Ready(next), _) => {
                let completed = this.completed.take().unwrap_or(Ok(()));
                return Poll::Ready(this.cursor.begin(completed, next));
            }
            // Nothing is there yet, so there is something left to stop.
            (Poll::Pending, cancelled) => ready!(cancelled),
        };
        this.cursor.is_over = true;
        Poll::Ready(Some(Err(completed)))
    }
}

/// Goes over a stream several items at a time; made by [`ResumeStream::chunks`].
#[must_use = "a loop does nothing unless something asks for its items"]
pub struct ResumeStreamChunks<S: Stream, T> {
    items: ResumeStream<S, T>,
    size: usize,
    /// What is there of the next one.
    chunk: Vec<S::Item>,
    is_exhausted: bool,
}

impl<S: Stream, T: fmt::Debug> fmt::Debug for ResumeStreamChunks<S, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ResumeStreamChunks")
            .field("items", &self.items)
            .finish_non_exhaustive()
    }
}

impl<S: Stream, T: Clone + Unpin + 'static> ResumeStreamChunks<S, T> {
    /// The state, to be changed by the chunk at hand, and saved when that is done.
    pub fn state(&mut self) -> &mut T {
        self.items.state()
    }

    /// The next chunk; the one before it is done.
    ///
    /// Where the attempt hands over while one is gathered, what is there of it comes first.
    ///
    /// # Errors
    ///
    /// [`Cancelled`], once, when the attempt should stop.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again: no item is lost.
    pub async fn next(&mut self) -> Option<Result<Vec<S::Item>, Cancelled>> {
        poll_fn(|context| self.poll_chunk(context)).await
    }

    fn poll_chunk(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Vec<S::Item>, Cancelled>>> {
        let Self { items, size, chunk, is_exhausted } = self;
        if items.cursor.is_over {
            return Poll::Ready(None);
        }
        let saved = items.completed.take().unwrap_or_else(|| items.cursor.complete());
        // After a save that was told to stop, one item says whether any is left.
        let size = if saved.is_ok() { *size } else { 1 };
        while !*is_exhausted && chunk.len() < size {
            match (items.poll_left(context), &saved) {
                (Poll::Ready(Some(item)), _) => chunk.push(item),
                (Poll::Ready(None), _) => *is_exhausted = true,
                (Poll::Pending, Ok(())) => {
                    let Poll::Ready(cancelled) = items.cancelled.as_mut().poll(context) else {
                        items.completed = Some(saved);
                        return Poll::Pending;
                    };
                    // Else an attempt that is shorter than a chunk would never come further.
                    if cancelled.reason() == CancelReason::HandOver && !chunk.is_empty() {
                        break;
                    }
                    items.cursor.is_over = true;
                    return Poll::Ready(Some(Err(cancelled)));
                }
                // Nothing is there yet, so there is something left to stop.
                (Poll::Pending, Err(cancelled)) => {
                    items.cursor.is_over = true;
                    return Poll::Ready(Some(Err(cancelled.clone())));
                }
            }
        }
        Poll::Ready(items.cursor.begin_chunk(saved, std::mem::take(chunk)))
    }
}
