//! How the runs are judged that go on for minutes: what their tables say is made by what is tested here.

mod account;
mod faults;
mod flat;
