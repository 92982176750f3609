//! The far end of a `ResponseURL`: S3 and CloudFormation in one, strict.
//!
//! S3 refuses headers outside of its signature, CloudFormation ignores an answer that does not fit
//! its request, and neither tells the function much. Here every request is kept, with each [`Rule`]
//! it broke.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, LOCATION, TRANSFER_ENCODING,
};
use serde_json::Value;
use tokio::net::TcpSocket;

use crate::cloudformation::rules::{Asked, Effect, Rule, broken_in_the_body, select};
use crate::http::{self, Broken, Reply, Server};
use crate::presigned::{path, query};

pub use crate::presigned::SIGNATURE;

/// A way for one request to fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The connection is closed without an answer.
    Close,
    /// The connection is reset when the request is there.
    Reset,
    /// There is never an answer.
    Hang,
    /// The answer is this status and an error as S3 writes it.
    Status(u16),
    /// The answer is this status with this `Location`.
    Redirect(u16, String),
}

/// One request to a `ResponseURL`, as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// The body.
    pub body: Bytes,
    /// Every rule it broke, in the order of [`Rule`].
    pub broken: Vec<Rule>,
    /// The status it was answered with; none where a [`Fault`] gave no answer.
    pub status: Option<u16>,
}

impl Received {
    /// Whether S3 took it and CloudFormation would read it.
    pub fn is_accepted(&self) -> bool {
        self.status == Some(200) && self.broken.is_empty()
    }

    /// The body as JSON, null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl fmt::Display for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "answered {status}")?,
            None => f.write_str("not answered")?,
        }
        for rule in &self.broken {
            write!(f, ", {rule}")?;
        }
        write!(f, ": {}", String::from_utf8_lossy(&self.body))
    }
}

/// The server behind any number of URLs.
pub struct ResponseUrls {
    server: Server,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    urls: BTreeMap<String, Far>,
    signed: usize,
    strays: Vec<String>,
}

/// The far end of one URL.
struct Far {
    query: String,
    asked: Asked,
    next: VecDeque<Fault>,
    forever: Option<Fault>,
    received: Vec<Received>,
}

/// The near end of one URL, for a test to read.
pub struct ResponseUrl {
    shared: Arc<Mutex<Shared>>,
    path: String,
    text: String,
}

impl ResponseUrls {
    /// Starts the server.
    pub async fn start() -> ResponseUrls {
        let shared = Arc::new(Mutex::new(Shared::default()));
        let state = Arc::clone(&shared);
        let server = Server::start(move |request| {
            let fault = state.lock().unwrap().receive(&request);
            async move { reply(fault).await }
        })
        .await;
        ResponseUrls { server, shared }
    }

    /// The origin of all its URLs, for a list of the allowed ones.
    pub fn origin(&self) -> String {
        self.server.origin()
    }

    /// Returns the number of connections that were opened to it, with or without a request.
    pub fn connections(&self) -> usize {
        self.server.connections()
    }

    /// Method and path of every request that no issued URL explains.
    pub fn strays(&self) -> Vec<String> {
        self.shared.lock().unwrap().strays.clone()
    }

    /// Gives an event a URL that was signed just now.
    pub fn issue(&self, event: impl Into<Value>) -> (Value, ResponseUrl) {
        self.issue_at(event, SystemTime::now())
    }

    /// Gives an event a URL that was signed then: an event that has waited since.
    pub fn issue_at(&self, event: impl Into<Value>, then: SystemTime) -> (Value, ResponseUrl) {
        let (event, url, is_new) = self.sign(event, then);
        assert!(is_new, "a second event with the same ids: give it another RequestId");
        (event, url)
    }

    /// The same also for an event that had a URL before, which is forgotten.
    pub fn issue_again(&self, event: impl Into<Value>, then: SystemTime) -> (Value, ResponseUrl) {
        let (event, url, _) = self.sign(event, then);
        (event, url)
    }

    fn sign(&self, event: impl Into<Value>, then: SystemTime) -> (Value, ResponseUrl, bool) {
        let mut event = event.into();
        let asked = Asked::by(&event);
        let path = path(&asked);
        let mut shared = self.shared.lock().unwrap();
        shared.signed += 1;
        let query = query(then, shared.signed);
        let text = format!("{}{path}?{query}", self.origin());
        event["ResponseURL"] = Value::String(text.clone());
        let (next, forever, received) = (VecDeque::new(), None, Vec::new());
        let far = Far { query, asked, next, forever, received };
        let before = shared.urls.insert(path.clone(), far);
        (event, ResponseUrl { shared: Arc::clone(&self.shared), path, text }, before.is_none())
    }
}

