//! What the planner decides, as a value: small accounts of two owners, one rule each.
//!
//! A line of a plan is its sign and object, then the owners. `a!` is an owner that is about to
//! let go. A changed resource has its fields behind the owners.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at what it did not expect"
)]

use std::collections::BTreeSet;
use std::fmt::Write;

use account_presets::plan::conflict::explain;
use account_presets::plan::{Change, OnForeignAttachment, Scope, plan};
use account_presets::state::{
    Id, Kind, Mark, Object, Owner, Owners, Policy, PolicyDocument, Resource, Role, State,
};
use insta::assert_snapshot;
use serde_json::json;

const POLICY: &str = "arn:aws:iam::123456789012:policy/p";
const OF_AWS: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

/// The resource of the stack of this name. All want shared objects in one form.
fn owner(stack: &str) -> Owner {
    let arn = format!("arn:aws:cloudformation:eu-west-1:123456789012:stack/{stack}/guid");
    let form = Some("form".to_owned());
    Owner::new(&arn, "Preset").marked(Mark { form, ..Mark::default() })
}

fn a() -> Owner {
    owner("a")
}

fn b() -> Owner {
    owner("b")
}

/// The same owner with another form of the shared objects.
fn otherwise(owner: &Owner) -> Owner {
    owner.marked(Mark { form: Some("another".to_owned()), ..Mark::default() })
}

/// The same owner's mark of this release.
fn of_release(owner: &Owner, release: &str) -> Owner {
    owner.marked(Mark { release: Some(release.to_owned()), ..owner.mark.clone() })
}

fn of(owners: &[Owner], resource: Resource) -> Object {
    let owners: Owners = owners.iter().cloned().collect();
    Object { owners, ..Object::unowned(resource) }
}

fn shared(object: Object) -> Object {
    Object { shared: true, ..object }
}

fn role_trusting(owners: &[Owner], name: &str, service: &str) -> Object {
    let role = Role {
        name: name.to_owned(),
        path: "/".to_owned(),
        description: String::new(),
        trust: PolicyDocument::new(json!({"Statement": [{
            "Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole",
        }]})),
        max_session_duration: 3600,
        permissions_boundary: None,
        tags: Default::default(),
    };
    of(owners, Resource::Role(role))
}

fn role(owners: &[Owner], name: &str) -> Object {
    role_trusting(owners, name, "ec2.amazonaws.com")
}

fn policy(owners: &[Owner], action: &str) -> Object {
    let policy = Policy {
        name: "p".to_owned(),
        path: "/".to_owned(),
        description: String::new(),
        document: PolicyDocument::new(json!({"Action": action})),
        tags: Default::default(),
    };
    of(owners, Resource::Policy(policy))
}

fn user(name: &str) -> Object {
    of(&[], Resource::User { name: name.to_owned() })
}

fn group(owners: &[Owner]) -> Object {
    of(owners, Resource::Group { name: "g".to_owned(), path: "/".to_owned() })
}

fn member(name: &str) -> Object {
    of(&[], Resource::GroupMember { group: "g".to_owned(), user: name.to_owned() })
}

/// A policy of a user, with the owners that claim it.
fn of_user(owners: &[Owner], policy_arn: &str, attached: bool) -> Object {
    let (user, policy_arn) = ("ana".to_owned(), policy_arn.to_owned());
    of(owners, Resource::UserAttachment { user, policy_arn, attached })
}

fn of_role(name: &str, policy_arn: &str) -> Object {
    let (role, policy_arn) = (name.to_owned(), policy_arn.to_owned());
    of(&[], Resource::RoleAttachment { role, policy_arn })
}

/// The scope of a resource that may make these.
fn scope(objects: &[Object]) -> Scope {
    Scope {
        ids: objects.iter().map(|object| object.resource.id()).collect(),
        paths: BTreeSet::from(["/".to_owned()]),
        ..Scope::default()
    }
}

/// The plan of `a`, whose preset may make all that is wanted or there.
fn planned(desired: &[Object], observed: &[Object]) -> String {
    within(&scope(&[desired, observed].concat()), desired, observed)
}

