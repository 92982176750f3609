//! A custom-resource request, read so that nothing in it can keep us from answering.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::response_url::ResponseUrl;
use crate::json;

type Fields = BTreeMap<String, Box<RawValue>>;

/// The type of CloudFormation's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestType {
    /// Make it.
    Create,
    /// Change it from the old properties to the new ones.
    Update,
    /// Delete it.
    Delete,
}

/// A request whose envelope was readable. Its parts were not judged yet.
#[derive(Clone, Debug)]
pub struct Request {
    /// As it came; see [`Request::kind`].
    pub request_type: Value,
    /// The stack's ARN.
    pub stack_id: String,
    /// Identifies the request within the stack.
    pub request_id: String,
    /// The resource's name in the template.
    pub logical_resource_id: String,
    /// The resource's type in the template, for example `Custom::IamPreset`.
    pub resource_type: String,
    /// The id that this function or CloudFormation gave it; never on a Create.
    pub physical_resource_id: Option<String>,
    /// The properties, or why they could not be read.
    pub properties: Result<Map<String, Value>, String>,
    /// The properties before an Update; empty if there were none or they could not be read.
    pub old_properties: Map<String, Value>,
    /// Where the answer goes.
    pub response_url: ResponseUrl,
}

impl Request {
    /// Reads a request, also from the envelope in which Amazon SNS puts it.
    ///
    /// # Errors
    ///
    /// Why nothing can be answered: there is no address to answer to.
    pub fn read(payload: &RawValue) -> Result<Self, String> {
        let fields = fields(payload)?;
        if !fields.contains_key("Records") {
            return Request::from_fields(fields);
        }
        let message = sns_message(&fields)?;
        let inner: Box<RawValue> =
            serde_json::from_str(&message).map_err(|_| "the SNS message is no JSON".to_owned())?;
        Request::from_fields(self::fields(&inner)?)
    }

    fn from_fields(fields: Fields) -> Result<Self, String> {
        let field = |name: &str| fields.get(name).map(|value| value.get());
        let text = |name: &str| field(name).and_then(text);
        let url = text("ResponseURL").ok_or("the event has no `ResponseURL`")?;
        Ok(Request {
            request_type: field("RequestType").and_then(parse).unwrap_or_default(),
            stack_id: text("StackId").unwrap_or_default(),
            request_id: text("RequestId").unwrap_or_default(),
            logical_resource_id: text("LogicalResourceId").unwrap_or_default(),
            resource_type: text("ResourceType").unwrap_or_default(),
            physical_resource_id: text("PhysicalResourceId").filter(|id| !id.is_empty()),
            properties: field("ResourceProperties").map_or_else(|| Ok(Map::new()), properties),
            old_properties: field("OldResourceProperties")
                .and_then(|value| properties(value).ok())
                .unwrap_or_default(),
            response_url: ResponseUrl::new(url),
        })
    }

    /// The Update that takes this one back.
    pub fn reversed(&self) -> Self {
        Request {
            properties: Ok(self.old_properties.clone()),
            old_properties: self.properties.clone().unwrap_or_default(),
            ..self.clone()
        }
    }

    /// The type of the request.
    ///
    /// # Errors
    ///
    /// A sentence with the given type.
    pub fn kind(&self) -> Result<RequestType, String> {
        match self.request_type.as_str() {
            Some("Create") => Ok(RequestType::Create),
            Some("Update") => Ok(RequestType::Update),
            Some("Delete") => Ok(RequestType::Delete),
            _ => {
                let given: String = self.request_type.to_string().chars().take(80).collect();
                Err(format!(
                    "RequestType: given `{given}`, allowed are `Create`, `Update` and `Delete`"
                ))
            }
        }
    }
}

/// The top level only: a broken field does not break the rest.
fn fields(payload: &RawValue) -> Result<Fields, String> {
    serde_json::from_str(payload.get()).map_err(|_| "the event is no JSON object".to_owned())
}

