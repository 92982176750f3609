//! One HTTP stack for AWS's APIs and for the answer: hyper, rustls and ring.

use std::error::Error;
use std::fmt::{self, Display, Formatter};
use std::panic::catch_unwind;
use std::time::Duration;

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::{
    RuntimeComponents, RuntimeComponentsBuilder,
};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::config_bag::ConfigBag;
use tokio::select;
use tokio::time::{sleep, timeout};

use super::call::Called;
use super::pace::Pace;
use super::reply::Refusal;
use crate::cfn::{Gate, Reply, ResponseUrl, Transport};

/// The roots that AWS's endpoints chain to (<https://www.amazontrust.com/repository/>). Reading
/// the system's 140 roots instead takes 4 ms of every cold start.
const AMAZON_ROOTS: &str = include_str!("amazon_roots.pem");

/// Longest wait for a connection.
pub(super) const CONNECT: Duration = Duration::from_secs(3);
/// Longest wait for a reply.
pub(super) const READ: Duration = Duration::from_secs(10);
/// Longest wait for the reply to a write that has timed out for its caller, only to know when it is
/// over. Other clients of AWS wait a minute by default.
const LONGEST_WRITE: Duration = Duration::from_secs(90);

/// The time for which a write counts as on its way if its connection broke, or its reply was a 5xx:
/// AWS may be carrying it out.
const UNSETTLED: Duration = Duration::from_secs(5);

/// Where trust comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Roots {
    /// The embedded roots of Amazon Trust Services.
    Amazon,
    /// The system's, for partitions with other certificates at their endpoints.
    System,
    /// A file that the operator names, for example of a proxy.
    Pem(Vec<u8>),
}

impl Roots {
    /// The certificates of a PEM file, or `None` if it holds none or malformed ones: the connector
    /// panics at those, and trusts no server without any.
    pub(super) fn from_pem(pem: Vec<u8>) -> Option<Self> {
        let named = String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----");
        let roots = Roots::Pem(pem);
        let built = || catch_unwind(|| PresignedPut::new(roots.clone()).is_ok());
        (named && built().unwrap_or_default()).then_some(roots)
    }
}

fn tls_context(roots: Roots) -> Result<TlsContext, String> {
    let empty = TrustStore::empty();
    let store = match roots {
        Roots::Amazon => empty.with_pem_certificate(AMAZON_ROOTS),
        Roots::System => empty.with_native_roots(true),
        Roots::Pem(pem) => empty.with_pem_certificate(pem),
    };
    TlsContext::builder().with_trust_store(store).build().map_err(|error| error.to_string())
}

/// The client for one of AWS's APIs, behind a gate and at a pace of its own.
pub(super) fn for_sdk(roots: Roots, gate: Gate) -> Result<SharedHttpClient, String> {
    let builder = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
    let inner = builder.tls_context(tls_context(roots)?).build_https();
    Ok(SharedHttpClient::new(Gated { inner, gate, pace: Pace::new() }))
}

/// A client, or a connector of one, that lets attempts wait for their turn and begins none when its
/// gate is closed. An attempt has [`READ`] from its turn on. A write goes on when it is given up,
/// for AWS does too: so it is known when it is over. Where its reply does not tell, it is on its way
/// for [`UNSETTLED`] more.
#[derive(Clone, Debug)]
pub(super) struct Gated<T> {
    pub(super) inner: T,
    pub(super) gate: Gate,
    pub(super) pace: Pace,
}

/// The reason of an attempt that was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoReply;

impl NoReply {
    /// Whether it is the reason of this failure.
    pub(super) fn is_reason_of(error: &ConnectorError) -> bool {
        error.source().is_some_and(|source| source.is::<NoReply>())
    }
}

impl Display for NoReply {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "no reply in {} s", READ.as_secs())
    }
}

impl Error for NoReply {}

