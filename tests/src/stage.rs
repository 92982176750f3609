//! One function with its world around it.

use std::time::Duration;

use serde_json::Value;

use crate::aws_endpoint::{AwsEndpoint, Behaviour};
use crate::events::Event;
use crate::response_url::{ResponseUrl, ResponseUrls, SIGNATURE};
use crate::runtime_api::{Function, Outcome, SECRET_ACCESS_KEY, SESSION_TOKEN};

/// More time than anything here takes: a limit, not a wait.
pub const ENOUGH: Duration = Duration::from_secs(60);
/// Short enough to run out during a test.
pub const LITTLE: Duration = Duration::from_secs(3);
/// The end of an invocation that has answered.
pub const ANSWERED: Outcome = Outcome::Returned(Value::Null);

/// A compiled function, an AWS for it, and the URLs that its answers go to.
pub struct Stage {
    /// Where its answers go.
    pub urls: ResponseUrls,
    /// Its AWS, unless its environment names another.
    pub aws: AwsEndpoint,
    /// The function itself.
    pub function: Function,
}

impl Stage {
    /// A function with this behaviour of AWS, and with `urls` as allowed origins.
    pub async fn with(program: &str, aws: Behaviour) -> Stage {
        let urls = ResponseUrls::start().await;
        let origins = urls.origin();
        Stage::with_origins(program, aws, urls, &origins).await
    }

    /// The same with another list of allowed origins.
    pub async fn with_origins(
        program: &str,
        aws: Behaviour,
        urls: ResponseUrls,
        origins: &str,
    ) -> Stage {
        let aws = AwsEndpoint::start(aws).await;
        let function = Function::new(program)
            .await
            .env("AWS_ENDPOINT_URL", aws.url())
            .env("ALLOWED_RESPONSE_ORIGINS", origins);
        Stage { urls, aws, function }
    }

    /// Delivers an event that the function can answer, and returns its answer.
    pub async fn answer(&mut self, event: Event) -> Value {
        let (event, url) = self.urls.issue(event);
        assert_eq!(self.function.invoke(&event, ENOUGH).await, ANSWERED);
        only_answer(&url)
    }

    /// Ends the test: no request went astray, and no secret was printed. Returns the output.
    pub async fn end(mut self) -> String {
        assert_eq!(self.urls.strays(), [""; 0]);
        let printed = self.function.printed().await;
        assert_has_no_secret(&printed);
        printed
    }
}

/// The one answer that came, in which there is no secret either.
pub fn only_answer(url: &ResponseUrl) -> Value {
    let answer = url.only_answer();
    assert_has_no_secret(&answer.to_string());
    answer
}

/// The error that Lambda was given, in which there is no secret either.
pub fn error_of(outcome: Outcome) -> String {
    match outcome {
        Outcome::Failed(error) => {
            assert_has_no_secret(&error.to_string());
            error.to_string()
        }
        Outcome::Returned(_) | Outcome::Exited(_) | Outcome::TimedOut => {
            panic!("Lambda should have been given an error, and not {outcome:?}")
        }
    }
}

/// Why it failed; empty if it did not.
pub fn reason(answer: &Value) -> &str {
    answer["Reason"].as_str().unwrap_or_default()
}

/// Asserts that a text is readable: it exists, is of a reasonable length, and has none of Rust's
/// own names and forms.
pub fn assert_is_for_people(text: &str) {
    assert!((1..500).contains(&text.len()), "{text}");
    for rust in ["::", "dyn ", "Error(", "Failure(", "Some(", " { ", "panicked", ".rs", "\n"] {
        assert!(!text.contains(rust), "`{rust}` is in: {text}");
    }
}

fn assert_has_no_secret(text: &str) {
    for secret in [SIGNATURE, "X-Amz-Signature", SECRET_ACCESS_KEY, SESSION_TOKEN] {
        assert!(!text.contains(secret), "`{secret}` is in: {text}");
    }
}
