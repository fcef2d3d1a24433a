//! The manual: how to write activities with this crate, test them, run them, and look at them.
//!
//! Each page begins with one plain sentence, and its code is compiled with the crate. Whoever is new here
//! reads [`first_activity`], which takes a quarter of an hour, and then what the work at hand asks for.
//!
//! # In which order to read
//!
//! | page | what it answers |
//! | --- | --- |
//! | [`first_activity`] | How does a function become an activity that resumes, is tested, and can be looked at? |
//! | [`checkpoints`] | What is saved, when is it safe, and how much is done again after a crash? |
//! | [`loops`] | How do I go over many items, one by one, in chunks, or several at once? |
//! | [`cancellation`] | How does the body learn that it should stop, why, and what does it clean up? |
//! | [`shutdown`] | What happens to running activities when a worker is stopped or deployed anew? |
//! | [`calling`] | How is it called: options, retries, without a workflow, in turns? |
//! | [`changing_state`] | What if the state has another shape in the next deployment? |
//! | [`databases`] | How is each row written once, and each job of an outside service submitted once? |
//! | [`existing_workers`] | How do I adopt it in a worker that has activities already? |
//! | [`keys`] | Which keys does the attribute take? |
//! | [`blocking`] | What if the work blocks its thread? |
//! | [`testing`] | How do I show that it resumes, and that it stops cleanly? |
//! | [`progress_and_metrics`] | How do people and dashboards see how far it is? |
//! | [`other_languages`] | What do workers in other languages, converters and codecs see of it? |
//! | [`embedded`] | When is one machine without a server enough? |
//! | [`timeouts`] | Which timeouts and intervals, and what do they cost? |
//! | [`troubleshooting`] | What does this message mean, and what do I do? |
//! | [`how_it_works`] | How does it work, in two pictures and a few rules? |
//! | [`design`] | Why is it so, and what was measured? |
//!
//! # The life of an attempt
//!
//! 1. A workflow schedules the activity, or a client starts it, and a worker takes it: attempt 1 begins.
//! 2. What the last attempt saved is loaded as the type that the function asks for; a first attempt starts from
//!    its `Default`.
//! 3. Beside the body a task sends a heartbeat every interval, the first after one interval, so that a short
//!    activity costs no request. Each carries the newest saved value. By default two in three go out by a call of
//!    our own, one through the SDK: those are the two *lanes* of this manual.
//! 4. The body works, and [`save`](crate::Checkpoint::save)s where it stands: nanoseconds, in memory.
//! 5. The answer of a heartbeat may be that the activity was cancelled, paused or reset. The body learns of it
//!    where it saves, checks or waits, as [`Cancelled`](crate::Cancelled) with a
//!    [reason](crate::CancelReason).
//! 6. If the process is killed, nobody beats any more: a heartbeat timeout later the server starts the next
//!    attempt, from what the last heartbeat carried. What came after that is done again.
//! 7. If the worker shuts down, the body is told, its newest value goes with the answer, and the next attempt
//!    begins at once: nothing is done again.
//! 8. An attempt may run for a heartbeat timeout from when its last acknowledged heartbeat was sent: that is its
//!    *lease*. If the server is out of reach for so long, the attempt ends itself, since another one may start.
//! 9. If the body fails, the failure takes the newest value with it, and the retry policy says when the next
//!    attempt begins.
//! 10. If it returns `Ok`, the activity has completed, whatever was requested meanwhile.
//!
//! # Examples
//!
//! The repository has programs that run with one command: on this machine alone where that has a meaning, else on
//! the server that `TEMPORAL_ADDRESS` names (`temporal server start-dev`). Each has a test on a real server.
//!
//! | published sample | what it shows | command |
//! | --- | --- | --- |
//! | pattern, basic progress | a file line by line, however often it is killed | `cargo run --example process_large_file -- FILE` |
//! | pattern, cancellation | clean-up on a cancellation, once | `cargo run --example cancellation_cleanup` |
//! | pattern, complex state | counts and the last id in one state, saved as one | `cargo run --example process_batch -- FILE` |
//! | | rows into a database, each once: the database is the authority | `cargo run --example import_rows -- FILE --database DATABASE` |
//! | | a flaky service, sixteen calls at once, each tried again by itself with `backon` | `cargo run --example fetch_pages` |
//! | | a job of an outside service: submitted once, attached to again, cancelled with its activity | `cargo run --example submit_job` |
//! | Java `batch/heartbeatingactivity` | records by their offset | `cargo run --example heartbeating_batch` |
//! | Java `autoheartbeat` | heartbeats for activities that have none: four runs, four ends | `cargo run --example auto_heartbeat` |
//! | TypeScript `activities-cancellation-heartbeating` | 1 to 100, interrupted in its sleep | `cargo run --example fake_progress` |
//! | Python `hello_cancellation` | the cancelled workflow cleans up | `cargo run --example hello_cancellation` |
//! | Python `custom_decorator` | a cancellation that is a result | `cargo run --example custom_decorator` |
//! | Go `cancellation` | clean-up in a scope of its own | `cargo run --example cancel_and_cleanup` |
//! | related: polling | back-off and count survive a crash | `cargo run --example polling -- FILE` |
//! | related: saga | a cancelled step takes back its part, the workflow the rest | `cargo run --example saga -- --cancel-after 3s` |
//! | | a service as a whole: import, export, hash, poll | `cargo run --example service` |
//! | | no workflow at all: started, watched and awaited by a client | `cargo run --example without_workflow` |
//! | | all running activities with live bars | `cargo run --example watch` |

