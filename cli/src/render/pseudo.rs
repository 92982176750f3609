//! Account, partition and Region as a language writes them, for a text that is right in any account.

use account_presets::state::Account;
use serde_json::{Map, Value};

/// Stand-ins for partition, account and Region while a preset is rendered: characters that IAM
/// takes and no text has.
const STAND_INS: [&str; 3] = ["\u{91}", "\u{92}", "\u{93}"];

/// How a language writes them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    /// Partition, account and Region.
    words: [&'static str; 3],
    /// The beginning of an expression, and its escaped form.
    escapes: &'static [(&'static str, &'static str)],
}

/// Pseudo parameters, in `Fn::Sub`.
pub(super) const CLOUDFORMATION: Words = Words {
    words: ["${AWS::Partition}", "${AWS::AccountId}", "${AWS::Region}"],
    escapes: &[("${", "${!")],
};

/// Data sources.
pub(super) const TERRAFORM: Words = Words {
    words: [
        "${data.aws_partition.current.partition}",
        "${data.aws_caller_identity.current.account_id}",
        "${data.aws_region.current.name}",
    ],
    escapes: &[("${", "$${"), ("%{", "%%{")],
};

impl Words {
    /// The account to render for.
    #[allow(clippy::unused_self, reason = "it is of these words that it speaks")]
    pub(super) fn account(self) -> Account {
        let [partition, id, region] = STAND_INS.map(str::to_owned);
        Account { partition, id, region }
    }

    /// True if the text has one of them.
    pub(super) fn is_in(text: &str) -> bool {
        STAND_INS.iter().any(|it| text.contains(it))
    }

    /// Returns the text with beginnings of expressions escaped, and with the language's words.
    pub(super) fn text(self, text: &str) -> String {
        let escaped =
            self.escapes.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
        let pairs = STAND_INS.iter().zip(self.words);
        pairs.fold(escaped, |text, (from, to)| text.replace(from, to))
    }
}

/// Replaces every text of a value, and every name of a member, by the result of `to`.
pub(super) fn each_text(value: &Value, to: &impl Fn(&str) -> Value) -> Value {
    match value {
        Value::String(text) => to(text),
        Value::Array(values) => values.iter().map(|value| each_text(value, to)).collect(),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.clone(), each_text(value, to)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_of_iams_is_no_expression_of_the_languages() {
        let account = CLOUDFORMATION.account();
        let arn = format!("arn:{}:s3:::b-{}-${{aws:username}}%{{x", account.partition, account.id);
        assert!(Words::is_in(&arn) && !Words::is_in("${aws:username}"));
        assert_eq!(
            CLOUDFORMATION.text(&arn),
            "arn:${AWS::Partition}:s3:::b-${AWS::AccountId}-${!aws:username}%{x"
        );
        assert_eq!(
            TERRAFORM.text(&arn),
            "arn:${data.aws_partition.current.partition}:s3:::b-\
             ${data.aws_caller_identity.current.account_id}-$${aws:username}%%{x"
        );
    }
}
