//! The statements of a document, as far as the linter reads them.

use std::collections::BTreeMap;

use serde_json::Value;

use grammar::glob;

/// A statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// `Allow` rather than `Deny`.
    pub allow: bool,
    /// The actions that it is about.
    pub actions: Words,
    /// The resources that it is about.
    pub resources: Words,
    /// All of them must hold.
    pub conditions: Vec<Condition>,
}

/// Patterns that count, or patterns that do not.
#[derive(Clone, Debug)]
pub enum Words {
    /// `Action`, `Resource`.
    Any(Vec<String>),
    /// `NotAction`, `NotResource`.
    Not(Vec<String>),
}

/// A key of the request and the values that it is compared with.
#[derive(Clone, Debug)]
pub struct Condition {
    /// In small letters, without prefix and suffix: `stringlike`.
    pub operator: String,
    /// True also where the request lacks the key: `IfExists`, `ForAllValues`.
    pub if_exists: bool,
    /// In small letters: `iam:passedtoservice`. A service's own spelling is replaced by the global
    /// one: `aws:resourcetag/…` for `ec2:ResourceTag/…`.
    pub key: String,
    /// For a key that names a tag, the tag's key as it is written.
    pub tag: Option<String>,
    /// One of them must fit.
    pub values: Vec<String>,
}

/// The known keys of a request: for a key its value, or that the request lacks it. A key that is
/// not in here may have any value, unless the beginning of its name is, up to the slash:
/// `aws:resourcetag/`.
pub type Request<'a> = BTreeMap<&'a str, Option<&'a str>>;

/// The statements of a document.
pub fn statements(document: &Value) -> Vec<Statement> {
    let all = document.get("Statement").map(list).unwrap_or_default();
    all.iter().map(statement).collect()
}

/// The texts of a value that is one text or a list of them.
pub fn texts(value: Option<&Value>) -> Vec<String> {
    let values = value.map(list).unwrap_or_default();
    values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice)
}

fn statement(statement: &Value) -> Statement {
    let words = |any: &str, not: &str| match statement.get(not) {
        None => Words::Any(texts(statement.get(any))),
        not => Words::Not(texts(not)),
    };
    let members = |value: Option<&Value>| value.and_then(Value::as_object).cloned();
    let operators = members(statement.get("Condition")).unwrap_or_default();
    let conditions = operators.iter().flat_map(|(operator, keys)| {
        let keys = members(Some(keys)).unwrap_or_default();
        keys.into_iter().map(|(key, values)| condition(operator, &key, &values)).collect::<Vec<_>>()
    });
    Statement {
        allow: statement.get("Effect").and_then(Value::as_str) == Some("Allow"),
        actions: words("Action", "NotAction"),
        resources: words("Resource", "NotResource"),
        conditions: conditions.collect(),
    }
}

fn condition(operator: &str, key: &str, values: &Value) -> Condition {
    let operator = operator.to_ascii_lowercase();
    let (of_all, operator) = match operator.split_once(':') {
        Some((set, operator)) => (set == "forallvalues", operator.to_owned()),
        None => (false, operator),
    };
    let plain = operator.strip_suffix("ifexists").map(str::to_owned);
    let tag = key.split_once('/').map(|(_, tag)| tag.to_owned());
    let key = key.to_ascii_lowercase();
    let common = |kind: &str| Some(format!("aws:{kind}{}", key.split_once(kind)?.1));
    let common = common("resourcetag/").or_else(|| common("requesttag/"));
    Condition {
        if_exists: of_all || plain.is_some(),
        operator: plain.unwrap_or(operator),
        tag: tag.filter(|_| common.is_some()),
        key: common.unwrap_or(key),
        values: scalars(values),
    }
}

/// The values of a condition, which may be booleans and numbers too.
fn scalars(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    list(value).iter().map(text).collect()
}

impl Words {
    /// The patterns of either element.
    pub fn patterns(&self) -> &[String] {
        match self {
            Words::Any(patterns) | Words::Not(patterns) => patterns,
        }
    }

    fn cover(&self, covers: impl Fn(&str) -> bool) -> bool {
        match self {
            Words::Any(patterns) => patterns.iter().any(|pattern| covers(pattern)),
            Words::Not(patterns) => !patterns.iter().any(|pattern| covers(pattern)),
        }
    }
}

impl Statement {
    /// True if the statement is about this action.
    pub fn has_action(&self, action: &str) -> bool {
        self.actions.cover(|pattern| glob::matches_action(pattern, action))
    }

    /// True if the statement is about this resource; `user` is the caller.
    pub fn has_resource(&self, arn: &str, user: &str) -> bool {
        self.resources
            .cover(|pattern| glob::matches(&pattern.replace("${aws:username}", user), arn))
    }

