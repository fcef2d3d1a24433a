//! One process of a Temporal cluster.

use std::{
    fs,
    net::TcpStream,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::ensure;
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use super::postgres::DATABASE_USER;
use crate::{guard::Guarded, port::free_ports, server::dev::TIMERS_WHEN_DUE};

/// How many parts the workflows are in: enough for either history node to have some.
const SHARDS: u32 = 16;

/// How long a node may take to listen, in all its tries.
const PATIENCE: Duration = Duration::from_mins(2);

/// After how long it is started again: two that begin on an empty database may both want to be first.
const ONE_TRY: Duration = Duration::from_secs(25);

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    History,
    Frontend,
    Matching,
    Worker,
}

impl Role {
    /// As the server names it.
    fn name(self) -> &'static str {
        match self {
            Self::History => "history",
            Self::Frontend => "frontend",
            Self::Matching => "matching",
            Self::Worker => "worker",
        }
    }
}

/// Where a node is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) role: Role,
    pub(super) port: u16,
    membership_port: u16,
}

impl Place {
    fn service(self) -> (String, Value) {
        let rpc = json!({
            "grpcPort": self.port,
            "membershipPort": self.membership_port,
            "bindOnIP": "127.0.0.1",
        });
        (self.role.name().to_owned(), json!({ "rpc": rpc }))
    }

    pub(super) fn address(self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

/// A node; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Node {
    place: Place,
    guarded: Guarded,
}

impl Node {
    /// One of each role, none of which has begun yet.
    pub(super) fn all(roles: &[Role]) -> anyhow::Result<Vec<Self>> {
        let ports = free_ports(2 * roles.len())?;
        let node = |(role, ports): (&Role, &[u16])| {
            let guarded = Guarded::new(&format!("autobeat-{}-", role.name()))?;
            let place = Place { role: *role, port: ports[0], membership_port: ports[1] };
            Ok(Self { place, guarded })
        };
        roles.iter().zip(ports.chunks(2)).map(node).collect()
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// Writes down what it must know: its own place, and those of the database and of a node of each role.
    pub(super) fn configure(&self, database: u16, nodes: &[Place]) -> anyhow::Result<()> {
        let directory = self.guarded.directory();
        let values =
            TIMERS_WHEN_DUE.map(|(key, value)| format!(r#""{key}":[{{"value":{value}}}]"#));
        fs::write(directory.join("dynamic.yaml"), format!("{{{}}}", values.join(",")))?;
        let text = self.configuration(directory, database, nodes).to_string();
        // JSON is YAML as well.
        Ok(fs::write(directory.join("node.yaml"), text)?)
    }

    fn configuration(&self, directory: &Path, database: u16, nodes: &[Place]) -> Value {
        // The last of a name is the one that counts: it knows a node of each other role, and itself.
        let places = nodes.iter().copied().chain([self.place]);
        let services: Map<String, Value> = places.map(Place::service).collect();
        let frontend = &services[Role::Frontend.name()]["rpc"]["grpcPort"];
        let frontend = format!("127.0.0.1:{frontend}");
        json!({
            "log": { "stdout": true, "level": "warn" },
            "persistence": persistence(database),
            "global": {
                "membership": { "maxJoinDuration": "30s", "broadcastAddress": "127.0.0.1" },
            },
            "services": services,
            "clusterMetadata": {
                "enableGlobalNamespace": false,
                "failoverVersionIncrement": 10,
                "masterClusterName": "active",
                "currentClusterName": "active",
                "clusterInformation": { "active": {
                    "enabled": true,
                    "initialFailoverVersion": 1,
                    "rpcName": "frontend",
                    "rpcAddress": frontend,
                }},
            },
            "dcRedirectionPolicy": { "policy": "noop" },
            "dynamicConfigClient": {
                "filepath": directory.join("dynamic.yaml"),
                "pollInterval": "1m",
            },
        })
    }

    /// Starts it; it listens when this returns.
    pub(super) async fn begin(&mut self, program: &Path) -> anyhow::Result<()> {
        let directory = self.guarded.directory().display().to_string();
        let role = self.place.role.name();
        let arguments = ["--root", &directory, "--config", ".", "--env", "node"];
        let arguments = [&arguments[..], &["--allow-no-auth", "start", "--service", role]].concat();
        let since = Instant::now();
        loop {
            self.guarded.begin(program, &arguments)?;
            let this_try = Instant::now();
            while this_try.elapsed() < ONE_TRY {
                if self.listens() {
                    return Ok(());
                }
                sleep(Duration::from_millis(50)).await;
            }
            ensure!(since.elapsed() < PATIENCE, "{role} does not start: {}", self.guarded.log());
            self.kill()?;
        }
    }

    /// Whether it is there.
    pub(super) fn listens(&self) -> bool {
        let Place { role, port, membership_port } = self.place;
        // The server's own worker calls others, and answers nobody.
        let port = if role == Role::Worker { membership_port } else { port };
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    }

    /// Kills it with SIGKILL.
    pub(super) fn kill(&mut self) -> anyhow::Result<()> {
        Ok(self.guarded.stop()?)
    }

    /// The last that it has said.
    pub(super) fn last_words(&self) -> String {
        self.guarded.log().lines().next_back().unwrap_or_default().to_owned()
    }
}

fn persistence(port: u16) -> Value {
    json!({
        "defaultStore": "default",
        "visibilityStore": "visibility",
        "numHistoryShards": SHARDS,
        "datastores": {
            "default": store("temporal", port),
            "visibility": store("temporal_visibility", port),
        },
    })
}

fn store(database: &str, port: u16) -> Value {
    json!({ "sql": {
        "pluginName": "postgres12",
        "databaseName": database,
        "connectAddr": format!("127.0.0.1:{port}"),
        "connectProtocol": "tcp",
        "user": DATABASE_USER,
        "password": "",
        "maxConns": 10,
        "maxIdleConns": 10,
        "maxConnLifetime": "1h",
    }})
}
