//! The test kit: deliberate mistakes that it must catch, and their correct twins that it must not accuse.

mod beside;
mod cancels;
mod completes;
mod crashes;
mod effects;
mod nothing;
mod positions;
mod states;
mod world;
