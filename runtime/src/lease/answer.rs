//! An answer that can be given more than once.
//!
//! What a body returned is moved into the engine's hands, which may lose it: so what the server is to
//! be told is written down first.

use std::{error::Error, fmt, time::Duration};

use temporalio_common::{
    error::{ApplicationErrorCategory, ApplicationFailure},
    protos::temporal::api::common::v1::Payload,
};

/// What the server is told about the end of an attempt.
#[derive(Debug)]
pub(crate) enum Answer {
    /// It completed, with this result before any codec.
    Completed(Payload),
    /// It failed.
    Failed(Failed),
    /// It was cancelled, as was requested.
    Cancelled,
}

/// A failure in the server's terms; the details that a user gave it cannot be written down twice and
/// are left out.
#[derive(Debug)]
pub(crate) struct Failed {
    error: Words,
    type_name: Option<String>,
    non_retryable: bool,
    next_retry_delay: Option<Duration>,
    category: ApplicationErrorCategory,
}

impl Failed {
    pub(crate) fn of(failure: &ApplicationFailure) -> Self {
        Self {
            error: Words::of(failure.source_error()),
            type_name: failure.type_name().map(str::to_owned),
            non_retryable: failure.is_non_retryable(),
            next_retry_delay: failure.next_retry_delay(),
            category: failure.category(),
        }
    }

    /// The failure of a body that panicked, in the words of the SDK.
    pub(crate) fn of_panic(payload: &(dyn std::any::Any + Send)) -> Self {
        let words = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("unknown panic payload");
        Self::of(&ApplicationFailure::new(format!("Activity function panicked: {words}")))
    }

    pub(crate) fn failure(&self) -> ApplicationFailure {
        ApplicationFailure::builder(Box::<dyn Error + Send + Sync>::from(self.error.clone()))
            .maybe_type_name(self.type_name.clone())
            .non_retryable(self.non_retryable)
            .maybe_next_retry_delay(self.next_retry_delay)
            .category(self.category)
            .build()
    }
}

/// What an error and its sources say.
#[derive(Clone, Debug)]
struct Words {
    message: String,
    source: Option<Box<Words>>,
}

impl Words {
    fn of(error: &(dyn Error + 'static)) -> Self {
        let source = error.source().map(|source| Box::new(Self::of(source)));
        Self { message: error.to_string(), source }
    }
}

impl fmt::Display for Words {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl Error for Words {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_failure_is_written_down_with_its_sources_and_what_a_retry_hangs_on() {
        let missing = io::Error::new(io::ErrorKind::NotFound, "no such file");
        let error = anyhow::Error::new(missing).context("the list is not read");
        let failure = ApplicationFailure::builder(error)
            .type_name("Missing".to_owned())
            .non_retryable(true)
            .next_retry_delay(Duration::from_secs(7))
            .category(ApplicationErrorCategory::Benign)
            .build();
        let failed = Failed::of(&failure);
        for again in [failed.failure(), failed.failure()] {
            let error = again.source_error();
            assert_eq!(error.to_string(), "the list is not read");
            assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("no such file"));
            assert_eq!(again.type_name(), Some("Missing"));
            assert!(again.is_non_retryable());
            assert_eq!(again.next_retry_delay(), Some(Duration::from_secs(7)));
            assert_eq!(again.category(), ApplicationErrorCategory::Benign);
        }
    }

    #[test]
    fn a_panic_fails_in_the_words_of_the_sdk() {
        let words = |payload: &(dyn std::any::Any + Send)| {
            Failed::of_panic(payload).failure().source_error().to_string()
        };
        assert_eq!(words(&"no row"), "Activity function panicked: no row");
        assert_eq!(words(&"no row".to_owned()), "Activity function panicked: no row");
        assert_eq!(words(&17), "Activity function panicked: unknown panic payload");
    }
}
