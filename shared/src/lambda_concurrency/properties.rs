//! The properties of `Custom::LambdaConcurrency`.

use serde_json::{Map, Value};

use crate::input::{boolean, integer, optional, unknown_names, word};

/// All that may stand there. `ServiceToken` and `ServiceTimeout` are CloudFormation's own.
const KNOWN: [&str; 10] = [
    "DesiredConcurrency",
    "OnDenied",
    "OnNotAdjustable",
    "OnPending",
    "OnSmallerRequest",
    "RerequestWhenDenied",
    "ServiceTimeout",
    "ServiceToken",
    "SupportCaseAllowed",
    "WaitSeconds",
];

/// The largest value that Service Quotas takes: API reference, `RequestServiceQuotaIncrease`.
const LARGEST: i64 = 10_000_000_000;
/// The longest wait, in seconds: a Lambda function ends after 900, and has to answer before.
const LONGEST_WAIT: i64 = 840;

/// The result for the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It goes on, and the attribute `Outcome` has the state.
    Succeed,
    /// It fails, with a reason.
    Fail,
}

/// The consumer's properties. An empty string is the same as no value, so that a template can pass
/// on a parameter that is optional.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Properties {
    /// Concurrent executions of the Region.
    pub desired: u64,
    /// Seconds to wait for the value to apply; 0 by default.
    pub wait_seconds: u64,
    /// If the value does not apply yet at the end of the wait.
    pub on_pending: Then,
    /// If AWS refused it.
    pub on_denied: Then,
    /// If a request for less is open.
    pub on_smaller_request: Then,
    /// If the quota cannot be raised.
    pub on_not_adjustable: Then,
    /// Whether a refused value is requested anew; not by default.
    pub rerequest_when_denied: bool,
    /// Whether a case may be opened with AWS Support; by default it may.
    pub support_case_allowed: bool,
}

