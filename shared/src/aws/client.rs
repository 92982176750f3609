//! Clients from the environment that Lambda gives, built by hand: the SDK's own loader looks for
//! profiles and instance metadata, and costs a cold start more than all the rest.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use tracing::error;

use super::call::NoteRefusals;
use super::consistency;
use super::http_client::{self, PresignedPut, Roots};
use super::pace::AgainAtItsTurn;
use super::quota_template::TEMPLATE_REGION;
use super::stack_events::StackEvents;
use crate::cfn::{Callback, Gate, Origins};
use crate::partition::is_usual;
use crate::state::Account;

/// Tries of one call. IAM throttles at a few writes a second, which ten functions may have to
/// share: then one write in a hundred takes more than 16. Service Quotas takes three requests a
/// second. The deadline of the request ends it earlier if need be.
const ATTEMPTS: u32 = 48;
/// The same for a person's command, which reports an error sooner.
const PERSONS_ATTEMPTS: u32 = 6;
/// First and longest pause between tries.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// The environment that Lambda sets, with the template's additions.
///
/// | variable | meaning |
/// | --- | --- |
/// | `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` | set by Lambda, as is `AWS_LAMBDA_FUNCTION_NAME` |
/// | `AWS_ENDPOINT_URL_IAM`, `…_SERVICE_QUOTAS`, `…_LAMBDA`, `…_CLOUDFORMATION`, `AWS_ENDPOINT_URL` | another endpoint than AWS's own |
/// | `AWS_CA_BUNDLE`, `SSL_CERT_FILE` | PEM file of the roots to trust instead of Amazon's |
/// | `ALLOWED_RESPONSE_ORIGINS` | origins to which answers may go besides CloudFormation's buckets |
/// | `VERIFY_STACK_EVENTS` | `true`: each request is compared with CloudFormation's newest event |
///
/// [`Settings`](crate::iam_preset::Settings) reads the operator's settings, and
/// [`Repairs`](crate::iam_preset::Repairs) the drift that audits repair.
#[derive(Clone)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    gate: Gate,
    /// Read once for all clients.
    roots: Arc<OnceLock<Roots>>,
    is_persons: bool,
}

impl Environment {
    /// Of this process.
    pub fn of_process() -> Self {
        let text = |(key, value): (OsString, OsString)| {
            Some((key.into_string().ok()?, value.into_string().ok()?))
        };
        Environment::of(std::env::vars_os().filter_map(text).collect())
    }

    /// Of a person's command, with these variables instead of the process's own: a refusal is
    /// reported at once, and transient errors are retried less often.
    pub fn of_person(variables: BTreeMap<String, String>) -> Self {
        Environment { is_persons: true, ..Environment::of(variables) }
    }

    fn of(variables: BTreeMap<String, String>) -> Self {
        Environment { variables, gate: Gate::default(), roots: Arc::default(), is_persons: false }
    }