fn within(scope: &Scope, desired: &[Object], observed: &[Object]) -> String {
    let state = |objects: &[Object]| objects.iter().cloned().collect::<State>();
    match plan(&a(), scope, &state(desired), &state(observed)) {
        Ok(plan) => {
            let mut lines: String = plan.changes().map(|change| line(change) + "\n").collect();
            let rest = plan.to_string();
            let rest = rest.lines().skip(plan.len());
            rest.for_each(|line| writeln!(lines, "{line}").unwrap());
            lines
        }
        Err(conflicts) => format!("refused: {}", explain(&a(), &conflicts).join("\nrefused: ")),
    }
}

fn line(change: &Change) -> String {
    match change {
        Change::Create(object) | Change::Delete(object) => {
            format!("{change}{}", names(&object.owners))
        }
        Change::Update { before, after } => {
            let owners = match (names(&before.owners), names(&after.owners)) {
                (was, is) if was == is => is,
                (was, is) => format!("{was} ->{is}"),
            };
            let (was, is) = (details(&before.resource), details(&after.resource));
            let changed = if was == is { String::new() } else { format!(": {was} -> {is}") };
            format!("{change}{owners}{changed}")
        }
    }
}

fn names(owners: &Owners) -> String {
    let name = |owner: &Owner| {
        let known = ["a", "b", "c"].into_iter().find(|name| owner.key() == self::owner(name).key());
        format!("{}{}", known.unwrap_or("?"), if owner.mark.leaves { "!" } else { "" })
    };
    let names: BTreeSet<String> = owners.iter().map(name).collect();
    format!(" [{}]", names.into_iter().collect::<Vec<_>>().join(" "))
}