    /// True if the conditions hold for a request, or may hold: IAM knows keys that we do not.
    pub fn may_hold(&self, request: &Request<'_>) -> bool {
        self.conditions.iter().all(|condition| condition.verdict(request).unwrap_or(true))
    }

    /// True if the conditions hold for a request with any other keys.
    pub fn must_hold(&self, request: &Request<'_>) -> bool {
        self.conditions.iter().all(|condition| condition.verdict(request).unwrap_or(false))
    }
}

impl Condition {
    /// Whether it holds; `None` if that depends on an unknown key.
    fn verdict(&self, request: &Request<'_>) -> Option<bool> {
        let family = || self.key.split_inclusive('/').next().and_then(|key| request.get(key));
        let value = request.get(self.key.as_str()).or_else(family)?;
        if self.operator == "null" {
            return Some(self.values.iter().any(|text| (text == "true") == value.is_none()));
        }
        let fits: fn(&str, &str) -> bool = match self.operator.trim_start_matches("string") {
            "equals" | "notequals" => |wanted, value| wanted == value,
            "equalsignorecase" | "notequalsignorecase" | "bool" => str::eq_ignore_ascii_case,
            "like" | "notlike" | "arnequals" | "arnlike" | "arnnotequals" | "arnnotlike" => {
                glob::matches
            }
            _ => return None,
        };
        let negated = self.operator.contains("not");
        match value {
            None => Some(negated || self.if_exists),
            Some(value) => Some(self.values.iter().any(|wanted| fits(wanted, value)) != negated),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn statement(condition: Value) -> Statement {
        let mut statement = json!({"Effect": "Allow", "Action": "iam:Pass*", "Resource": "*"});
        statement["Condition"] = condition;
        super::statement(&statement)
    }

    #[test]
    fn a_condition_holds_as_iam_says() {
        let given = Request::from([("iam:passedtoservice", Some("ec2.amazonaws.com"))]);
        let missing = Request::from([("iam:passedtoservice", None)]);
        for (operator, value, with, without) in [
            ("StringEquals", "ec2.amazonaws.com", true, false),
            ("StringEquals", "ec2.*", false, false),
            ("StringLike", "ec2.*", true, false),
            ("StringNotLike", "ec2.*", false, true),
            ("StringEqualsIfExists", "lambda.amazonaws.com", false, true),
            ("ForAnyValue:StringLike", "ec2.*", true, false),
            ("Null", "true", false, true),
            ("Null", "false", true, false),
            ("ForAllValues:StringLike", "ec2.*", true, true),
            ("ForAllValues:StringLike", "lambda.*", false, true),
        ] {
            let statement = statement(json!({ operator: { "iam:PassedToService": [value] } }));
            for (request, expected) in [(&given, with), (&missing, without)] {
                assert_eq!(statement.may_hold(request), expected, "{operator} {value}");
                assert_eq!(statement.must_hold(request), expected, "{operator} {value}");
            }
        }
    }

    #[test]
    fn tags_are_known_by_the_services_own_names_too_and_all_at_once() {
        let untagged = Request::from([("aws:resourcetag/", None)]);
        let tagged =
            Request::from([("aws:resourcetag/", None), ("aws:resourcetag/name", Some("app"))]);
        for (key, with, without) in [
            ("aws:ResourceTag/Name", true, false),
            ("ec2:ResourceTag/Name", true, false),
            ("ssm:resourceTag/name", true, false),
            ("aws:ResourceTag/Team", false, false),
            // Of the request, and of who asks, nothing is known.
            ("aws:RequestTag/Name", true, true),
            ("aws:PrincipalTag/Name", true, true),
        ] {
            let statement = statement(json!({"StringEquals": { key: "app" }}));
            assert_eq!(statement.may_hold(&tagged), with, "{key}");
            assert_eq!(statement.may_hold(&untagged), without, "{key}");
        }
    }

    #[test]
    fn a_boolean_may_be_written_as_one() {
        let given = Request::from([("ssm:sessiondocumentaccesscheck", Some("false"))]);
        for value in [json!("true"), json!(true)] {
            let statement = statement(json!({"Bool": {"ssm:SessionDocumentAccessCheck": value}}));
            assert!(!statement.may_hold(&given));
        }
    }

    #[test]
    fn what_is_not_known_may_hold_and_need_not() {
        let statement = statement(json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}));
        assert!(statement.may_hold(&Request::new()) && !statement.must_hold(&Request::new()));
    }

    #[test]
    fn not_action_and_not_resource_are_everything_else() {
        let statement = super::statement(&json!({
            "Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:x:user/${aws:username}",
        }));
        assert!(statement.has_action("s3:GetObject") && !statement.has_action("IAM:passrole"));
        assert!(statement.has_resource("arn:x:user/b", "a"));
        assert!(!statement.has_resource("arn:x:user/a", "a"));
    }
}
