//! Whether the examples that save resume and stop cleanly, and what `watch` draws: each has its checks beside
//! its code.
//!
//! They are modules here: a tested example is built as a test alone, and its program is not there to be run.

#![allow(dead_code, reason = "their programs run elsewhere")]
#![allow(clippy::duplicate_mod, reason = "two of them share a file, as programs of their own")]

#[path = "../auto_heartbeat.rs"]
mod auto_heartbeat;
#[path = "../cancel_and_cleanup.rs"]
mod cancel_and_cleanup;
#[path = "../cancellation_cleanup.rs"]
mod cancellation_cleanup;
#[path = "../fake_progress.rs"]
mod fake_progress;
#[path = "../fetch_pages.rs"]
mod fetch_pages;
#[path = "../heartbeating_batch.rs"]
mod heartbeating_batch;
#[path = "../import_rows.rs"]
mod import_rows;
#[path = "../polling.rs"]
mod polling;
#[path = "../process_batch.rs"]
mod process_batch;
#[path = "../process_large_file.rs"]
mod process_large_file;
#[path = "../saga.rs"]
mod saga;
#[path = "../service/main.rs"]
mod service;
#[path = "../submit_job.rs"]
mod submit_job;
#[path = "../watch/main.rs"]
mod watch;
#[path = "../without_workflow.rs"]
mod without_workflow;
