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
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
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
/// Longest wait for the reply to a read.
pub(super) const READ: Duration = Duration::from_secs(10);
/// Longest wait for the reply to a write, as long as other clients of AWS wait by default. A write
/// that is made again while AWS carries out the first attempt ends twice: the second time on the
/// objects that another stack has by then.
const WRITE: Duration = Duration::from_secs(60);

/// The time for which a write counts as on its way if it has no reply, its connection broke, or its
/// reply was a 5xx: AWS may be carrying it out.
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
/// gate is closed. A read has [`READ`] from its turn on. A write returns only when AWS does not carry
/// it out any more, so that no attempt meets an earlier one: with its reply, or [`UNSETTLED`] after
/// the end of an attempt whose reply does not tell. It goes on when its caller is dropped, so that
/// the gate knows when it is over.
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
        f.write_str("no reply in time")
    }
}

impl Error for NoReply {}

/// The reason of the deletion of an object that may have been carried out. It is not made again
/// without a look: another stack may have an object of that name by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Undecided;

impl Undecided {
    /// Whether it is the reason of this failure.
    pub(super) fn is_reason_of(error: &ConnectorError) -> bool {
        error.source().is_some_and(|source| source.is::<Undecided>())
    }
}

impl Display for Undecided {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("the object may be deleted")
    }
}

impl Error for Undecided {}

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

    // `validate_base_client_config` is not passed on: the inner client would read all roots for a
    // connector that it throws away, for each client of a cold start.

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
            let deletes = called.as_ref().is_some_and(Called::deletes_an_object);
            let written = called.filter(|_| is_write).map(|called| called.written);
            let written = written.unwrap_or_default();
            written.begins();
            let attempt = async move {
                let longest = if is_write { WRITE } else { READ };
                let reply = timeout(longest, to_its_end(inner.call(request))).await;
                let reply = reply.unwrap_or_else(|_| Err(no_reply()));
                let refusal = reply.as_ref().ok().and_then(Refusal::read);
                let is_throttled = refusal.is_some_and(|refusal| refusal.is_throttling());
                turn.ended(is_throttled);
                let is_settled = match &reply {
                    Ok(reply) => is_throttled || reply.status().as_u16() < 500,
                    // Without a connection nothing was sent.
                    Err(error) => error.is_timeout() && !NoReply::is_reason_of(error),
                };
                let is_done = reply.as_ref().is_ok_and(|reply| reply.status().is_success());
                if is_settled && !is_done {
                    written.is_refused();
                }
                if is_write && !is_settled {
                    sleep(UNSETTLED).await;
                }
                drop(pass);
                match reply {
                    _ if deletes && !is_settled => Err(ConnectorError::user(Undecided.into())),
                    reply => reply,
                }
            };
            if is_write {
                let ended = tokio::spawn(attempt).await;
                ended.unwrap_or_else(|panic| Err(ConnectorError::other(panic.into(), None)))
            } else {
                attempt.await
            }
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
