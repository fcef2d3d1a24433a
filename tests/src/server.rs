//! A Temporal dev server for the tests.
//!
//! It must not outlive the test process, not even one that is killed, so it runs under a shell that
//! reads from a pipe held by this process. The pipe ends with the process, and the shell then stops
//! the server.

use std::{
    fs,
    io::{self, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use temporalio_client::{
    Client, ClientOptions, Connection, ConnectionOptions, NamespacedClient, Url,
    grpc::WorkflowService, tonic::IntoRequest,
};
use temporalio_common::{
    data_converters::DataConverter,
    protos::temporal::api::workflowservice::v1::DescribeNamespaceRequest,
};
use tokio::sync::OnceCell;

use crate::{cli::Cli, program};

/// Runs the server until there is a word to read, or an end. With the word the files stay.
///
/// It is killed rather than asked: that is quicker, and what a crash leaves is what there must be.
/// Its timers fire when they are due: by default some fire a second later, which would make every
/// timeout of a test longer, and let one pass that relies on it.
const GUARD: &str = r#"
"$1" server start-dev --headless --ip 127.0.0.1 --port "$2" --db-filename "$3/temporal.db" \
    --dynamic-config-value 'history.timerProcessorMaxTimeShift="10ms"' \
    --log-level error >>"$3/log" 2>&1 &
read -r word
kill -KILL $!
wait
[ "$word" = keep ] || rm -rf "$3"
"#;

/// How long a server may take to answer after its start; it takes about two seconds.
const START_LIMIT: Duration = Duration::from_mins(1);

/// A dev server, which ends when this is dropped or the process ends, whatever ends it.
#[derive(Debug)]
pub struct Server {
    program: PathBuf,
    port: u16,
    directory: PathBuf,
    guard: Option<Child>,
}

impl Server {
    /// The server that all tests of this process share.
    pub async fn shared() -> Result<&'static Self, &'static str> {
        static SHARED: OnceCell<Result<Server, String>> = OnceCell::const_new();
        let shared = SHARED.get_or_init(Self::start).await;
        shared.as_ref().map_err(String::as_str)
    }

    /// Starts a server that no other test uses.
    pub async fn start() -> Result<Self, String> {
        let program = tokio::task::spawn_blocking(program::find_or_build)
            .await
            .map_err(|error| error.to_string())??;
        let directory = tempfile::Builder::new()
            .prefix("autobeat-server-")
            .tempdir()
            .map_err(|error| error.to_string())?
            .keep();
        let port = free_port().map_err(|error| error.to_string())?;
        let mut server = Self { program, port, directory, guard: None };
        server.start_again().await?;
        Ok(server)
    }

    /// Starts a server that was [stopped](Self::stop), with the same port and all that it stored.
    pub async fn start_again(&mut self) -> Result<(), String> {
        let guard = spawn_guard(&self.program, self.port, &self.directory);
        self.guard = Some(guard.map_err(|error| error.to_string())?);
        let since = Instant::now();
        while let Err(error) = self.is_up().await {
            if since.elapsed() > START_LIMIT {
                let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
                return Err(format!("no server answers at {}: {error}; {log}", self.address()));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Kills the server; what it stored stays.
    pub fn stop(&mut self) -> io::Result<()> {
        let Some(mut guard) = self.guard.take() else { return Ok(()) };
        if let Some(mut pipe) = guard.stdin.take() {
            pipe.write_all(b"keep\n")?;
        }
        guard.wait().map(drop)
    }

    /// Host and port.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The commands that drive it.
    #[must_use]
    pub fn cli(&self) -> Cli {
        Cli::new(self.program.clone(), self.address())
    }

    /// Whether its namespace is there: it listens some moments before that.
    async fn is_up(&self) -> anyhow::Result<()> {
        let mut client = connect(&self.address()).await?;
        let request =
            DescribeNamespaceRequest { namespace: client.namespace(), ..Default::default() };
        WorkflowService::describe_namespace(&mut client, request.into_request()).await?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut guard) = self.guard.take() {
            drop(guard.stdin.take());
            // The shell removes the files; nothing can be done here if it does not.
            let _ = guard.wait();
        } else {
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

/// A client of the server at an address, with a connection of its own.
pub async fn connect(address: &str) -> anyhow::Result<Client> {
    connect_with(address, DataConverter::default()).await
}

/// A client that converts what it sends and receives in its own way.
pub async fn connect_with(address: &str, converter: DataConverter) -> anyhow::Result<Client> {
    let target: Url = format!("http://{address}").parse()?;
    let connection = Connection::connect(ConnectionOptions::new(target).build()).await?;
    let options = ClientOptions::new("default").data_converter(converter).build();
    Ok(Client::new(connection, options)?)
}

fn spawn_guard(program: &Path, port: u16, directory: &Path) -> io::Result<Child> {
    use std::os::unix::process::CommandExt;

    Command::new("sh")
        .args(["-c", GUARD, "sh"])
        .arg(program)
        .arg(port.to_string())
        .arg(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C in a terminal reaches the whole group: it must not end the shell before the server.
        .process_group(0)
        .spawn()
}

/// A port that nobody listens on.
///
/// It lies below the range from which connections going out take theirs: otherwise one of them could
/// take it while its server is stopped, and a client that tries that port could even reach itself.
fn free_port() -> io::Result<u16> {
    loop {
        let port = fastrand::u16(20_000..32_000);
        match TcpListener::bind(("127.0.0.1", port)) {
            Ok(_) => return Ok(port),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(error),
        }
    }
}
