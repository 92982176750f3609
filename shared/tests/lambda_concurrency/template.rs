//! `Custom::QuotaTemplate` against a template in memory.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use account_presets::cfn::{CustomResource, Gate, Progress, Success};
use account_presets::quota_template::QuotaTemplate;
use account_presets::quota_template::fake::Fake;
use account_presets::state::Account;
use serde_json::{Value, json};
use tokio::select;
use tokio::time::Instant;
use world::events::{self, Event};

use super::world::request;

fn wanted(event: Event, regions: &[&str], value: u64) -> Event {
    let event = event.field("ResourceType", "Custom::QuotaTemplate");
    event.property("Regions", regions).property("ConcurrentExecutions", value)
}

fn create(regions: &[&str], value: u64) -> Event {
    wanted(events::create(), regions, value)
}

fn update(from: (&[&str], u64), to: (&[&str], u64)) -> Event {
    let event = wanted(events::update(), to.0, to.1);
    event.old_property("Regions", from.0).old_property("ConcurrentExecutions", from.1)
}

fn delete() -> Event {
    wanted(events::delete(), &["eu-west-1"], 2000)
}

/// The same of another resource.
fn other(event: Event) -> Event {
    event.field("LogicalResourceId", "Other")
}

fn service(template: &Fake) -> QuotaTemplate<&Fake> {
    let account = Account::from_arn("arn:aws:lambda:eu-west-1:123456789012:function:f").unwrap();
    QuotaTemplate::new(template, account)
}

async fn send(template: &Fake, event: Event) -> Result<Success, String> {
    let request = request(event);
    let end = Instant::now().checked_add(Duration::from_secs(900));
    let progress = Progress::until(&Gate::default(), end);
    let (kind, service) = (request.kind().unwrap(), service(template));
    let mut work = pin!(service.handle(kind, &request, &progress));
    select! {
        biased;
        result = &mut work => result,
        // A process that died does not come back: nothing else is awaited here.
        () = tokio::task::yield_now() => Err("died".to_owned()),
    }
}

async fn sent(template: &Fake, event: Event) -> BTreeMap<String, String> {
    send(template, event).await.unwrap().data
}

fn entries(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    pairs.iter().map(|(region, value)| ((*region).to_owned(), *value)).collect()
}

/// Q28
#[tokio::test]
async fn a_life_leaves_the_template_as_it_was() {
    let template = Fake::default();
    let made = sent(&template, create(&["eu-west-1", "us-east-1"], 2000)).await;
    assert_eq!(template.concurrency(), entries(&[("eu-west-1", 2000), ("us-east-1", 2000)]));
    assert!(template.associated());
    assert_eq!(made["OwnEntries"], "eu-west-1=2000,us-east-1=2000");
    assert_eq!(
        (made["OtherEntries"].as_str(), made["ConcurrentExecutions"].as_str()),
        ("", "2000")
    );
    let (from, to) = ((&["eu-west-1", "us-east-1"][..], 2000), (&["eu-west-1"][..], 3000));
    sent(&template, update(from, to)).await;
    assert_eq!(template.concurrency(), entries(&[("eu-west-1", 3000)]));
    // The rollback of that restores every entry.
    sent(&template, update(to, from)).await;
    assert_eq!(template.concurrency(), entries(&[("eu-west-1", 2000), ("us-east-1", 2000)]));
    sent(&template, delete()).await;
    assert_eq!(template.concurrency(), entries(&[]));
    assert!(!template.associated());
    assert_eq!(template.all_tags(), BTreeMap::new());
}

/// Q28
#[tokio::test]
async fn the_same_request_again_writes_nothing_and_answers_the_same() {
    let template = Fake::default();
    let (from, to) = ((&["eu-west-1"][..], 2000), (&["eu-west-1", "us-east-1"][..], 3000));
    for event in [create(&["eu-west-1"], 2000), update(from, to)] {
        let first = send(&template, event.clone()).await;
        let writes = template.writes();
        assert_eq!(send(&template, event).await, first);
        assert_eq!(template.writes(), writes);
    }
}

/// Q29
#[tokio::test]
async fn nobody_elses_entry_is_changed_or_taken_away() {
    let template = Fake::default();
    template.by_hand("eu-west-1", 500);
    let refused = send(&template, create(&["eu-west-1", "us-east-1"], 2000)).await.unwrap_err();
    assert!(refused.contains("has 500 for eu-west-1 already"), "{refused}");
    assert_eq!(template.writes(), Vec::<String>::new());
    sent(&template, delete()).await;
    assert_eq!(template.concurrency(), entries(&[("eu-west-1", 500)]));

    let adopting = create(&["eu-west-1", "us-east-1"], 2000).property("AdoptExisting", "true");
    let made = sent(&template, adopting).await;
    assert_eq!(
        (made["OwnEntries"].as_str(), made["OtherEntries"].as_str()),
        ("us-east-1=2000", "eu-west-1=500")
    );
    sent(&template, delete()).await;
    assert_eq!(template.concurrency(), entries(&[("eu-west-1", 500)]));

    // The same value, put by hand, stays, too.
    sent(&template, create(&["eu-west-1"], 500)).await;
    sent(&template, delete()).await;
    assert_eq!(template.concurrency(), entries(&[("eu-west-1", 500)]));
}

