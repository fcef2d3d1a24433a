//! What the tests on a real server stand on: a server, workers in and out of this process, and
//! activities that write down what happens to them.

// A test fails by a panic or an error, and says at that place why.
#![allow(clippy::missing_errors_doc, clippy::missing_panics_doc)]

pub mod activities;
pub mod cli;
pub mod cluster;
pub mod compare;
pub mod conversion;
#[path = "../../runtime/src/lease/core_rules.rs"]
pub mod core_rules;
pub mod declared;
pub mod drivers;
pub mod endurance;
pub mod environment;
mod guard;
pub mod inprocess;
pub mod languages;
pub mod ledger;
mod port;
pub mod program;
pub mod recording;
pub mod schedules;
pub mod server;
pub mod side_by_side;
pub mod soak;
pub mod tls;
pub mod variants;
pub mod worker;
pub mod workflows;

#[cfg(doctest)]
#[doc = include_str!(concat!(env!("OUT_DIR"), "/parity/documentation.md"))]
pub mod documentation_of_the_sdk {}
