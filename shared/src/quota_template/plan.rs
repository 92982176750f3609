//! Plans from the template's entries to the desired ones.
//!
//! Must not know: AWS's API, the clock, which request of CloudFormation asked.
//!
//! # Guarantees
//!
//! - Only entries that `me` put and that still have its value are changed or removed.
//! - A refusal is found before the first write.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::claim::Claims;
use super::properties::Properties;
use super::template::Entry;
use crate::state::Owner;

/// A Region's name, as in `eu-west-1`.
pub type Region = String;

/// Entries that a template holds:
/// <https://docs.aws.amazon.com/servicequotas/latest/userguide/organization-templates.html>.
pub const SIZE: usize = 10;

/// The entries that the last request wanted.
#[derive(Clone, Debug, Default)]
pub(super) struct Before {
    regions: BTreeSet<Region>,
    value: u64,
}

impl From<Properties> for Before {
    fn from(properties: Properties) -> Self {
        Before { regions: properties.regions, value: properties.value }
    }
}

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Note the values that the owner puts into the entry.
    Claim { region: Region, values: BTreeSet<u64> },
    /// Make the entry, or change the owner's.
    Put { region: Region, value: u64 },
    /// Take out our entry.
    Remove { region: Region },
    /// Remove the note.
    Release { region: Region },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Claim { region, .. } => write!(f, "noting the entry of {region}"),
            Step::Put { region, value } => write!(f, "putting {value} for {region}"),
            Step::Remove { region } => write!(f, "removing the entry of {region}"),
            Step::Release { region } => write!(f, "removing the note about {region}"),
        }
    }
}

/// The steps, in an order that works.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub steps: Vec<Step>,
    /// The wanted entries that the resource owns, or will own.
    pub own: BTreeMap<Region, u64>,
    /// Foreign ones that are used as they are.
    pub others: BTreeMap<Region, u64>,
}

impl Plan {
    /// The state, in a sentence for people.
    pub fn message(&self, wanted: u64) -> String {
        let differ = self.others.iter().filter(|(_, value)| **value != wanted);
        let differ: Vec<String> =
            differ.map(|(region, value)| format!("{region} has {value}")).collect();
        let each =
            "AWS requests the template's values for each account that is created from now on";
        if differ.is_empty() {
            format!("{each}, and promises no approval")
        } else {
            format!("{each}; these entries are foreign and stay as they are: {}", differ.join(", "))
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            match step {
                Step::Put { region, value } => writeln!(f, "+ {region} = {value}")?,
                Step::Remove { region } => writeln!(f, "- {region}")?,
                Step::Claim { .. } | Step::Release { .. } => {}
            }
        }
        for (region, value) in &self.others {
            writeln!(f, "= {region} = {value} (foreign)")?;
        }
        Ok(())
    }
}

/// Returns the entries' values of Lambda's concurrent executions, by Region.
pub(super) fn found(entries: &[Entry]) -> BTreeMap<Region, u64> {
    entries.iter().filter_map(|entry| Some((entry.region.clone(), entry.concurrency?))).collect()
}

