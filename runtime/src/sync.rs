//! What a body and its heartbeat share is built from these.
//!
//! The package `models` compiles the same files with others in their place, and goes through every order in
//! which threads can meet in them.

pub(crate) use std::sync::{
    Condvar, Mutex, MutexGuard, OnceLock,
    atomic::{AtomicU8, AtomicU64},
};

pub(crate) use tokio::sync::{Notify, watch};
pub(crate) use tokio_util::sync::CancellationToken;
