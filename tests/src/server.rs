//! Temporal servers for the tests: the dev server of the CLI, and one of a newer release.

pub(crate) mod dev;
mod newer;

use std::{
    env, io,
    path::PathBuf,
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
use tokio::{sync::OnceCell, task::spawn_blocking};

use self::{dev::Dev, newer::Newer};
use crate::{cli::Cli, program};

/// How long a server may take to answer after its start; it takes about two seconds.
const START_LIMIT: Duration = Duration::from_mins(1);

/// Which release of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// That of the CLI.
    OfCli,
    /// A later one, with activities that have no workflow.
    Newer,
}

impl Release {
    /// That of the CLI, unless `AUTOBEAT_SERVER=newer` asks for the other one.
    fn usual() -> Self {
        if asked().is_some_and(|name| name == "newer") { Self::Newer } else { Self::OfCli }
    }
}

/// Which server the tests are to share: the newer one, or one that runs already, by its `host:port`.
fn asked() -> Option<String> {
    env::var("AUTOBEAT_SERVER").ok().filter(|asked| !asked.is_empty())
}

/// A server, which ends when this is dropped or the process ends, whatever ends it.
#[derive(Debug)]
pub struct Server {
    cli: PathBuf,
    process: Process,
}

#[derive(Debug)]
enum Process {
    Dev(Dev),
    Newer(Newer),
    /// One that somebody else has started, and stops.
    Elsewhere(String),
}

impl Server {
    /// The server that all tests of this process share.
    pub async fn shared() -> Result<&'static Self, &'static str> {
        static SHARED: OnceCell<Result<Server, String>> = OnceCell::const_new();
        let shared = SHARED.get_or_init(Self::start_or_find).await;
        shared.as_ref().map_err(String::as_str)
    }

    /// The server of the newer release that all tests of this process share.
    pub async fn shared_newer() -> Result<&'static Self, &'static str> {
        static SHARED: OnceCell<Result<Server, String>> = OnceCell::const_new();
        if Release::usual() == Release::Newer {
            return Self::shared().await;
        }
        let shared = SHARED.get_or_init(|| Self::start_of(Release::Newer)).await;
        shared.as_ref().map_err(String::as_str)
    }

    /// The one whose address `AUTOBEAT_SERVER` has, or a new one.
    async fn start_or_find() -> Result<Self, String> {
        let Some(address) = asked().filter(|asked| asked.contains(':')) else {
            return Self::start().await;
        };
        let cli = spawn_blocking(program::find_or_build).await;
        let cli = cli.map_err(|error| error.to_string())??;
        let mut server = Self { cli, process: Process::Elsewhere(address) };
        server.start_again().await?;
        Ok(server)
    }

    /// Starts a server that no other test uses.
    pub async fn start() -> Result<Self, String> {
        Self::start_of(Release::usual()).await
    }

    /// Starts one of a release.
    pub async fn start_of(release: Release) -> Result<Self, String> {
        let starting = spawn_blocking(move || {
            let cli = program::find_or_build()?;
            let process = match release {
                Release::OfCli => {
                    Process::Dev(Dev::new(cli.clone()).map_err(|error| error.to_string())?)
                }
                Release::Newer => Process::Newer(Newer::start(&program::find_or_build_newer()?)?),
            };
            Ok::<_, String>(Self { cli, process })
        });
        let mut server = starting.await.map_err(|error| error.to_string())??;
        server.start_again().await?;
        Ok(server)
    }

    /// Starts a server that was [stopped](Self::stop), with the same port and all that it stored.
    pub async fn start_again(&mut self) -> Result<(), String> {
        let begun = match &mut self.process {
            Process::Dev(dev) => dev.begin(),
            Process::Newer(newer) => newer.go_on(),
            Process::Elsewhere(_) => Ok(()),
        };
        begun.map_err(|error| error.to_string())?;
        let since = Instant::now();
        while let Err(error) = self.is_up().await {
            if since.elapsed() > START_LIMIT {
                let log = match &self.process {
                    Process::Dev(dev) => dev.log(),
                    Process::Newer(_) | Process::Elsewhere(_) => String::new(),
                };
                return Err(format!("no server answers at {}: {error}; {log}", self.address()));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Kills the server, or where it would forget, freezes it: what it stored stays.
    pub fn stop(&mut self) -> io::Result<()> {
        match &mut self.process {
            Process::Dev(dev) => dev.stop(),
            Process::Newer(newer) => newer.stop(),
            Process::Elsewhere(address) => {
                Err(io::Error::other(format!("whoever started {address} stops it")))
            }
        }
    }

    /// Host and port.
    #[must_use]
    pub fn address(&self) -> String {
        match &self.process {
            Process::Dev(dev) => dev.address(),
            Process::Newer(newer) => newer.address(),
            Process::Elsewhere(address) => address.clone(),
        }
    }

    /// The commands that drive it.
    #[must_use]
    pub fn cli(&self) -> Cli {
        Cli::new(self.cli.clone(), self.address())
    }

    async fn is_up(&self) -> anyhow::Result<()> {
        is_up(&self.address()).await
    }
}

/// Whether the namespace of a server is there: it listens some moments before that.
pub(crate) async fn is_up(address: &str) -> anyhow::Result<()> {
    let mut client = connect(address).await?;
    let request = DescribeNamespaceRequest { namespace: client.namespace(), ..Default::default() };
    WorkflowService::describe_namespace(&mut client, request.into_request()).await?;
    Ok(())
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