/// Q29
#[tokio::test]
async fn an_entry_that_somebody_changed_is_theirs() {
    let template = Fake::default();
    sent(&template, create(&["eu-west-1", "us-east-1"], 2000)).await;
    template.by_hand("eu-west-1", 7);
    let (from, to) =
        ((&["eu-west-1", "us-east-1"][..], 2000), (&["eu-west-1", "us-east-1"][..], 3000));
    let updated = sent(&template, update(from, to)).await;
    assert_eq!(
        (updated["OwnEntries"].as_str(), updated["OtherEntries"].as_str()),
        ("us-east-1=3000", "eu-west-1=7")
    );
    assert!(updated["Message"].contains("eu-west-1 has 7"), "{updated:?}");
    sent(&template, update(to, from)).await;
    sent(&template, delete()).await;
    assert_eq!(template.concurrency(), entries(&[("eu-west-1", 7)]));
    assert!(template.associated(), "another entry needs the association");
}

/// Q29
#[tokio::test]
async fn what_somebody_changed_stays_theirs_whatever_they_write_there_later() {
    let one = &["eu-west-1"][..];
    let changed = async || {
        let template = Fake::default();
        sent(&template, create(&["eu-west-1"], 1000)).await;
        template.by_hand("eu-west-1", 7);
        let event = update((one, 1000), (one, 2000));
        let updated = sent(&template, event.clone()).await;
        assert!(updated["Message"].contains("eu-west-1 has 7"), "{updated:?}");
        // The repetition writes nothing and answers the same.
        let writes = template.writes();
        assert_eq!(sent(&template, event).await, updated);
        assert_eq!(template.writes(), writes);
        // An entry that the stack put there once, and this time a person.
        template.by_hand("eu-west-1", 1000);
        template
    };
    let theirs = entries(&[("eu-west-1", 1000)]);
    let template = changed().await;
    sent(&template, delete()).await;
    assert_eq!(template.concurrency(), theirs);

    let template = changed().await;
    let updated = sent(&template, update((one, 2000), (one, 3000))).await;
    assert_eq!((updated["OwnEntries"].as_str(), template.concurrency()), ("", theirs.clone()));
    assert_eq!(updated["OtherEntries"], "eu-west-1=1000");
    sent(&template, delete()).await;
    assert_eq!(template.concurrency(), theirs);

    // They take it out: the next update puts its own.
    let template = changed().await;
    template.taken_out_by_hand("eu-west-1");
    let updated = sent(&template, update((one, 2000), (one, 3000))).await;
    assert_eq!(updated["OwnEntries"], "eu-west-1=3000");
    sent(&template, delete()).await;
    assert_eq!((template.concurrency(), template.all_tags()), (entries(&[]), BTreeMap::new()));
}

/// Q29
#[tokio::test]
async fn what_somebody_changed_is_theirs_also_where_the_request_comes_to_nothing() {
    let one = &["eu-west-1"][..];
    for (event, refused) in [
        // For another Region's entry, which is foreign.
        (update((one, 1000), (&["eu-north-1", "eu-west-1"], 1000)), None),
        // Given again: an entry that it finds is foreign as any other one.
        (create(one, 1000), None),
        // For an entry that it cannot take out.
        (delete(), Some("remove")),
    ] {
        let template = Fake::default();
        template.by_hand("eu-north-1", 5);
        sent(&template, create(one, 1000)).await;
        sent(&template, other(create(&["us-east-1"], 1000))).await;
        if let Some(call) = refused {
            sent(&template, update((one, 1000), (&["eu-west-1", "us-west-2"], 1000))).await;
            template.refuses(call, "AccessDeniedException");
        }
        template.by_hand("eu-west-1", 7);
        assert!(send(&template, event).await.is_err());
        template.recovers();
        template.by_hand("eu-west-1", 1000);
        sent(&template, delete()).await;
        let left = entries(&[("eu-north-1", 5), ("eu-west-1", 1000), ("us-east-1", 1000)]);
        assert_eq!(template.concurrency(), left);
    }
}

