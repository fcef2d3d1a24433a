//! The way to a real server: whole calls, as bytes that nobody on the way reads.

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

/// A connection to a server.
#[derive(Clone, Debug)]
pub(super) struct Way {
    channel: Channel,
}

impl Way {
    /// Connects at the first call, on the runtime around.
    pub(super) fn to(address: &str) -> anyhow::Result<Self> {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
        Ok(Self { channel: endpoint.connect_lazy() })
    }

    /// Makes a call, and hands back what the server says.
    pub(super) async fn call(&self, request: GrpcRequest) -> Result<Bytes, Status> {
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
