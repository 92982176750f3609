//! S3's and CloudFormation's demands on an answer, one variant per rule.

use std::fmt;

use serde_json::Value;

/// The largest answer that CloudFormation reads ("Custom resource response
/// objects": the total size of the response body cannot exceed 4096 bytes).
pub const MAX_BODY: usize = 4096;

/// The largest `PhysicalResourceId` ("Custom resource response objects": up to 1 KB).
pub const MAX_PHYSICAL_ID: usize = 1024;

/// A rule that an answer can break. The first group is S3's, which refuses the
/// request; the second is CloudFormation's, which sees the answer only after S3
/// has said 200, and then ignores it or fails the resource: [`Rule::effect`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// The URL is presigned for PUT.
    Method,
    /// Path and query come back as they were issued: the signature covers them.
    Url,
    /// A Content-Type is part of the signature, and the signed one is empty.
    ContentType,
    /// Every `x-amz-` header has to be signed, and only `host` is.
    UnsignedHeader,
    /// A presigned URL is the authentication; a second one is refused.
    Authorization,
    /// S3 wants to know the length before the body.
    ContentLength,
    /// S3 does not implement chunked bodies on PUT.
    Chunked,
    /// `Expect: 100-continue` costs a round trip, and proxies drop it.
    Expect,

    /// At most [`MAX_BODY`] bytes.
    Length,
    /// The body is a JSON object.
    Json,
    /// `Status` is SUCCESS or FAILED.
    Status,
    /// `StackId` is the request's.
    StackId,
    /// `RequestId` is the request's.
    RequestId,
    /// `LogicalResourceId` is the request's.
    LogicalResourceId,
    /// `PhysicalResourceId` is a string of 1 to [`MAX_PHYSICAL_ID`] bytes.
    PhysicalResourceId,
    /// `Reason` is a string when there is one, and there is one when `Status` is FAILED.
    Reason,
    /// `NoEcho` is a boolean when there is one.
    NoEcho,
    /// `Data` is one flat map of strings: `Fn::GetAtt` reaches no deeper.
    Data,
    /// A Delete has no attributes to return.
    DataOnDelete,
    /// Nothing is null: CloudFormation takes `"Reason": null` for a failure.
    Null,
    /// `Reason` holds no control character but white space: the stack's events
    /// could not be read any more
    /// (<https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1601>).
    Control,
    /// One answer to a request: only the first is read.
    Once,
}

/// The effect of an answer that breaks a rule. The function does not learn of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// S3 refuses the request with this status.
    Refused(u16),
    /// CloudFormation goes on waiting, as if nothing had come.
    Ignored,
    /// CloudFormation fails the resource, with words of its own for the reason.
    Fails(&'static str),
    /// CloudFormation takes the answer; it is a defect all the same.
    Tolerated,
}

impl Rule {
    /// All rules.
    pub const ALL: [Rule; 22] = [
        Rule::Method,
        Rule::Url,
        Rule::ContentType,
        Rule::UnsignedHeader,
        Rule::Authorization,
        Rule::ContentLength,
        Rule::Chunked,
        Rule::Expect,
        Rule::Length,
        Rule::Json,
        Rule::Status,
        Rule::StackId,
        Rule::RequestId,
        Rule::LogicalResourceId,
        Rule::PhysicalResourceId,
        Rule::Reason,
        Rule::NoEcho,
        Rule::Data,
        Rule::DataOnDelete,
        Rule::Null,
        Rule::Control,
        Rule::Once,
    ];

