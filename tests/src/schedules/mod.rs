//! Schedules drawn from a seed, run in worlds of their own, and judged step by step.

pub mod body;
pub mod generate;
pub mod judge;
pub mod run;
pub mod schedule;
pub mod search;
pub mod story;
pub mod variants;
pub mod witness;
