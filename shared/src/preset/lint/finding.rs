//! The linter's findings.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use grammar::schema::Edition;

/// A problem and where it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The problem.
    pub problem: Problem,
    /// Where it shows.
    pub at: Example,
}

/// In which renderings of which preset a problem shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The preset's title.
    pub preset: String,
    /// All editions that have the problem.
    pub editions: BTreeSet<Edition>,
    /// The parameters that are not at their defaults.
    pub parameters: BTreeMap<String, String>,
}

/// A problem of a preset. `object` is the object in IAM, as a plan names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the fields are names of what the variant is about")]
pub enum Problem {
    /// IAM would refuse it.
    Limit { said: String },
    /// It needs an object that is not made along with it.
    Dangling { object: String, needs: String },
    /// An output's object is there in no edition and with no parameters.
    NeverThere { output: String, of: String },
    /// No value is known that the parameter's pattern allows, so the linter cannot look.
    NoExample { parameter: String },
    /// An account's id that no parameter holds.
    AccountId { object: String, text: String },
    /// A partition that is written out.
    Partition { object: String, text: String },
    /// A placeholder that nothing fills in.
    Placeholder { object: String, text: String },
    /// AWS does not have the action.
    UnknownAction { object: String, action: String },
    /// A grant that is never used, because the action is about other resources.
    DeadGrant { object: String, action: String, takes: String },
    /// AWS does not manage the policy, or it cannot be attached.
    NoSuchManagedPolicy { object: String, policy: String, meant: Option<String> },
    /// The reference has no document of a policy that AWS manages.
    NoDocument { policy: String },
    /// `iam:PassRole` to any service.
    PassRoleToAnyService { object: String },
    /// A principal can become administrator, and the preset does not disclose it.
    NotMarked { principal: String, path: String },
    /// A role can become administrator in spite of its permissions boundary.
    NotBounded { principal: String, path: String },
    /// The preset discloses administrator's rights that no principal has.
    MarkedWithoutReason { reason: String },
    /// A value that a consumer may choose, or a wildcard, lets a document reach the provider's own
    /// resources.
    ReachesProvider { object: String, action: String, what: String },
}

impl Finding {
    /// True for a problem to mend; false for a note, and for grants that the `documented` edition
    /// has from the vendor's page, to which it keeps to the letter.
    pub fn is_mistake(&self) -> bool {
        match self.problem {
            Problem::UnknownAction { .. }
            | Problem::DeadGrant { .. }
            | Problem::ReachesProvider { .. }
            | Problem::PassRoleToAnyService { .. } => {
                self.at.editions.iter().any(|edition| *edition != Edition::Documented)
            }
            Problem::Limit { .. }
            | Problem::Dangling { .. }
            | Problem::NeverThere { .. }
            | Problem::NoExample { .. }
            | Problem::AccountId { .. }
            | Problem::Partition { .. }
            | Problem::Placeholder { .. }
            | Problem::NoSuchManagedPolicy { .. }
            | Problem::NoDocument { .. }
            | Problem::NotMarked { .. }
            | Problem::NotBounded { .. }
            | Problem::MarkedWithoutReason { .. } => true,
        }
    }
}

impl Problem {
    /// The same problem with each text replaced.
    pub(super) fn map(self, to: impl Fn(&str) -> String) -> Self {
        let to = |text: String| to(&text);
        match self {
            Problem::Limit { said } => Problem::Limit { said: to(said) },
            Problem::Dangling { object, needs } => {
                Problem::Dangling { object: to(object), needs: to(needs) }
            }
            Problem::NeverThere { output, of } => Problem::NeverThere { output, of },
            Problem::NoExample { parameter } => Problem::NoExample { parameter },
            Problem::AccountId { object, text } => {
                Problem::AccountId { object: to(object), text: to(text) }
            }
            Problem::Partition { object, text } => {
                Problem::Partition { object: to(object), text: to(text) }
            }
            Problem::Placeholder { object, text } => {
                Problem::Placeholder { object: to(object), text: to(text) }
            }
            Problem::UnknownAction { object, action } => {
                Problem::UnknownAction { object: to(object), action }
            }
            Problem::DeadGrant { object, action, takes } => {
                Problem::DeadGrant { object: to(object), action, takes }
            }
            Problem::NoSuchManagedPolicy { object, policy, meant } => {
                Problem::NoSuchManagedPolicy { object: to(object), policy, meant }
            }
            Problem::NoDocument { policy } => Problem::NoDocument { policy },
            Problem::PassRoleToAnyService { object } => {
                Problem::PassRoleToAnyService { object: to(object) }
            }
            Problem::NotMarked { principal, path } => {
                Problem::NotMarked { principal: to(principal), path: to(path) }
            }
            Problem::NotBounded { principal, path } => {
                Problem::NotBounded { principal: to(principal), path: to(path) }
            }
            Problem::MarkedWithoutReason { reason } => Problem::MarkedWithoutReason { reason },
            Problem::ReachesProvider { object, action, what } => {
                Problem::ReachesProvider { object: to(object), action, what }
            }
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.problem)
    }
}

impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let editions: Vec<&str> = self.editions.iter().map(|edition| edition.as_str()).collect();
        write!(f, "{} ({}", self.preset, editions.join(", "))?;
        for (name, value) in &self.parameters {
            write!(f, "; {name}: {value}")?;
        }
        f.write_str(")")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Limit { said } => {
                write!(f, "{said}; make it fit, or let the parameter's `pattern` allow less")
            }
            Problem::Dangling { object, needs } => write!(
                f,
                "{object} needs {needs}, which is not made here; declare it, or give both the \
                 same `when`"
            ),
            Problem::NeverThere { output, of } => write!(
                f,
                "output `{output}` is of {of}, which is never made; correct the name, or drop it"
            ),
            Problem::NoExample { parameter } => write!(
                f,
                "no value for parameter `{parameter}` is known that its pattern allows; give it a \
                 default, or teach `lint/samples.rs` one"
            ),
            Problem::AccountId { object, text } => write!(
                f,
                "{object} holds an account's id: `{text}`; write `${{AWS::AccountId}}`, or make \
                 it a parameter"
            ),
            Problem::Partition { object, text } => {
                write!(f, "{object} holds a partition: `{text}`; write `arn:${{AWS::Partition}}:`")
            }
            Problem::Placeholder { object, text } => write!(
                f,
                "{object} holds a placeholder that nothing fills in: `{text}`; make it a parameter"
            ),
            Problem::UnknownAction { object, action } => write!(
                f,
                "{object} names `{action}`, an action that the reference does not have; correct it, \
                 or run shared/data/refresh.py if it is new"
            ),
            Problem::DeadGrant { object, action, takes } => write!(
                f,
                "{object} grants `{action}` on resources of a type that it does not support; \
                 grant it on a supported one ({takes}), or drop it"
            ),
            Problem::NoSuchManagedPolicy { object, policy, meant } => {
                write!(f, "{object} names `{policy}`, which AWS does not offer (any more)")?;
                match meant {
                    Some(meant) => write!(f, "; did you mean `{meant}`?"),
                    None => f.write_str("; take its successor"),
                }
            }
            Problem::NoDocument { policy } => write!(
                f,
                "the reference does not have the document of `{policy}`; run shared/data/refresh.py"
            ),
            Problem::PassRoleToAnyService { object } => write!(
                f,
                "{object} grants iam:PassRole to any service; add a condition on \
                 `iam:PassedToService`"
            ),
            Problem::NotMarked { principal, path } => write!(
                f,
                "{principal} can become administrator: {path}; close the path, or add an entry to \
                 `admin_equivalent` that holds here"
            ),
            Problem::NotBounded { principal, path } => write!(
                f,
                "{principal} can become administrator under the permissions boundary: {path}; let \
                 the boundary allow less"
            ),
            Problem::MarkedWithoutReason { reason } => write!(
                f,
                "`admin_equivalent` says `{reason}`, and no path to administrator was found; \
                 narrow its `when`, or drop it"
            ),
            Problem::ReachesProvider { object, action, what } => write!(
                f,
                "{object} reaches the provider's own {what}: {action}; add a Deny for the prefix \
                 `${{Provider}}`, or let the parameter's `pattern` allow less"
            ),
        }
    }
}
