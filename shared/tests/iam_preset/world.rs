//! Requests as CloudFormation sends them, and an account to send them to.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use account_presets::cfn::{CustomResource, Past, Progress, Request, StackPart, Success};
use account_presets::cloud::fake::Fake;
use account_presets::cloud::{Call, CallError, Cloud, Found, StackStatus};
use account_presets::iam_preset::{IamPreset, Settings};
use account_presets::plan::{Attachable, Scope};
use account_presets::state::{
    Account, Id, Kind, Object, Owner, Owners, PolicyDocument, Resource, State,
};
use serde_json::{Value, json};
use tokio::time::Instant;

pub const ACCOUNT: &str = "123456789012";

/// The account that all requests speak of.
pub fn account() -> Account {
    Account::from_arn(&format!("arn:aws:lambda:eu-west-1:{ACCOUNT}:function:iam-preset")).unwrap()
}

/// A stack with one resource in it.
#[derive(Clone)]
pub struct Stack {
    name: &'static str,
    pub properties: Option<Value>,
    pub physical_id: Option<String>,
}

impl Stack {
    pub fn named(name: &'static str) -> Self {
        Stack { name, properties: None, physical_id: None }
    }

    /// The request by which CloudFormation asks for these properties, or for none.
    pub fn request(&self, properties: Option<Value>) -> Request {
        self.request_from(properties, "request", "https://example.com")
    }

    /// The same, sent in this second of a minute.
    pub fn request_sent(&self, properties: Option<Value>, second: u32) -> Request {
        let url =
            format!("https://example.com/?X-Amz-Date=20260131T0000{second:02}Z&X-Amz-Expires=7200");
        self.request_from(properties, &format!("request-{second}"), &url)
    }

    fn request_from(&self, properties: Option<Value>, id: &str, url: &str) -> Request {
        let kind = match (&self.physical_id, &properties) {
            (None, _) => "Create",
            (Some(_), Some(_)) => "Update",
            (Some(_), None) => "Delete",
        };
        let mut event = json!({
            "RequestType": kind,
            "ResponseURL": url,
            "StackId": format!("arn:aws:cloudformation:eu-west-1:{ACCOUNT}:stack/{}/guid", self.name),
            "RequestId": id,
            "LogicalResourceId": "Preset",
            "ResourceProperties": properties.clone().or(self.properties.clone()).unwrap_or(json!({})),
        });
        if let Some(id) = &self.physical_id {
            event["PhysicalResourceId"] = json!(id);
        }
        if kind == "Update" {
            event["OldResourceProperties"] = self.properties.clone().unwrap_or_default();
        }
        Request::read(&serde_json::value::to_raw_value(&event).unwrap()).unwrap()
    }

    /// Creates or updates, and remembers the properties and the id as CloudFormation would.
    pub fn deploy(&mut self, cloud: &impl Cloud, properties: Value) -> Result<Success, String> {
        let request = self.request(Some(properties.clone()));
        let result = handle(cloud, &request).expect("the process did not die");
        let id = result.as_ref().ok().and_then(|success| success.physical_resource_id.clone());
        let id = id.or(self.physical_id.clone()).unwrap_or_else(|| physical_id(&request));
        self.physical_id = Some(id);
        if result.is_ok() {
            self.properties = Some(properties);
        } else if self.properties.is_none() {
            // The Delete of a failed Create has the Create's properties.
            self.properties = Some(properties);
        }
        result
    }

    pub fn delete(&self, cloud: &impl Cloud) -> Result<Success, String> {
        handle(cloud, &self.request(None)).expect("the process did not die")
    }

    /// A Delete of these properties under this id, independent of earlier requests.
    pub fn delete_as(
        &self,
        cloud: &impl Cloud,
        id: &str,
        properties: Value,
    ) -> Result<Success, String> {
        let stack = Stack {
            physical_id: Some(id.to_owned()),
            properties: Some(properties),
            ..self.clone()
        };
        stack.delete(cloud)
    }
}

/// The answer, or `None` if the process died on the way.
pub fn handle(cloud: &impl Cloud, request: &Request) -> Option<Result<Success, String>> {
    handle_within(Settings::open(), cloud, request)
}

