//! A codec server, as the Temporal CLI and UI ask one: it decodes what the codec of a worker has encoded.

use std::{error::Error, time::Duration};

use anyhow::ensure;
use clap::Args;
use futures_util::{FutureExt, future::BoxFuture};
use temporalio_client::envconfig::ClientConfigProfile;
use temporalio_common::{
    data_converters::{
        DataConverter, DefaultFailureConverter, PayloadCodec, PayloadConversionError,
        PayloadConverter, SerializationContextData,
    },
    protos::temporal::api::common::v1::{Payload, Payloads},
};
use tokio::task::spawn_blocking;
use ureq::Agent;

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
    /// A converter that asks it; the usual one where neither the arguments nor the profile, which the
    /// variables are part of, name one.
    pub(crate) fn converter(self, profile: &ClientConfigProfile, namespace: &str) -> DataConverter {
        let configured = profile.codec.clone().unwrap_or_default();
        let named = |endpoint: &String| !endpoint.is_empty();
        let Some(endpoint) = self.codec_endpoint.or(configured.endpoint).filter(named) else {
            return DataConverter::default();
        };
        let endpoint = endpoint.replace("{namespace}", namespace);
        let agent = Agent::config_builder()
            .timeout_global(Some(LIMIT))
            // What it says of its refusal is in its answer.
            .http_status_as_error(false)
            .build();
        let codec = RemoteCodec {
            agent: agent.into(),
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            namespace: namespace.to_owned(),
            auth: self.codec_auth.or(configured.auth),
        };
        DataConverter::new(PayloadConverter::default(), DefaultFailureConverter::default(), codec)
    }
}

/// Asks a codec server.
#[derive(Clone)]
struct RemoteCodec {
    agent: Agent,
    endpoint: String,
    namespace: String,
    auth: Option<String>,
}

impl RemoteCodec {
    fn ask(&self, what: &str, payloads: Vec<Payload>) -> anyhow::Result<Vec<Payload>> {
        let count = payloads.len();
        if count == 0 {
            return Ok(payloads);
        }
        let mut request = self
            .agent
            .post(format!("{}/{what}", self.endpoint))
            .header("Content-Type", "application/json")
            .header("X-Namespace", &self.namespace);
        if let Some(auth) = &self.auth {
            request = request.header("Authorization", auth);
        }
        let mut response = request.send(serde_json::to_vec(&Payloads { payloads })?)?;
        let said = response.body_mut().read_to_string()?;
        ensure!(response.status().is_success(), "{} {}", response.status(), said.trim());
        let Payloads { payloads } = serde_json::from_str(&said)?;
        ensure!(payloads.len() == count, "{} payloads instead of {count}", payloads.len());
        Ok(payloads)
    }

    /// On a thread that may wait.
    fn answer(&self, what: &'static str, payloads: Vec<Payload>) -> Coded {
        let codec = self.clone();
        async move {
            let asking = spawn_blocking(move || codec.ask(what, payloads)).await;
            asking.map_err(failed)?.map_err(failed)
        }
        .boxed()
    }
}

type Coded = BoxFuture<'static, Result<Vec<Payload>, PayloadConversionError>>;

fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> PayloadConversionError {
    PayloadConversionError::EncodingError(error.into())
}

impl PayloadCodec for RemoteCodec {
    fn encode(&self, _: &SerializationContextData, payloads: Vec<Payload>) -> Coded {
        self.answer("encode", payloads)
    }

    fn decode(&self, _: &SerializationContextData, payloads: Vec<Payload>) -> Coded {
        self.answer("decode", payloads)
    }
}
