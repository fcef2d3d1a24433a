//! The same schedules on the server in the process, on a real one, and on the embedded engine.

mod clocks;
mod compare;
mod embedded;
mod real;
