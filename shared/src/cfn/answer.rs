//! The one answer to a request, never larger than CloudFormation reads.

use std::collections::BTreeMap;

use serde::Serialize;

use super::request::Request;
use crate::digest::digest;

/// Bytes of the largest body that CloudFormation reads. S3 takes a larger one, and then the
/// resource fails with `Response object is too long`.
pub const BODY_LIMIT: usize = 4096;

/// Bytes of the longest physical id.
const PHYSICAL_ID_LIMIT: usize = 1024;

/// Bytes, as JSON, of the longest id that is echoed. CloudFormation's ids are shorter than half of
/// it, so only a foreign id is cut.
const ECHO_LIMIT: usize = 700;

/// The attribute of every resource that says which release of the provider served it last.
pub const PROVIDER_VERSION: (&str, &str) = ("ProviderVersion", env!("CARGO_PKG_VERSION"));

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// As asked for.
    Success,
    /// Not as asked for; the reason says why.
    Failed,
}

/// The result of a successful request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Success {
    /// Another id than before makes an Update a replacement. `None` keeps the id.
    pub physical_resource_id: Option<String>,
    /// The attributes for `Fn::GetAtt`; left out of the answer to a Delete.
    pub data: BTreeMap<String, String>,
}

impl Success {
    /// Whether CloudFormation can read an answer with these attributes.
    ///
    /// # Errors
    ///
    /// They are too large, and nothing should be made of which a template could not ask.
    pub fn fits(&self, request: &Request) -> Result<(), String> {
        let given = request.physical_resource_id.clone().unwrap_or_default();
        let answer = Answer {
            status: Status::Success,
            reason: String::new(),
            // About as long as any id that a resource makes.
            physical_resource_id: self.physical_resource_id.clone().unwrap_or(given)
                + &"x".repeat(64),
            stack_id: request.stack_id.clone(),
            request_id: request.request_id.clone(),
            logical_resource_id: request.logical_resource_id.clone(),
            data: self.data.clone(),
        };
        let size = json(&answer).len();
        if size <= BODY_LIMIT {
            return Ok(());
        }
        Err(format!(
            "the answer with all attributes would take {size} bytes, and CloudFormation reads \
             {BODY_LIMIT}; ask for less in one resource, for example by a second one with a part \
             of each list"
        ))
    }
}

/// An answer. No field is ever `null`: CloudFormation takes that for a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// How it ended.
    pub status: Status,
    /// Why, for the person who reads the stack's events; required if it failed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Never empty.
    pub physical_resource_id: String,
    /// As in the request.
    pub stack_id: String,
    /// As in the request.
    pub request_id: String,
    /// As in the request.
    pub logical_resource_id: String,
    /// The attributes for `Fn::GetAtt`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, String>,
}

impl Answer {
    /// The body to send, at most [`BODY_LIMIT`] bytes.
    ///
    /// A reason that is too long loses its end, and `more` says where to read on. Attributes
    /// that are too large make the answer a failure: a template that asks for one of them could
    /// not go on anyway.
    pub fn body(&self, more: &str) -> String {
        let mut answer = self.clone();
        answer.physical_resource_id = physical_id(&self.physical_resource_id);
        answer.reason = printable(&self.reason);
        for id in [&mut answer.stack_id, &mut answer.request_id, &mut answer.logical_resource_id] {
            while json(id).len() > ECHO_LIMIT {
                shorten(id, json(id).len() - ECHO_LIMIT);
            }
        }
        let size = json(&answer).len();
        if size > BODY_LIMIT && !answer.data.is_empty() && answer.reason.is_empty() {
            answer.status = Status::Failed;
            answer.reason = format!(
                "the answer takes {size} bytes with its attributes, and CloudFormation reads {BODY_LIMIT}"
            );
        }
        if json(&answer).len() <= BODY_LIMIT {
            return json(&answer);
        }
        answer.data.clear();
        let (mut head, tail) = (answer.reason.clone(), format!("… (truncated; {more})"));
        loop {
            let body = json(&answer);
            let Some(over) = body.len().checked_sub(BODY_LIMIT).filter(|over| *over > 0) else {
                return body;
            };
            // Each character takes six bytes of JSON at most.
            shorten(&mut head, over / 6);
            answer.reason = format!("{head}{tail}");
        }
    }
}

fn json<T: Serialize>(value: &T) -> String {
    // Strings and maps of strings always have a JSON form.
    serde_json::to_string(value).unwrap_or_default()
}

/// Takes at least one character, and `characters` if the text has them, from the end.
fn shorten(text: &mut String, characters: usize) {
    for _ in 0..characters.max(1) {
        text.pop();
    }
}

