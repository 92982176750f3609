//! The account of the current credentials, and the provider in it.

use std::collections::BTreeMap;
use std::future::Future;

use account_presets::aws::{Environment, Iam};
use account_presets::cloud::ReadOnly;
use account_presets::iam_preset::{IamPreset, Settings, Unforeseen};
use account_presets::state::Account;
use aws_config::{AppName, BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_lambda::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{
    Provider as Tls, TlsContext, TrustStore, rustls_provider::CryptoMode,
};

use crate::arguments::{Aws, Provider};
use crate::output::say;

/// An account that is looked at.
pub(crate) struct Looked {
    /// Which account, and the Region.
    pub account: Account,
    /// Its IAM, read only.
    pub cloud: ReadOnly<Iam>,
    /// The settings of the provider's operator in it.
    pub settings: Settings,
    /// The configuration of the clients.
    pub config: Configured,
}

impl Looked {
    /// The engine of the function, with this account and these settings.
    pub fn engine(&self) -> IamPreset<&ReadOnly<Iam>> {
        IamPreset::new(&self.cloud, self.account.clone(), self.settings.clone())
    }

    /// Names the reads that failed and that the engine could do without: its output may be
    /// incomplete.
    pub fn say_what_failed(&self) {
        for error in self.cloud.failed() {
            say(&format!("note: this could not be read: {error}"));
        }
    }

    /// Whether a refusal of the engine's is one of these calls that failed, and not a word of its own.
    pub fn is_failed_call(&self, reason: &str) -> bool {
        self.cloud.failed().iter().any(|error| reason.contains(&error.to_string()))
    }
}

/// The configuration of the clients.
#[derive(Clone, Debug)]
pub(crate) struct Configured {
    /// Region, credentials, HTTP client.
    pub sdk: SdkConfig,
    /// The profile that was named, if one was.
    profile: Option<String>,
}

/// Runs a future to its end.
///
/// # Errors
///
/// As the future; there is no runtime.
pub(crate) fn block_on<T>(future: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(Box::pin(future))
}

/// The account of the credentials. `service_token` is the ARN of the provider's function, where a
/// stack has it; otherwise the function is found by the provider's name.
///
/// # Errors
///
/// Missing Region, credentials, or right to make a call.
pub(crate) async fn look(
    aws: &Aws,
    provider: &Provider,
    service_token: Option<&str>,
) -> Result<Looked, String> {
    let config = config(aws).await?;
    look_with(config, provider, service_token).await
}

/// The same with clients' configuration that is there.
///
/// # Errors
///
/// As for [`look`].
pub(crate) async fn look_with(
    config: Configured,
    provider: &Provider,
    service_token: Option<&str>,
) -> Result<Looked, String> {
    let environment = environment(&config).await?;
    let account = whose(&config.sdk).await?;
    let settings = settings(&config.sdk, &account, provider, service_token).await?;
    let iam = Iam::new(environment.iam()?, account.clone(), environment.gate().clone());
    let cloud = ReadOnly::new(iam.with_stacks(environment.stack_events()?));
    Ok(Looked { account, cloud, settings, config })
}

/// Returns the configuration of the clients, as the AWS CLI finds it.
///
/// # Errors
///
/// There is no Region, or the file of certificates cannot be read.
pub(crate) async fn config(aws: &Aws) -> Result<Configured, String> {
    let mut loader: ConfigLoader =
        aws_config::defaults(BehaviorVersion::latest()).http_client(http_client()?);
    if let Ok(name) = AppName::new("account-presets") {
        loader = loader.app_name(name);
    }
    if let Some(profile) = &aws.profile {
        loader = loader.profile_name(profile);
    }
    // The AWS CLI reads this one, and the SDK does not.
    let default = std::env::var("AWS_DEFAULT_REGION").ok().filter(|region| !region.is_empty());
    let region = aws.region.clone().map(Region::new);
    if let Some(region) = region {
        loader = loader.region(region);
    }
    let named = std::env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty());
    let profile = aws.profile.clone().or(named);
    let sdk = loader.load().await;
    if sdk.region().is_some_and(|region| !region.as_ref().is_empty()) {
        return Ok(Configured { sdk, profile });
    }
    let default = default.ok_or(
        "no Region: name one with --region, AWS_REGION, or in the profile (aws configure set region …)",
    )?;
    Ok(Configured { sdk: sdk.into_builder().region(Region::new(default)).build(), profile })
}

