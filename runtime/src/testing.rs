//! Testing that it resumes: without a server, in milliseconds, in one line.
//!
//! "Test that it resumes" is good advice that is hard to follow by hand: crash at the right instant, go
//! on from what the server has by then, compare. Here it is one line. Add the feature to a
//! dev-dependency of its own, so that no worker is built with it:
//!
//! ```toml
//! [dev-dependencies]
//! autobeat = { version = "0.1", features = ["testing"] }
//! ```
//!
//! # The one line
//!
//! Say how to make a fresh *world* for the activity, what the activity is told of it, and how to see what
//! was done in it. [`ResumeCheck`] does the rest:
//!
//! ```
//! # use std::{fs::{self, OpenOptions}, io::Write, path::PathBuf};
//! # use autobeat::{Checkpoint, activity, testing::ResumeCheck};
//! # use temporalio_sdk::activities::ActivityError;
//! #[activity(heartbeat_timeout = "30s")]
//! async fn import(checkpoint: Checkpoint<u64>, book: PathBuf) -> Result<u64, ActivityError> {
//!     let mut book = OpenOptions::new().create(true).append(true).open(book)?;
//!     for row in checkpoint.resume(0..5) {
//!         writeln!(book, "row {}", row?)?;
//!     }
//!     Ok(5)
//! }
//!
//! struct World(tempfile::TempDir);
//!
//! impl World {
//!     fn new() -> Self {
//!         Self(tempfile::tempdir().unwrap())
//!     }
//!
//!     fn input(&self) -> PathBuf {
//!         self.0.path().join("book")
//!     }
//!
//!     fn lines(&self) -> Vec<String> {
//!         fs::read_to_string(self.input()).unwrap().lines().map(str::to_owned).collect()
//!     }
//! }
//!
//! // #[test]
//! fn it_resumes() {
//!     ResumeCheck::in_world(import, World::new, World::input).effects(World::lines).repeats_at_most(1).run();
//! }
//! # it_resumes();
//! ```
//!
//! What is asked is the user's choice. Always: that it completes, wherever it crashed. Unless
//! [`any_result`](ResumeCheck::any_result): with the same result. With
//! [`effects`](ResumeCheck::effects): that nothing is missing, and nothing is there that an undisturbed
//! run does not do. With [`repeats_at_most`](ResumeCheck::repeats_at_most): that nothing is done again that
//! the server knew to be done. An activity that begins from the start each time has all its effects, and
//! completes with the right result; only the last rule tells it from one that resumes.
//!
//! # What a failure says
//!
//! The smallest case that fails, as a story. This activity saves before it works:
//!
//! ```
//! # use std::{fs::{self, OpenOptions}, io::Write, path::PathBuf};
//! # use autobeat::{Checkpoint, activity, testing::ResumeCheck};
//! # use temporalio_sdk::activities::ActivityError;
//! #[activity(heartbeat_timeout = "30s")]
//! async fn import(checkpoint: Checkpoint<u64>, book: PathBuf) -> Result<u64, ActivityError> {
//!     let mut book = OpenOptions::new().create(true).append(true).open(book)?;
//!     for row in checkpoint.get()..5 {
//!         checkpoint.save(row + 1)?; // a line too early
//!         writeln!(book, "row {row}")?;
//!     }
//!     Ok(5)
//! }
//! # struct World(tempfile::TempDir);
//! # impl World {
//! #     fn new() -> Self { Self(tempfile::tempdir().unwrap()) }
//! #     fn input(&self) -> PathBuf { self.0.path().join("book") }
//! #     fn lines(&self) -> Vec<String> {
//! #         fs::read_to_string(self.input()).unwrap().lines().map(str::to_owned).collect()
//! #     }
//! # }
//! # let check = ResumeCheck::in_world(import, World::new, World::input).effects(World::lines);
//! # let said = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check.run())).unwrap_err();
//! # let said = said.downcast_ref::<String>().unwrap();
//! let story = r#"`import` does not resume
//!
//!   undisturbed, it starts from nothing, saves 5 times, and completed
//!   attempt 1 starts from nothing, and crashes at its save 1; no save is lost: the server holds 1
//!   attempt 2 starts from 1, saves 4 times, and completed
//!
//!   missing: "row 0", 0× instead of 1×
//!
//! This case alone: `.only("crash at save 1 holding 1")`"#;
//! # assert_eq!(said, story);
//! ```
//!
//! # That it stops cleanly
//!
//! [`CancelCheck`] tells the activity to stop, at every save and at every `.await` at which it waits, and
//! asks whether it came to its end in time, whether it has cleaned up, and whether the attempt after it
//! completes from the checkpoint that it kept:
//!
//! ```
//! # use autobeat::{Checkpoint, activity, testing::CancelCheck};
//! # use temporalio_sdk::activities::ActivityError;
//! # #[activity(heartbeat_timeout = "30s")]
//! # async fn import(checkpoint: Checkpoint<u64>, end: u64) -> Result<u64, ActivityError> {
//! #     for row in checkpoint.resume(0..end) { row?; }
//! #     Ok(end)
//! # }
//! # struct World;
//! # impl World {
//! #     fn input(&self) -> u64 { 5 }
//! #     fn is_clean(&self) -> bool { true }
//! # }
//! CancelCheck::in_world(import, || World, World::input).cleaned_up(|world, _reason| world.is_clean()).run();
//! ```
//!
//! # One attempt
//!
//! A [`Trial`] is one attempt with whatever is to happen to it: a crash after the third save, a pause
//! after a minute, heartbeats that hang, a stall, a panic. [`Ended`] has what the server was told, what
//! was saved and when heartbeats went out, and the attempt after it:
//!
//! ```
//! # use std::time::Duration;
//! # use autobeat::{Checkpoint, activity, testing::{Event, Trial}};
//! # use temporalio_sdk::activities::ActivityError;
//! # #[activity(heartbeat_timeout = "30s")]
//! # async fn import(checkpoint: Checkpoint<u64>, end: u64) -> Result<u64, ActivityError> {
//! #     for row in checkpoint.resume(0..end) {
//! #         row?;
//! #         tokio::time::sleep(Duration::from_secs(1)).await;
//! #     }
//! #     Ok(end)
//! # }
//! let lost = Trial::of(import, 500).at(Duration::from_secs(60), Event::HeartbeatsHang).run();
//! assert_eq!(lost.failure_type(), Some("LeaseLost"));
//! assert_eq!(lost.next().run().output(), Some(&500));
//! ```
//!
//! # The plain body
//!
//! `import::call(…)` is the function as it was written. [`Handles`] makes what it takes: a checkpoint
//! that starts from any state and tells what was saved, and a cancellation for any reason.
//!
//! # What it does not see
//!
//! - A crash unwinds out of a `save`, so destructors run, which in a process that is killed do not. What is
//!   written on drop, as a `BufWriter` does it, is seen as written: flush before you save.
//! - What happens between two saves is one piece of work. Where an effect of it depends on another one
//!   that may be there already, crash there with [`Trial::at_await`].
//! - A body that catches panics around a `save` catches the crash as well; the check says so.
//! - What lives in the process lives on: statics, thread locals, and what the instance of a method holds.
//! - Effects have no order. Where it matters, make one effect of two neighbours.
//! - Threads that the body starts by itself live on after a crash; tasks of the runtime do not.
//! - Timers take no time. A body that waits with a timeout for a thread or a socket of its own sees the
//!   timeout first, unless it is checked [in real time](ResumeCheck::in_real_time).
//! - A body that does nothing for 10 s, of real time, is given up, unless it is checked in real time; and so is
//!   one that saves a million times. An `async fn` that blocks its own thread for ever is not: the check does
//!   not end.
//! - The world is what the test looks at. An effect that is not among the
//!   [`effects`](ResumeCheck::effects) is not checked.
//!
//! # Beside other tools
//!
//! The checks are plain calls: in a `#[test]`, in a case of `rstest`, in a property of `proptest`, under
//! `cargo test` and nextest. They are the same each time, but for what a large one draws, and then they
//! print the seed.
//!
//! In the test of a *workflow*, another function stands in for the activity: one that takes and returns
//! the same, by its name, registered in its place:
//!
//! ```
//! # use std::path::PathBuf;
//! # use autobeat::{Checkpoint, activity};
//! # use temporalio_sdk::{WorkerOptions, activities::ActivityError};
//! # #[activity(heartbeat_timeout = "30s")]
//! # async fn import(checkpoint: Checkpoint<u64>, book: PathBuf) -> Result<u64, ActivityError> {
//! #     Ok(checkpoint.get())
//! # }
//! #[activity(heartbeat_timeout = "30s", definition = import)]
//! async fn import_nothing(_book: PathBuf) -> Result<u64, ActivityError> {
//!     Ok(0)
//! }
//!
//! let worker = WorkerOptions::new("books")
//!     .register_activities(import_nothing)
//!     .graceful_shutdown_period(std::time::Duration::from_millis(50))
//!     .build();
//! # let _ = worker;
//! ```
//!
//! In the SDK's own `ActivityEnvironment` activities run as its documentation says: they go on from its
//! `heartbeat_details`, its `cancel` is a request to cancel, and `on_heartbeat` observes each state as the
//! type that it is. What a crash loses, and every other reason to stop, is asked here.

mod cancel;
mod ended;
mod event;
mod grace;
mod handles;
mod lease;
mod perform;
mod real_time;
mod resume;
mod scene;
mod stage;
mod trial;
mod unwinding;

pub use self::{
    cancel::CancelCheck, ended::Ended, event::Event, handles::Handles, resume::ResumeCheck,
    trial::Trial,
};
pub use crate::without_server::{WithoutInstance, WithoutServer};