impl Properties {
    /// Reads properties, and returns a sentence for each mistake, which names the property, the
    /// given value and the allowed values. An invalid property has its default in the result; there
    /// is none at all without `DesiredConcurrency`.
    pub fn read(given: &Map<String, Value>) -> (Option<Self>, Vec<String>) {
        let mut problems = unknown_names("property", given.keys(), "", &KNOWN);
        let get = |name: &str| given.get(name).filter(|value| **value != "");
        let mut check = |name: &str, problem: String| problems.push(format!("{name}: {problem}"));

        let mut then = |name: &str| {
            let read = optional(get(name), |given| word(given, &["Succeed", "Fail"]));
            match read {
                Ok(Some("Fail")) => Then::Fail,
                Ok(_) => Then::Succeed,
                Err(problem) => {
                    check(name, problem);
                    Then::Succeed
                }
            }
        };
        let on_pending = then("OnPending");
        let on_denied = then("OnDenied");
        let on_smaller_request = then("OnSmallerRequest");
        let on_not_adjustable = then("OnNotAdjustable");
        let mut flag = |name: &str, default: bool| {
            optional(get(name), boolean).map(|flag| flag.unwrap_or(default)).unwrap_or_else(
                |problem| {
                    check(name, problem);
                    default
                },
            )
        };
        let rerequest_when_denied = flag("RerequestWhenDenied", false);
        let support_case_allowed = flag("SupportCaseAllowed", true);
        let mut whole = |name: &str, least: i64, most: i64| {
            let read = optional(get(name), |given| integer(given, least, most));
            let read = read.unwrap_or_else(|problem| {
                check(name, problem);
                None
            });
            read.and_then(|number| u64::try_from(number).ok())
        };
        let wait_seconds = whole("WaitSeconds", 0, LONGEST_WAIT).unwrap_or_default();
        let desired = whole("DesiredConcurrency", 1, LARGEST);
        if get("DesiredConcurrency").is_none() {
            let allowed = format!("is missing (allowed: whole numbers from 1 to {LARGEST})");
            check("DesiredConcurrency", allowed);
        }
        let properties = desired.map(|desired| Properties {
            desired,
            wait_seconds,
            on_pending,
            on_denied,
            on_smaller_request,
            on_not_adjustable,
            rerequest_when_denied,
            support_case_allowed,
        });
        (properties, problems)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(given: Value) -> (Option<Properties>, Vec<String>) {
        Properties::read(given.as_object().unwrap())
    }

    #[test]
    fn a_wish_alone_is_enough_and_its_defaults_let_a_stack_succeed() {
        let (properties, problems) = read(
            json!({"DesiredConcurrency": "1000", "ServiceToken": "t", "ServiceTimeout": "60"}),
        );
        assert_eq!(problems, Vec::<String>::new());
        let expected = Properties {
            desired: 1000,
            wait_seconds: 0,
            on_pending: Then::Succeed,
            on_denied: Then::Succeed,
            on_smaller_request: Then::Succeed,
            on_not_adjustable: Then::Succeed,
            rerequest_when_denied: false,
            support_case_allowed: true,
        };
        assert_eq!(properties, Some(expected.clone()));
        let empty = KNOWN.map(|name| (name.to_owned(), json!("")));
        let mut empty: Map<String, Value> = empty.into_iter().collect();
        empty.insert("DesiredConcurrency".to_owned(), json!("1000"));
        assert_eq!(Properties::read(&empty), (Some(expected), vec![]));
    }

    #[test]
    fn each_property_is_read_into_its_own_place() {
        let (properties, problems) = read(json!({
            "DesiredConcurrency": "1", "WaitSeconds": "840", "OnPending": "Fail",
            "OnDenied": "Fail", "OnSmallerRequest": "Fail", "OnNotAdjustable": "Fail",
            "RerequestWhenDenied": "true", "SupportCaseAllowed": "false",
        }));
        let expected = Properties {
            desired: 1,
            wait_seconds: 840,
            on_pending: Then::Fail,
            on_denied: Then::Fail,
            on_smaller_request: Then::Fail,
            on_not_adjustable: Then::Fail,
            rerequest_when_denied: true,
            support_case_allowed: false,
        };
        assert_eq!((properties, problems), (Some(expected), vec![]));
        for name in ["OnPending", "OnDenied", "OnSmallerRequest", "OnNotAdjustable"] {
            let (properties, _) = read(json!({"DesiredConcurrency": "1", name: "Fail"}));
            let properties = properties.unwrap();
            let fails = [
                ("OnPending", properties.on_pending),
                ("OnDenied", properties.on_denied),
                ("OnSmallerRequest", properties.on_smaller_request),
                ("OnNotAdjustable", properties.on_not_adjustable),
            ];
            let fails = fails.into_iter().filter(|(_, then)| *then == Then::Fail);
            assert_eq!(fails.map(|(name, _)| name).collect::<Vec<_>>(), [name]);
        }
    }

    #[test]
    fn each_mistake_names_the_property_what_was_given_and_what_is_allowed() {
        for (name, value, said) in [
            ("DesiredConcurency", json!("1"), "did you mean `DesiredConcurrency`?"),
            ("FunctionName", json!("f"), "unknown property `FunctionName`"),
            (
                "WaitSeconds",
                json!("841"),
                "WaitSeconds: given `841`, allowed are whole numbers from 0 to 840",
            ),
            ("WaitSeconds", json!("-1"), "WaitSeconds: given `-1`"),
            ("WaitSeconds", json!([]), "WaitSeconds: given a list"),
            ("OnPending", json!("fail"), "OnPending: unknown value `fail`; did you mean `Fail`?"),
            (
                "OnDenied",
                json!("Ignore"),
                "OnDenied: unknown value `Ignore` (allowed: `Succeed`, `Fail`)",
            ),
            ("OnSmallerRequest", json!({}), "OnSmallerRequest: given a map"),
            ("OnNotAdjustable", json!("true"), "OnNotAdjustable: unknown value `true`"),
            ("RerequestWhenDenied", json!("yes"), "RerequestWhenDenied: given `yes`, allowed are"),
            ("SupportCaseAllowed", json!("0"), "SupportCaseAllowed: given `0`, allowed are"),
        ] {
            let (properties, problems) = read(json!({"DesiredConcurrency": "1000", name: value}));
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].contains(said), "{said}: {problems:?}");
            assert_eq!(properties.unwrap().desired, 1000);
        }
    }

    #[test]
    fn a_wish_that_is_no_whole_number_is_a_mistake_and_never_no_wish() {
        for given in
            ["NaN", "1e3", "1000.0", "0", "-5", " 10 ", "10000000001", "inf", "\u{ff11}", "ten"]
        {
            let (properties, problems) = read(json!({"DesiredConcurrency": given}));
            assert_eq!(properties, None, "{given}");
            assert_eq!(problems.len(), 1, "{problems:?}");
            let said = format!("DesiredConcurrency: given `{given}`, allowed are whole numbers");
            assert!(problems[0].starts_with(&said), "{problems:?}");
        }
        for nothing in [json!({}), json!({"DesiredConcurrency": ""})] {
            let (properties, problems) = read(nothing);
            assert_eq!(properties, None);
            assert_eq!(
                problems,
                ["DesiredConcurrency: is missing (allowed: whole numbers from 1 to 10000000000)"]
            );
        }
    }
}