/// The HTTP client of the loader, with rustls and ring as all clients here.
fn http_client() -> Result<aws_sdk_lambda::config::SharedHttpClient, String> {
    let bundle = ["AWS_CA_BUNDLE", "SSL_CERT_FILE"].into_iter().find_map(std::env::var_os);
    let store = match bundle.filter(|file| !file.is_empty()) {
        Some(file) => {
            let pem = std::fs::read(&file);
            let pem = pem.map_err(|error| format!("{}: {error}", file.to_string_lossy()))?;
            TrustStore::empty().with_pem_certificate(pem)
        }
        None => TrustStore::empty().with_native_roots(true),
    };
    let context = TlsContext::builder().with_trust_store(store).build();
    let context = context.map_err(|error| error.to_string())?;
    Ok(Builder::new()
        .tls_provider(Tls::Rustls(CryptoMode::Ring))
        .tls_context(context)
        .build_https())
}

/// The environment from which the function's own clients are made, with the person's credentials.
async fn environment(config: &Configured) -> Result<Environment, String> {
    let Configured { sdk: config, profile } = config;
    let missing = |cause: Option<&CredentialsError>| no_credentials(profile.as_deref(), cause);
    let provider = config.credentials_provider().ok_or_else(|| missing(None))?;
    let credentials = provider.provide_credentials().await;
    let credentials = credentials.map_err(|error| missing(Some(&error)))?;
    let mut variables: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let mut set = |name: &str, value: Option<&str>| match value {
        Some(value) => drop(variables.insert(name.to_owned(), value.to_owned())),
        None => drop(variables.remove(name)),
    };
    set("AWS_ACCESS_KEY_ID", Some(credentials.access_key_id()));
    set("AWS_SECRET_ACCESS_KEY", Some(credentials.secret_access_key()));
    set("AWS_SESSION_TOKEN", credentials.session_token());
    set("AWS_REGION", config.region().map(AsRef::as_ref));
    if let Some(endpoint) = config.endpoint_url() {
        set("AWS_ENDPOINT_URL", Some(endpoint));
    }
    Ok(Environment::of_person(variables))
}

/// Names the missing credentials, their profile, and the way to get them.
fn no_credentials(profile: Option<&str>, error: Option<&CredentialsError>) -> String {
    let mut cause = error.and_then(std::error::Error::source);
    let mut last = None;
    while let Some(at) = cause {
        last = Some(at.to_string());
        cause = at.source();
    }
    let of = profile.map(|name| format!(" of profile `{name}`")).unwrap_or_default();
    let said = last.map(|last| format!("; the last error was: {last}"));
    // The text says anyway that no credentials were found.
    let is_nothing = matches!(error, None | Some(CredentialsError::CredentialsNotLoaded(_)));
    let said = said.filter(|_| !is_nothing).unwrap_or_default();
    format!(
        "no credentials{of}: log in with `aws sso login`, name a profile with --profile or AWS_PROFILE, or \
         set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY{said}"
    )
}

/// The account of the credentials, by `sts:GetCallerIdentity`, which needs no permission.
async fn whose(config: &SdkConfig) -> Result<Account, String> {
    let called = aws_sdk_sts::Client::new(config).get_caller_identity().send().await;
    let identity = called.map_err(|error| failed("sts:GetCallerIdentity", "", &error))?;
    let arn = identity.arn().unwrap_or_default();
    let partition = arn.split(':').nth(1).unwrap_or("aws").to_owned();
    let region = config.region().map(ToString::to_string).unwrap_or_default();
    let id = identity.account().unwrap_or_default().to_owned();
    Ok(Account { partition, id, region })
}

