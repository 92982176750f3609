//! What S3 and CloudFormation demand of an answer, one variant per rule.

use std::fmt;

use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, TRANSFER_ENCODING};
use serde_json::Value;

/// The largest answer that CloudFormation reads ("Custom resource response
/// objects": the total size of the response body cannot exceed 4096 bytes).
pub const MAX_BODY: usize = 4096;

/// The largest `PhysicalResourceId` ("Custom resource response objects": up to 1 KB).
pub const MAX_PHYSICAL_ID: usize = 1024;

/// A rule that an answer can break. The first group is S3's, which refuses the
/// request; the second is CloudFormation's, which sees the answer only after S3
/// has said 200, and then ignores it or fails the resource.
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
}

impl Rule {
    /// The status with which S3 refuses a request that breaks the rule, if it does.
    pub fn refusal(self) -> Option<u16> {
        match self {
            Rule::Method | Rule::Url | Rule::ContentType | Rule::UnsignedHeader => Some(403),
            Rule::Authorization => Some(400),
            Rule::ContentLength => Some(411),
            Rule::Chunked => Some(501),
            Rule::Expect
            | Rule::Length
            | Rule::Json
            | Rule::Status
            | Rule::StackId
            | Rule::RequestId
            | Rule::LogicalResourceId
            | Rule::PhysicalResourceId
            | Rule::Reason
            | Rule::NoEcho
            | Rule::Data
            | Rule::DataOnDelete
            | Rule::Null => None,
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

/// The rules of S3 that a request breaks, but for the one about its URL.
pub(crate) fn broken_on_the_way(request: &Request<Bytes>) -> Vec<Rule> {
    let headers = request.headers();
    let typed = headers.get(CONTENT_TYPE).is_some_and(|value| !value.is_empty());
    let amazon = headers.keys().any(|name| name.as_str().starts_with("x-amz-"));
    let chunked = headers.contains_key(TRANSFER_ENCODING);
    select([
        (Rule::Method, request.method() != "PUT"),
        (Rule::ContentType, typed),
        (Rule::UnsignedHeader, amazon),
        (Rule::Authorization, headers.contains_key(AUTHORIZATION)),
        (Rule::ContentLength, !chunked && !headers.contains_key(CONTENT_LENGTH)),
        (Rule::Chunked, chunked),
        (Rule::Expect, headers.contains_key(EXPECT)),
    ])
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
    ])
}

fn select<const N: usize>(rules: [(Rule, bool); N]) -> Vec<Rule> {
    rules.into_iter().filter(|(_, broken)| *broken).map(|(rule, _)| rule).collect()
}

fn is_flat(data: &Value) -> bool {
    data.as_object().is_some_and(|map| map.values().all(Value::is_string))
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        Value::Array(values) => values.iter().any(has_null),
        Value::Object(map) => map.values().any(has_null),
    }
}
