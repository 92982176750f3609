//! Sending the answer: one PUT that arrives, tried until it does or cannot.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tracing::warn;

use super::request::Request;
use super::response_url::{Origins, ResponseUrl};

/// Longest single attempt.
const ATTEMPT: Duration = Duration::from_secs(10);
/// Shortest and longest pause between attempts.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Sends an HTTP PUT with an empty content type, follows nothing and retries nothing.
pub trait Transport {
    /// Sends `body` to `url`.
    ///
    /// # Errors
    ///
    /// Why no reply came, without any part of the URL.
    fn put(&self, url: &ResponseUrl, body: &str) -> impl Future<Output = Result<Reply, String>>;
}

/// The reply to a `PUT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The `Location` header of a redirect.
    pub location: Option<ResponseUrl>,
}

impl PartialEq for ResponseUrl {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for ResponseUrl {}

/// Why the answer did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutError {
    /// The address is none to which answers may go.
    Origin(String),
    /// The address is that of the answer to another request.
    Another(String),
    /// It was refused, and would be again.
    Refused(u16),
    /// No attempt came through in time; the last one failed so.
    NoTime(String),
}

impl fmt::Display for PutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PutError::Origin(url) => write!(f, "answers may not be sent to {url}"),
            PutError::Another(url) => {
                write!(f, "the address at {url} is not that of the answer to this request")
            }
            PutError::Refused(status) => {
                write!(f, "the answer was refused with HTTP status {status}")
            }
            PutError::NoTime(last) => write!(f, "the answer did not get through in time: {last}"),
        }
    }
}

impl std::error::Error for PutError {}

/// Where and how answers are sent.
#[derive(Clone, Debug)]
pub struct Callback<T> {
    transport: T,
    origins: Origins,
}

impl<T: Transport> Callback<T> {
    /// Sends by `transport`, to `origins` only.
    pub fn new(transport: T, origins: Origins) -> Self {
        Callback { transport, origins }
    }

    /// Says whether an answer to this request may be sent to where it asks for it.
    ///
    /// # Errors
    ///
    /// [`PutError::Origin`] if it may be sent nowhere there, [`PutError::Another`] if the answer
    /// would be one to another request.
    pub fn check_request(&self, request: &Request) -> Result<(), PutError> {
        let url = &request.response_url;
        self.check(url)?;
        let Request { stack_id, logical_resource_id, request_id, .. } = request;
        if self.origins.are_extra(url) || url.is_for(stack_id, logical_resource_id, request_id) {
            Ok(())
        } else {
            Err(PutError::Another(url.to_string()))
        }
    }

    /// Says whether an answer may be sent there at all.
    ///
    /// # Errors
    ///
    /// [`PutError::Origin`] if not.
    pub fn check(&self, url: &ResponseUrl) -> Result<(), PutError> {
        if self.origins.allow(url) { Ok(()) } else { Err(PutError::Origin(url.to_string())) }
    }

    /// Sends the answer. A passing failure (no connection, no reply, 429, 5xx) is tried again until
    /// `until`; a refusal of S3 (a bad or expired signature) once more and no more.
    ///
    /// # Errors
    ///
    /// Why it did not arrive.
    pub async fn put(&self, url: &ResponseUrl, body: &str, until: Instant) -> Result<(), PutError> {
        let mut url = url.clone();
        let mut pause = PAUSE.0;
        let mut refusals = 0;
        let mut last = "no attempt was made".to_owned();
        loop {
            self.check(&url)?;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(PutError::NoTime(last));
            }
            // Half of the rest, so that a server that hangs leaves time for another try.
            let attempt = ATTEMPT.min(left / 2).max(PAUSE.0);
            last = match timeout(attempt, self.transport.put(&url, body)).await {
                Ok(Ok(Reply { status: 200..=299, .. })) => return Ok(()),
                // S3 sends a new bucket's requests to its Region; the signature holds for both.
                Ok(Ok(Reply { status: 307, location: Some(location) })) => {
                    url = location;
                    "redirected".to_owned()
                }
                Ok(Ok(Reply { status, .. })) if status == 429 || status >= 500 => {
                    format!("HTTP status {status}")
                }
                Ok(Ok(Reply { status, .. })) if refusals > 0 => {
                    return Err(PutError::Refused(status));
                }
                Ok(Ok(Reply { status, .. })) => {
                    refusals += 1;
                    format!("HTTP status {status}")
                }
                Ok(Err(error)) => error,
                Err(_) => "no reply".to_owned(),
            };
            warn!(error = last, "sending the answer failed, trying again");
            sleep(pause.min(until.saturating_duration_since(Instant::now()))).await;
            pause = (pause * 2).min(PAUSE.1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::collections::VecDeque;

    /// Replies in order, and hangs when there are none left.
    #[derive(Default)]
    struct Script {
        replies: RefCell<VecDeque<Result<Reply, String>>>,
        urls: RefCell<Vec<String>>,
    }

    impl Transport for Script {
        async fn put(&self, url: &ResponseUrl, _: &str) -> Result<Reply, String> {
            self.urls.borrow_mut().push(url.expose().to_owned());
            let reply = self.replies.borrow_mut().pop_front();
            match reply {
                Some(reply) => reply,
                None => std::future::pending().await,
            }
        }
    }

    fn status(status: u16) -> Result<Reply, String> {
        Ok(Reply { status, location: None })
    }

    async fn put(
        replies: impl IntoIterator<Item = Result<Reply, String>>,
    ) -> (Result<(), PutError>, Vec<String>) {
        let script =
            Script { replies: RefCell::new(replies.into_iter().collect()), ..Script::default() };
        let callback = Callback::new(script, Origins::new("eu-west-1", "http://a,http://b"));
        let url = ResponseUrl::new("http://a/key".to_owned());
        let result = callback.put(&url, "{}", Instant::now() + Duration::from_secs(60)).await;
        (result, callback.transport.urls.into_inner())
    }

    /// P24, P26
    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_tried_until_it_does() {
        let faults = [status(500), status(503), status(429), Err("reset".to_owned()), status(200)];
        assert_eq!(put(faults).await, (Ok(()), vec!["http://a/key".to_owned(); 5]));
    }

    /// P25
    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_tried_once_more_and_no_more() {
        let (result, urls) = put([status(403), status(403), status(200)]).await;
        assert_eq!((result, urls.len()), (Err(PutError::Refused(403)), 2));
        let (result, urls) = put([status(400), status(200)]).await;
        assert_eq!((result, urls.len()), (Ok(()), 2));
    }

    /// P27
    #[tokio::test(start_paused = true)]
    async fn a_server_that_never_replies_is_given_up_in_time_and_tried_again() {
        let started = Instant::now();
        let (result, urls) = put([]).await;
        assert_eq!(result, Err(PutError::NoTime("no reply".to_owned())));
        assert!(urls.len() >= 5, "{} attempts", urls.len());
        assert!(started.elapsed() <= Duration::from_secs(61));
    }

    /// P29, Threat 5
    #[tokio::test(start_paused = true)]
    async fn a_redirect_is_followed_only_to_where_answers_may_go() {
        let to =
            |url: &str| Ok(Reply { status: 307, location: Some(ResponseUrl::new(url.to_owned())) });
        let (result, urls) = put([to("http://b/key"), status(200)]).await;
        assert_eq!(
            (result, urls),
            (Ok(()), vec!["http://a/key".to_owned(), "http://b/key".to_owned()])
        );
        let (result, urls) = put([to("http://evil/key"), status(200)]).await;
        assert!(matches!(result, Err(PutError::Origin(_))));
        assert_eq!(urls.len(), 1);
    }
}