    /// Returns the effect of an answer that breaks this rule. Where AWS documents no effect it is
    /// assumed to be a failure, the worse case for a function.
    pub fn effect(self) -> Effect {
        match self {
            Rule::Method | Rule::Url | Rule::ContentType | Rule::UnsignedHeader => {
                Effect::Refused(403)
            }
            Rule::Authorization => Effect::Refused(400),
            Rule::ContentLength => Effect::Refused(411),
            Rule::Chunked => Effect::Refused(501),
            Rule::StackId | Rule::RequestId | Rule::LogicalResourceId | Rule::Once => {
                Effect::Ignored
            }
            Rule::Length => Effect::Fails("Response object is too long."),
            Rule::PhysicalResourceId => Effect::Fails("Invalid PhysicalResourceId"),
            Rule::Json | Rule::Status | Rule::Reason | Rule::NoEcho | Rule::Data | Rule::Null => {
                Effect::Fails("Invalid Response object")
            }
            Rule::Expect | Rule::DataOnDelete | Rule::Control => Effect::Tolerated,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rule::Method => "the method must be PUT",
            Rule::Url => "path and query must be those of the ResponseURL",
            Rule::ContentType => "Content-Type must be empty or absent",
            Rule::UnsignedHeader => "there must be no x-amz- header",
            Rule::Authorization => "there must be no Authorization header",
            Rule::ContentLength => "there must be a Content-Length",
            Rule::Chunked => "the body must not be chunked",
            Rule::Expect => "there must be no Expect header",
            Rule::Length => "the body must have at most 4096 bytes",
            Rule::Json => "the body must be a JSON object",
            Rule::Status => "Status must be SUCCESS or FAILED",
            Rule::StackId => "StackId must be the request's",
            Rule::RequestId => "RequestId must be the request's",
            Rule::LogicalResourceId => "LogicalResourceId must be the request's",
            Rule::PhysicalResourceId => "PhysicalResourceId must be a string of 1 to 1024 bytes",
            Rule::Reason => "Reason must be a string, and be there when Status is FAILED",
            Rule::NoEcho => "NoEcho must be a boolean",
            Rule::Data => "Data must be a flat map of strings",
            Rule::DataOnDelete => "the answer to a Delete must have no Data",
            Rule::Null => "nothing may be null",
            Rule::Control => "Reason must hold no control characters",
            Rule::Once => "there must be one answer to a request",
        })
    }
}

/// The fields of a request that its answer is held to.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) request_type: Value,
    pub(crate) stack_id: Value,
    pub(crate) request_id: Value,
    pub(crate) logical_id: Value,
}

impl Asked {
    pub(crate) fn by(event: &Value) -> Asked {
        Asked {
            request_type: event["RequestType"].clone(),
            stack_id: event["StackId"].clone(),
            request_id: event["RequestId"].clone(),
            logical_id: event["LogicalResourceId"].clone(),
        }
    }
}

/// The rules of CloudFormation that a body breaks as the answer to a request.
pub(crate) fn broken_in_the_body(body: &[u8], asked: &Asked) -> Vec<Rule> {
    let too_long = (Rule::Length, body.len() > MAX_BODY);
    let Ok(answer @ Value::Object(_)) = serde_json::from_slice::<Value>(body) else {
        return select([too_long, (Rule::Json, true)]);
    };
    let status = answer["Status"].as_str().unwrap_or_default();
    let id = answer["PhysicalResourceId"].as_str().unwrap_or_default();
    let reason = answer.get("Reason");
    let data = answer.get("Data");
    select([
        too_long,
        (Rule::Status, !["SUCCESS", "FAILED"].contains(&status)),
        (Rule::StackId, answer["StackId"] != asked.stack_id),
        (Rule::RequestId, answer["RequestId"] != asked.request_id),
        (Rule::LogicalResourceId, answer["LogicalResourceId"] != asked.logical_id),
        (Rule::PhysicalResourceId, id.is_empty() || id.len() > MAX_PHYSICAL_ID),
        (Rule::Reason, !reason.map_or(status != "FAILED", Value::is_string)),
        (Rule::NoEcho, !answer.get("NoEcho").is_none_or(Value::is_boolean)),
        (Rule::Data, !data.is_none_or(is_flat)),
        (Rule::DataOnDelete, data.is_some() && asked.request_type == "Delete"),
        (Rule::Null, has_null(&answer)),
        (Rule::Control, reason.and_then(Value::as_str).is_some_and(has_control)),
    ])
}

pub(crate) fn select<const N: usize>(rules: [(Rule, bool); N]) -> Vec<Rule> {
    rules.into_iter().filter(|(_, broken)| *broken).map(|(rule, _)| rule).collect()
}

fn is_flat(data: &Value) -> bool {
    data.as_object().is_some_and(|map| map.values().all(Value::is_string))
}

fn has_control(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && !c.is_whitespace())
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        Value::Array(values) => values.iter().any(has_null),
        Value::Object(map) => map.values().any(has_null),
    }
}
