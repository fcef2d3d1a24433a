//! A door of TLS before a real server, as before Temporal Cloud: it asks for a client's certificate, and each
//! call for a key and a header.
//!
//! What comes in is passed on to the server as it is, call by call, and written down.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context;
use h2::{RecvStream, SendStream, client::SendRequest, server::SendResponse};
use http::{Request, Response, request::Parts};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use temporalio_client::{
    Client, ClientOptions, ClientTlsOptions, Connection, ConnectionOptions, TlsOptions, Url,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig, crypto::ring::default_provider, pki_types::PrivateKeyDer,
        server::WebPkiClientVerifier,
    },
    server::TlsStream,
};
use tokio_util::{bytes::Bytes, task::AbortOnDropHandle};

/// The name in the door's certificate.
const NAME: &str = "localhost";

const API_KEY: &str = "key-of-the-worker";
const TENANT: (&str, &str) = ("tenant", "tenant-of-the-worker");
const NAMESPACE: &str = "default";

/// The header by which a call on the lane of this crate can be told.
const OURS: &str = "autobeat-lane";

/// What of all that it is asked for a client brings.
#[derive(Clone, Copy, Debug)]
pub struct Brings {
    /// A certificate that the door knows.
    pub certificate: bool,
    /// The key.
    pub key: bool,
    /// The header.
    pub header: bool,
}

impl Brings {
    /// All of it.
    pub const ALL: Self = Self { certificate: true, key: true, header: true };
}

/// A call that came through the door, or was refused there.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its name, without that of the service.
    pub rpc: String,
    /// Whether it was made on the lane of this crate.
    pub is_ours: bool,
    /// Whether it had the key and the header.
    pub is_authorised: bool,
    /// Of which namespace it says to be.
    pub namespace: Option<String>,
}

impl Call {
    fn of(request: &Parts) -> Self {
        let text = |name| request.headers.get(name).and_then(|value| value.to_str().ok());
        let has_key = text("authorization") == Some(&*format!("Bearer {API_KEY}"));
        Self {
            rpc: request.uri.path().rsplit('/').next().unwrap_or_default().to_owned(),
            is_ours: request.headers.contains_key(OURS),
            is_authorised: has_key && text(TENANT.0) == Some(TENANT.1),
            namespace: text("temporal-namespace").map(str::to_owned),
        }
    }
}

/// The door; it closes when this is dropped.
#[derive(Debug)]
pub struct Door {
    address: SocketAddr,
    certificates: Certificates,
    calls: Arc<Mutex<Vec<Call>>>,
    _open: AbortOnDropHandle<()>,
}

impl Door {
    /// Opens one before the server at an address.
    pub async fn before(server: &str) -> anyhow::Result<Self> {
        let certificates = Certificates::new()?;
        let acceptor = TlsAcceptor::from(Arc::new(certificates.demanded()?));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let calls = Arc::default();
        let passage = Passage { server: server.to_owned(), calls: Arc::clone(&calls) };
        let open = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, passage) = (acceptor.clone(), passage.clone());
                tokio::spawn(async move {
                    // Whoever has no certificate gets no further.
                    let stream = acceptor.accept(stream).await?;
                    passage.serve(stream).await
                });
            }
        });
        Ok(Self { address, certificates, calls, _open: AbortOnDropHandle::new(open) })
    }

    /// All calls so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A client that comes through the door, if it brings what it is asked for.
    pub fn client(
        &self,
        brings: Brings,
    ) -> impl Future<Output = anyhow::Result<Client>> + Send + 'static {
        let (certificate, private_key) = self.certificates.of_client.clone();
        let of_client = ClientTlsOptions::builder()
            .client_cert(certificate.into_bytes())
            .client_private_key(private_key.into_bytes())
            .build();
        let tls = TlsOptions::builder()
            .server_root_ca_cert(self.certificates.authority.pem().into_bytes())
            .domain(NAME.to_owned())
            .maybe_client_tls_options(brings.certificate.then_some(of_client))
            .build();
        let header = (TENANT.0.to_owned(), TENANT.1.to_owned());
        let target = format!("https://{}", self.address);
        async move {
            let options = ConnectionOptions::new(target.parse::<Url>()?)
                .tls_options(tls)
                .maybe_api_key(brings.key.then(|| API_KEY.to_owned()))
                .maybe_headers(brings.header.then(|| HashMap::from([header])))
                .build();
            let connection = Connection::connect(options).await?;
            Ok(Client::new(connection, ClientOptions::new(NAMESPACE).build())?)
        }
    }
}

