//! A real cluster on this machine, whose parts are killed under a load: PostgreSQL, two history nodes, two
//! frontends, matching and the server's own worker, each a process.
//!
//! Processes alone are killed. The network between them is this machine's, so no two of them ever
//! lose sight of each other while both run.

pub mod fault;
mod node;
mod postgres;
pub mod results;
pub mod run;
pub mod suite;
pub mod table;

use std::{
    process::Command,
    time::{Duration, Instant},
};

use anyhow::ensure;
use temporalio_client::{
    NamespacedClient,
    grpc::WorkflowService,
    tonic::{Code, IntoRequest},
};
use temporalio_common::protos::temporal::api::workflowservice::v1::RegisterNamespaceRequest;
use tokio::time::sleep;

use self::{
    fault::Fault,
    node::{Node, Place, Role},
    postgres::{DATABASE_USER, Postgres, run as run_to_its_end},
};
use crate::{
    program::{ClusterPrograms, say},
    server::{connect, is_up},
};

/// What it consists of beside its database. The first of a role is there first.
const ROLES: [Role; 6] =
    [Role::History, Role::Matching, Role::Frontend, Role::Worker, Role::History, Role::Frontend];

/// Why a node is there that is asked for by role and place.
const ONE_OF_ROLES: &str = "a place among the roles";

/// How long it may take until it answers after all of it has begun.
const PATIENCE: Duration = Duration::from_mins(2);

/// How long the closed workflows are kept: longer than any run.
const RETENTION: Duration = Duration::from_hours(24);

/// A cluster; all of it ends when this is dropped or the process ends, whatever ends it.
#[derive(Debug)]
pub struct Cluster {
    programs: ClusterPrograms,
    nodes: Vec<Node>,
    // After the nodes, so that it ends after them.
    postgres: Postgres,
}

impl Cluster {
    /// Starts one on an empty database; it can be used when this returns.
    pub async fn start(programs: &ClusterPrograms) -> anyhow::Result<Self> {
        let mut postgres = Postgres::create(programs)?;
        postgres.begin().await?;
        for (database, schema) in [("temporal", "temporal"), ("temporal_visibility", "visibility")]
        {
            make_schema(programs, postgres.port(), database, schema)?;
        }
        let nodes = Node::all(&ROLES)?;
        let mut cluster = Self { programs: programs.clone(), nodes, postgres };
        let places: Vec<Place> = cluster.nodes.iter().map(Node::place).collect();
        let database = cluster.postgres.port();
        for node in &mut cluster.nodes {
            node.configure(database, &places)?;
            say(&format!("starting {:?}", node.place()));
            node.begin(&programs.server).await?;
        }
        cluster.register_namespace().await?;
        cluster.answers().await?;
        Ok(cluster)
    }

    /// Host and port of either frontend.
    #[must_use]
    pub fn frontends(&self) -> [String; 2] {
        [0, 1].map(|place| self.node(Role::Frontend, place).place().address())
    }

    /// Kills a part of it, starts that again after some time, and waits until all of it answers.
    pub async fn suffer(&mut self, fault: Fault, away: Duration) -> anyhow::Result<()> {
        match (fault, victim(fault)) {
            (_, Some((role, place))) => self.node_mut(role, place).kill()?,
            (Fault::DatabaseStopped, None) => self.postgres.stop_immediately()?,
            (_, None) => self.postgres.kill()?,
        }
        sleep(away).await;
        match victim(fault) {
            Some((role, place)) => {
                let program = self.programs.server.clone();
                self.node_mut(role, place).begin(&program).await?;
            }
            None => self.postgres.begin().await?,
        }
        self.answers().await
    }

    /// Waits until both frontends answer and every node is there. One that has ended by itself, since
    /// another was gone, is started again, as whatever runs a cluster would.
    async fn answers(&mut self) -> anyhow::Result<()> {
        let since = Instant::now();
        loop {
            for node in &mut self.nodes {
                if !node.listens() {
                    let last_words = node.last_words();
                    let role = node.place().role;
                    say(&format!("{role:?} has ended by itself: {last_words}"));
                    node.kill()?;
                    node.begin(&self.programs.server).await?;
                }
            }
            let [first, second] = self.frontends();
            match is_up(&first).await.and(is_up(&second).await) {
                Ok(()) => return Ok(()),
                Err(error) => ensure!(since.elapsed() < PATIENCE, "the cluster is gone: {error:#}"),
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    async fn register_namespace(&self) -> anyhow::Result<()> {
        let since = Instant::now();
        let address = self.node(Role::Frontend, 0).place().address();
        loop {
            match register_namespace_at(&address).await {
                Ok(()) => return Ok(()),
                Err(error) => ensure!(since.elapsed() < PATIENCE, "no namespace: {error:#}"),
            }
            sleep(Duration::from_millis(500)).await;
        }
    }

    fn node(&self, role: Role, place: usize) -> &Node {
        let mut nodes = self.nodes.iter().filter(|node| node.place().role == role);
        nodes.nth(place).expect(ONE_OF_ROLES)
    }

    fn node_mut(&mut self, role: Role, place: usize) -> &mut Node {
        let mut nodes = self.nodes.iter_mut().filter(|node| node.place().role == role);
        nodes.nth(place).expect(ONE_OF_ROLES)
    }
}

/// Which node a fault hits, by its role and its place there; none where it is the database.
fn victim(fault: Fault) -> Option<(Role, usize)> {
    match fault {
        Fault::History(place) => Some((Role::History, place)),
        Fault::Frontend(place) => Some((Role::Frontend, place)),
        Fault::Matching => Some((Role::Matching, 0)),
        Fault::Worker => Some((Role::Worker, 0)),
        Fault::DatabaseKilled | Fault::DatabaseStopped => None,
    }
}

async fn register_namespace_at(address: &str) -> anyhow::Result<()> {
    let mut client = connect(address).await?;
    let request = RegisterNamespaceRequest {
        namespace: client.namespace(),
        workflow_execution_retention_period: Some(RETENTION.try_into()?),
        ..Default::default()
    };
    match WorkflowService::register_namespace(&mut client, request.into_request()).await {
        Err(status) if status.code() != Code::AlreadyExists => Err(status.into()),
        _ => Ok(()),
    }
}

fn make_schema(
    programs: &ClusterPrograms,
    port: u16,
    database: &str,
    schema: &str,
) -> anyhow::Result<()> {
    let schema = format!("postgresql/v12/{schema}");
    let steps: [&[&str]; 3] = [
        &["create-database", "--defaultdb", "postgres"],
        &["setup-schema", "--version", "0.0"],
        &["update-schema", "--schema-name", &schema],
    ];
    for step in steps {
        let mut sql = Command::new(&programs.sql);
        sql.args(["--plugin", "postgres12", "--endpoint", "127.0.0.1", "--port"])
            .arg(port.to_string())
            .args(["--user", DATABASE_USER, "--password", "", "--database", database])
            .args(step);
        run_to_its_end(sql)?;
    }
    Ok(())
}
