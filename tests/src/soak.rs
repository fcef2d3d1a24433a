//! Mixed activities for minutes or an hour, on a network with faults, while one worker a minute is killed.
//!
//! Two worker processes serve one task queue of a dev server. One of them is killed each minute, and another
//! one takes its place. The other lives through all of it, and is looked at: what it holds must
//! not grow. Each has a network of its own, which loses and delays its calls ([`faults`]).

pub mod faults;
pub mod run;
pub mod samples;
pub mod table;
