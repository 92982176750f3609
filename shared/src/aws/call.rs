//! One call to any service of AWS: its name in errors, AWS's answers to its attempts, and its end
//! when the work has to stop.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::select;
use tracing::warn;

use super::http_client::{NoReply, Undecided};
use super::reply::Refusal;
use crate::actions::only_looks;
use crate::cfn::Gate;
use crate::cloud::CallError;
use crate::input::brief;

tokio::task_local! {
    /// The call that is being made.
    static CALLED: Called;
    /// The attempts of the writes that are being made for one purpose.
    static WRITTEN: Written;
}

/// The attempts of writes, counted: whether AWS may have carried one out.
#[derive(Clone, Debug, Default)]
pub(super) struct Written(Arc<Mutex<Counted>>);

#[derive(Debug, Default)]
struct Counted {
    begun: u32,
    refused: u32,
}

impl Written {
    /// Makes calls of which the attempts are counted here.
    pub(super) async fn count<T>(&self, calls: impl Future<Output = T>) -> T {
        WRITTEN.scope(self.clone(), calls).await
    }

    /// False where AWS refused each attempt, or none was begun. Of one that is on its way, that is
    /// not known.
    pub(super) fn may_be_done(&self) -> bool {
        let counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counted.begun > counted.refused
    }

    /// Counts an attempt that begins.
    pub(super) fn begins(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).begun += 1;
    }

    /// Counts an attempt that AWS refused, so that nothing comes of it.
    pub(super) fn is_refused(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).refused += 1;
    }
}

/// A call, and the results of its attempts so far.
#[derive(Clone, Debug)]
pub(super) struct Called {
    /// As in ``iam:CreateRole `r` ``.
    name: String,
    action: &'static str,
    attempts: Arc<Mutex<Attempts>>,
    /// Its attempts as a write.
    pub(super) written: Written,
}

#[derive(Debug, Default)]
struct Attempts {
    failed: u32,
    last: Option<Refusal>,
}

impl Called {
    /// The call that is being made now; `None` outside of [`call`].
    pub(super) fn now() -> Option<Self> {
        CALLED.try_with(Clone::clone).ok()
    }

    /// As in ``iam:CreateRole `r` ``.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// True unless it only looks. An answer does not go while a write is on its way.
    pub(super) fn is_write(&self) -> bool {
        !only_looks(self.action)
    }

    /// True if it deletes a role, policy, group or instance profile.
    pub(super) fn deletes_an_object(&self) -> bool {
        const DELETES: [&str; 4] =
            ["iam:DeleteGroup", "iam:DeleteInstanceProfile", "iam:DeletePolicy", "iam:DeleteRole"];
        DELETES.contains(&self.action)
    }

    /// Returns the number of its failed attempts.
    pub(super) fn failed(&self) -> u32 {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner).failed
    }

    fn note(&self, refusal: Refusal) {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.failed += 1;
        attempts.last = Some(refusal);
    }

    /// The code and the words with which it is given up.
    fn given_up(&self, why: &str) -> Refusal {
        let attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let tries = match attempts.failed {
            1 => "1 try".to_owned(),
            more => format!("{more} tries"),
        };
        match &attempts.last {
            Some(Refusal { code, message }) => {
                let message = format!("{message} ({tries}; {why})");
                Refusal { code: code.clone(), message }
            }
            None => Refusal {
                code: CallError::NO_ANSWER.to_owned(),
                message: format!("no reply yet; {why}"),
            },
        }
    }
}

/// Calls, and names action and target in an error. When the gate is closed the call ends with AWS's
/// last error, at once or when its write is not on its way any more.
pub(super) async fn call<T, E, R>(
    gate: &Gate,
    action: &'static str,
    target: &str,
    sent: impl Future<Output = Result<T, SdkError<E, R>>>,
) -> Result<T, CallError>
where
    E: ProvideErrorMetadata,
{
    let told = |Refusal { code, message }| {
        Err(CallError { action, target: target.to_owned(), code, message })
    };
    if let Some(why) = gate.closed() {
        let message = format!("was not begun; {why}");
        return told(Refusal { code: CallError::NOT_BEGUN.to_owned(), message });
    }
    let name = format!("{action} `{target}`");
    let written = WRITTEN.try_with(Clone::clone).unwrap_or_default();
    let called = Called { name, action, attempts: Arc::default(), written };
    let given_up = || {
        let refusal = called.given_up(&gate.closed().unwrap_or_default());
        warn!(
            action,
            target = brief(target),
            code = refusal.code,
            says = refusal.message,
            "given up"
        );
        told(refusal)
    };
    select! {
        biased;
        result = CALLED.scope(called.clone(), sent) => match result {
            Ok(output) => Ok(output),
            Err(error) => match (error.code(), error.message()) {
                (None, None) if gate.closed().is_some() => given_up(),
                (code, message) => told(Refusal {
                    code: code.unwrap_or(CallError::NO_ANSWER).to_owned(),
                    message: message.map_or_else(|| no_answer(&error), str::to_owned),
                }),
            }
        },
        () = gate.until_over(called.name()) => given_up(),
    }
}

/// Why AWS gave no answer that says so itself. The errors' own words are for programmers.
#[allow(clippy::wildcard_enum_match_arm, reason = "the SDK may add kinds of failure")]
fn no_answer<E, R>(error: &SdkError<E, R>) -> String {
    let reason = match error {
        SdkError::TimeoutError(_) => NO_REPLY,
        SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
            Some(error) if Undecided::is_reason_of(error) => return NOT_TOLD.to_owned(),
            error => error.map_or(NO_CONNECTION, of_network),
        },
        SdkError::ResponseError(_) | SdkError::ServiceError(_) => NOT_AWSS,
        _ => "the request could not be built or sent",
    };
    format!("{reason}; retries exhausted")
}

fn of_network(error: &ConnectorError) -> &'static str {
    match error.is_timeout() {
        _ if Undecided::is_reason_of(error) => NOT_TOLD,
        true if NoReply::is_reason_of(error) => NO_REPLY,
        true => NO_CONNECTION_IN_TIME,
        false => NO_CONNECTION,
    }
}

const NO_REPLY: &str = "no reply in time";
const NOT_TOLD: &str = "no reply that tells whether it is deleted";
const NO_CONNECTION_IN_TIME: &str = "no connection in time";
const NO_CONNECTION: &str = "no connection, or it broke off";
const NOT_AWSS: &str = "the reply is not an AWS response";

/// Notes of each attempt why it failed: the SDK tells only of the last one, and only when it has
/// given up.
#[derive(Debug)]
pub(super) struct NoteRefusals;

#[dyn_dispatch_hint]
impl Intercept for NoteRefusals {
    fn name(&self) -> &'static str {
        "why the attempt failed"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (Some(called), Some(Err(error))) = (Called::now(), context.output_or_error()) else {
            return Ok(());
        };
        let network = |message: &str| Refusal {
            code: CallError::NO_ANSWER.to_owned(),
            message: message.to_owned(),
        };
        called.note(if let Some(error) = error.as_connector_error() {
            // The gate's own refusal is none of AWS's words.
            if error.is_user() && !Undecided::is_reason_of(error) {
                return Ok(());
            }
            network(of_network(error))
        } else {
            context.response().and_then(Refusal::read).unwrap_or_else(|| network(NOT_AWSS))
        });
        Ok(())
    }
}
