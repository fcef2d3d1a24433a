//! How generated code starts the body of an `async fn`.
//!
//! Whether a body's future can be sent between threads is the dearest of all questions to the compiler:
//! it looks at every type that is held across an `.await`, down to the last field of the SDK's client.
//! It answers it once for all activities where nothing is *assumed*, as [`types`](crate::types) has it,
//! and anew for each where something is. So a body is started in a function of its own that assumes
//! nothing. That what it is handed does not fit must not be said there again: of the two methods below
//! the compiler takes the first where it fits, and the second, which is never run, where it does not.

use std::marker::PhantomData;

use temporalio_sdk::activities::ActivityError;

use crate::{attempt::ActivityReturn, worker::BoxFuture};

/// Stands for all that a body is handed.
#[derive(Debug)]
pub struct Handed<T>(PhantomData<T>);

impl<T> Handed<T> {
    /// Stands for it.
    pub const OF: Self = Self(PhantomData);
}

impl<T> Clone for Handed<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Handed<T> {}

/// Of what fits.
pub trait Starts {
    /// Boxes the body's future.
    fn __autobeat_start<F>(self, body: F) -> BoxFuture<F::Output>
    where
        F: Future + 'static,
        // What the compiler shows of this line is the advice.
        F: Send; // what cannot be held across an `.await` can be used in a plain `fn`, which gets a thread of its own
}

impl<T: Send + Sync + 'static> Starts for &Handed<T> {
    fn __autobeat_start<F>(self, body: F) -> BoxFuture<F::Output>
    where
        F: Future + 'static,
        F: Send,
    {
        // Not `Box::pin`, which would be compiled for each body.
        let body: Box<dyn Future<Output = F::Output> + Send> = Box::new(body);
        Box::into_pin(body)
    }
}

/// Of what does not: found only where the first is not, since it takes one more step to find.
pub trait NeverStarts: Sized {
    /// Is never called.
    ///
    /// # Panics
    ///
    /// Always.
    fn __autobeat_start<F: Future>(self, _: F) -> BoxFuture<F::Output> {
        unreachable!("an activity whose types do not fit is not compiled");
    }
}

impl<T> NeverStarts for Handed<T> {}

/// A body as the SDK takes it: compiled once for all that return one type.
#[must_use]
pub fn started<R, T>(body: BoxFuture<R>) -> BoxFuture<Result<T, ActivityError>>
where
    R: ActivityReturn<Output = T> + 'static,
{
    Box::pin(async move { body.await.into_result() })
}

/// The same for one that returns nothing, as the SDK lets a method.
#[must_use]
pub fn started_without_output(body: BoxFuture<()>) -> BoxFuture<Result<(), ActivityError>> {
    Box::pin(async move {
        body.await;
        Ok(())
    })
}