impl ResponseUrl {
    /// The URL itself. It is a secret: the function must not print it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Lets the next requests fail like this, one after the other.
    pub fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.far(|far| far.next.extend(faults));
    }

    /// Lets every request fail like this that comes after those of [`fail`](Self::fail).
    pub fn fail_for_good(&self, fault: Fault) {
        self.far(|far| far.forever = Some(fault));
    }

    /// Lets nothing fail any more.
    pub fn recover(&self) {
        self.far(|far| {
            far.next.clear();
            far.forever = None;
        });
    }

    /// Everything that came, in order.
    pub fn received(&self) -> Vec<Received> {
        self.far(|far| far.received.clone())
    }

    /// The answer that CloudFormation reads: the first that is accepted.
    pub fn answer(&self) -> Option<Value> {
        self.received().iter().find(|one| one.is_accepted()).map(Received::json)
    }

    /// The one answer there is.
    ///
    /// # Panics
    ///
    /// When S3 took no request, or more than one, or when any request, a failed
    /// one too, broke a rule.
    pub fn only_answer(&self) -> Value {
        let received = self.received();
        let taken = received.iter().filter(|one| one.status == Some(200)).count();
        let clean = received.iter().all(|one| one.broken.is_empty());
        match self.answer() {
            Some(answer) if taken == 1 && clean => answer,
            _ => panic!("there is not just one good answer, but {}", listed(&received)),
        }
    }

    fn far<T>(&self, look: impl FnOnce(&mut Far) -> T) -> T {
        let mut shared = self.shared.lock().unwrap();
        look(shared.urls.get_mut(&self.path).expect("the far end of an issued URL"))
    }
}

/// A loopback port without a listener, for as long as this is kept.
pub struct ClosedPort(TcpSocket);

impl ClosedPort {
    /// Takes a free port, and refuses every connection to it.
    pub fn take() -> ClosedPort {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a free loopback port");
        ClosedPort(socket)
    }

    /// The origin of URLs that cannot be reached.
    pub fn origin(&self) -> String {
        format!("http://{}", self.0.local_addr().expect("a bound socket has an address"))
    }
}

impl Shared {
    /// Keeps a request, and says how it fails. An accepted one fails in no way.
    fn receive(&mut self, request: &Request<Bytes>) -> Option<Fault> {
        let Some(far) = self.urls.get_mut(request.uri().path()) else {
            self.strays.push(format!("{} {}", request.method(), request.uri().path()));
            return Some(Fault::Status(403));
        };
        let mut broken = broken_on_the_way(request);
        if request.uri().query() != Some(&far.query) {
            broken.push(Rule::Url);
        }
        broken.extend(broken_in_the_body(request.body(), &far.asked));
        broken.sort_unstable();
        let refusal = broken.iter().find_map(|rule| match rule.effect() {
            Effect::Refused(status) => Some(Fault::Status(status)),
            Effect::Ignored | Effect::Fails(_) | Effect::Tolerated => None,
        });
        let fault = far.next.pop_front().or_else(|| far.forever.clone()).or(refusal);
        let status = match &fault {
            None => Some(200),
            Some(Fault::Status(status) | Fault::Redirect(status, _)) => Some(*status),
            Some(Fault::Close | Fault::Reset | Fault::Hang) => None,
        };
        far.received.push(Received { body: request.body().clone(), broken, status });
        fault
    }
}

/// The rules of S3 that a request breaks, but for the one about its URL.
fn broken_on_the_way(request: &Request<Bytes>) -> Vec<Rule> {
    let headers = request.headers();
    let typed = headers.get(CONTENT_TYPE).is_some_and(|value| !value.is_empty());
    let amazon = headers.keys().any(|name| name.as_str().starts_with("x-amz-"));
    let chunked = headers.contains_key(TRANSFER_ENCODING);
    select([
        (Rule::Method, request.method() != "PUT"),
        (Rule::ContentType, typed),
        (Rule::UnsignedHeader, amazon),
        (Rule::Authorization, headers.contains_key(AUTHORIZATION)),
        (Rule::ContentLength, !chunked && !headers.contains_key(CONTENT_LENGTH)),
        (Rule::Chunked, chunked),
        (Rule::Expect, headers.contains_key(EXPECT)),
    ])
}

async fn reply(fault: Option<Fault>) -> Reply {
    match fault {
        None => Ok(http::answer(200, "")),
        Some(Fault::Close) => Err(Broken::Close),
        Some(Fault::Reset) => Err(Broken::Reset),
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Status(status)) => {
            let body = format!("<Error><Code>Status{status}</Code><Message>no</Message></Error>");
            Ok(http::answer(status, body))
        }
        Some(Fault::Redirect(status, to)) => {
            let mut answer = http::answer(status, "");
            answer.headers_mut().insert(LOCATION, to.parse().expect("a header value"));
            Ok(answer)
        }
    }
}

fn listed(received: &[Received]) -> String {
    if received.is_empty() {
        return "nothing came".to_owned();
    }
    received.iter().map(|one| format!("\n  {one}")).collect()
}
