//! Schedules on what is not the server in the process: a real one, and the embedded engine.
//!
//! The server in the process is only worth what it has in common with a real one. So a set of
//! short schedules runs on both, and what each of them shows is compared: how the activity
//! closed, how many attempts there were, where each of them began, what it was told, and that no
//! two bodies ran at once ([`Sample`]).
//!
//! # What is compared, and what is not
//!
//! - Whether something depends on some milliseconds is asked of the server in the process: it runs
//!   a schedule under several latencies and with its commands a little later
//!   ([`Expected`]). What is the same in all these runs must be the same on the
//!   real server; of what differs it must show one.
//! - A checkpoint is never older than the last one that was committed, whatever differs.
//! - A real history ([`Record`](record::Record)) is what the client's side sees: a call takes
//!   effect when its answer comes back, and what the server decides by itself, such as a timeout,
//!   is seen only in what follows.
//! - The moments of a schedule count from the start of its first attempt.
//! - The worker's calls pass through a forwarder (`forward`), which does to each what the
//!   schedule's network says, and hands each attempt its number as its input, as the server in the
//!   process does.

pub mod activities;
pub mod compare;
pub mod embedded;
pub mod fake;
mod forward;
pub(crate) mod hitch;
mod life;
pub mod real;
pub mod record;
pub mod sample;
pub mod schedules;
pub(crate) mod way;
pub mod workflow;

pub use self::{compare::Expected, sample::Sample};
