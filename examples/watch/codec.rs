//! A codec server, as the Temporal CLI and UI ask one: it decodes what the codec of a worker has encoded.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use anyhow::{bail, ensure};
use clap::Args;
use temporalio_client::envconfig::{ConfigError, LoadClientConfigProfileOptions};
use temporalio_common::{
    envconfig::load_client_config_profile,
    protos::temporal::api::common::v1::{Payload, Payloads},
};
use tokio::task::spawn_blocking;
use ureq::{
    Agent,
    tls::{Certificate, RootCerts, TlsConfig},
};

/// Longer than any answer that people wait for.
const LIMIT: Duration = Duration::from_secs(10);

/// Where it is, in the words of the CLI.
#[derive(Clone, Debug, Args)]
pub(crate) struct CodecServer {
    /// Decode with the codec server there; `{namespace}` is replaced [env: TEMPORAL_CODEC_ENDPOINT]
    #[arg(long, value_name = "URL")]
    codec_endpoint: Option<String>,
    /// What its requests have as their authorization header [env: TEMPORAL_CODEC_AUTH]
    #[arg(long, value_name = "VALUE")]
    codec_auth: Option<String>,
}

impl CodecServer {
    /// A way to ask it; none where neither the arguments nor the profile, which the variables are part
    /// of, name one.
    pub(crate) fn codec(&self, namespace: String) -> Result<Option<RemoteCodec>, ConfigError> {
        let profile = load_client_config_profile(LoadClientConfigProfileOptions::default(), None)?;
        let configured = profile.codec.unwrap_or_default();
        // As with the CLI, what is empty is not there.
        let either = |argument: &Option<String>, other: Option<String>| {
            [argument.clone(), other].into_iter().flatten().find(|value| !value.is_empty())
        };
        let auth = either(&self.codec_auth, configured.auth);
        let endpoint = either(&self.codec_endpoint, configured.endpoint);
        Ok(endpoint.map(|endpoint| {
            let endpoint = endpoint.replace("{namespace}", &namespace);
            let url = format!("{}/decode", endpoint.trim_end_matches('/'));
            let silent = Arc::default();
            RemoteCodec { agent: agent(), url, namespace, auth, silent }
        }))
    }
}

fn agent() -> Agent {
    // Whom this machine trusts, as with the CLI.
    let trusted = rustls_native_certs::load_native_certs().certs;
    let trusted: RootCerts =
        trusted.into_iter().map(|it| Certificate::from_der(&it).to_owned()).into();
    let configuration = Agent::config_builder()
        .timeout_global(Some(LIMIT))
        // What it says of its refusal is in its answer.
        .http_status_as_error(false)
        .tls_config(TlsConfig::builder().root_certs(trusted).build());
    configuration.build().into()
}

/// Asks a codec server.
///
/// Not as the codec of the client: with that, what it cannot decode would not be described at all.
#[derive(Clone)]
pub(crate) struct RemoteCodec {
    agent: Agent,
    url: String,
    namespace: String,
    auth: Option<String>,
    /// Why nothing was heard of it: then it is asked no more.
    silent: Arc<OnceLock<String>>,
}

impl RemoteCodec {
    /// For a look at everything, in which many wait for it: one that is silent is waited for once.
    pub(crate) fn for_a_look(&self) -> Self {
        Self { silent: Arc::default(), ..self.clone() }
    }

    /// On a thread that may wait.
    pub(crate) async fn decode(&self, payloads: Vec<Payload>) -> anyhow::Result<Vec<Payload>> {
        let codec = self.clone();
        spawn_blocking(move || codec.ask(payloads)).await?
    }

    fn ask(&self, payloads: Vec<Payload>) -> anyhow::Result<Vec<Payload>> {
        let count = payloads.len();
        if count == 0 {
            return Ok(payloads);
        }
        if let Some(why) = self.silent.get() {
            bail!("{why}");
        }
        let mut request = self
            .agent
            .post(&self.url)
            .header("Content-Type", "application/json")
            .header("X-Namespace", &self.namespace);
        if let Some(auth) = &self.auth {
            request = request.header("Authorization", auth);
        }
        let asked = request.send(serde_json::to_vec(&Payloads { payloads })?);
        let mut response = asked.inspect_err(|error| {
            // Whoever says it first: all of them mean the same.
            let _ = self.silent.set(error.to_string());
        })?;
        let said = response.body_mut().read_to_string()?;
        ensure!(response.status().is_success(), "{} {}", response.status(), said.trim());
        let Payloads { payloads } = serde_json::from_str(&said)?;
        ensure!(payloads.len() == count, "{} payloads instead of {count}", payloads.len());
        Ok(payloads)
    }
}