impl<T: HttpClient> HttpClient for Gated<T> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        let (gate, pace) = (self.gate.clone(), self.pace.clone());
        SharedHttpConnector::new(Gated { inner, gate, pace })
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.inner.validate_base_client_config(components, config)
    }

    fn validate_final_config(
        &self,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.inner.validate_final_config(components, config)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.connector_metadata()
    }
}

impl HttpConnector for Gated<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let called = Called::now();
        let is_write = called.as_ref().is_none_or(Called::is_write);
        let Gated { inner, gate, pace } = self.clone();
        HttpConnectorFuture::new(async move {
            let stopped = || ConnectorError::user("stopped".into());
            let turn = select! {
                turn = pace.turn(is_write) => turn,
                () = gate.until_closed() => return Err(stopped()),
            };
            let name = called.as_ref().map_or("a call", Called::name);
            let pass = gate.enter(name).ok_or_else(stopped)?;
            // An answer waits for writes alone.
            let pass = is_write.then_some(pass);
            let attempt = async move {
                let reply = to_its_end(inner.call(request)).await;
                let refusal = reply.as_ref().ok().and_then(Refusal::read);
                let is_throttled = refusal.is_some_and(|refusal| refusal.is_throttling());
                turn.ended(is_throttled);
                let is_settled = match &reply {
                    Ok(reply) => is_throttled || reply.status().as_u16() < 500,
                    Err(_) => false,
                };
                if let Some(pass) = pass.filter(|_| !is_settled) {
                    drop(tokio::spawn(async move {
                        sleep(UNSETTLED).await;
                        drop(pass);
                    }));
                }
                reply
            };
            let reply = if is_write {
                let ends = tokio::spawn(timeout(LONGEST_WRITE, attempt));
                timeout(READ, ends).await.map(|ended| match ended {
                    Ok(in_time) => in_time.unwrap_or_else(|_| Err(no_reply())),
                    Err(panic) => Err(ConnectorError::other(panic.into(), None)),
                })
            } else {
                timeout(READ, attempt).await
            };
            reply.unwrap_or_else(|_| Err(no_reply()))
        })
    }
}

fn no_reply() -> ConnectorError {
    ConnectorError::timeout(NoReply.into())
}

/// The reply with all of its body.
async fn to_its_end(reply: HttpConnectorFuture) -> Result<HttpResponse, ConnectorError> {
    let mut reply = reply.await?;
    let body = std::mem::replace(reply.body_mut(), SdkBody::taken());
    let body = ByteStream::new(body).collect().await;
    let body = body.map_err(|error| ConnectorError::io(error.into()))?;
    *reply.body_mut() = SdkBody::from(body.into_bytes());
    Ok(reply)
}

/// The client for the answer.
#[derive(Debug)]
pub struct PresignedPut(Connector);

impl PresignedPut {
    pub(super) fn new(roots: Roots) -> Result<Self, String> {
        let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT).build();
        let builder = Connector::builder()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(tls_context(roots)?)
            .connector_settings(settings)
            .sleep_impl(TokioSleep::new());
        Ok(PresignedPut(builder.build()))
    }
}

impl Transport for PresignedPut {
    async fn put(&self, url: &ResponseUrl, body: &str) -> Result<Reply, String> {
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method("PUT").map_err(|_| "not a method".to_owned())?;
        request.set_uri(url.expose()).map_err(|_| "not a URL".to_owned())?;
        // Anything but an empty content type breaks the signature.
        request.headers_mut().insert("content-type", "");
        request.headers_mut().insert("content-length", body.len().to_string());
        match self.0.call(request).await {
            Ok(response) => {
                let location = response.headers().get("location");
                let location = location.map(|url| ResponseUrl::new(url.to_owned()));
                Ok(Reply { status: response.status().as_u16(), location })
            }
            // The error's own words may hold the URL.
            Err(error) if error.is_timeout() => Err("timed out".to_owned()),
            Err(error) if error.is_io() => Err("connection failed".to_owned()),
            Err(_) => Err("request failed".to_owned()),
        }
    }
}
