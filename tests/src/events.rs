//! Requests as CloudFormation sends them, as builders on plain JSON.
//!
//! Field names and shapes are those of the AWS documentation page "Custom
//! resource request objects" (AWS CloudFormation Template Reference).

use serde_json::{Map, Value, json};

/// The stack of every event that is not told otherwise.
pub const STACK_ID: &str = "arn:aws:cloudformation:eu-west-1:123456789012:stack/accounts/\
                            6a1f2b00-5c3e-11f0-9d1a-0a1b2c3d4e5f";
/// The logical id of every event that is not told otherwise.
pub const LOGICAL_ID: &str = "Preset";
/// The physical id that an Update and a Delete carry unless told otherwise.
pub const PHYSICAL_ID: &str = "accounts-Preset-1ABCDEFGHIJKL";
/// The resource type of every event that is not told otherwise.
pub const RESOURCE_TYPE: &str = "Custom::IamPreset";
/// The ServiceToken of every event; no other account or Region is ever named.
pub const SERVICE_TOKEN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:iam-preset";

/// A request in the making. It has no `ResponseURL` until
/// [`ResponseUrls::issue`](crate::ResponseUrls::issue) gives it one.
#[derive(Debug, Clone)]
pub struct Event(Map<String, Value>);

/// A Create, which alone has no `PhysicalResourceId`.
pub fn create() -> Event {
    Event(Map::new())
        .field("RequestType", "Create")
        .numbered(1)
        .field("StackId", STACK_ID)
        .field("ResourceType", RESOURCE_TYPE)
        .field("LogicalResourceId", LOGICAL_ID)
        .field("ServiceToken", SERVICE_TOKEN)
        .property("ServiceToken", SERVICE_TOKEN)
        .property("ServiceTimeout", 300)
}

/// An Update, which alone has `OldResourceProperties`: those that
/// CloudFormation itself adds, until [`Event::old_property`] says more.
pub fn update() -> Event {
    create()
        .field("RequestType", "Update")
        .field("PhysicalResourceId", PHYSICAL_ID)
        .old_property("ServiceToken", SERVICE_TOKEN)
        .old_property("ServiceTimeout", 300)
}

/// A Delete.
pub fn delete() -> Event {
    create().field("RequestType", "Delete").field("PhysicalResourceId", PHYSICAL_ID)
}

impl Event {
    /// Sets a field of the envelope, to any JSON: the wrong type too.
    pub fn field(mut self, name: &str, value: impl Into<Value>) -> Event {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Takes a field of the envelope away.
    pub fn without(mut self, name: &str) -> Event {
        self.0.remove(name);
        self
    }

    /// Sets a property, [`stringified`] as CloudFormation sends it.
    pub fn property(self, name: &str, value: impl Into<Value>) -> Event {
        self.in_map("ResourceProperties", name, value.into())
    }

    /// Sets a property of the template before the Update.
    pub fn old_property(self, name: &str, value: impl Into<Value>) -> Event {
        self.in_map("OldResourceProperties", name, value.into())
    }

    /// Gives it the `RequestId` number `n`. Two requests of one stack have two,
    /// a request that is delivered again keeps its own.
    pub fn numbered(self, n: u32) -> Event {
        self.field("RequestId", format!("5f0d3c5e-7d3b-4c0a-9a53-{n:012}"))
    }

    fn in_map(mut self, map: &str, name: &str, value: Value) -> Event {
        let map = self.0.entry(map).or_insert_with(|| json!({}));
        let map = map.as_object_mut().expect("properties that are a JSON object");
        if value.is_null() {
            map.remove(name);
        } else {
            map.insert(name.to_owned(), stringified(value));
        }
        self
    }
}

impl From<Event> for Value {
    fn from(event: Event) -> Value {
        Value::Object(event.0)
    }
}

/// A template's value in CloudFormation's form: every scalar is a string, lists and maps keep their
/// shape, and null (`AWS::NoValue`) is gone.
pub fn stringified(value: Value) -> Value {
    match value {
        Value::Null | Value::String(_) => value,
        Value::Bool(value) => Value::String(value.to_string()),
        Value::Number(value) => Value::String(value.to_string()),
        Value::Array(values) => {
            values.into_iter().filter(|value| !value.is_null()).map(stringified).collect()
        }
        Value::Object(map) => map
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, stringified(value)))
            .collect(),
    }
}

/// Each difference of an event from CloudFormation's documentation: one sentence each, none for a
/// faithful event.
pub fn complaints(event: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut demand = |holds: bool, complaint: &str| {
        if !holds {
            found.push(complaint.to_owned());
        }
    };
    let kind = event["RequestType"].as_str().unwrap_or_default();
    demand(["Create", "Update", "Delete"].contains(&kind), "RequestType is not one of the three");
    for name in ["ResponseURL", "StackId", "RequestId", "ResourceType", "LogicalResourceId"] {
        let filled = event[name].as_str().is_some_and(|text| !text.is_empty());
        demand(filled, &format!("{name} is not a string with something in it"));
    }
    let id = event.get("PhysicalResourceId");
    match kind {
        "Create" => demand(id.is_none(), "a Create has a PhysicalResourceId"),
        _ => demand(id.is_some_and(Value::is_string), "PhysicalResourceId is not a string"),
    }
    let properties = event.get("ResourceProperties");
    demand(properties.is_some_and(Value::is_object), "ResourceProperties is not an object");
    let old = event.get("OldResourceProperties");
    match kind {
        "Update" => demand(old.is_some_and(Value::is_object), "OldResourceProperties is missing"),
        _ => demand(old.is_none(), "OldResourceProperties belongs to an Update"),
    }
    for (name, value) in [("ResourceProperties", properties), ("OldResourceProperties", old)] {
        let same = value.is_none_or(|value| stringified(value.clone()) == *value);
        demand(same, &format!("{name} has a scalar that is not a string"));
    }
    found
}
