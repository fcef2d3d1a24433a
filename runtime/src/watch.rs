//! The exact points of an attempt, for a test that makes things happen there.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
};

use crate::{
    attempt::Takes,
    cancel::Cancellation,
    checkpoint::{CheckpointState, Source},
    worker::{Body, Handles},
};

/// Who is told of each exact point of an attempt.
pub(crate) trait Watch: Send + Sync {
    /// The body is about to begin with these handles.
    fn begins(&self, takes: Takes, source: &Arc<dyn Source>, cancellation: &Cancellation);

    /// Something was saved; what unwinds out of here unwinds out of the save.
    fn saved(&self);

    /// The body waits until what it saved is acknowledged.
    fn commits(&self);

    /// The body is about to be polled; it is not as long as this is pending.
    fn poll_run(&self, context: &mut Context<'_>) -> Poll<()>;

    /// The body has nothing to do before something wakes it.
    fn gave_way(&self);

    /// The body returned, or panicked.
    fn ended(&self, has_panicked: bool);
}

/// Whom a checkpoint tells of its saves.
#[derive(Default)]
pub(crate) struct Watched {
    watch: OnceLock<Arc<dyn Watch>>,
}

impl Watched {
    /// Tells this one from now on; a checkpoint is watched once.
    pub(crate) fn tell(&self, watch: Arc<dyn Watch>) {
        let _ = self.watch.set(watch);
    }

    pub(crate) fn saved(&self) {
        if let Some(watch) = self.watch.get() {
            watch.saved();
        }
    }

    pub(crate) fn commits(&self) {
        if let Some(watch) = self.watch.get() {
            watch.commits();
        }
    }
}

/// The same body, watched.
pub(crate) fn watched<S, T>(watch: Arc<dyn Watch>, takes: Takes, body: Body<S, T>) -> Body<S, T>
where
    S: CheckpointState,
    T: Send + 'static,
{
    Box::new(move |handles: Handles<S>| {
        let Handles { checkpoint, cancellation, .. } = &handles;
        watch.begins(takes, &checkpoint.source(), cancellation);
        checkpoint.watched().tell(Arc::clone(&watch));
        let mut running = body(handles);
        Box::pin(poll_fn(move |context| {
            ready!(watch.poll_run(context));
            let polled = catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(context)));
            match &polled {
                Ok(Poll::Pending) => watch.gave_way(),
                Ok(Poll::Ready(_)) => watch.ended(false),
                Err(_) => watch.ended(true),
            }
            polled.unwrap_or_else(|panic| resume_unwind(panic))
        }))
    })
}
