//! The way to a real server: whole calls, as bytes that nobody on the way reads, and what becomes of them
//! there.

use std::future::pending;

use anyhow::Context;
use prost::bytes::{Buf, BufMut, Bytes};
use temporalio_client::{
    callback_based::GrpcRequest,
    tonic::{
        Request, Status,
        client::Grpc,
        codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
        metadata::MetadataMap,
        transport::{Channel, Endpoint},
    },
};
use tokio::{runtime::Handle, time::sleep};

use crate::inprocess::network::{Fate, Loss};

/// A connection to a server.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    channel: Channel,
}

impl Way {
    /// Connects at the first call, on the runtime around.
    pub(crate) fn to(address: &str) -> anyhow::Result<Self> {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
        Ok(Self { channel: endpoint.connect_lazy() })
    }

    /// Makes a call, and hands back what the server says.
    pub(crate) async fn call(&self, request: GrpcRequest) -> Result<Bytes, Status> {
        let path = format!("/{}/{}", request.service, request.rpc);
        let path = path
            .parse()
            .with_context(|| path)
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        let mut headers = request.headers;
        // Nothing on this way is compressed.
        headers.remove("grpc-encoding");
        headers.remove("grpc-accept-encoding");
        let mut asked = Request::new(request.proto);
        *asked.metadata_mut() = MetadataMap::from_headers(headers);
        let mut client = Grpc::new(self.channel.clone());
        client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        Ok(client.unary(asked, path, Raw).await?.into_inner())
    }
}

/// Lets a call meet its fate: `arrives` is what it does at the server, `refused` what its caller then hears.
///
/// What was sent arrives even where its caller is gone meanwhile, unless it ends with the caller.
pub(crate) async fn meet<Heard: Send + 'static>(
    fate: Fate,
    arrives: impl Future<Output = Heard> + Send + 'static,
    ends_with_caller: bool,
    refused: impl FnOnce(Status) -> Heard,
    runtime: &Handle,
) -> Heard {
    let Fate { before, after, loss } = fate;
    let arrives = async move {
        sleep(before).await;
        arrives.await
    };
    match loss {
        Loss::Refused => {
            sleep(after).await;
            refused(Status::unavailable("refused"))
        }
        Loss::Exhausted => {
            sleep(after).await;
            refused(Status::resource_exhausted("namespace rate limit exceeded"))
        }
        Loss::Swallowed => pending().await,
        Loss::AnswerLost => {
            runtime.spawn(arrives);
            pending().await
        }
        Loss::Nothing => {
            let heard = if ends_with_caller {
                arrives.await
            } else {
                runtime.spawn(arrives).await.expect("a call that does not panic")
            };
            sleep(after).await;
            heard
        }
    }
}

/// Leaves bytes as they are.
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