/// Without control characters but white space: CloudFormation accepts them, and then cannot show
/// the stack's events any more
/// (<https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1601>).
fn printable(text: &str) -> String {
    let is_bad = |c: char| c.is_control() && !c.is_whitespace();
    text.chars().map(|c| if is_bad(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// A physical id that CloudFormation accepts: not empty, at most 1024 bytes. A longer one keeps
/// its beginning and a digest of the whole.
fn physical_id(id: &str) -> String {
    if id.is_empty() {
        return "none".to_owned();
    }
    if json(&id).len() <= PHYSICAL_ID_LIMIT {
        return id.to_owned();
    }
    let end = format!("-{}", digest(id, 16));
    let mut head = id.to_owned();
    while json(&head).len() + end.len() > PHYSICAL_ID_LIMIT {
        let over = json(&head).len() + end.len() - PHYSICAL_ID_LIMIT;
        shorten(&mut head, over / 6);
    }
    head + &end
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn answer(reason: &str) -> Answer {
        Answer {
            status: Status::Failed,
            reason: reason.to_owned(),
            physical_resource_id: "id".to_owned(),
            stack_id: "stack".to_owned(),
            request_id: "request".to_owned(),
            logical_resource_id: "Logical".to_owned(),
            data: BTreeMap::new(),
        }
    }

    fn parsed(answer: &Answer) -> Value {
        let body = answer.body("see the log");
        assert!(body.len() <= BODY_LIMIT, "{} bytes", body.len());
        serde_json::from_str(&body).unwrap()
    }

    /// P18
    #[test]
    fn an_answer_has_no_null_and_no_empty_field() {
        let success = Answer { status: Status::Success, reason: String::new(), ..answer("") };
        assert_eq!(
            success.body(""),
            r#"{"Status":"SUCCESS","PhysicalResourceId":"id","StackId":"stack","RequestId":"request","LogicalResourceId":"Logical"}"#
        );
    }

    /// P12, P13, P14
    #[test]
    fn a_reason_keeps_its_head_and_says_where_to_read_on() {
        for given in ["x".repeat(20_000), "\u{e9}\u{1f600}".repeat(5000), "\"\n".repeat(10_000)] {
            let parsed = parsed(&answer(&given));
            let reason = parsed["Reason"].as_str().unwrap();
            let head = reason.strip_suffix("… (truncated; see the log)").unwrap();
            assert!(given.starts_with(head) && head.len() > 1000, "{reason}");
            // Nothing but one character's worth of room is given away.
            assert!(answer(reason).body("").len() >= BODY_LIMIT - 12);
        }
    }

    #[test]
    fn a_reason_has_no_control_characters_but_white_space() {
        let reason = "\u{1b}[31mred\u{0}\u{85}\tand\nmore \u{e9}";
        let said = parsed(&answer(reason));
        assert_eq!(said["Reason"], "\u{fffd}[31mred\u{fffd}\u{85}\tand\nmore \u{e9}");
    }

    /// P17
    #[test]
    fn a_body_of_exactly_the_limit_is_sent_as_it_is_and_one_more_byte_is_not() {
        let empty = answer("").body("").len() + r#""Reason":"","#.len();
        let fits = "x".repeat(BODY_LIMIT - empty);
        assert_eq!(answer(&fits).body("").len(), BODY_LIMIT);
        assert_eq!(parsed(&answer(&fits))["Reason"], fits.as_str());
        assert_ne!(parsed(&answer(&format!("{fits}x")))["Reason"], format!("{fits}x").as_str());
    }

    /// P15
    #[test]
    fn attributes_that_are_too_large_are_a_failure_that_says_so() {
        let data = BTreeMap::from([("Arn".to_owned(), "a".repeat(5000))]);
        let success = Answer { status: Status::Success, reason: String::new(), data, ..answer("") };
        let parsed = parsed(&success);
        assert_eq!(parsed["Status"], "FAILED");
        assert!(parsed["Reason"].as_str().unwrap().contains("CloudFormation reads 4096"));
        assert_eq!(parsed.get("Data"), None);
    }

    /// P19
    #[test]
    fn an_id_is_never_empty_and_never_too_long() {
        assert_eq!(physical_id(""), "none");
        let long = physical_id(&"i".repeat(2000));
        assert!(long.len() <= 1024 && long.len() > 1000);
        assert_ne!(long, physical_id(&format!("{}j", "i".repeat(1999))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// P17
        #[test]
        fn no_answer_is_larger_than_cloudformation_reads(
            texts in prop::array::uniform5("\\PC{0,1500}|[\\x00-\\x7f]{0,5000}"),
            data in prop::collection::btree_map("[A-Z]{1,40}", "\\PC{0,300}", 0..20),
        ) {
            let [reason, physical_resource_id, stack_id, request_id, logical_resource_id] = texts;
            let answer = Answer {
                status: Status::Failed,
                reason, physical_resource_id, stack_id, request_id, logical_resource_id, data,
            };
            let parsed = parsed(&answer);
            prop_assert!(parsed["PhysicalResourceId"].as_str().is_some_and(|id| !id.is_empty()));
        }
    }
}