fn sns_message(fields: &Fields) -> Result<String, String> {
    let records =
        fields.get("Records").and_then(|records| parse(records.get())).unwrap_or_default();
    match records.as_array().map(Vec::as_slice) {
        Some([record]) => record
            .pointer("/Sns/Message")
            .and_then(Value::as_str)
            .map(str::to_owned)
            .ok_or_else(|| "the SNS record has no message".to_owned()),
        _ => Err("the SNS envelope does not hold exactly one record".to_owned()),
    }
}

fn properties(raw: &str) -> Result<Map<String, Value>, String> {
    match json::read(raw) {
        Ok(Value::Object(properties)) => Ok(properties),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(_) => Err("ResourceProperties: allowed is a map".to_owned()),
        // Deeper than 128 levels, most likely: the reader stops there to save the stack.
        Err(error) => Err(format!("ResourceProperties cannot be read: {error}")),
    }
}

fn parse(raw: &str) -> Option<Value> {
    json::read(raw).ok()
}

/// A string, or the text of another value in its place.
fn text(raw: &str) -> Option<String> {
    let value = parse(raw).filter(|value| !value.is_null())?;
    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(event: Value) -> Result<Request, String> {
        Request::read(&serde_json::value::to_raw_value(&event).unwrap())
    }

    fn event() -> Value {
        json!({
            "RequestType": "Create",
            "ResponseURL": "https://example.com/a?X-Amz-Signature=secret",
            "StackId": "s", "RequestId": "r", "LogicalResourceId": "l",
            "ResourceProperties": {"Preset": "slim"},
            "ServiceToken": "an extra field",
        })
    }

    /// P9, P10
    #[test]
    fn a_request_is_read_alone_and_from_an_sns_envelope() {
        let request = read(event()).unwrap();
        assert_eq!(request.kind(), Ok(RequestType::Create));
        assert_eq!(request.properties.unwrap()["Preset"], "slim");
        let record = json!({"Sns": {"Message": event().to_string()}});
        assert_eq!(read(json!({"Records": [record]})).unwrap().request_id, "r");
        for records in [json!([]), json!([record, record]), json!({}), json!([{"Sns": {}}])] {
            assert!(read(json!({"Records": records})).is_err());
        }
    }

    /// P7, P8
    #[test]
    fn only_a_missing_address_keeps_us_from_answering() {
        for event in [json!([]), json!(7), json!({}), json!({"ResponseURL": null})] {
            assert!(read(event).is_err());
        }
        let strange = json!({
            "ResponseURL": "https://example.com", "RequestType": null, "StackId": 7,
            "ResourceProperties": [], "OldResourceProperties": "x", "PhysicalResourceId": "",
        });
        let request = read(strange).unwrap();
        assert!(request.kind().unwrap_err().contains("null"));
        assert_eq!(request.stack_id, "7");
        assert!(request.properties.unwrap_err().contains("allowed is a map"));
        assert_eq!(request.physical_resource_id, None);
    }

    /// V17
    #[test]
    fn properties_nested_without_end_are_a_mistake_and_not_a_crash() {
        let properties = |a: &str| {
            let event = format!(
                r#"{{"ResponseURL":"https://example.com","ResourceProperties":{{"a":{a}}}}}"#
            );
            Request::read(&RawValue::from_string(event).unwrap()).unwrap().properties
        };
        let deep = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(properties(&deep(100_000)).unwrap_err().contains("cannot be read"));
        // The same in a text, where `serde_json` would read on with another 128 levels.
        let text = json!({"$serde_json::private::RawValue": deep(100)});
        assert_eq!(properties(&text.to_string()).unwrap()["a"], text);
    }

    /// P4
    #[test]
    fn a_request_without_properties_has_none() {
        let mut event = event();
        event.as_object_mut().unwrap().remove("ResourceProperties");
        assert_eq!(read(event).unwrap().properties, Ok(Map::new()));
    }
}