/// The way from a door to its server.
#[derive(Clone)]
struct Passage {
    server: String,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Passage {
    /// Passes on the calls of one connection, on one to the server.
    async fn serve(&self, stream: TlsStream<TcpStream>) -> anyhow::Result<()> {
        let mut incoming = h2::server::handshake(stream).await?;
        let onward = TcpStream::connect(&self.server).await?;
        let (calls, connection) = h2::client::handshake(onward).await?;
        let _connection = AbortOnDropHandle::new(tokio::spawn(connection));
        while let Some(accepted) = incoming.accept().await {
            let (request, answer) = accepted?;
            let (passage, calls) = (self.clone(), calls.clone());
            // A call that its caller gives up ends here by an error, which is nobody's.
            tokio::spawn(async move { passage.pass_on(request, answer, calls).await });
        }
        Ok(())
    }

    async fn pass_on(
        &self,
        request: Request<RecvStream>,
        mut answer: SendResponse<Bytes>,
        calls: SendRequest<Bytes>,
    ) -> anyhow::Result<()> {
        let (mut parts, body) = request.into_parts();
        let call = Call::of(&parts);
        let is_authorised = call.is_authorised;
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        if !is_authorised {
            answer.send_response(refusal()?, true)?;
            return Ok(());
        }
        let path = parts.uri.path_and_query().context("a call without a path")?;
        parts.uri = format!("http://{}{path}", self.server).parse()?;
        let mut calls = calls.ready().await?;
        let (response, onward) = calls.send_request(Request::from_parts(parts, ()), false)?;
        let asking = pass(body, onward);
        let answering = async {
            let (parts, body) = response.await?.into_parts();
            let is_all = body.is_end_stream();
            let back = answer.send_response(Response::from_parts(parts, ()), is_all)?;
            if is_all { Ok(()) } else { pass(body, back).await }
        };
        tokio::try_join!(asking, answering)?;
        Ok(())
    }
}

/// Passes on what a stream carries, to its end.
async fn pass(mut from: RecvStream, mut to: SendStream<Bytes>) -> Result<(), h2::Error> {
    while let Some(data) = from.data().await {
        let data = data?;
        from.flow_control().release_capacity(data.len())?;
        to.send_data(data, false)?;
    }
    match from.trailers().await? {
        Some(trailers) => to.send_trailers(trailers),
        None => to.send_data(Bytes::new(), true),
    }
}

/// What a call without the key or the header is answered, in the words of gRPC.
fn refusal() -> Result<Response<()>, http::Error> {
    const UNAUTHENTICATED: &str = "16";
    Response::builder()
        .header("content-type", "application/grpc")
        .header("grpc-status", UNAUTHENTICATED)
        .body(())
}

/// An authority of its own, and what it gave to the door and to its clients.
#[derive(Debug)]
struct Certificates {
    authority: CertifiedIssuer<'static, KeyPair>,
    /// As PEM, with its key.
    of_client: (String, String),
}

impl Certificates {
    fn new() -> anyhow::Result<Self> {
        let mut parameters = CertificateParams::new([])?;
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(parameters, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(["worker".to_owned()])?;
        let certificate = certificate.signed_by(&key, &authority)?;
        Ok(Self { authority, of_client: (certificate.pem(), key.serialize_pem()) })
    }

    /// Who the door is, and whom it lets in.
    fn demanded(&self) -> anyhow::Result<ServerConfig> {
        let provider = Arc::new(default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.der().clone())?;
        let clients =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new([NAME.to_owned()])?;
        let certificate = certificate.signed_by(&key, &self.authority)?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(clients.build()?)
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(config)
    }
}