/// Plans the steps from the template's entries to the wanted ones; `None` for a Delete. `before`
/// has the entries of the last request, if this one is an Update. `claims` are those that remain
/// after changed entries were released.
///
/// # Errors
///
/// Foreign entries with another value, and more entries than the template holds. An Update is
/// refused only for its own changes, so that a rollback is not refused for a change made meanwhile.
pub(super) fn plan(
    me: &Owner,
    wanted: Option<&Properties>,
    before: Option<&Before>,
    entries: &[Entry],
    claims: &Claims,
) -> Result<Plan, Vec<String>> {
    let found = found(entries);
    let mine = claims.of(me);
    let (mut plan, mut puts, mut refusals) = (Plan::default(), Vec::new(), Vec::new());
    let is_wanted = |region: &str| wanted.is_some_and(|wanted| wanted.regions.contains(region));
    let mut added = 0;
    for (region, values) in mine.iter().filter(|(region, _)| !is_wanted(region)) {
        if found.get(region).is_some_and(|value| values.contains(value)) {
            plan.steps.push(Step::Remove { region: region.clone() });
        }
        plan.steps.push(Step::Release { region: region.clone() });
    }
    let gone = plan.steps.iter().filter(|step| matches!(step, Step::Remove { .. })).count();
    for region in wanted.iter().flat_map(|wanted| &wanted.regions) {
        let Some(Properties { value: desired, adopt_existing, .. }) = wanted.cloned() else {
            break;
        };
        let values = mine.get(region).cloned().unwrap_or_default();
        let claim = |values: BTreeSet<u64>| Step::Claim { region: region.clone(), values };
        let put = Step::Put { region: region.clone(), value: desired };
        match found.get(region).copied() {
            None => {
                added += 1;
                if values != BTreeSet::from([desired]) {
                    puts.push(claim([desired].into()));
                }
                puts.push(put);
                plan.own.insert(region.clone(), desired);
            }
            Some(there) if values.contains(&there) => {
                // Both values are this owner's until the new one is there for certain.
                if there != desired {
                    puts.extend([claim([there, desired].into()), put]);
                }
                if there != desired || values.len() > 1 {
                    puts.push(claim([desired].into()));
                }
                plan.own.insert(region.clone(), desired);
            }
            Some(there) => {
                let other = claims.other(me, region, there);
                let is_new = before.is_none_or(|before| {
                    !before.regions.contains(region)
                        || before.value == there && before.value != desired
                });
                if !adopt_existing && is_new && (there != desired || other.is_some()) {
                    refusals.push(refusal(region, there, other));
                }
                plan.others.insert(region.clone(), there);
            }
        }
    }
    let count = entries.len() + added - gone;
    if added > 0 && count > SIZE {
        refusals.push(format!(
            "Regions: the organization's template would have {count} entries, and AWS takes {SIZE}; \
             remove other entries, or name fewer Regions"
        ));
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    // Removed entries make room for new ones.
    plan.steps.extend(puts);
    Ok(plan)
}

fn refusal(region: &str, there: u64, other: Option<&str>) -> String {
    let whose = match other {
        Some(label) => match label.split_once(' ') {
            Some((stack, logical_id)) => {
                format!("it belongs to resource `{logical_id}` of stack `{stack}`")
            }
            None => format!("it belongs to resource `{label}`"),
        },
        None => "no resource of this provider put it there".to_owned(),
    };
    format!(
        "Regions: the organization's template has {there} for {region} already, and {whose}; \
         remove it from the template, or set AdoptExisting to `true` to leave it as it is"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::quota_template::claim;

    const STACK: &str = "arn:aws:cloudformation:us-east-1:123456789012:stack/org/0a1b";

    fn me() -> Owner {
        Owner::new(STACK, "Quotas")
    }

    fn wish(regions: &[&str], value: u64, adopt_existing: bool) -> Properties {
        let regions = regions.iter().map(|region| (*region).to_owned()).collect();
        Properties { regions, value, adopt_existing }
    }

    fn entry(region: &str, value: u64) -> Entry {
        Entry { region: region.to_owned(), concurrency: Some(value) }
    }

    fn claimed(owner: &Owner, region: &str, values: &[u64]) -> Claims {
        let tag = claim::tag(owner, region, &values.iter().copied().collect());
        Claims::read(&[tag].into())
    }

    fn steps(plan: &Plan) -> Vec<String> {
        plan.steps.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_entry_that_is_not_there_is_noted_and_then_put() {
        let wanted = wish(&["b", "a"], 2000, false);
        let plan = plan(&me(), Some(&wanted), None, &[], &Claims::default()).unwrap();
        assert_eq!(
            steps(&plan),
            [
                "noting the entry of a",
                "putting 2000 for a",
                "noting the entry of b",
                "putting 2000 for b",
            ]
        );
        assert_eq!(plan.own.len(), 2);
    }

    #[test]
    fn what_is_there_is_never_changed_and_refused_if_it_says_something_else() {
        let nobodys = Claims::default();
        let there = [entry("a", 500)];
        let refused = plan(&me(), Some(&wish(&["a"], 2000, false)), None, &there, &nobodys);
        let refused = refused.unwrap_err().join("; ");
        assert!(refused.contains("has 500 for a already"), "{refused}");
        assert!(refused.contains("AdoptExisting"), "{refused}");
        let adopted = plan(&me(), Some(&wish(&["a"], 2000, true)), None, &there, &nobodys).unwrap();
        assert_eq!((adopted.steps.len(), adopted.others.get("a")), (0, Some(&500)));
        assert!(adopted.message(2000).contains("a has 500"), "{}", adopted.message(2000));
        let same = plan(&me(), Some(&wish(&["a"], 500, false)), None, &there, &nobodys).unwrap();
        assert_eq!((same.steps.len(), same.own.len()), (0, 0));
    }

    #[test]
    fn an_entry_of_another_resource_is_refused_by_its_name_even_if_it_says_the_same() {
        let other = Owner::new(STACK, "Other");
        let (there, claims) = ([entry("a", 2000)], claimed(&other, "a", &[2000]));
        let wanted = wish(&["a"], 2000, false);
        let refused = plan(&me(), Some(&wanted), None, &there, &claims).unwrap_err().join("; ");
        assert!(refused.contains(&format!("resource `Other` of stack `{STACK}`")), "{refused}");
        // An entry that was changed since it was put is not its own any more.
        let there = [entry("a", 1)];
        let refused = plan(&me(), Some(&wanted), None, &there, &claims).unwrap_err().join("; ");
        assert!(refused.contains("no resource of this provider put it there"), "{refused}");
    }

    #[test]
    fn an_update_changes_its_own_entries_and_remembers_both_values_on_the_way() {
        let claims = claimed(&me(), "a", &[1000]);
        let wanted = wish(&["a"], 2000, false);
        let before = Before::from(wish(&["a"], 1000, false));
        let there = [entry("a", 1000)];
        let changed = plan(&me(), Some(&wanted), Some(&before), &there, &claims).unwrap();
        let claim = |values: &[u64]| Step::Claim {
            region: "a".to_owned(),
            values: values.iter().copied().collect(),
        };
        let put = Step::Put { region: "a".to_owned(), value: 2000 };
        assert_eq!(changed.steps, [claim(&[1000, 2000]), put.clone(), claim(&[2000])]);
        // A crash in between: before the put, and after it.
        let claims = claimed(&me(), "a", &[1000, 2000]);
        let again = plan(&me(), Some(&wanted), Some(&before), &there, &claims).unwrap();
        assert_eq!(again.steps, [claim(&[1000, 2000]), put, claim(&[2000])]);
        let there = [entry("a", 2000)];
        let again = plan(&me(), Some(&wanted), Some(&before), &there, &claims).unwrap();
        assert_eq!(again.steps, [claim(&[2000])]);
    }

    #[test]
    fn an_entry_that_says_something_else_is_left_also_where_it_is_claimed() {
        let (there, claims) = ([entry("a", 7)], claimed(&me(), "a", &[1000]));
        let before = Before::from(wish(&["a"], 1000, false));
        let wanted = wish(&["a"], 2000, false);
        let update = plan(&me(), Some(&wanted), Some(&before), &there, &claims).unwrap();
        assert_eq!((update.steps.len(), update.others.get("a")), (0, Some(&7)));
        let delete = plan(&me(), None, None, &there, &claims).unwrap();
        assert_eq!(steps(&delete), ["removing the note about a"]);
    }

    #[test]
    fn an_update_is_refused_only_for_what_it_changes() {
        let (there, nobodys) = ([entry("a", 1000)], Claims::default());
        let before = Before::from(wish(&["a"], 1000, false));
        let refused = |wanted: &Properties, before: &Before, there: &[Entry]| {
            plan(&me(), Some(wanted), Some(before), there, &nobodys).is_err()
        };
        let (old, new) = (wish(&["a"], 1000, false), wish(&["a"], 2000, false));
        assert!(refused(&new, &before, &there));
        // The rollback of that, also where the entry was changed meanwhile.
        let raised = Before::from(new);
        assert!(!refused(&old, &raised, &there));
        assert!(!refused(&old, &raised, &[entry("a", 7)]));
        let added = wish(&["a", "b"], 1000, false);
        assert!(refused(&added, &before, &[entry("a", 1000), entry("b", 7)]));
        assert!(!refused(&added, &before, &[entry("a", 7)]));
    }

    #[test]
    fn the_template_holds_ten_entries_and_what_goes_makes_room() {
        let other = |n: usize| Entry { region: format!("r{n}"), concurrency: None };
        let nine: Vec<Entry> = (0..9).map(other).collect();
        let two = wish(&["a", "b"], 2000, false);
        let refused = plan(&me(), Some(&two), None, &nine, &Claims::default()).unwrap_err();
        assert!(refused[0].contains("would have 11 entries, and AWS takes 10"), "{refused:?}");
        let one = wish(&["a"], 2000, false);
        assert!(plan(&me(), Some(&one), None, &nine, &Claims::default()).is_ok());
        let full: Vec<Entry> = nine.into_iter().chain([entry("c", 5)]).collect();
        let claims = claimed(&me(), "c", &[5]);
        let moved = plan(&me(), Some(&one), None, &full, &claims).unwrap();
        assert_eq!(steps(&moved)[0], "removing the entry of c");
        // An organization that is over the limit already is none of our business.
        let more: Vec<Entry> = (0..12).map(other).chain([entry("a", 2000)]).collect();
        assert!(plan(&me(), Some(&one), None, &more, &Claims::default()).is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        /// With any existing and any wanted entries, only the owner's own are written to.
        #[test]
        fn only_entries_with_the_owners_own_value_are_written_to(
            there in prop::collection::btree_map("[a-d]", 1_u64..4, 0..4),
            put in prop::collection::btree_map("[a-d]", prop::collection::btree_set(1_u64..4, 1..3), 0..4),
            theirs in prop::collection::btree_map("[a-d]", prop::collection::btree_set(1_u64..4, 1..3), 0..4),
            wanted in prop::option::of((prop::collection::btree_set("[a-d]", 1..4), 1_u64..4, any::<bool>())),
        ) {
            let entries: Vec<Entry> = there.iter().map(|(region, value)| entry(region, *value)).collect();
            let other = Owner::new(STACK, "Other");
            let tags = put.iter().map(|(region, values)| claim::tag(&me(), region, values));
            let tags = tags.chain(theirs.iter().map(|(region, values)| claim::tag(&other, region, values)));
            let wanted = wanted.map(|(regions, value, adopt_existing)| Properties { regions, value, adopt_existing });
            let planned = plan(&me(), wanted.as_ref(), None, &entries, &Claims::read(&tags.collect()));
            for step in planned.iter().flat_map(|plan| &plan.steps) {
                if let Step::Put { region, .. } | Step::Remove { region } = step {
                    let is_own = there.get(region).is_none_or(|value| put.get(region).is_some_and(|own| own.contains(value)));
                    prop_assert!(is_own, "{step}");
                }
            }
            if wanted.is_none() {
                let plan = planned.unwrap();
                let released = plan.steps.iter().filter(|step| matches!(step, Step::Release { .. })).count();
                prop_assert_eq!(released, put.len());
            }
        }
    }
}
