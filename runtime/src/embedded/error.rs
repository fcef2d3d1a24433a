//! What can go wrong without a server.

use std::{
    error::Error,
    fmt,
    io::{self, ErrorKind},
    path::PathBuf,
    sync::Arc,
};

use temporalio_common::error::ApplicationFailure;

/// Why an activity did not complete in this process.
#[derive(Debug)]
#[non_exhaustive]
pub struct EmbeddedError {
    kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// The activity failed, and there is no further attempt.
    Failed { attempts: u32, failure: Box<ApplicationFailure> },
    /// The process was asked to stop; the checkpoint is stored.
    Interrupted,
    /// The store is open already.
    InUse { path: PathBuf },
    /// The file is no store, or no longer a whole one.
    Damaged { path: PathBuf, source: Cause },
    /// The disk failed or is full; what was stored before is whole.
    Disk { path: PathBuf, source: Arc<io::Error> },
    /// The store could not be read or written.
    Store { path: PathBuf, source: Cause },
    /// The id runs already.
    Running { id: String },
    /// The id belongs to another activity.
    OtherActivity { id: String, stored: String, asked: String },
    /// The input or a stored state cannot be converted.
    Conversion(Cause),
    /// The activity wants to be completed by somebody else.
    CompletesElsewhere,
}

pub(super) type Cause = Box<dyn Error + Send + Sync>;

impl EmbeddedError {
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind }
    }

    /// Whether the activity itself failed, and is not tried again.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        matches!(self.kind, Kind::Failed { .. })
    }

    /// Whether the process was asked to stop: the next run goes on at the checkpoint.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        matches!(self.kind, Kind::Interrupted)
    }

    /// Whether the store is open already, mostly in another process.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        matches!(self.kind, Kind::InUse { .. })
    }

    /// Whether the file is no store, or no longer a whole one.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        matches!(self.kind, Kind::Damaged { .. })
    }

    /// Whether there is no room for the store: its disk is full, or a limit is reached.
    ///
    /// What was stored before is whole. Make room, and run the activity again.
    #[must_use]
    pub fn is_out_of_space(&self) -> bool {
        use ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        matches!(
            &self.kind,
            Kind::Disk { source, .. }
                if matches!(source.kind(), StorageFull | QuotaExceeded | FileTooLarge)
        )
    }

    /// Whether the id runs already in this process.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self.kind, Kind::Running { .. })
    }

    /// Whether the id was stored by another activity.
    #[must_use]
    pub fn is_other_activity(&self) -> bool {
        matches!(self.kind, Kind::OtherActivity { .. })
    }

    /// The type of the failure that the activity ended with, as a workflow would see it.
    #[must_use]
    pub fn failure_type(&self) -> Option<&str> {
        match &self.kind {
            Kind::Failed { failure, .. } => failure.type_name(),
            _ => None,
        }
    }
}

impl fmt::Display for EmbeddedError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Failed { attempts: 1, failure } => write!(formatter, "{failure}"),
            Kind::Failed { attempts, failure } => {
                write!(formatter, "{failure} (after {attempts} attempts)")
            }
            Kind::Interrupted => {
                formatter.write_str("interrupted; the checkpoint is stored, run it again to go on")
            }
            Kind::InUse { path } => {
                write!(
                    formatter,
                    "another process is using the store {}, or another `Embedded` of this one does, \
                     which is to be cloned instead",
                    path.display()
                )
            }
            Kind::Damaged { path, source } => write!(
                formatter,
                "{} is not a whole checkpoint store ({source}); move it away to start afresh",
                path.display()
            ),
            Kind::Disk { path, source } => write!(
                formatter,
                "cannot use the checkpoint store {}: {source}{}",
                path.display(),
                what_to_do(source.kind())
            ),
            Kind::Store { path, source } => {
                write!(formatter, "cannot use the checkpoint store {}: {source}", path.display())
            }
            Kind::Running { id } => write!(
                formatter,
                "`{id}` is running already; wait for the end of that run, or give this one another id"
            ),
            Kind::OtherActivity { id, stored, asked } => write!(
                formatter,
                "`{id}` is stored as an activity of type `{stored}`, not `{asked}`; use another id"
            ),
            Kind::Conversion(source) => write!(formatter, "cannot convert: {source}"),
            Kind::CompletesElsewhere => {
                formatter.write_str("an activity that somebody else completes needs a server")
            }
        }
    }
}

/// What helps against an error of a disk.
fn what_to_do(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "; make room for it and run it again: what was stored is whole, nothing of it is lost"
        }
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
            "; make it writable and run it again"
        }
        ErrorKind::NotFound | ErrorKind::IsADirectory | ErrorKind::NotADirectory => {
            "; name a file in a folder that exists"
        }
        _ => {
            "; what was stored is whole as long as the disk is: look after the disk and run it again"
        }
    }
}

impl Error for EmbeddedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            Kind::Failed { failure, .. } => Some(failure.as_ref()),
            Kind::Disk { source, .. } => Some(source.as_ref()),
            Kind::Damaged { source, .. }
            | Kind::Store { source, .. }
            | Kind::Conversion(source) => Some(source.as_ref()),
            _ => None,
        }
    }
}