/// The same within an operator's settings.
pub fn handle_within(
    settings: Settings,
    cloud: &impl Cloud,
    request: &Request,
) -> Option<Result<Success, String>> {
    let resource = IamPreset::new(ByRef(cloud), account(), settings);
    let progress = Progress::default();
    let mut work = pin!(resource.handle(request.kind().unwrap(), request, &progress));
    // Nothing in memory ever waits, but for a process that died.
    match work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Some(result),
        Poll::Pending => None,
    }
}

pub fn physical_id(request: &Request) -> String {
    IamPreset::new(Fake::default(), account(), Settings::open()).physical_id(request)
}

/// An account with a CloudFormation that reports one status of every stack, and with policies at
/// other paths.
pub struct Telling<'a> {
    pub account: &'a Fake,
    pub stack: StackStatus,
    /// Of every resource; the same as of the stack if nothing is said.
    pub resource: Option<StackStatus>,
    pub paths: BTreeMap<Id, String>,
    /// No permissions boundary exists.
    pub has_no_boundary: bool,
}

/// Of a resource with this physical id, if it is one.
pub fn status(status: &str, physical_id: Option<String>) -> StackStatus {
    StackStatus::Is { status: status.to_owned(), physical_id }
}

impl<'a> Telling<'a> {
    pub fn saying(account: &'a Fake, stack: StackStatus) -> Self {
        let (resource, paths) = (None, BTreeMap::new());
        Telling { account, stack, resource, paths, has_no_boundary: false }
    }

    pub fn of_stacks(account: &'a Fake, stack: &str) -> Self {
        Telling::saying(account, status(stack, None))
    }

    pub fn without_boundary(account: &'a Fake) -> Self {
        Telling { has_no_boundary: true, ..Telling::saying(account, StackStatus::Unknown) }
    }

    pub fn rolling_back(account: &'a Fake) -> Self {
        Telling::of_stacks(account, "UPDATE_ROLLBACK_IN_PROGRESS")
    }
}

impl Cloud for Telling<'_> {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        self.account.observe(scope).await
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        let action = call.action().as_str();
        if matches!(call, Call::CreatePolicy(_)) && self.paths.contains_key(&call.id()) {
            let (target, code) = (call.id().to_string(), "EntityAlreadyExists".to_owned());
            let message = "there is one".to_owned();
            return Err(CallError { action, target, code, message });
        }
        if let Call::CreateRole(role) = call
            && let Some(boundary) =
                role.permissions_boundary.as_ref().filter(|_| self.has_no_boundary)
        {
            let (target, code) = (role.name.clone(), "NoSuchEntity".to_owned());
            let message = format!("Scope ARN: {boundary} does not exist or is not attachable.");
            return Err(CallError { action, target, code, message });
        }
        self.account.send(call).await
    }

    async fn policy_paths(&self) -> Result<BTreeMap<Id, String>, CallError> {
        Ok(self.paths.clone())
    }

    async fn find(&self, me: &Owner, scope: &Scope) -> Result<Found, CallError> {
        self.account.find(me, scope).await
    }

    async fn role_arns(&self) -> Result<Vec<String>, CallError> {
        self.account.role_arns().await
    }

    async fn documents(
        &self,
        policy_arns: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, PolicyDocument>, CallError> {
        self.account.documents(policy_arns).await
    }

    async fn stack_status(&self, _: &str, of: StackPart<'_>) -> Result<StackStatus, CallError> {
        let of_resource = self.resource.clone().filter(|_| of != StackPart::Stack);
        Ok(of_resource.unwrap_or(self.stack.clone()))
    }
}

pub struct ByRef<'a, C>(pub &'a C);

