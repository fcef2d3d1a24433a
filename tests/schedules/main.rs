//! The server in the process, and schedules drawn from seeds that run against it.

mod real_worker;
mod regressions;
mod rules;
mod seeds;