    /// The gate that all calls of these clients go through.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.variable(name).filter(|value| !value.is_empty())
    }

    fn region(&self) -> &str {
        self.get("AWS_REGION").or_else(|| self.get("AWS_DEFAULT_REGION")).unwrap_or_default()
    }

    fn roots(&self) -> Roots {
        self.roots.get_or_init(|| self.named_roots()).clone()
    }

    /// A file that holds no certificates is logged and not used: without any roots nothing could
    /// be answered.
    fn named_roots(&self) -> Roots {
        let file = self.get("AWS_CA_BUNDLE").or_else(|| self.get("SSL_CERT_FILE"));
        let named = file.and_then(|file| {
            let roots = std::fs::read(file).ok().and_then(Roots::from_pem);
            if roots.is_none() {
                error!(file, "no certificates can be read from it; Amazon's roots are used");
            }
            roots
        });
        let usual = is_usual(self.region());
        named.unwrap_or(if usual { Roots::Amazon } else { Roots::System })
    }

    /// The value of a variable, also an empty one.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Where answers are sent.
    ///
    /// # Errors
    ///
    /// The certificates make no TLS configuration.
    pub fn callback(&self) -> Result<Callback<PresignedPut>, String> {
        let extra = self.get("ALLOWED_RESPONSE_ORIGINS").unwrap_or_default();
        Ok(Callback::new(PresignedPut::new(self.roots())?, Origins::new(self.region(), extra)))
    }

    /// A client of IAM, to be kept from one request to the next. Nothing is called yet.
    ///
    /// # Errors
    ///
    /// The certificates make no TLS configuration.
    pub fn iam(&self) -> Result<aws_sdk_iam::Client, String> {
        let config = aws_sdk_iam::config::Builder::from(&self.sdk_config("IAM")?)
            .retry_partition(patient("iam"));
        let config = match self.is_persons {
            true => consistency::outlast_for_a_person(config),
            false => consistency::outlast(config),
        };
        Ok(aws_sdk_iam::Client::from_conf(config.build()))
    }

    /// A client of Service Quotas, as [`iam`](Self::iam) is one of IAM.
    ///
    /// # Errors
    ///
    /// The certificates make no TLS configuration.
    pub fn service_quotas(&self) -> Result<aws_sdk_servicequotas::Client, String> {
        let config = self.sdk_config("SERVICE_QUOTAS")?;
        let config = aws_sdk_servicequotas::config::Builder::from(&config)
            .interceptor(NoteRefusals)
            .retry_classifier(AgainAtItsTurn)
            .retry_partition(patient("servicequotas"));
        Ok(aws_sdk_servicequotas::Client::from_conf(config.build()))
    }

    /// A client of Service Quotas where the organization's quota request template is.
    ///
    /// # Errors
    ///
    /// The certificates make no TLS configuration.
    pub fn quota_templates(&self) -> Result<aws_sdk_servicequotas::Client, String> {
        let own = self.region();
        let is_usual = is_usual(own) && !own.starts_with("us-gov-");
        let region = if is_usual { TEMPLATE_REGION } else { own }.to_owned();
        let config = self.sdk_config("SERVICE_QUOTAS")?;
        let config = aws_sdk_servicequotas::config::Builder::from(&config)
            .region(Region::new(region))
            .interceptor(NoteRefusals)
            .retry_classifier(AgainAtItsTurn)
            .retry_partition(patient("servicequotas"));
        Ok(aws_sdk_servicequotas::Client::from_conf(config.build()))
    }

    /// The ARN of this function (`AWS_LAMBDA_FUNCTION_NAME`).
    pub fn function_arn(&self, account: &Account) -> String {
        let Account { partition, region, id } = account;
        let name = self.get("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();
        format!("arn:{partition}:lambda:{region}:{id}:function:{name}")
    }

    /// A client of Lambda, as [`iam`](Self::iam) is one of IAM.
    ///
    /// # Errors
    ///
    /// The certificates make no TLS configuration.
    pub fn lambda(&self) -> Result<aws_sdk_lambda::Client, String> {
        let config = aws_sdk_lambda::config::Builder::from(&self.sdk_config("LAMBDA")?)
            .interceptor(NoteRefusals)
            .retry_classifier(AgainAtItsTurn)
            .retry_partition(patient("lambda"));
        Ok(aws_sdk_lambda::Client::from_conf(config.build()))
    }

    /// CloudFormation's events of stacks. Nothing is called yet.
    ///
    /// # Errors
    ///
    /// The certificates make no TLS configuration.
    pub fn stack_events(&self) -> Result<StackEvents, String> {
        let config = self.sdk_config("CLOUDFORMATION")?;
        let config = aws_sdk_cloudformation::config::Builder::from(&config)
            .interceptor(NoteRefusals)
            .retry_classifier(AgainAtItsTurn)
            .retry_partition(patient("cloudformation"));
        let client = aws_sdk_cloudformation::Client::from_conf(config.build());
        Ok(StackEvents::new(client, self.gate.clone()))
    }

    /// Whether the operator wants every request held against the stack's events
    /// (`VERIFY_STACK_EVENTS`). Any value but `false` is taken for yes.
    pub fn verifies_stack_events(&self) -> bool {
        !matches!(self.get("VERIFY_STACK_EVENTS"), None | Some("false"))
    }

    /// The common configuration of all services' clients. `service` is the service's name in
    /// `AWS_ENDPOINT_URL_…`.
    fn sdk_config(&self, service: &str) -> Result<SdkConfig, String> {
        let credentials = Credentials::new(
            self.get("AWS_ACCESS_KEY_ID").unwrap_or_default(),
            self.get("AWS_SECRET_ACCESS_KEY").unwrap_or_default(),
            self.get("AWS_SESSION_TOKEN").map(str::to_owned),
            None,
            "Lambda",
        );
        let retries = RetryConfig::standard()
            .with_max_attempts(if self.is_persons { PERSONS_ATTEMPTS } else { ATTEMPTS })
            .with_initial_backoff(BACKOFF.0)
            .with_max_backoff(BACKOFF.1);
        let timeouts = TimeoutConfig::builder().connect_timeout(http_client::CONNECT).build();
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region().to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(http_client::for_sdk(self.roots(), self.gate.clone())?)
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .timeout_config(timeouts)
            .retry_config(retries);
        let endpoint = self.get(&format!("AWS_ENDPOINT_URL_{service}"));
        config
            .set_endpoint_url(endpoint.or_else(|| self.get("AWS_ENDPOINT_URL")).map(str::to_owned));
        Ok(config.build())
    }
}

/// Retries without a bucket of them: the default one empties when many calls are throttled at
/// once, and a process that lives on would then give up on the first refusal.
pub(super) fn patient(service: &'static str) -> RetryPartition {
    RetryPartition::custom(service).token_bucket(TokenBucket::unlimited()).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use tokio::time::{Instant, timeout};

    /// T6
    #[tokio::test(start_paused = true)]
    async fn a_call_that_hangs_is_given_up_and_made_again_and_that_ends_too() {
        // It takes connections and says nothing.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", silent.local_addr().unwrap());
        let variables = [("AWS_REGION", "eu-west-1"), ("AWS_ENDPOINT_URL_IAM", &endpoint)];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let iam = Environment::of(variables.into()).iam().unwrap();
        let (started, gate) = (Instant::now(), Gate::default());
        let sent = iam.get_role().role_name("r").send();
        let call = super::super::call::call(&gate, "iam:GetRole", "r", sent);
        // The clock is not a real one.
        timeout(Duration::from_secs(86_400), call).await.expect("an end").unwrap_err();
        let longest = ATTEMPTS * (http_client::READ + http_client::CONNECT + BACKOFF.1);
        assert!(
            (http_client::READ * 2..longest).contains(&started.elapsed()),
            "{:?}",
            started.elapsed()
        );
    }
}
