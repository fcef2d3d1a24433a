//! A server for tests, right below the client: it answers from a script and writes down what it was asked.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, pending, ready},
};
use prost::Message;
use temporalio_client::{
    Client, ClientOptions, Connection, ConnectionOptions, Url,
    callback_based::{CallbackBasedGrpcService, GrpcRequest, GrpcSuccessResponse},
    tonic::{Code, Status, metadata::MetadataMap},
};
use temporalio_common::{
    data_converters::{
        DataConverter, DefaultFailureConverter, PayloadCodec, PayloadConversionError,
        PayloadConverter, SerializationContextData,
    },
    protos::temporal::api::common::v1::Payload,
};

/// What the script says to one call.
pub(super) enum Said {
    /// A message.
    Answer(Vec<u8>),
    Refusal(Code),
    /// Nothing, ever.
    Silence,
}

impl Said {
    /// The message that has all its fields as they are by default.
    pub(super) const NOTHING: Self = Self::Answer(Vec::new());

    pub(super) fn message(message: &impl Message) -> Self {
        Self::Answer(message.encode_to_vec())
    }
}

/// What it was asked.
pub(super) struct Call {
    pub(super) rpc: String,
    /// Whether it came with the header that tells our lane from the SDK's.
    pub(super) is_ours: bool,
    /// How long whoever asks will wait; `None` where the connection's limit holds.
    pub(super) limit: Option<Duration>,
    message: prost::bytes::Bytes,
}

impl Call {
    pub(super) fn read<M: Message + Default>(&self) -> M {
        M::decode(self.message.clone()).expect("a message of this kind")
    }
}

pub(super) struct ScriptedServer {
    script: Mutex<VecDeque<Said>>,
    calls: Mutex<Vec<Call>>,
}

impl ScriptedServer {
    /// After the end of the script it answers nothing.
    pub(super) fn new(script: impl IntoIterator<Item = Said>) -> Arc<Self> {
        let script = Mutex::new(script.into_iter().collect());
        Arc::new(Self { script, calls: Mutex::default() })
    }

    /// A client whose calls come here.
    pub(super) async fn client(self: &Arc<Self>, codec: Codec) -> Client {
        let server = Arc::clone(self);
        let callback = Arc::new(move |request: GrpcRequest| server.answer(&request));
        let target = Url::parse("http://in.process:1").expect("an address");
        let connection = ConnectionOptions::new(target)
            .identity("worker".to_owned())
            .service_override(CallbackBasedGrpcService { callback })
            .dns_load_balancing(None)
            .build();
        let connection = Connection::connect(connection).await.expect("nothing to connect to");
        let converter = DataConverter::new(
            PayloadConverter::default(),
            DefaultFailureConverter::default(),
            codec,
        );
        let options = ClientOptions::new("namespace").data_converter(converter).build();
        Client::new(connection, options).expect("a client")
    }

    /// What it was asked since this was looked at last.
    pub(super) fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Their names.
    pub(super) fn names(&self) -> Vec<String> {
        self.calls().into_iter().map(|call| call.rpc).collect()
    }

    fn answer(
        &self,
        request: &GrpcRequest,
    ) -> BoxFuture<'static, Result<GrpcSuccessResponse, Status>> {
        let answer = |proto| {
            let headers = MetadataMap::new().into_headers();
            ready(Ok(GrpcSuccessResponse { headers, proto })).boxed()
        };
        // The connection asks this by itself.
        if request.rpc == "GetSystemInfo" {
            return answer(Vec::new());
        }
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(Call {
            rpc: request.rpc.clone(),
            is_ours: request.headers.get("autobeat-lane").is_some_and(|lane| lane == "ours"),
            limit: limit_of(request),
            message: request.proto.clone(),
        });
        match self.script.lock().unwrap_or_else(PoisonError::into_inner).pop_front() {
            Some(Said::Answer(message)) => answer(message),
            Some(Said::Refusal(code)) => ready(Err(Status::new(code, "as told"))).boxed(),
            Some(Said::Silence) => pending().boxed(),
            None => answer(Vec::new()),
        }
    }
}

/// As gRPC writes it: a number of a unit that is one letter.
fn limit_of(request: &GrpcRequest) -> Option<Duration> {
    let limit = request.headers.get("grpc-timeout")?.to_str().ok()?;
    let (number, unit) = limit.split_at(limit.len() - 1);
    let number = number.parse().ok()?;
    match unit {
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

type Coded = BoxFuture<'static, Result<Vec<Payload>, PayloadConversionError>>;

/// What a codec of a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Leaves,
    /// Puts a mark behind the data of each payload.
    Marks,
    Fails,
    Panics,
}

/// What the codec of that kind puts behind all data.
pub(super) const MARK: &[u8] = b", as encoded";

impl PayloadCodec for Codec {
    fn encode(&self, _: &SerializationContextData, mut payloads: Vec<Payload>) -> Coded {
        match self {
            Self::Leaves => {}
            Self::Marks => payloads.iter_mut().for_each(|payload| payload.data.extend(MARK)),
            Self::Fails => {
                let error = PayloadConversionError::EncodingError("no keys for a moment".into());
                return ready(Err(error)).boxed();
            }
            Self::Panics => panic!("a codec may"),
        }
        ready(Ok(payloads)).boxed()
    }

    fn decode(&self, _: &SerializationContextData, payloads: Vec<Payload>) -> Coded {
        ready(Ok(payloads)).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_read_in_each_of_its_units() {
        let limit = |written: &'static str| {
            let mut headers = MetadataMap::new().into_headers();
            headers.insert("grpc-timeout", written.parse().expect("a header"));
            let (service, rpc) = (String::new(), String::new());
            limit_of(&GrpcRequest { service, rpc, headers, proto: Vec::new().into() })
        };
        assert_eq!(limit("30S"), Some(Duration::from_secs(30)));
        assert_eq!(limit("500m"), Some(Duration::from_millis(500)));
        assert_eq!(limit("3000000u"), Some(Duration::from_secs(3)));
        assert_eq!(limit("1500n"), Some(Duration::from_nanos(1500)));
    }
}