/// Q30
#[tokio::test]
async fn an_association_that_was_there_stays() {
    let template = Fake::default();
    template.associated_by_hand();
    sent(&template, create(&["eu-west-1"], 2000)).await;
    sent(&template, delete()).await;
    assert!(template.associated() && template.concurrency().is_empty());

    // Of two resources the last one ends the association that the first one made.
    let template = Fake::default();
    sent(&template, create(&["eu-west-1"], 2000)).await;
    sent(&template, other(create(&["us-east-1"], 2000))).await;
    sent(&template, delete()).await;
    assert!(template.associated());
    sent(&template, other(delete())).await;
    assert!(!template.associated());
    assert_eq!(template.all_tags(), BTreeMap::new());
}

/// Q30
#[tokio::test]
async fn the_association_of_an_empty_template_ends_with_the_last_resource_that_uses_it() {
    let theirs_is_used = async |event: Event| {
        let template = Fake::default();
        template.by_hand("eu-west-1", 2000);
        sent(&template, event).await;
        assert!(template.associated());
        template
    };
    // Nothing in the template is the resource's own, and they take their entry out.
    let template = theirs_is_used(create(&["eu-west-1"], 2000)).await;
    template.taken_out_by_hand("eu-west-1");
    sent(&template, delete()).await;
    assert!(!template.associated());
    assert_eq!(template.all_tags(), BTreeMap::new());

    // It was the resource's own before a person changed it.
    let template = Fake::default();
    let one = &["eu-west-1"][..];
    sent(&template, create(one, 2000)).await;
    template.by_hand("eu-west-1", 7);
    sent(&template, update((one, 2000), (one, 3000))).await;
    template.taken_out_by_hand("eu-west-1");
    sent(&template, delete()).await;
    assert_eq!((template.associated(), template.all_tags()), (false, BTreeMap::new()));

    // While another resource uses it, it stays, also if the template is empty for now; a request
    // that came to nothing does not end it either.
    let template = theirs_is_used(create(&["eu-west-1"], 2000)).await;
    sent(&template, other(create(&["us-east-1"], 2000))).await;
    template.taken_out_by_hand("eu-west-1");
    let refused = |event: Event| event.field("LogicalResourceId", "Refused");
    send(&template, refused(create(&["us-east-1"], 1))).await.unwrap_err();
    sent(&template, other(delete())).await;
    sent(&template, refused(delete())).await;
    assert!(template.associated());
    sent(&template, delete()).await;
    assert_eq!((template.associated(), template.all_tags()), (false, BTreeMap::new()));
}

/// Q30
#[tokio::test]
async fn an_association_of_somebody_elses_never_ends() {
    // It was there before.
    let template = Fake::default();
    template.associated_by_hand();
    template.by_hand("eu-west-1", 2000);
    sent(&template, create(&["eu-west-1"], 2000)).await;
    template.taken_out_by_hand("eu-west-1");
    sent(&template, delete()).await;
    assert!(template.associated());
    assert_eq!(template.writes(), Vec::<String>::new());

    // A person ended the provider's association, as a delete saw, and made the next one.
    let template = Fake::default();
    template.by_hand("us-east-1", 5);
    sent(&template, create(&["eu-west-1"], 2000)).await;
    template.disassociated_by_hand();
    sent(&template, delete()).await;
    assert_eq!(template.all_tags(), BTreeMap::new());
    template.associated_by_hand();
    template.taken_out_by_hand("us-east-1");
    sent(&template, create(&["eu-west-1"], 2000)).await;
    sent(&template, delete()).await;
    assert!(template.associated());
}

/// Q31
#[tokio::test]
async fn a_crash_at_any_write_is_healed_by_the_next_delivery_and_by_the_delete() {
    let (from, to) = ((&["eu-west-1"][..], 2000), (&["eu-north-1", "eu-west-1"][..], 3000));
    for crashed in ["create", "update", "delete"] {
        for write in 0.. {
            let mut deaths = 0;
            for heals in ["again", "delete"] {
                let template = Fake::default();
                template.by_hand("us-east-1", 5);
                let event = match crashed {
                    "create" => create(from.0, from.1),
                    "update" => update(from, to),
                    _ => delete(),
                };
                if crashed != "create" {
                    sent(&template, create(from.0, from.1)).await;
                }
                template.dies_at(write);
                let died = send(&template, event.clone()).await == Err("died".to_owned());
                deaths += usize::from(died);
                template.recovers();
                if heals == "again" {
                    sent(&template, event).await;
                    let wanted = match crashed {
                        "create" => entries(&[("eu-west-1", 2000), ("us-east-1", 5)]),
                        "update" => {
                            entries(&[("eu-north-1", 3000), ("eu-west-1", 3000), ("us-east-1", 5)])
                        }
                        _ => entries(&[("us-east-1", 5)]),
                    };
                    assert_eq!(template.concurrency(), wanted, "{crashed} {write}");
                }
                // Also under an id that CloudFormation invented.
                sent(&template, delete().field("PhysicalResourceId", "stack-Quotas-1ABC")).await;
                assert_eq!(
                    template.concurrency(),
                    entries(&[("us-east-1", 5)]),
                    "{crashed} {write}"
                );
                let left = template.all_tags();
                assert!(left.keys().all(|key| key.ends_with("association")), "{left:?}");
            }
            if deaths == 0 {
                break;
            }
        }
    }
}