impl<C: Cloud> Cloud for ByRef<'_, C> {
    async fn find(&self, me: &Owner, scope: &Scope) -> Result<Found, CallError> {
        self.0.find(me, scope).await
    }

    async fn role_arns(&self) -> Result<Vec<String>, CallError> {
        self.0.role_arns().await
    }

    async fn policy_paths(&self) -> Result<BTreeMap<Id, String>, CallError> {
        self.0.policy_paths().await
    }

    async fn names(&self) -> Result<BTreeSet<Id>, CallError> {
        self.0.names().await
    }

    async fn attachable(&self) -> Result<Attachable, CallError> {
        self.0.attachable().await
    }

    async fn documents(
        &self,
        policy_arns: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, PolicyDocument>, CallError> {
        self.0.documents(policy_arns).await
    }

    fn now(&self) -> Instant {
        self.0.now()
    }

    async fn stack_status(
        &self,
        stack_id: &str,
        of: StackPart<'_>,
    ) -> Result<StackStatus, CallError> {
        self.0.stack_status(stack_id, of).await
    }

    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        self.0.observe(scope).await
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        self.0.send(call).await
    }

    async fn owners(&self) -> Result<Owners, CallError> {
        self.0.owners().await
    }

    async fn past(&self, stack_id: &str, logical_id: &str) -> Result<Past, CallError> {
        self.0.past(stack_id, logical_id).await
    }

    fn take_unfinished(&self) -> BTreeSet<Id> {
        self.0.take_unfinished()
    }

    async fn wait(&self) {
        self.0.wait().await;
    }

    async fn wait_for_copies(&self) {
        self.0.wait_for_copies().await;
    }
}

/// An account with two users and a foreign role in it.
pub fn populated() -> Fake {
    let user = |name: &str| Object::unowned(Resource::User { name: name.to_owned() });
    let users = ["alice", "bob", "serverless"].map(user);
    let state = users.into_iter().chain([role("foreign")]).collect();
    Fake::new(state)
}

/// A role that no preset made.
pub fn role(name: &str) -> Object {
    Object::unowned(Resource::Role(account_presets::state::Role {
        name: name.to_owned(),
        path: "/".to_owned(),
        description: String::new(),
        trust: PolicyDocument::new(json!({"Statement": []})),
        max_session_duration: 3600,
        permissions_boundary: None,
        tags: Default::default(),
    }))
}

/// A role that no preset made and that a service may assume.
pub fn role_of(name: &str, service: &str) -> Object {
    let mut object = role(name);
    if let Resource::Role(role) = &mut object.resource {
        role.trust = PolicyDocument::new(json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Sid": "",
                "Effect": "Allow",
                "Principal": {"Service": service},
                "Action": "sts:AssumeRole",
            }],
        }));
    }
    object
}

pub fn attachment(role: &str, policy_arn: &str) -> Object {
    Object::unowned(Resource::RoleAttachment {
        role: role.to_owned(),
        policy_arn: policy_arn.to_owned(),
    })
}

pub fn user_attachment(user: &str, policy_arn: &str) -> Object {
    let (user, policy_arn) = (user.to_owned(), policy_arn.to_owned());
    Object::unowned(Resource::UserAttachment { user, policy_arn, attached: true })
}

/// The account's state without the service-linked roles: they are ensured and never deleted.
pub fn but_service_linked(fake: &Fake) -> State {
    let state = fake.state();
    let rest = state.iter().filter(|(id, _)| id.kind != Kind::ServiceLinkedRole);
    rest.map(|(_, object)| object.clone()).collect()
}

/// Demands that two states are the same, and names the differences.
pub fn assert_same(there: &State, expected: &State) {
    let line = |sign, (id, object): (&Id, &Object)| format!("\n  {sign} {id}: {object:?}");
    let differs = |here: &State, other: &State, sign| -> String {
        let ids = here.iter().filter(|(id, object)| other.get(id) != Some(object));
        ids.map(|found| line(sign, found)).collect()
    };
    let (missing, surplus) = (differs(expected, there, '-'), differs(there, expected, '+'));
    assert!(missing.is_empty() && surplus.is_empty(), "not as expected:{missing}{surplus}");
}

pub fn has(fake: &Fake, kind: Kind, name: &str) -> bool {
    fake.state().contains(&Id::node(kind, name))
}

pub fn slim(parameters: Value) -> Value {
    edition("current", "slim", parameters)
}

pub fn lithops(parameters: Value) -> Value {
    edition("current", "lithops", parameters)
}

/// A preset in an edition, with parameters.
pub fn edition(edition: &str, name: &str, parameters: Value) -> Value {
    json!({
        "AcknowledgeAdminEquivalent": "true", "Preset": name, "Edition": edition, "ServiceToken": "token", "Parameters": parameters,
    })
}

/// Properties that between them reach every part of the presets, in every edition. Within a
/// preset each two have an object in common, so that an Update from one to the other is in place.
pub fn many_properties() -> Vec<Value> {
    let mut many = lithops_properties();
    many.extend(slim_properties());
    many.extend(skypilot_properties());
    many.extend(orchestra_properties());
    many.extend(zappa_properties());
    many
}

