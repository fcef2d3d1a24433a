//! Ours beside what a careful engineer writes on the bare SDK, measured in one run on a dev server.
//!
//! Each section is a file: it starts activities of both kinds on workers in processes of their own,
//! does to them what it is about, and returns rows of numbers. What is shown of them is made from
//! the stored numbers alone, so that it can be drawn again without measuring.

pub mod blocked;
pub mod by_hand;
pub mod crowd;
pub mod delays;
pub mod goals;
pub mod many;
pub mod meter;
pub mod ours;
pub mod plot;
pub mod process;
pub mod readme;
pub mod repeats;
pub mod requests;
pub mod results;
pub mod spread;
pub mod stage;
pub mod table;
pub mod variant;
pub mod worker;
