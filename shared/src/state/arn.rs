//! Amazon Resource Names of IAM's objects.

use super::Resource;

/// The account that the function serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// `aws`, `aws-cn`, `aws-us-gov` …
    pub partition: String,
    /// Twelve digits.
    pub id: String,
    /// The Region of the function, for example `eu-west-1`.
    pub region: String,
}

impl Account {
    /// Reads partition, Region and account from an ARN of a regional resource, for example the
    /// function's own.
    pub fn from_arn(arn: &str) -> Option<Self> {
        let mut parts = arn.split(':');
        let mut next = || parts.next().filter(|part| !part.is_empty());
        next().filter(|scheme| *scheme == "arn")?;
        let partition = next()?.to_owned();
        next()?;
        let region = next()?.to_owned();
        let id = next()?.to_owned();
        let twelve_digits = id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
        twelve_digits.then_some(Account { partition, id, region })
    }

    /// The ARN of an object; `None` for a link.
    ///
    /// A user's path is not known here, and no preset asks for it.
    pub fn arn(&self, resource: &Resource) -> Option<String> {
        let name = match resource {
            Resource::ServiceLinkedRole { name, service } => {
                format!("role/aws-service-role/{service}/{name}")
            }
            Resource::Policy(policy) => format!("policy{}{}", policy.path, policy.name),
            Resource::Role(role) => format!("role{}{}", role.path, role.name),
            Resource::Group { name, path } => format!("group{path}{name}"),
            Resource::InstanceProfile { name, path, .. } => {
                format!("instance-profile{path}{name}")
            }
            Resource::User { .. }
            | Resource::RoleAttachment { .. }
            | Resource::RoleInline { .. }
            | Resource::GroupAttachment { .. }
            | Resource::GroupInline { .. }
            | Resource::GroupMember { .. }
            | Resource::UserAttachment { .. }
            | Resource::ProfileRole { .. } => return None,
        };
        Some(format!("arn:{}:iam::{}:{name}", self.partition, self.id))
    }

    /// The ARN of a customer managed policy of this account.
    pub fn policy_arn(&self, path: &str, name: &str) -> String {
        format!("arn:{}:iam::{}:policy{path}{name}", self.partition, self.id)
    }

    /// The ARN of a policy that AWS manages; `name` carries its path, for example
    /// `service-role/AWSLambdaRole`.
    pub fn aws_managed_policy_arn(&self, name: &str) -> String {
        format!("arn:{}:iam::aws:policy/{name}", self.partition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_read_from_the_functions_own_arn() {
        let account =
            Account::from_arn("arn:aws-cn:lambda:cn-north-1:123456789012:function:f:live");
        let account = account.unwrap();
        assert_eq!(account.partition, "aws-cn");
        assert_eq!(account.region, "cn-north-1");
        assert_eq!(account.id, "123456789012");
    }

    #[test]
    fn an_arn_without_a_twelve_digit_account_names_no_account() {
        for arn in ["", "arn:aws:s3:::bucket", "arn:aws:lambda:eu-west-1:12:function:f", "a:b"] {
            assert_eq!(Account::from_arn(arn), None, "{arn}");
        }
    }
}
