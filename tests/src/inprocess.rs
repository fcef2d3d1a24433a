//! A server in this process, below the real SDK, on a paused clock.
//!
//! Every call of the real client and of the real `Worker` goes through
//! `ConnectionOptions::service_override` into a [`World`]: one activity by the rules of a server,
//! behind a network that does to each call what a schedule says. The world is plain data. It
//! outlives the workers, each of which has a runtime of its own. It takes no call, on either lane, without
//! the key, the header and the namespace of the worker's connection.
//!
//! # What a real server does, and this one does not
//!
//! - Workflows: the activity is scheduled by the world, so a cancellation, a termination and a
//!   timeout come from there. There is one activity, and no other traffic.
//! - Time: timers fire to the millisecond, and in the order of effects, then timers. A real server
//!   may be late: a dev server starts the next attempt 50 to 500 ms after it is due. Its long polls are answered after 60 s here too.
//! - The input of an attempt is its token, so that a body knows which attempt it is; a real server
//!   hands the same input to all.
//! - Sizes are checked for heartbeats alone, not for results and failures.
//! - Rate limits come from the schedule, not from a count of requests.
//! - Calls by activity id, worker heartbeats and worker commands are answered with nothing in them.
//!
//! What it has in common with a real one is compared by [`drivers`](crate::drivers).
//!
//! # What the paused clock does not show
//!
//! - The SDK's throttle of heartbeats, and the time budget of its retries, read the machine's own
//!   clock, which stands nearly still here. Its throttle so counts its 0.8 × timeout from when a
//!   report *finished*, not from when it was sent; and its retries go on until they are used up
//!   (`max_retries`), where a real one stops after 10 s.
//! - Its backoff draws from the system's randomness, and `tokio::select!` from tokio's, so that a
//!   seed reproduces what is drawn, and not always each millisecond of what follows.
//! - Both could be interposed by the crate `mad-turmoil`. It is left out: its source of randomness
//!   is set once a process and shared by its threads, so no seed would reproduce more; its time of
//!   day is that of a `turmoil` simulation; and outside of a runtime its clocks stand at zero.
//! - A plain thread holds a paused clock still for as long as it blocks, so bodies that are not
//!   `async`, and what is said of blocked runtimes, belong to the tests on a real clock.
//! - The worker's time of day is an hour ahead of the server's, or behind it ([`Skew`]): with equal
//!   ones, the microseconds between them would be part of every deadline.

pub mod activity;
mod calls;
pub mod crowd;
pub mod history;
mod lane;
mod moment;
pub mod network;
mod service;
mod watchdog;
mod wire;
pub mod worker;
mod world;

pub use self::{calls::Skew, moment::Moment, world::World};
pub(crate) use self::{
    calls::{BY_NAME, Request, json},
    lane::{MarkLane, limit_of},
    wire::called,
};
