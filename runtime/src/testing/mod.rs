//! Shows that an activity resumes, and that it stops cleanly, without a server.

mod cancel;
mod ended;
mod event;
mod handles;
mod lease;
mod perform;
mod resume;
mod scene;
mod stage;
mod trial;

pub use self::{
    cancel::CancelCheck, ended::Ended, event::Event, handles::Handles, resume::ResumeCheck,
    trial::Trial,
};
pub use crate::without_server::WithoutServer;