fn details(resource: &Resource) -> String {
    match resource {
        Resource::UserAttachment { attached: true, .. } => "attached".to_owned(),
        Resource::UserAttachment { .. } => "claimed".to_owned(),
        Resource::Role(role) => {
            let trusted = &role.trust.as_value()["Statement"][0]["Principal"]["Service"];
            format!("{} {:?}", trusted.as_str().unwrap(), role.permissions_boundary)
        }
        Resource::Policy(policy) => policy.document.as_value().to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_create_makes_objects_before_their_links_and_claims_a_user_before_it_attaches() {
    let wanted = [policy(&[a()], "s3:*"), role(&[a()], "r"), of_role("r", POLICY)];
    let wanted = [&wanted[..], &[of_user(&[a()], POLICY, true)]].concat();
    assert_snapshot!(planned(&wanted, &[user("ana")]), @r"
    + policy `p` [a]
    + role `r` [a]
    + user attachment `ana` <- `p` [a]
    + role attachment `r` <- `p` []
    ~ user attachment `ana` <- `p` [a]: claimed -> attached
    ");
}

#[test]
fn nothing_is_planned_where_all_is_as_it_is_wanted() {
    let all = [policy(&[a()], "s3:*"), role(&[a()], "r"), of_role("r", POLICY)];
    assert_snapshot!(planned(&all, &all), @"");
}

#[test]
fn a_delete_takes_links_before_their_objects_and_the_claim_after_the_attachment() {
    let there = [policy(&[a()], "s3:*"), role(&[a()], "r"), of_role("r", POLICY)];
    let there = [&there[..], &[user("ana"), of_user(&[a()], POLICY, true)]].concat();
    assert_snapshot!(planned(&[], &there), @r"
    ~ user attachment `ana` <- `p` [a] -> [a!]
    - role attachment `r` <- `p` []
    ~ user attachment `ana` <- `p` [a!]: attached -> claimed
    - user attachment `ana` <- `p` [a]
    - policy `p` [a]
    - role `r` [a]
    ");
}

#[test]
fn an_update_changes_an_own_object_in_place() {
    let there = [role_trusting(&[a()], "r", "lambda.amazonaws.com")];
    assert_snapshot!(planned(&[role(&[a()], "r")], &there), @"~ role `r` [a]: lambda.amazonaws.com None -> ec2.amazonaws.com None");
}

#[test]
fn an_update_deletes_what_is_wanted_no_more_and_makes_what_is_new() {
    assert_snapshot!(planned(&[role(&[a()], "new")], &[role(&[a()], "old")]), @r"
    + role `new` [a]
    - role `old` [a]
    ");
}

#[test]
fn drift_is_put_back_and_a_foreign_attachment_stays() {
    let wanted = [role(&[a()], "r"), policy(&[a()], "s3:*"), of_role("r", POLICY)];
    let there = [role(&[a()], "r"), policy(&[a()], "s3:Get*"), of_role("r", OF_AWS)];
    let scope = scope(&wanted);
    assert_snapshot!(within(&scope, &wanted, &there), @r#"
    ~ policy `p` [a]: {"Action":"s3:Get*"} -> {"Action":"s3:*"}
    + role attachment `r` <- `p` []
    = role attachment `r` <- aws `ReadOnlyAccess` (somebody else's)
    "#);
}

#[test]
fn a_foreign_attachment_is_detached_or_refused_where_the_stack_says_so() {
    let (wanted, there) = ([role(&[a()], "r")], [role(&[a()], "r"), of_role("r", OF_AWS)]);
    let scope = |on_foreign_attachment| Scope { on_foreign_attachment, ..scope(&wanted) };
    assert_snapshot!(within(&scope(OnForeignAttachment::Detach), &wanted, &there), @"- role attachment `r` <- aws `ReadOnlyAccess` []");
    assert_snapshot!(within(&scope(OnForeignAttachment::Fail), &wanted, &there), @"refused: policy `ReadOnlyAccess` on role `r` was put there by somebody else; take it away first, or set OnForeignAttachment to `Keep` or `Detach`");
}

#[test]
fn a_name_that_no_preset_made_is_refused() {
    assert_snapshot!(planned(&[role(&[a()], "r")], &[role(&[], "r")]), @"refused: role `r` exists and was not made by this resource; delete it first, or set AdoptExisting to `true` to use it as it is");
}

#[test]
fn a_name_of_another_stack_is_refused_by_that_stacks_name() {
    assert_snapshot!(planned(&[role(&[a()], "r")], &[role(&[b()], "r")]), @"refused: role `r` exists and belongs to stack `b` in eu-west-1 (resource `Preset`); delete that stack first; if that stack is gone, delete by hand what it retained");
}

#[test]
fn a_name_in_another_case_is_refused() {
    assert_snapshot!(planned(&[role(&[a()], "r")], &[role(&[a()], "R")]), @"refused: role `r` exists and is spelled `R`; to IAM both are one name, but the policies of the preset name it exactly: spell it `R` in the properties, too");
}

#[test]
fn adoption_uses_an_object_as_it_is_and_refuses_another_trust() {
    let wanted = [role(&[a()], "r")];
    let scope = Scope { adopt_existing: true, ..scope(&wanted) };
    assert_snapshot!(within(&scope, &wanted, &[role(&[], "r")]), @"= role `r` (used as it is)");
    let other = [role_trusting(&[], "r", "lambda.amazonaws.com")];
    let refusal = within(&scope, &wanted, &other);
    assert!(refusal.contains("the difference: "), "{refusal}");
}

#[test]
fn adoption_takes_the_object_of_a_stack_that_is_gone_as_it_is() {
    let wanted = [role(&[a()], "r")];
    let gone = Scope { gone: [b()].into(), ..scope(&wanted) };
    let adopting = Scope { adopt_existing: true, ..gone.clone() };
    assert_snapshot!(within(&gone, &wanted, &[role(&[b()], "r")]), @"refused: role `r` exists and belongs to resource `Preset` of stack `arn:aws:cloudformation:eu-west-1:123456789012:stack/b/guid`, which is gone or retains it; delete it by hand first, or set AdoptExisting to `true` to use it as it is");
    assert_snapshot!(within(&adopting, &wanted, &[role(&[b()], "r")]), @"= role `r` (used as it is)");
}

#[test]
fn a_shared_object_of_the_same_form_is_joined() {
    let there = [shared(role(&[b()], "r"))];
    assert_snapshot!(planned(&[shared(role(&[a()], "r"))], &there), @"~ role `r` [b] -> [a b]");
}

#[test]
fn a_shared_object_of_another_form_is_refused_with_the_properties_that_differ() {
    let there = [shared(role_trusting(&[otherwise(&b())], "r", "lambda.amazonaws.com"))];
    assert_snapshot!(planned(&[shared(role(&[a()], "r"))], &there), @"refused: role `r` exists in another form and belongs to stack `b` in eu-west-1 (resource `Preset`) too, with Edition or Parameters other than here; as long as several stacks share it, none of them changes it: set here what they have, or delete those stacks first");
}

#[test]
fn a_shared_object_that_another_release_made_is_brought_to_this_one() {
    let there = [shared(role_trusting(&[of_release(&b(), "0.0.9")], "r", "lambda.amazonaws.com"))];
    let wanted = [shared(role(&[of_release(&a(), "0.1.0")], "r"))];
    assert_snapshot!(planned(&wanted, &there), @"~ role `r` [b] -> [a b]: lambda.amazonaws.com None -> ec2.amazonaws.com None");
}

#[test]
fn an_own_object_of_another_release_keeps_its_notes_and_gets_this_release() {
    let mark = Mark {
        release: Some("0.0.9".to_owned()),
        names: Some("digest".to_owned()),
        replaces: vec!["old".to_owned()],
        ..Mark::default()
    };
    let there = [role_trusting(&[a().marked(mark)], "r", "lambda.amazonaws.com")];
    let wanted = role(&[of_release(&a(), "0.1.0")], "r");
    let states = ([wanted].into_iter().collect(), there.into_iter().collect::<State>());
    let plan = plan(&a(), &Scope::default(), &states.0, &states.1).unwrap();
    let Some(Change::Update { after, .. }) = plan.changes().next() else { panic!("{plan}") };
    let mark = &after.owners.get(&a()).unwrap().mark;
    assert_snapshot!(format!("{:?} {:?} {:?}", mark.release, mark.names, mark.replaces), @r#"Some("0.1.0") Some("digest") ["old"]"#);
}

#[test]
fn who_shares_an_object_notes_its_leave_and_deletes_nothing_yet() {
    assert_snapshot!(planned(&[], &[shared(role(&[a(), b()], "r"))]), @"~ role `r` [a b] -> [a! b]");
}

#[test]
fn who_noted_its_leave_lets_go_of_an_object_that_another_owner_keeps() {
    assert_snapshot!(planned(&[], &[shared(role(&[a().leaving(), b()], "r"))]), @"~ role `r` [a! b] -> [b]");
}

#[test]
fn the_last_owner_that_keeps_a_shared_object_deletes_it() {
    assert_snapshot!(planned(&[], &[shared(role(&[a().leaving(), b().leaving()], "r"))]), @"- role `r` [a! b!]");
}

#[test]
fn of_a_stack_that_retained_a_shared_object_the_object_stays() {
    let there = [shared(role(&[a().leaving(), b()], "r"))];
    let scope = Scope { gone: [b()].into(), retained: [b()].into(), ..scope(&there) };
    assert_snapshot!(within(&scope, &[], &there), @"~ role `r` [a! b] -> [b]");
}

#[test]
fn a_policy_of_a_user_that_another_stack_claims_too_stays_attached() {
    let there = [
        shared(policy(&[a().leaving(), b()], "s3:*")),
        user("ana"),
        of_user(&[a(), b()], POLICY, true),
    ];
    assert_snapshot!(planned(&[], &there), @r"
    ~ policy `p` [a! b] -> [b]
    ~ user attachment `ana` <- `p` [a b] -> [a! b]
    ");
}

#[test]
fn a_policy_that_a_person_attached_to_a_user_stays_theirs() {
    let wanted = [of_user(&[a()], OF_AWS, true)];
    let there = [user("ana"), of_user(&[], OF_AWS, true)];
    assert_snapshot!(planned(&wanted, &there), @"");
    assert_snapshot!(planned(&[], &there), @"");
}

#[test]
fn a_claim_whose_policy_was_not_attached_yet_is_made_whole_or_taken_back() {
    let there = [user("ana"), of_user(&[a()], OF_AWS, false)];
    assert_snapshot!(planned(&[of_user(&[a()], OF_AWS, true)], &there), @"~ user attachment `ana` <- aws `ReadOnlyAccess` [a]: claimed -> attached");
    assert_snapshot!(planned(&[], &there), @r"
    ~ user attachment `ana` <- aws `ReadOnlyAccess` [a] -> [a!]
    ~ user attachment `ana` <- aws `ReadOnlyAccess` [a!]: attached -> claimed
    - user attachment `ana` <- aws `ReadOnlyAccess` [a]
    ");
}

#[test]
fn a_policy_that_a_person_attached_elsewhere_stays_and_the_delete_names_its_user() {
    let there = [policy(&[a()], "s3:*"), role(&[a()], "mine"), role(&[], "theirs")];
    let there = [&there[..], &[of_role("mine", POLICY), of_role("theirs", POLICY)]].concat();
    assert_snapshot!(within(&scope(&there[..2]), &[], &there), @r"
    - role attachment `mine` <- `p` []
    - role `mine` [a]
    ! policy `p` is still used by role `theirs`: detach policy `p` from role `theirs` (iam:DetachRolePolicy)
    ! then try again
    ");
}

#[test]
fn a_group_with_a_foreign_member_stays_and_loses_the_named_ones() {
    let there = [group(&[a()]), user("ana"), user("eve"), member("ana"), member("eve")];
    assert_snapshot!(within(&scope(&[group(&[a()]), member("ana")]), &[], &there), @r"
    - group member `g` <- `ana` []
    ! group `g` is still used by user `eve`: take user `eve` out of group `g` (iam:RemoveUserFromGroup)
    ! then try again
    ");
}

#[test]
fn a_foreign_use_of_what_an_update_drops_refuses_the_update() {
    let there = [policy(&[a()], "s3:*"), role(&[], "theirs"), of_role("theirs", POLICY)];
    let scope = scope(&[policy(&[a()], "s3:*")]);
    assert_snapshot!(within(&scope, &[role(&[a()], "r")], &there), @"refused: policy `p` is still used by role `theirs`: detach policy `p` from role `theirs` (iam:DetachRolePolicy); then try again");
}

#[test]
fn a_user_that_does_not_exist_is_refused_and_a_rollback_goes_on_without_it() {
    let wanted = [user("ana"), of_user(&[a()], OF_AWS, true)];
    assert_snapshot!(planned(&wanted, &[]), @"refused: user `ana` does not exist; create it first, or leave it out");
    let back = Scope { rolls_back: true, ..scope(&wanted) };
    assert_snapshot!(within(&back, &wanted, &[]), @"? user `ana` (exists no more)");
}

#[test]
fn another_path_is_refused_with_the_way_out() {
    let mut wanted = role(&[a()], "r");
    if let Resource::Role(role) = &mut wanted.resource {
        role.path = "/team/".to_owned();
    }
    assert_snapshot!(planned(&[wanted], &[role(&[a()], "r")]), @"refused: role `r` is at the path `/`, and given is Path `/team/`; IAM cannot change a path: set Path to `/` again, or delete the resource and make it anew with Path `/team/`");
}

#[test]
fn a_boundary_of_another_hand_stays_and_an_own_one_is_taken_off() {
    let with_boundary = |arn: &str| {
        let mut object = role(&[a()], "r");
        if let Resource::Role(role) = &mut object.resource {
            role.permissions_boundary = Some(arn.to_owned());
        }
        object
    };
    let (wanted, theirs) = ([role(&[a()], "r")], "arn:aws:iam::123456789012:policy/Theirs");
    let own = Scope { boundaries: BTreeSet::from([theirs.to_owned()]), ..scope(&wanted) };
    assert_snapshot!(planned(&wanted, &[with_boundary(theirs)]), @"");
    assert_snapshot!(within(&own, &wanted, &[with_boundary(theirs)]), @r#"~ role `r` [a]: ec2.amazonaws.com Some("arn:aws:iam::123456789012:policy/Theirs") -> ec2.amazonaws.com None"#);
}

#[test]
fn an_object_of_another_life_of_the_resource_is_left_alone() {
    let there = [role(&[a()], "r")];
    let mut observed: State = there.iter().cloned().collect();
    let apart = BTreeSet::from([Id::node(Kind::Role, "r")]);
    let scope = Scope { apart, ..scope(&there) };
    scope.set_apart(&a(), &mut observed);
    let observed: Vec<Object> = observed.iter().map(|(_, object)| object.clone()).collect();
    assert_snapshot!(within(&scope, &[], &observed), @"");
}
