//! What the tests on a real server stand on: a server, workers in and out of this process, and
//! activities that write down what happens to them.

// A test fails by a panic or an error, and says at that place why.
#![allow(clippy::missing_errors_doc, clippy::missing_panics_doc)]

pub mod activities;
pub mod cli;
pub mod cluster;
pub mod compare;
pub mod conversion;
pub mod declared;
pub mod drivers;
pub mod endurance;
pub mod environment;
mod guard;
pub mod inprocess;
pub mod ledger;
pub mod meter;
mod port;
pub mod program;
pub mod schedules;
pub mod server;
pub mod soak;
pub mod variants;
pub mod worker;
pub mod workflows;

#[cfg(doctest)]
#[doc = include_str!(concat!(env!("OUT_DIR"), "/parity/documentation.md"))]
pub mod documentation_of_the_sdk {}
