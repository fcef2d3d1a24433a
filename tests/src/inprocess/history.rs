//! Everything that happened in a world, in order: the story and the invariants read it.

use std::time::Duration;

use autobeat::CancelReason;

use super::{
    activity::{Change, Flags, Refusal, Timeout, Token},
    moment::Moment,
    network::Fate,
};

/// One step of a world.
#[derive(Clone, Debug)]
pub struct Event {
    /// When it happened.
    pub at: Moment,
    /// The value that the server stores from then on.
    pub held: Option<u64>,
    /// What happened.
    pub what: What,
}

/// Names one call of a world, retries apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// Who makes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// The client, called by `autobeat`.
    Ours,
    /// The SDK's core.
    Sdk,
}

/// Which call it is, of those that a history tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rpc {
    /// `PollActivityTaskQueue`.
    Poll,
    /// `RecordActivityTaskHeartbeat`.
    Heartbeat,
    /// `RespondActivityTaskCompleted`.
    Complete,
    /// `RespondActivityTaskFailed`.
    Fail,
    /// `RespondActivityTaskCanceled`.
    Cancel,
    /// `DescribeNamespace`.
    DescribeNamespace,
    /// Another one.
    Other,
}

impl Rpc {
    /// Whether it ends an attempt.
    #[must_use]
    pub fn is_answer(self) -> bool {
        matches!(self, Self::Complete | Self::Fail | Self::Cancel)
    }
}

/// A call on its way.
#[derive(Clone, Debug)]
pub struct Called {
    /// Its name.
    pub call: CallId,
    /// Who made it.
    pub lane: Lane,
    /// Which it is.
    pub rpc: Rpc,
    /// The attempt that it is about.
    pub token: Option<Token>,
    /// The value that it carries.
    pub value: Option<u64>,
    /// The size of what it carries.
    pub size: usize,
    /// The type of the failure that it reports.
    pub failure: Option<String>,
    /// What the network does to it.
    pub fate: Fate,
    /// How long the caller waits.
    pub limit: Option<Duration>,
}

/// What a caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Done, and nothing else to say.
    Done,
    /// A heartbeat was recorded.
    Recorded(Flags),
    /// An attempt was handed out, or none.
    Task(Option<Token>),
    /// Nothing was changed.
    Refused(Refusal),
    /// `UNAVAILABLE`.
    Unavailable,
    /// `RESOURCE_EXHAUSTED`.
    Exhausted,
    /// The caller's time limit was over.
    TimedOut,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum What {
    /// A call was sent.
    Called(Called),
    /// It took effect.
    Took {
        /// Which one.
        call: CallId,
        /// What the server says.
        answer: Answer,
        /// What became of the activity.
        change: Option<Change>,
    },
    /// The caller heard an answer.
    Answered {
        /// Which call.
        call: CallId,
        /// What it heard.
        answer: Answer,
    },
    /// The caller went away before it heard anything.
    Abandoned(CallId),
    /// The server handed out an attempt.
    Started {
        /// Its token.
        token: Token,
        /// Its number.
        number: u32,
    },
    /// A timeout was over.
    TimedOut(Timeout, Change),
    /// Somebody did something to the activity.
    Ordered(Order, Option<Change>),
    /// A worker began, or ended.
    Worker(WorkerStep),
    /// The body of an attempt did something, or saw something.
    Body(Token, Said),
}

/// What can be done to an activity from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Asks it to stop.
    Cancel,
    /// Holds its next attempt.
    Pause,
    /// Lets it go on.
    Unpause,
    /// Begins anew, and forgets what heartbeats left where that is true.
    Reset {
        /// Whether the details go.
        heartbeats: bool,
    },
    /// Ends it.
    Terminate,
}

/// A step in the life of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WorkerStep {
    /// It began.
    Began,
    /// It was told to shut down, and tells its activities after this long.
    ShuttingDown(Option<Duration>),
    /// It has shut down.
    Ended,
    /// One of its tasks never waits, so that its time stands still.
    Stuck,
    /// It was gone from one instant to the next.
    Crashed,
}

/// What a body says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// It began, with this value.
    Began(u64),
    /// It was polled.
    Polled,
    /// It saved a value.
    Saved(u64, Fit),
    /// It said that it moves.
    Touched,
    /// It commits a value.
    Commits(u64),
    /// The commit was acknowledged.
    Committed(u64),
    /// It was told to stop.
    Cancelled(CancelReason),
    /// It returns.
    Returned(End),
    /// It was dropped before it returned.
    Dropped,
}

/// Whether a value can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fit {
    /// It can.
    Fits,
    /// It cannot be serialised.
    Unserialisable,
    /// It is larger than the server takes.
    TooLarge,
}

/// How a body returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// With a value.
    Completes,
    /// With an error of its own, after which another attempt is of use.
    Fails,
    /// With an error of its own, after which none is.
    FailsForGood,
    /// With a panic.
    Panics,
    /// With the cancellation that it was told.
    Stops,
}