/// Reads the operator's settings from the variables of the provider's function. Where they cannot
/// be read, every preset that the stack acknowledges counts as allowed, and a note says so.
async fn settings(
    config: &SdkConfig,
    account: &Account,
    provider: &Provider,
    service_token: Option<&str>,
) -> Result<Settings, String> {
    let Account { partition, region, id } = account;
    let by_name = format!(
        "arn:{partition}:lambda:{region}:{id}:function:{}-IamPreset",
        provider.provider_name
    );
    let function = service_token.unwrap_or(&by_name);
    let client = aws_sdk_lambda::Client::new(config);
    let called = client.get_function_configuration().function_name(function).send().await;
    let why = match called {
        Ok(found) => {
            let environment = found.environment().and_then(|it| it.variables()).cloned();
            let variables = environment.unwrap_or_default();
            let get = |name: &str| {
                variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
            };
            return Ok(Settings::read(get));
        }
        Err(error) if error.code() == Some("ResourceNotFoundException") => {
            format!("there is no function `{function}`")
        }
        Err(error) => failed("lambda:GetFunctionConfiguration", function, &error),
    };
    say(&format!(
        "note: what the operator of the provider allows is not known, so everything is taken for allowed, \
         and no permissions boundary for asked: {why}"
    ));
    Ok(Settings::open().of_provider(&provider.provider_name))
}

/// The ARN of a stack and its resources of this type, by logical id.
///
/// # Errors
///
/// The stack does not exist; the right to read it is missing; it has no resource of the type, or
/// several of which none is named.
pub(crate) async fn resource_of_stack(
    config: &Configured,
    stack: &str,
    logical_id: Option<&str>,
) -> Result<(String, String), String> {
    let (stack_id, ids) = presets_of_stack(config, stack).await?;
    let all = || format!("`{}`", ids.join("`, `"));
    let found = match (logical_id, ids.as_slice()) {
        (_, []) => return Err(format!("stack `{stack}` has no resource Custom::IamPreset")),
        (Some(asked), _) => ids.iter().find(|id| *id == asked).cloned().ok_or_else(|| {
            format!("stack `{stack}` has no resource Custom::IamPreset `{asked}`; it has {}", all())
        })?,
        (None, [only]) => only.clone(),
        (None, _) => {
            return Err(format!(
                "stack `{stack}` has several: name one with --logical-id: {}",
                all()
            ));
        }
    };
    Ok((stack_id, found))
}

/// The ARN of a stack and the logical ids of its resources `Custom::IamPreset`.
///
/// # Errors
///
/// The stack does not exist, or the right to read it is missing.
pub(crate) async fn presets_of_stack(
    config: &Configured,
    stack: &str,
) -> Result<(String, Vec<String>), String> {
    // No call is made without credentials, and their absence is said in one way.
    environment(config).await?;
    let config = &config.sdk;
    let client = aws_sdk_cloudformation::Client::new(config);
    let described = client.describe_stacks().stack_name(stack).send().await;
    let described = described.map_err(|error| match error.code() {
        // So CloudFormation says that there is none.
        Some("ValidationError") => {
            let region = config.region().map(ToString::to_string).unwrap_or_default();
            format!("there is no stack `{stack}` in {region} of this account")
        }
        _ => failed("cloudformation:DescribeStacks", stack, &error),
    })?;
    let stack_id = described.stacks().iter().find_map(|it| it.stack_id()).unwrap_or(stack);
    let mut pages = client.list_stack_resources().stack_name(stack_id).into_paginator().send();
    let mut ids = Vec::new();
    while let Some(page) = pages.next().await {
        let page =
            page.map_err(|error| failed("cloudformation:ListStackResources", stack, &error))?;
        let presets = page
            .stack_resource_summaries()
            .iter()
            .filter(|it| it.resource_type() == Some("Custom::IamPreset"));
        ids.extend(presets.filter_map(|it| it.logical_resource_id()).map(str::to_owned));
    }
    Ok((stack_id.to_owned(), ids))
}

/// Returns why a resource is unknown or refused, with its stack.
pub(crate) fn told(logical_id: &str, stack_id: &str, error: Unforeseen) -> String {
    match error {
        Unforeseen::Unknown(why) | Unforeseen::Refused(why) => {
            format!("{logical_id} of {stack_id}: {why}")
        }
    }
}

/// Returns the error of a failed call, in AWS's words, with its action and target.
pub(crate) fn failed<E, R>(action: &str, target: &str, error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    let about = if target.is_empty() { action.to_owned() } else { format!("{action} `{target}`") };
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{about}: {code}: {message}"),
        (Some(code), None) => format!("{about}: {code}"),
        (None, _) => format!("{about}: {}", DisplayErrorContext(error)),
    }
}
