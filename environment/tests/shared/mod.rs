//! A client whose server is a function.

use std::{future::ready, sync::Arc};

use futures_util::FutureExt;
use temporalio_client::{
    Client, ClientOptions, Connection, ConnectionOptions, Url,
    callback_based::{CallbackBasedGrpcService, GrpcRequest, GrpcSuccessResponse},
    tonic::{Status, metadata::MetadataMap},
};

/// A client whose every call is answered so.
pub(crate) async fn client(
    answer: impl Fn(&GrpcRequest) -> Result<Vec<u8>, Status> + Send + Sync + 'static,
) -> Client {
    let callback = move |request: GrpcRequest| {
        let headers = MetadataMap::new().into_headers();
        ready(answer(&request).map(|proto| GrpcSuccessResponse { headers, proto })).boxed()
    };
    let options = ConnectionOptions::new(Url::parse("http://in.process:1").unwrap())
        .service_override(CallbackBasedGrpcService { callback: Arc::new(callback) })
        .dns_load_balancing(None)
        .build();
    let connection = Connection::connect(options).await.unwrap();
    Client::new(connection, ClientOptions::new("default").build()).unwrap()
}
