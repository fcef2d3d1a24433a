//! Models of what a body and its heartbeat share, run in every order in which threads can meet in them.
//!
//! The files are the product's own, compiled with loom's locks and atomics in the place of those in
//! `runtime/src/sync.rs`:
//!
//! ```console
//! $ cargo test --release -p autobeat-models
//! ```
//!
//! # What they do not see
//!
//! - What is behind `std`'s `OnceLock`, tokio's `Notify` and `watch`, and tokio-util's `CancellationToken`:
//!   `sync` has stand-ins with the same promises, so that our own steps around them are what is checked.
//! - A future that is dropped half-way, and time: that is what the tests on a paused clock are for.

#![cfg(test)]
#![allow(dead_code, unreachable_pub, reason = "models use a part of each file")]

mod cancel;
mod checkpoint;
mod sync;

/// In the product a thread of its own does this, a moment later.
mod lookout {
    use crate::sync::Notify;

    pub(crate) fn ring(bell: &Notify) {
        bell.notify_one();
    }
}

/// Runs what waits by blocking its thread, as everything does here.
fn wait<T>(future: impl Future<Output = T>) -> T {
    futures_util::FutureExt::now_or_never(future).expect("a future that blocks until it is ready")
}
