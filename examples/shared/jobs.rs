//! A service outside that runs jobs, played by a folder.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write},
    path::PathBuf,
};

use serde::{Deserialize, Serialize};

/// A service that is a folder: each job is a file in it, and what happened to jobs is in `log`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Jobs {
    /// The folder.
    pub folder: PathBuf,
}

impl Jobs {
    /// Begins a job; whoever asks again with the same key is told of the same one.
    ///
    /// # Errors
    ///
    /// What the file system says.
    pub fn submit(&self, key: &str) -> io::Result<String> {
        let id = format!("{:08x}", crc32fast::hash(key.as_bytes()));
        match OpenOptions::new().write(true).create_new(true).open(self.folder.join(&id)) {
            Ok(_) => self.log("submitted")?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        Ok(id)
    }

    /// How many steps a job has done; it does one each time that somebody looks.
    ///
    /// # Errors
    ///
    /// That it is not there: it was cancelled.
    pub fn look(&self, id: &str) -> io::Result<u64> {
        let job = self.folder.join(id);
        OpenOptions::new().append(true).open(&job)?.write_all(b".")?;
        Ok(fs::metadata(job)?.len())
    }

    /// Cancels a job; to say so twice does no harm.
    ///
    /// # Errors
    ///
    /// What the file system says.
    pub fn cancel(&self, id: &str) -> io::Result<()> {
        match fs::remove_file(self.folder.join(id)) {
            Ok(()) => self.log("cancelled"),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn log(&self, what: &str) -> io::Result<()> {
        let log = self.folder.join("log");
        writeln!(OpenOptions::new().create(true).append(true).open(log)?, "{what}")
    }
}