fn slim_properties() -> Vec<Value> {
    let off = json!({
        "UserPassRole": "false", "InstanceProfile": "false", "SpotFleetTagging": "false",
        "SpotServiceLinkedRoles": "false",
    });
    let hardened = json!({"UserNames": ["alice"], "BucketNames": ["models", "gradients"]});
    vec![
        slim(json!({})),
        slim(json!({"UserNames": ["alice", "bob"]})),
        slim(off),
        edition("documented", "slim", json!({"UserNames": ["alice"]})),
        edition("hardened", "slim", hardened),
    ]
}

fn lithops_properties() -> Vec<Value> {
    let regular = json!({
        "UserNames": ["alice"], "CustomerEcrPolicy": "true", "AdministratorsGroup": "true",
        "AdministratorNames": ["bob"], "BucketNames": ["genomes"], "BatchInstanceRole": "true",
    });
    let sso = json!({
        "AccountKind": "sso", "UserNames": ["bob"], "BatchTrust": "true",
        "BatchInstanceRole": "true", "ServiceLinkedRoles": "false",
    });
    let elsewhere = json!({
        "Preset": "lithops", "Edition": "current", "AcknowledgeAdminEquivalent": "true",
        "Path": "/team/", "MaxSessionDuration": "7200",
        "PermissionsBoundary": "arn:aws:iam::123456789012:policy/Boundary",
        "Tags": [{"Key": "team", "Value": "imaging"}],
    });
    vec![
        lithops(regular.clone()),
        lithops(sso.clone()),
        edition("documented", "lithops", regular.clone()),
        edition("hardened", "lithops", regular),
        edition("hardened", "lithops", sso),
        elsewhere,
    ]
}

fn skypilot_properties() -> Vec<Value> {
    let all = json!({
        "UserNames": ["alice", "bob"], "AutoRole": "true", "CloneDisk": "true",
        "S3Access": "true", "S3BucketManagement": "true", "BucketNames": ["models"],
        "Ssm": "true", "PlacementGroups": "true", "SpotServiceLinkedRole": "false",
    });
    let as_it_creates = json!({
        "RoleFlavor": "as-skypilot-creates", "RoleName": "skypilot-v2", "S3Access": "true",
        "Ssm": "true", "OpenPorts": "false",
    });
    vec![
        edition("current", "skypilot", json!({"UserNames": ["alice"]})),
        edition("current", "skypilot", all.clone()),
        edition("current", "skypilot", as_it_creates.clone()),
        edition("documented", "skypilot", all.clone()),
        edition("hardened", "skypilot", all),
        edition("hardened", "skypilot", as_it_creates),
    ]
}

fn orchestra_properties() -> Vec<Value> {
    let module = json!({
        "ModuleRoles": "true", "NamePrefix": "acme-data", "ModuleNamePrefix": "acme-data",
        "Suffix": "0a1b2c3d", "OrchestraAccountId": "4a6a45ca-5549-4c53-bca4-43a76e1bab2c",
        "Secrets": [
            "arn:aws:secretsmanager:eu-west-2:123456789012:secret:my-secret-AbCdEf",
            "arn:aws:ssm:eu-west-2:123456789012:parameter/token",
        ],
        "KmsKeyArns": [
            "arn:aws:kms:eu-west-2:123456789012:key/11111111-2222-3333-4444-555555555555",
        ],
    });
    vec![
        edition("current", "orchestra", json!({"UserNames": ["alice"], "RoleNames": ["foreign"]})),
        edition("current", "orchestra", module.clone()),
        edition("documented", "orchestra", json!({"UserNames": ["bob"]})),
        edition("hardened", "orchestra", module),
        edition("hardened", "orchestra", json!({"EcsServiceLinkedRole": "false"})),
    ]
}

fn zappa_properties() -> Vec<Value> {
    let all = json!({
        "UserNames": ["alice"], "Deployments": ["tr-abuseipdb-relay-dev", "tr-x-relay-prod"],
        "TrustEvents": "true", "SharedRole": "true", "ManageRoles": "true",
    });
    vec![
        edition("current", "zappa", all.clone()),
        edition("documented", "zappa", json!({"Deployments": ["tr-abuseipdb-relay-dev"]})),
        edition("hardened", "zappa", all),
    ]
}
