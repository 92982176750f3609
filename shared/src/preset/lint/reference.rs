//! AWS's reference data, as far as the linter needs it: actions, types of resources, managed
//! policies.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use grammar::glob;

/// `shared/data/aws-reference.json`; how it is made is said beside it.
#[derive(Clone, Debug, Deserialize)]
pub struct Reference {
    /// By prefix: `ec2`.
    pub services: BTreeMap<String, Service>,
    /// Paths and names of the managed policies that can be attached: `service-role/AWSLambdaRole`.
    pub managed: BTreeSet<String>,
    /// The documents of those that presets name.
    pub documents: BTreeMap<String, Value>,
}

/// The actions of a service and the resources that they are about.
#[derive(Clone, Debug, Deserialize)]
pub struct Service {
    /// For each action the types that it takes; none if it takes only `*`.
    pub actions: BTreeMap<String, Vec<String>>,
    /// For each type its ARNs, with `${…}` where an ARN differs.
    pub types: BTreeMap<String, Vec<String>>,
}

impl Reference {
    /// Reads the data file.
    ///
    /// # Errors
    ///
    /// If the text is not of this format.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

impl Service {
    /// The actions that a pattern without the service's prefix stands for.
    pub fn expand(&self, pattern: &str) -> Vec<&str> {
        let names = self.actions.keys().map(String::as_str);
        names.filter(|name| glob::matches_action(pattern, name)).collect()
    }

    /// True if the action can be about a resource that the pattern matches. An action without data
    /// in the reference counts as yes.
    pub fn takes(&self, action: &str, resource: &str) -> bool {
        let Some(types) = self.actions.get(action) else { return true };
        resource == "*"
            || types.iter().any(|kind| {
                self.types
                    .get(kind)
                    .is_none_or(|arns| arns.iter().any(|arn| overlap(arn, resource)))
            })
    }
}

fn overlap(arn: &str, resource: &str) -> bool {
    // A bucket's name has no slash: `arn:…:::bucket/*` are its objects, not buckets.
    if arn.ends_with(":::${BucketName}") && resource.contains('/') {
        return false;
    }
    let (arn, resource) = (open(arn), open(resource));
    // A wildcard for a Region does not reach over the account into the name.
    let parts = |text: &str| text.splitn(6, ':').map(str::to_owned).collect::<Vec<_>>();
    let (ours, theirs) = (parts(&arn), parts(&resource));
    match (ours.len(), theirs.len()) {
        (6, 6) => ours.iter().zip(&theirs).all(|(one, other)| glob::overlap(one, other)),
        _ => glob::overlap(&arn, &resource),
    }
}

/// `*` for everything that is filled in later, by AWS or by IAM.
fn open(text: &str) -> String {
    let mut pieces = text.split("${");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |open, piece| {
        format!("{open}*{}", piece.split_once('}').map_or("", |(_, rest)| rest))
    })
}
