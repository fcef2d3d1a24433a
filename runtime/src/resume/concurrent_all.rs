//! Several items at once, to the end of all.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use super::{Finished, ResumeConcurrent};
use crate::cancel::Cancelled;

/// The error of work on several items at once, which also says that it is time to stop.
///
/// Implemented for every type that [`Cancelled`] becomes, such as the SDK's `ActivityError`.
#[diagnostic::on_unimplemented(
    message = "the error of an item cannot be `{Self}`, which no `Cancelled` becomes",
    label = "the loop returns the error of an item, or `Cancelled`",
    note = "let `?` make an `ActivityError` of it: `|item| async move {{ Ok(work(item).await?) }}`"
)]
pub trait FromCancelled: From<Cancelled> {}

#[diagnostic::do_not_recommend]
impl<E: From<Cancelled>> FromCancelled for E {}

/// Works on several items at once, to the end of all; made by
/// [`Checkpoint::resume_concurrent`](crate::Checkpoint::resume_concurrent).
///
/// It is no `impl Future`: what is wrong with the work the compiler would say of one at its `.await`, too.
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct ResumeConcurrentAll<I: Iterator, W, F: Future, E> {
    calls: ResumeConcurrent<I, Finished, W, F>,
    /// Whether the next answer is asked for already.
    is_asked: bool,
    outcome: Result<(), E>,
    judge: fn(F::Output) -> Result<(), E>,
    cancel: fn(Cancelled) -> E,
}

impl<I: Iterator, W, F: Future, E> fmt::Debug for ResumeConcurrentAll<I, W, F, E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ResumeConcurrentAll")
            .field("calls", &self.calls)
            .finish_non_exhaustive()
    }
}

/// Nothing in it is pinned: the futures are where they were put.
impl<I: Iterator, W, F: Future, E> Unpin for ResumeConcurrentAll<I, W, F, E> {}

impl<I, W, F, E> ResumeConcurrentAll<I, W, F, E>
where
    I: Iterator,
    F: Future<Output = Result<(), E>>,
    E: FromCancelled,
{
    pub(super) fn new(calls: ResumeConcurrent<I, Finished, W, F>) -> Self {
        let (judge, cancel) = (|answer| answer, E::from);
        Self { calls, is_asked: false, outcome: Ok(()), judge, cancel }
    }
}

impl<I: Iterator, W, F: Future, E> Future for ResumeConcurrentAll<I, W, F, E> {
    type Output = Result<(), E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { calls, is_asked, outcome, judge, cancel } = self.get_mut();
        loop {
            if !std::mem::replace(is_asked, true) {
                calls.ask();
            }
            let answer = ready!(calls.poll_answer(context));
            *is_asked = false;
            match answer {
                None => return Poll::Ready(std::mem::replace(outcome, Ok(()))),
                Some(Ok(answer)) => {
                    let Err(error) = judge(answer) else { continue };
                    if outcome.is_ok() && calls.cancelled.is_none() {
                        *outcome = Err(error);
                    }
                    calls.give_up();
                }
                Some(Err(cancelled)) => *outcome = Err(cancel(cancelled)),
            }
        }
    }
}
