//! Takeovers of foreign workloads, by the table in `takeovers.rs`.

use std::collections::{BTreeMap, BTreeSet};

use super::super::account::Thing;
use super::super::statement::Request;
use super::super::takeovers::{Step, TAKEOVERS, Takeover};
use super::{Attack, FOREIGN};
use grammar::glob;

/// Tags that a foreign resource may be given, as keys of a request and their values.
type Tags = BTreeMap<String, String>;

/// The number of sets of tags that are tried on one resource.
const SETS: usize = 64;

const RESOURCE_TAG: &str = "aws:resourcetag/";
const REQUEST_TAG: &str = "aws:requesttag/";

impl Attack<'_> {
    /// Returns the first foreign resource that this principal can take over.
    pub(super) fn takes_over(&self) -> Option<String> {
        let of = &self.account.of;
        let providers = format!("{}-IamPreset", self.account.provider);
        TAKEOVERS.iter().find_map(|kind| {
            // What no statement is about needs no second look.
            let mut ways = kind.ways.iter().filter(|way| way.iter().all(|step| self.has(step)));
            ways.next()?;
            let any = || format!("any {}", kind.what);
            let own = |name: &str| format!("the provider's own {} `{name}`", kind.what);
            let named = |it: &Thing| format!("the {} `{}`", kind.what, it.name);
            self.takes(kind, &Thing::new(of, FOREIGN), &any())
                .or_else(|| self.takes(kind, &Thing::new(of, &providers), &own(&providers)))
                .or_else(|| {
                    let provider = &self.account.provider;
                    self.takes(kind, &Thing::new(of, provider), &own(provider))
                })
                .or_else(|| self.named(kind).iter().find_map(|it| self.takes(kind, it, &named(it))))
        })
    }

    fn takes(&self, kind: &Takeover, it: &Thing, label: &str) -> Option<String> {
        let arn = it.arn(&self.account.of, kind.arn);
        let keys = self.keys(kind, it);
        self.tags(kind, it, &arn).iter().find_map(|tags| {
            let mut request = about(&keys);
            request.extend(with(tags));
            let can = |step: &Step| self.does(step, it, &arn, &request);
            let given = self.given();
            let is_given =
                |step: &Step| given.as_ref().is_some_and(|by| by.does(step, it, &arn, &request));
            let mut ways = kind.ways.iter().filter(|way| way.iter().all(can));
            let way = ways.find(|way| !way.iter().all(is_given))?;
            let actions: BTreeSet<&str> = way.iter().map(Step::action).collect();
            let actions = actions.into_iter().collect::<Vec<_>>().join(" and ");
            let tagged = kind.tags.iter().find(|_| !tags.is_empty() && given.is_none());
            let first = tagged.map(|step| format!("{}, then ", step.action())).unwrap_or_default();
            Some(format!("{first}{actions} on {label}: {}", kind.so))
        })
    }

    /// Foreign resources that the grants name, where existing principals are judged.
    fn named(&self, kind: &Takeover) -> BTreeSet<Thing> {
        if self.account.beside.is_none() {
            return BTreeSet::new();
        }
        let open = Thing::new(&self.account.of, FOREIGN);
        let steps = kind.ways.iter().flat_map(|way| way.iter());
        let granted = steps.filter_map(|step| {
            let form = match step {
                Step::It(_) | Step::ItWith(..) => kind.arn,
                Step::On(_, other) => other,
                Step::Any(_) => return None,
            };
            Some((form, self.patterns(&[step.action()])))
        });
        let conditions = self.who.statements.iter().filter(|one| one.allow);
        let conditions: Vec<_> = conditions.flat_map(|one| &one.conditions).collect();
        let asked = kind.keys.iter().map(|(key, form)| {
            let of_it = conditions.iter().filter(|condition| condition.key == *key);
            (*form, of_it.flat_map(|condition| condition.values.iter().cloned()).collect())
        });
        let of_form = |(form, patterns): (&'static str, BTreeSet<String>)| {
            let all = kind.named.iter().map(|name| {
                let any = |text: &str| text.to_owned();
                Thing { region: any("*"), name: any(name), tail: any("*") }
                    .arn(&self.account.of, form)
            });
            let all: Vec<String> = all.collect();
            let arns =
                patterns.iter().flat_map(|one| all.iter().map(move |it| [one.clone(), it.clone()]));
            let arns = arns.filter_map(|[one, it]| glob::common(&[&one, &it]));
            arns.filter_map(|arn| Thing::of_arn(&arn, form, &open)).collect::<Vec<_>>()
        };
        granted.chain(asked).flat_map(of_form).collect()
    }

    fn has(&self, step: &Step) -> bool {
        let action = step.action();
        self.who.statements.iter().any(|one| one.allow && one.has_action(action))
    }

    fn does(&self, step: &Step, thing: &Thing, arn: &str, request: &Request<'_>) -> bool {
        match step {
            Step::It(action) => self.allows(action, arn, request),
            Step::ItWith(action, (key, value)) => {
                let mut request = request.clone();
                request.insert(key, Some(value));
                self.allows(action, arn, &request)
            }
            Step::On(action, other) => {
                self.allows(action, &thing.arn(&self.account.of, other), request)
            }
            // The thing's own tags are not those of whatever else the action is about.
            Step::Any(action) => {
                let known = request.iter().filter(|(key, _)| !key.starts_with(RESOURCE_TAG));
                self.can(action, &known.map(|(key, value)| (*key, *value)).collect())
            }
        }
    }

    fn keys(&self, kind: &Takeover, it: &Thing) -> Vec<(&'static str, String)> {
        kind.keys.iter().map(|(key, value)| (*key, it.arn(&self.account.of, value))).collect()
    }

    /// The sets of tags that a resource has or can be given: none at first, and one tag may allow
    /// the next. Where existing principals are judged, a tag is one more name.
    fn tags(&self, kind: &Takeover, it: &Thing, arn: &str) -> Vec<Tags> {
        let mut sets = vec![Tags::new()];
        let wanted = self.wanted_tags();
        if self.account.beside.is_some() {
            sets.extend(wanted.iter().map(as_its_own));
        }
        let mut next = 0;
        while let Some(tags) = sets.get(next).cloned().filter(|_| sets.len() < SETS) {
            next += 1;
            for given in &wanted {
                let mut more = tags.clone();
                more.extend(as_its_own(given));
                if !sets.contains(&more) && self.tag(kind, it, arn, &tags, given) {
                    sets.push(more);
                }
            }
        }
        sets
    }

    /// True if the principal may give the resource these tags, while it has those.
    fn tag(&self, kind: &Takeover, it: &Thing, arn: &str, has: &Tags, given: &Tags) -> bool {
        let keys: Vec<(String, &str)> = given
            .iter()
            .map(|(key, value)| (format!("{REQUEST_TAG}{}", key.to_lowercase()), value.as_str()))
            .collect();
        let own = self.keys(kind, it);
        let mut request = about(&own);
        request.extend(with(has));
        // Nothing is made along with it, and CloudFormation tags only what is in its stacks.
        let direct = ["ec2:createaction", "aws:calledvia"].map(|key| (key, None));
        request.extend(direct.into_iter().chain([(REQUEST_TAG, None)]));
        request.extend(keys.iter().map(|(key, value)| (key.as_str(), Some(*value))));
        if let [key] = given.keys().collect::<Vec<_>>().as_slice() {
            request.insert("aws:tagkeys", Some(key));
        }
        kind.tags.iter().any(|step| self.does(step, it, arn, &request))
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

/// These tags as keys of a request about the resource that has them.
fn as_its_own(tags: &Tags) -> Tags {
    tags.iter().map(|(key, value)| (resource_tag(key), value.clone())).collect()
}

fn resource_tag(key: &str) -> String {
    format!("{RESOURCE_TAG}{}", key.to_lowercase())
}

/// A request about a resource without tags.
fn about<'a>(keys: &'a [(&'static str, String)]) -> Request<'a> {
    let keys = keys.iter().map(|(key, value)| (*key, Some(value.as_str())));
    keys.chain([(RESOURCE_TAG, None)]).collect()
}

fn with(tags: &Tags) -> impl Iterator<Item = (&str, Option<&str>)> {
    tags.iter().map(|(key, value)| (key.as_str(), Some(value.as_str())))
}