// Pages link to what only the features have.
#![cfg_attr(
    not(all(feature = "embedded", feature = "testing")),
    allow(rustdoc::broken_intra_doc_links)
)]

// What to write.
#[doc = include_str!("guide/first_activity.md")]
#[doc = ""]
#[doc = concat!("<div style=\"overflow-x: auto\">\n", include_str!("../docs/kill-and-resume.svg"), "</div>")]
pub mod first_activity {}
#[doc = include_str!("guide/checkpoints.md")]
pub mod checkpoints {}
#[doc = include_str!("guide/loops.md")]
pub mod loops {}
#[doc = include_str!("guide/cancellation.md")]
pub mod cancellation {}
#[doc = include_str!("guide/shutdown.md")]
pub mod shutdown {}
#[doc = include_str!("guide/calling.md")]
pub mod calling {}
#[doc = include_str!("guide/changing_state.md")]
pub mod changing_state {}
#[doc = include_str!("guide/databases.md")]
pub mod databases {}
#[doc = include_str!("guide/existing_workers.md")]
pub mod existing_workers {}
#[doc = include_str!("guide/keys.md")]
pub mod keys {}
#[doc = include_str!("guide/blocking.md")]
pub mod blocking {}
#[doc = include_str!("guide/testing.md")]
#[doc = ""]
#[doc = include_str!("guide/what_the_kit_says.md")]
pub mod testing {}
#[doc = include_str!("guide/progress_and_metrics.md")]
#[doc = ""]
#[doc = concat!("<div style=\"overflow-x: auto\">\n", include_str!("../docs/watch.svg"), "</div>")]
pub mod progress_and_metrics {}
#[doc = include_str!("guide/other_languages.md")]
pub mod other_languages {}
#[doc = include_str!("guide/embedded.md")]
pub mod embedded {}
#[doc = include_str!("guide/timeouts.md")]
pub mod timeouts {}
#[doc = include_str!("guide/troubleshooting.md")]
pub mod troubleshooting {}
#[doc = include_str!("guide/how_it_works.md")]
#[doc = ""]
#[doc = concat!("<div style=\"overflow-x: auto\">\n", include_str!("guide/life_of_an_attempt.svg"), "</div>")]
#[doc = ""]
#[doc = include_str!("guide/two_lanes.md")]
#[doc = ""]
#[doc = concat!("<div style=\"overflow-x: auto\">\n", include_str!("guide/two_lanes.svg"), "</div>")]
#[doc = ""]
#[doc = include_str!("guide/rules.md")]
pub mod how_it_works {}
#[doc = include_str!("guide/design.md")]
#[doc = ""]
#[doc = concat!("<div style=\"overflow-x: auto\">\n", include_str!("../docs/what-it-costs.svg"), "</div>")]
#[doc = ""]
#[doc = include_str!("../docs/what-it-costs.md")]
pub mod design {}