/// Q32
#[tokio::test]
async fn without_rights_a_create_fails_with_the_parameter_and_its_delete_succeeds() {
    let template = Fake::default();
    for call in ["entries", "is_associated", "put", "remove", "associate", "disassociate"] {
        template.refuses(call, "AccessDeniedException");
    }
    let refused = send(&template, create(&["eu-west-1"], 2000)).await.unwrap_err();
    assert!(refused.contains("template parameter QuotaTemplate"), "{refused}");
    for event in [delete(), delete().without("ResourceProperties"), delete().property("X", 1)] {
        assert_eq!(send(&template, event).await, Ok(Success::default()));
    }
    // An entry that was put is not forgotten when the right is gone.
    let template = Fake::default();
    sent(&template, create(&["eu-west-1"], 2000)).await;
    template.refuses("entries", "AccessDeniedException");
    assert!(send(&template, delete()).await.is_err());
    template.recovers();
    sent(&template, delete()).await;
    assert_eq!(template.concurrency(), entries(&[]));
}

/// Q33
#[tokio::test]
async fn a_full_template_is_refused_before_anything_is_written() {
    let template = Fake::default();
    template.other_quotas(9);
    let refused = send(&template, create(&["eu-west-1", "us-east-1"], 2000)).await.unwrap_err();
    assert!(refused.contains("AWS takes 10"), "{refused}");
    assert_eq!(template.writes(), Vec::<String>::new());
    sent(&template, create(&["eu-west-1"], 2000)).await;
}

#[tokio::test]
async fn a_stack_of_another_account_or_region_is_refused_and_its_delete_touches_nothing() {
    let template = Fake::default();
    for stack in [
        "arn:aws:cloudformation:us-east-1:123456789012:stack/s/guid",
        "arn:aws:cloudformation:eu-west-1:999999999999:stack/s/guid",
    ] {
        let of_it = |event: Event| event.field("StackId", stack);
        let refused = send(&template, of_it(create(&["eu-west-1"], 2000))).await.unwrap_err();
        assert!(refused.starts_with("ServiceToken: "), "{refused}");
        sent(&template, of_it(delete())).await;
    }
    assert_eq!(template.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn a_region_that_no_template_names_is_the_stacks_own_and_the_id_is_always_the_same() {
    let template = Fake::default();
    let event = events::create().property("ConcurrentExecutions", 10);
    sent(&template, event.clone()).await;
    assert_eq!(template.concurrency(), entries(&[("eu-west-1", 10)]));
    let id = |event: Event| service(&template).physical_id(&request(event));
    let first = id(event);
    assert!(first.starts_with("quota-template:"), "{first}");
    assert!(first.chars().all(|c| c.is_ascii_alphanumeric() || ":-".contains(c)), "{first}");
    for other in [create(&["us-east-1"], 1), delete(), create(&[], 1).property("Regions", json!(7))]
    {
        assert_eq!(id(other), first);
    }
}

#[tokio::test]
async fn every_mistake_is_said_before_anything_is_called() {
    let template = Fake::default();
    for (name, value) in [
        ("Regions", Value::from("eu-west-1")),
        ("ConcurrentExecutions", Value::from("many")),
        ("Quota", Value::from("x")),
    ] {
        let event = create(&["eu-west-1"], 1).property(name, value);
        let refused = send(&template, event).await.unwrap_err();
        assert!(refused.contains(name), "{refused}");
    }
    assert_eq!(template.calls(), Vec::<String>::new());
}

/// The names in the first column of a table of `docs/quota-template.md`.
fn rows(heading: &str) -> Vec<String> {
    let page = include_str!("../../../docs/quota-template.md");
    let (_, section) = page.split_once(&format!("## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let cells = section.lines().filter_map(|line| line.strip_prefix("| `")?.split("` |").next());
    cells.map(str::to_owned).collect()
}

#[tokio::test]
async fn the_page_names_every_property_and_attribute_and_nothing_else() {
    let template = Fake::default();
    let attributes: Vec<String> =
        sent(&template, create(&["eu-west-1"], 1)).await.into_keys().collect();
    let mut said = rows("Attributes");
    said.sort();
    assert_eq!(said, attributes);
    let problem = send(&template, create(&["eu-west-1"], 1).property("X", 1)).await.unwrap_err();
    let (_, allowed) = problem.split_once("(allowed: ").unwrap();
    let allowed = allowed.trim_end_matches(')').split(", ").map(|name| name.replace('`', ""));
    let mut said = rows("Properties");
    said.sort();
    assert_eq!(said, allowed.collect::<Vec<_>>());
}
