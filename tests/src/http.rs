//! One small HTTP/1.1 server on loopback, which can also misbehave below HTTP.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// An answer, or one of the ways to give none.
pub(crate) type Reply = Result<Response<Full<Bytes>>, Broken>;

/// A broken server's act instead of an answer.
#[derive(Debug, Clone)]
pub(crate) enum Broken {
    /// The connection is closed in good order, without a byte.
    Close,
    /// The connection is reset.
    Reset,
    /// These bytes, and the end.
    Raw(&'static [u8]),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the test's server breaks the connection: {self:?}")
    }
}

impl Error for Broken {}

/// A server on a free loopback port; it ends when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    accepting: JoinHandle<Infallible>,
}

impl Server {
    /// Serves every request with `handler`. A handler that never ends is a
    /// server that hangs; it is dropped when the client goes away.
    pub(crate) async fn start<H, F>(handler: H) -> Server
    where
        H: Fn(Request<Bytes>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Reply> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free loopback port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        let accepting = tokio::spawn(async move {
            let mut open = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                counter.fetch_add(1, Ordering::Relaxed);
                open.spawn(serve(stream, handler.clone()));
            }
        });
        Server { address, connections, accepting }
    }

    /// The origin of its URLs: `http://127.0.0.1:port`.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the number of opened connections, with or without a request.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

pub(crate) fn answer(status: u16, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    Response::builder()
        .status(status)
        .body(Full::new(body.into()))
        .expect("a status and a body are a response")
}

async fn serve<H, F>(stream: TcpStream, handler: H)
where
    H: Fn(Request<Bytes>) -> F,
    F: Future<Output = Reply> + Send + 'static,
{
    // The whole body is read before the handler sees the request: no fault here
    // depends on how far a client got with sending.
    let service = service_fn(|request: Request<Incoming>| {
        let (head, body) = request.into_parts();
        let handler = &handler;
        Box::pin(async move {
            let body = body.collect().await.map_err(|_| Broken::Close)?.to_bytes();
            handler(Request::from_parts(head, body)).await
        })
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let Err(error) = poll_fn(|cx| connection.poll_without_shutdown(cx)).await else {
        return;
    };
    // hyper hands back the socket untouched when the service fails, so that the test chooses the
    // bytes that the client sees.
    let mut stream = connection.into_parts().io.into_inner();
    match error.source().and_then(|cause| cause.downcast_ref::<Broken>()) {
        None | Some(Broken::Close) => {}
        Some(Broken::Reset) => stream.set_zero_linger().expect("a socket that can be reset"),
        Some(Broken::Raw(bytes)) => {
            // The client may be gone already, and that is its right.
            let _ = stream.write_all(bytes).await;
        }
    }
}
