//! What others run, made to work for somebody: `takeovers.rs` says how.

use std::collections::{BTreeMap, BTreeSet};

use super::super::account::arn as arn_of;
use super::super::glob;
use super::super::statement::Request;
use super::super::takeovers::{Step, TAKEOVERS, Takeover};
use super::{Attack, FOREIGN};

/// Tags that a thing of somebody else's may be given, as keys of a request and their values.
type Tags = BTreeMap<String, String>;

/// So many sets of tags are tried on one thing.
const SETS: usize = 64;

const RESOURCE_TAG: &str = "aws:resourcetag/";
const REQUEST_TAG: &str = "aws:requesttag/";

impl Attack<'_> {
    /// The first thing of somebody else's that can be made to do what this principal wants.
    pub(super) fn takes_over(&self) -> Option<String> {
        let providers = format!("{}-IamPreset", self.account.provider);
        TAKEOVERS.iter().find_map(|thing| {
            let any = || format!("any {}", thing.what);
            let own = |name: &str| format!("the provider's own {} `{name}`", thing.what);
            self.takes(thing, FOREIGN, &any())
                .or_else(|| self.takes(thing, &providers, &own(&providers)))
                .or_else(|| self.takes(thing, &self.account.provider, &own(&self.account.provider)))
        })
    }

    fn takes(&self, thing: &Takeover, name: &str, label: &str) -> Option<String> {
        // What no statement is about needs no second look.
        let mut ways = thing.ways.iter().filter(|way| way.iter().all(|step| self.has(step)));
        ways.next()?;
        let arn = arn_of(&self.account.of, thing.arn, name);
        let keys = self.keys(thing, name);
        self.tags(thing, name, &arn).iter().find_map(|tags| {
            let mut request = about(&keys);
            request.extend(with(tags));
            let can = |step: &Step| self.does(step, name, &arn, &request);
            let way = thing.ways.iter().find(|way| way.iter().all(can))?;
            let actions: BTreeSet<&str> = way.iter().map(Step::action).collect();
            let actions = actions.into_iter().collect::<Vec<_>>().join(" and ");
            let tagged = thing.tags.iter().find(|_| !tags.is_empty()).map(Step::action);
            let first = tagged.map(|action| format!("{action}, then ")).unwrap_or_default();
            Some(format!("{first}{actions} on {label}: {}", thing.so))
        })
    }

    fn has(&self, step: &Step) -> bool {
        let action = step.action();
        self.who.statements.iter().any(|one| one.allow && one.has_action(action))
    }

    fn does(&self, step: &Step, name: &str, arn: &str, request: &Request<'_>) -> bool {
        match step {
            Step::It(action) => self.allows(action, arn, request),
            Step::ItWith(action, (key, value)) => {
                let mut request = request.clone();
                request.insert(key, Some(value));
                self.allows(action, arn, &request)
            }
            Step::On(action, other) => {
                self.allows(action, &arn_of(&self.account.of, other, name), request)
            }
            // The thing's own tags are not those of whatever else the action is about.
            Step::Any(action) => {
                let known = request.iter().filter(|(key, _)| !key.starts_with(RESOURCE_TAG));
                self.can(action, &known.map(|(key, value)| (*key, *value)).collect())
            }
        }
    }

    fn keys(&self, thing: &Takeover, name: &str) -> Vec<(&'static str, String)> {
        let of = &self.account.of;
        thing.keys.iter().map(|(key, value)| (*key, arn_of(of, value, name))).collect()
    }

    /// The sets of tags that a thing has or can be given: none at first, and what is allowed for
    /// one tag may allow the next.
    fn tags(&self, thing: &Takeover, name: &str, arn: &str) -> Vec<Tags> {
        let mut sets = vec![Tags::new()];
        let wanted = self.wanted_tags();
        let mut next = 0;
        while let Some(tags) = sets.get(next).cloned().filter(|_| sets.len() < SETS) {
            next += 1;
            for given in &wanted {
                let mut more = tags.clone();
                more.extend(given.iter().map(|(key, value)| (resource_tag(key), value.clone())));
                if !sets.contains(&more) && self.tag(thing, name, arn, &tags, given) {
                    sets.push(more);
                }
            }
        }
        sets
    }

    /// True if it may give the thing these tags, while it has those.
    fn tag(&self, thing: &Takeover, name: &str, arn: &str, has: &Tags, given: &Tags) -> bool {
        let keys: Vec<(String, &str)> = given
            .iter()
            .map(|(key, value)| (format!("{REQUEST_TAG}{}", key.to_lowercase()), value.as_str()))
            .collect();
        let own = self.keys(thing, name);
        let mut request = about(&own);
        request.extend(with(has));
        // Nothing is made along with it, and CloudFormation tags only what is in its stacks.
        let direct = ["ec2:createaction", "aws:calledvia"].map(|key| (key, None));
        request.extend(direct.into_iter().chain([(REQUEST_TAG, None)]));
        request.extend(keys.iter().map(|(key, value)| (key.as_str(), Some(*value))));
        if let [key] = given.keys().collect::<Vec<_>>().as_slice() {
            request.insert("aws:tagkeys", Some(key));
        }
        thing.tags.iter().any(|step| self.does(step, name, arn, &request))
    }

    /// Tags that some condition asks for: each alone, and one of each key together.
    fn wanted_tags(&self) -> Vec<Tags> {
        let conditions = || self.who.statements.iter().flat_map(|one| &one.conditions);
        let values = |family: &str, key: &str| -> BTreeSet<&str> {
            let name = format!("{family}{}", key.to_lowercase());
            let of_it = conditions().filter(|condition| condition.key == name);
            of_it.flat_map(|condition| &condition.values).map(String::as_str).collect()
        };
        let keys: BTreeSet<&str> = conditions()
            .filter(|condition| condition.key.starts_with(RESOURCE_TAG))
            .filter_map(|condition| condition.tag.as_deref())
            // AWS keeps these for itself.
            .filter(|key| !key.to_lowercase().starts_with("aws:"))
            .collect();
        let mut wanted = Vec::new();
        let mut together = Tags::new();
        for key in keys {
            let asked = values(REQUEST_TAG, key);
            let all: BTreeSet<String> = values(RESOURCE_TAG, key)
                .into_iter()
                .flat_map(|one| {
                    let both = asked.iter().filter_map(move |other| glob::common(&[one, other]));
                    both.chain(glob::common(&[one]))
                })
                .collect();
            for value in all {
                let tag = (key.to_owned(), value);
                together.insert(tag.0.clone(), tag.1.clone());
                wanted.push(Tags::from([tag]));
            }
        }
        if together.len() > 1 {
            wanted.push(together);
        }
        wanted
    }
}

fn resource_tag(key: &str) -> String {
    format!("{RESOURCE_TAG}{}", key.to_lowercase())
}

/// A request about a thing that has no tags.
fn about<'a>(keys: &'a [(&'static str, String)]) -> Request<'a> {
    let keys = keys.iter().map(|(key, value)| (*key, Some(value.as_str())));
    keys.chain([(RESOURCE_TAG, None)]).collect()
}

fn with(tags: &Tags) -> impl Iterator<Item = (&str, Option<&str>)> {
    tags.iter().map(|(key, value)| (key.as_str(), Some(value.as_str())))
}
