//! The template of a stack.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::events::{SERVICE_TOKEN, stringified};

/// The resources of a template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template {
    pub(super) resources: BTreeMap<String, Declared>,
}

/// One resource of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) of: Of,
    pub(super) depends_on: BTreeSet<String>,
    /// `DeletionPolicy: Retain`.
    pub(super) retain: bool,
    /// `UpdateReplacePolicy: Retain`.
    pub(super) retain_replaced: bool,
}

/// The maker of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Of {
    /// The function under test, with properties as CloudFormation sends them.
    Custom { properties: Value, service_timeout: u64 },
    /// CloudFormation itself.
    Native(Native),
}

/// The behaviour of a resource that is not a custom one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Native {
    /// It is made, changed and deleted at once.
    Succeeds,
    /// It cannot be made or changed.
    Fails,
    /// Making or changing it takes until
    /// [`CloudFormation::finish`](super::CloudFormation::finish) says how it ended.
    Waits,
}

impl Template {
    /// A template without resources.
    pub fn new() -> Template {
        Template::default()
    }

    /// Adds a custom resource. Its properties take CloudFormation's form: scalars are strings, and
    /// null is gone.
    pub fn custom(self, logical_id: &str, properties: Value) -> Template {
        let mut properties = stringified(properties);
        let map = properties.as_object_mut().expect("properties that are a JSON object");
        let given = map.remove("ServiceTimeout");
        let seconds = given.and_then(|seconds| seconds.as_str()?.parse().ok());
        self.with(logical_id, Of::Custom { properties, service_timeout: seconds.unwrap_or(300) })
    }

    /// Adds a resource that CloudFormation makes itself.
    pub fn native(self, logical_id: &str, native: Native) -> Template {
        self.with(logical_id, Of::Native(native))
    }

    /// Adds a `DependsOn`.
    pub fn depends_on(mut self, logical_id: &str, other: &str) -> Template {
        self.declared(logical_id).depends_on.insert(other.to_owned());
        self
    }

    /// Sets `DeletionPolicy: Retain`.
    pub fn retain(mut self, logical_id: &str) -> Template {
        self.declared(logical_id).retain = true;
        self
    }

    /// Sets `UpdateReplacePolicy: Retain`.
    pub fn retain_replaced(mut self, logical_id: &str) -> Template {
        self.declared(logical_id).retain_replaced = true;
        self
    }

    fn with(mut self, logical_id: &str, of: Of) -> Template {
        let depends_on = BTreeSet::new();
        let declared = Declared { of, depends_on, retain: false, retain_replaced: false };
        self.resources.insert(logical_id.to_owned(), declared);
        self
    }

    fn declared(&mut self, logical_id: &str) -> &mut Declared {
        self.resources.get_mut(logical_id).expect("a resource of the template")
    }
}

impl Declared {
    /// The properties of a request: `ServiceToken` and `ServiceTimeout` are among
    /// them (<https://github.com/aws/aws-cdk/pull/30911>).
    pub(super) fn properties(&self) -> Map<String, Value> {
        let Of::Custom { properties, service_timeout } = &self.of else { return Map::new() };
        let mut properties = properties.as_object().cloned().unwrap_or_default();
        properties.entry("ServiceToken").or_insert_with(|| json!(SERVICE_TOKEN));
        properties.insert("ServiceTimeout".to_owned(), json!(service_timeout.to_string()));
        properties
    }
}
