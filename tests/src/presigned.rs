//! The form of CloudFormation's presigned URLs.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::clock::amz_date;
use crate::cloudformation::rules::Asked;

/// The beginning of every `X-Amz-Signature` here: a log that holds it has leaked a URL.
pub const SIGNATURE: &str = "5ecbead0f1e57a11";

/// CloudFormation's object key: the three ids with bars between them. The AWS
/// documentation shows it in the sample event of "Using AWS Lambda with AWS
/// CloudFormation" (AWS Lambda Developer Guide).
pub(crate) fn path(asked: &Asked) -> String {
    let id = |value: &Value| value.as_str().expect("an event whose ids are strings").to_owned();
    let key = [&asked.stack_id, &asked.logical_id, &asked.request_id].map(id).join("|");
    let mut path = String::from("/");
    for byte in key.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                path.push(char::from(byte));
            }
            _ => write!(path, "%{byte:02X}").expect("a string can be written to"),
        }
    }
    path
}

/// The validity of a presigned URL.
pub(crate) const EXPIRES: Duration = Duration::from_secs(7200);

/// The query of a presigned URL, valid for two hours ("Authenticating Requests:
/// Using Query Parameters", Amazon S3 API Reference).
pub(crate) fn query(signed: SystemTime, serial: usize) -> String {
    let date = amz_date(signed);
    let day = date.split('T').next().unwrap_or_default();
    format!(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={date}&X-Amz-SignedHeaders=host\
         &X-Amz-Expires={}&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F{day}%2Feu-west-1%2Fs3%2F\
         aws4_request&X-Amz-Signature={SIGNATURE}{serial:048x}",
        EXPIRES.as_secs()
    )
}
