//! An AWS that is broken in one known way, for `AWS_ENDPOINT_URL`.
//!
//! It plays no service: tests against it observe a function without AWS's help, and the number of
//! its calls.

use std::sync::{Arc, Mutex};

use hyper::Request;
use hyper::body::Bytes;
use hyper::header::CONTENT_TYPE;

use crate::http::{self, Broken, Reply, Server};

/// The endpoint's answer to every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// Never answers.
    Hang,
    /// Resets the connection once it has the request.
    Reset,
    /// Answers with bytes that are not HTTP.
    Garbage,
    /// Answers 200 with a web page, as a captive proxy does.
    WebPage,
    /// Answers 200 with this JSON: one reply of one service that can help.
    Json(&'static str),
    /// Answers with an error as the protocol of the request writes it: IAM's is XML (AWS
    /// documentation "Common Errors" of the IAM API Reference), other services' is JSON (Smithy
    /// specification, "AWS JSON 1.1 protocol").
    Error {
        /// The HTTP status: 400 for most, 403 for AccessDenied, 404 for NoSuchEntity.
        status: u16,
        /// `Error.Code`.
        code: &'static str,
    },
}

impl Behaviour {
    /// IAM's answer when a name stands for nothing.
    pub const NO_SUCH_ENTITY: Behaviour = Behaviour::Error { status: 404, code: "NoSuchEntity" };
    /// IAM's answer to a caller without the permission.
    pub const ACCESS_DENIED: Behaviour = Behaviour::Error { status: 403, code: "AccessDenied" };
    /// The same of a service that speaks JSON.
    pub const ACCESS_DENIED_EXCEPTION: Behaviour =
        Behaviour::Error { status: 400, code: "AccessDeniedException" };
    /// AWS's answer to a caller that asks too often.
    pub const THROTTLING: Behaviour = Behaviour::Error { status: 400, code: "Throttling" };
}

/// The endpoint, on a free loopback port.
pub struct AwsEndpoint {
    server: Server,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    calls: Vec<String>,
    in_flight: usize,
    most_in_flight: usize,
}

impl AwsEndpoint {
    /// Starts it.
    pub async fn start(behaviour: Behaviour) -> AwsEndpoint {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        let server = Server::start(move |request| {
            let flight = Flight::begin(&shared, &request);
            let speaks_json = target(&request).is_some() || request.uri().path() != "/";
            async move {
                let reply = reply(behaviour, speaks_json).await;
                drop(flight);
                reply
            }
        })
        .await;
        AwsEndpoint { server, seen }
    }

    /// The value for `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        self.server.origin()
    }

    /// The `Action` or target of every request so far, in the order of arrival; a request
    /// of a protocol without one is its method and path.
    pub fn calls(&self) -> Vec<String> {
        self.seen.lock().unwrap().calls.clone()
    }

    /// The most requests that were unanswered at the same time.
    pub fn most_in_flight(&self) -> usize {
        self.seen.lock().unwrap().most_in_flight
    }
}

/// One request that has no answer yet. It also ends when the client gives up.
struct Flight(Arc<Mutex<Seen>>);

impl Flight {
    fn begin(seen: &Arc<Mutex<Seen>>, request: &Request<Bytes>) -> Flight {
        let mut now = seen.lock().unwrap();
        now.calls.push(action(request));
        now.in_flight += 1;
        now.most_in_flight = now.most_in_flight.max(now.in_flight);
        Flight(Arc::clone(seen))
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.lock().unwrap().in_flight -= 1;
    }
}

/// The operation of AWS's JSON protocol, as `ServiceQuotasV20190624.GetServiceQuota`.
fn target(request: &Request<Bytes>) -> Option<&str> {
    request.headers().get("x-amz-target")?.to_str().ok()
}

fn action(request: &Request<Bytes>) -> String {
    if let Some(target) = target(request) {
        return target.to_owned();
    }
    String::from_utf8_lossy(request.body())
        .split('&')
        .find_map(|pair| pair.strip_prefix("Action="))
        .map_or_else(|| format!("{} {}", request.method(), request.uri().path()), str::to_owned)
}

async fn reply(behaviour: Behaviour, speaks_json: bool) -> Reply {
    match behaviour {
        Behaviour::Hang => std::future::pending().await,
        Behaviour::Reset => Err(Broken::Reset),
        Behaviour::Garbage => Err(Broken::Raw(b"220 mail.example.com ESMTP\r\n")),
        Behaviour::WebPage => Ok(http::answer(200, "<html><body>Please log in</body></html>")),
        Behaviour::Json(text) => Ok(http::answer(200, text)),
        Behaviour::Error { status, code } if speaks_json => {
            let text = format!(r#"{{"__type":"{code}","message":"{code}, says the test"}}"#);
            let mut answer = http::answer(status, text);
            // Lambda's REST protocol says it here.
            let header = answer.headers_mut();
            header.insert("x-amzn-errortype", code.parse().expect("a header value"));
            Ok(answer)
        }
        Behaviour::Error { status, code } => {
            let kind = if status < 500 { "Sender" } else { "Receiver" };
            let mut answer = http::answer(
                status,
                format!(
                    "<ErrorResponse><Error><Type>{kind}</Type><Code>{code}</Code>\
                     <Message>{code}, says the test</Message></Error>\
                     <RequestId>00000000-0000-4000-8000-000000000000</RequestId></ErrorResponse>"
                ),
            );
            answer.headers_mut().insert(CONTENT_TYPE, "text/xml".parse().expect("a header value"));
            Ok(answer)
        }
    }
}
