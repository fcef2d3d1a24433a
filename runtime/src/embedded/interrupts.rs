//! Ctrl-C: a shutdown while something runs, and the end of the process as ever while nothing does.
//!
//! Whoever once listens to a signal, through tokio as well as without, has taken its default effect from
//! it for the rest of the process; tokio never gives it back. So a handler of our own stands beside
//! tokio's: while nothing runs, it does what the default would have done, by the same signal. On
//! Windows tokio's handler itself does nothing when nobody listens.
//!
//! Invariants:
//! - a run listens before it is counted, and is not counted any more before it stops to listen: a
//!   Ctrl-C at either edge ends the process rather than nothing;
//! - one listener for the whole run: no Ctrl-C is lost between the first and the second.

use std::io;

/// Hears of every Ctrl-C as long as it lives.
#[derive(Debug)]
pub(super) struct Interrupts {
    // Dropped in this order: see the first invariant.
    #[cfg(unix)]
    _running: unix::Running,
    #[cfg(unix)]
    listener: tokio::signal::unix::Signal,
    #[cfg(windows)]
    listener: tokio::signal::windows::CtrlC,
}

impl Interrupts {
    #[cfg(unix)]
    pub(super) fn listen() -> io::Result<Self> {
        let listener = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
        Ok(Self { _running: unix::Running::begin()?, listener })
    }

    #[cfg(windows)]
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self { listener: tokio::signal::windows::ctrl_c()? })
    }

    /// Waits for the next Ctrl-C.
    pub(super) async fn next(&mut self) {
        if self.listener.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(unix)]
mod unix {
    use std::{
        io,
        sync::{
            Arc, LazyLock, Mutex, MutexGuard, PoisonError,
            atomic::{AtomicBool, Ordering},
        },
    };

    use signal_hook::{consts::SIGINT, flag};

    static RUNS: LazyLock<Mutex<Runs>> = LazyLock::new(Mutex::default);

    #[derive(Default)]
    struct Runs {
        count: usize,
        /// Read by the handler; there is none before the first run.
        nothing_runs: Option<Arc<AtomicBool>>,
    }

    fn runs() -> MutexGuard<'static, Runs> {
        RUNS.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something runs, as long as this lives.
    #[derive(Debug)]
    pub(super) struct Running;

    impl Running {
        pub(super) fn begin() -> io::Result<Self> {
            let mut runs = runs();
            if let Some(nothing_runs) = &runs.nothing_runs {
                nothing_runs.store(false, Ordering::SeqCst);
            } else {
                let nothing_runs = Arc::new(AtomicBool::new(false));
                flag::register_conditional_default(SIGINT, Arc::clone(&nothing_runs))?;
                runs.nothing_runs = Some(nothing_runs);
            }
            runs.count += 1;
            Ok(Self)
        }
    }

    impl Drop for Running {
        fn drop(&mut self) {
            let mut runs = runs();
            runs.count -= 1;
            if let (0, Some(nothing_runs)) = (runs.count, &runs.nothing_runs) {
                nothing_runs.store(true, Ordering::SeqCst);
            }
        }
    }
}
