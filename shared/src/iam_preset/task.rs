//! The task of a request: the state to reach, the scope, and its notes on the objects.
//!
//! Must not know: the account's objects.

use std::collections::BTreeSet;

use super::IamPreset;
use super::intent::{Intent, choices};
use super::memory::{self, anchor};
use super::properties::Properties;
use super::reasons;
use super::transition::Transition;
use crate::cfn::Request;
use crate::plan::{Change, Plan, Scope, plan};
use crate::preset::{Branches, Wish, render};
use crate::state::{Id, Kind, Mark, Object, Owner, State};

/// A request, ready to be carried out.
#[derive(Clone, Debug)]
pub(super) struct Task {
    /// The resource, with its mark.
    pub me: Owner,
    /// The desired state.
    pub desired: State,
    /// What the last request's properties make; `None` if they are not known.
    pub left: Option<State>,
    /// The object that carries the resource's notes, and after it the one of the half that is
    /// replaced.
    pub anchors: Vec<Id>,
    /// Where to look.
    pub scope: Scope,
    /// The objects that this request's properties name, without those of the last one.
    own: Scope,
    /// The last request was refused before its first write.
    pub last_did_nothing: bool,
    /// The request's effect on the resource.
    pub transition: Transition,
    /// A digest of this request's choices.
    pub choice: Option<String>,
    /// A digest of the last request's choices.
    pub former_choice: Option<String>,
    /// The choices are noted beside those of before, which are struck out in the end.
    pub is_open: bool,
}

impl<C> IamPreset<C> {
    /// # Errors
    ///
    /// The wanted objects break limits of IAM, a sentence for each.
    pub(super) fn task(&self, intent: &Intent, request: &Request) -> Result<Task, String> {
        let scope_of = |properties: &Properties| self.scope(&intent.me, properties);
        let made = |properties: &Properties| {
            render_of(self.wish(&intent.me, properties), properties, Branches::Chosen)
        };
        let left = intent.earlier.as_ref().map(made);
        let former_links = left.as_ref().map(links).unwrap_or_default();
        let wanted_links = intent.wanted.as_ref().map(made).as_ref().map(links).unwrap_or_default();
        let before = intent.earlier.as_ref().map(|earlier| Scope {
            given: Some(former_links.clone()).filter(|_| !intent.earlier_is_doubtful),
            known: left.as_ref().map(people).unwrap_or_default(),
            ..scope_of(earlier)
        });
        let wanted = intent
            .wanted
            .as_ref()
            .map(|wanted| Scope { given: Some(wanted_links.clone()), ..scope_of(wanted) });
        let (to, from) = (wanted.as_ref().map(own_ids), before.as_ref().map(own_ids));
        let knows_wanted = intent.knows_wanted(request);
        let transition = Transition::of(intent.kind, to.as_ref(), from.as_ref(), knows_wanted);
        let own = wanted.clone().unwrap_or_default();
        let mut scope = match (wanted, before) {
            (Some(mut wanted), Some(before)) if transition == Transition::Replace => {
                wanted.known.extend(before.known);
                wanted
            }
            (Some(mut wanted), Some(before)) => {
                wanted.include(before);
                wanted
            }
            (Some(wanted), None) if transition == Transition::Create => wanted,
            // The links of the last request are not known.
            (Some(wanted), None) => Scope { given: None, ..wanted },
            (None, before) => before.unwrap_or_default(),
        };
        if transition == Transition::Delete {
            // The whole account shares them, so that no Delete has to know of them.
            scope.ids.retain(|id| id.kind != Kind::ServiceLinkedRole);
        }
        let me = intent.me.marked(intent.mark(transition));
        let desired = match &intent.wanted {
            Some(wanted) => self.desired(&me, wanted)?,
            None => State::default(),
        };
        Ok(Task {
            me,
            desired,
            left: left.filter(|_| !intent.earlier_is_doubtful),
            anchors: Vec::new(),
            scope,
            own,
            last_did_nothing: false,
            is_open: false,
            transition,
            choice: intent.wanted.as_ref().map(|wanted| choices(wanted, &wanted_links)),
            former_choice: intent.earlier.as_ref().map(|earlier| choices(earlier, &former_links)),
        })
    }

    /// The state that these properties make.
    ///
    /// # Errors
    ///
    /// The state breaks limits of IAM, a sentence for each.
    pub(super) fn desired(&self, me: &Owner, wanted: &Properties) -> Result<State, String> {
        let desired = render_of(self.wish(me, wanted), wanted, Branches::Chosen);
        let problems = reasons::of_limits(wanted, &desired);
        if problems.is_empty() { Ok(desired) } else { Err(problems.join("; ")) }
    }

    /// Everything that these properties, with any switch in any position, may have made.
    fn scope(&self, me: &Owner, properties: &Properties) -> Scope {
        let state = render_of(self.wish(me, properties), properties, Branches::Any);
        // A link's holder is looked at too: it may be an existing role or group.
        let parents: BTreeSet<Id> = state.ids().filter_map(Id::parent).collect();
        Scope {
            named: parents.iter().filter(|parent| !state.contains(parent)).cloned().collect(),
            ids: state.ids().cloned().chain(parents).collect(),
            paths: BTreeSet::from([properties.path.clone()]),
            tag_keys: properties.tags.keys().cloned().collect(),
            boundaries: self.boundary(properties).into_iter().cloned().collect(),
            template_boundary: format!(
                "{}-PresetBoundary-{}",
                self.settings.provider(),
                self.account.region
            ),
            adopt_existing: properties.adopt_existing,
            on_foreign_attachment: properties.on_foreign_attachment,
            ..Scope::default()
        }
    }
}

impl Task {
    /// True if the observed marks have this request's choices alone. A request notes its choices
    /// beside the former ones until all of them are carried out, and before it grants anything: so
    /// the last one was refused, or this one is done and delivered again.
    pub(super) fn finds_its_choices(&self, observed: &State) -> bool {
        let (Some(choice), Some(former)) = (&self.choice, &self.former_choice) else {
            return false;
        };
        !self.transition.is_of_other_names()
            && choice != former
            && memory::choices(&self.me, observed, |_| true) == BTreeSet::from([choice.as_str()])
    }

    /// True if the last request's state conflicts with the observed one: that request was refused
    /// before its first write.
    pub(super) fn last_was_refused(&self, observed: &State) -> bool {
        let left = self.left.as_ref().filter(|_| !self.transition.is_of_other_names());
        left.is_some_and(|left| plan(&self.me, &self.scope, left, observed).is_err())
    }

    /// True for a Delete that sees less than the properties gave. The Create may have ended a moment
    /// ago, and a copy of IAM that lags shows neither an object nor a claim on a user.
    pub(super) fn misses(&self, observed: &State) -> bool {
        let is_missing = |(id, _): (&Id, &Object)| match observed.get(id) {
            Some(found) => id.kind == Kind::UserAttachment && !found.owners.contains(&self.me),
            None => !matches!(id.kind, Kind::User | Kind::ServiceLinkedRole),
        };
        let left = self.left.as_ref().filter(|_| self.transition == Transition::Delete);
        left.is_some_and(|left| left.iter().any(is_missing))
    }

    /// Strikes out the choices of before, when all is carried out.
    pub(super) fn closing(&self, observed: &State, plan: &Plan) -> Option<Change> {
        let anchor = self.anchors.first().filter(|_| self.is_open)?;
        let noted = plan.changes().find_map(|change| match change {
            Change::Create(after) | Change::Update { after, .. } if change.id() == *anchor => {
                Some(after)
            }
            Change::Create(_) | Change::Update { .. } | Change::Delete(_) => None,
        });
        let before = noted.or_else(|| observed.get(anchor))?.clone();
        let mut after = before.clone();
        let owner = after.owners.take(&self.me)?;
        let mark = Mark { names: self.choice.clone(), ..owner.mark.clone() };
        after.owners.insert(owner.marked(mark));
        Some(Change::Update { before, after })
    }

    /// Takes the last request for one that gave nothing: users that its properties name have their
    /// grants from elsewhere.
    pub(super) fn forget_the_last(&mut self) {
        self.last_did_nothing = true;
        let own = &self.own;
        self.scope.ids.retain(|id| id.kind.is_node() || own.ids.contains(id));
        self.scope.named.clone_from(&own.named);
        self.scope.given.clone_from(&own.given);
    }

    /// Chooses the object that carries the resource's notes, among those that are or will be its
    /// own, and notes on it the choices and the id that it replaces.
    pub(super) fn choose_anchor(&mut self, intent: &Intent, observed: &State) {
        if intent.wanted.is_none() {
            return;
        }
        let anchor = anchor(&self.me, &self.desired, observed);
        if let Some(mut noted) = anchor.as_ref().and_then(|anchor| self.desired.remove(anchor)) {
            if let Some(mut owner) = noted.owners.take(&self.me) {
                let is_it = |id: &Id| anchor.as_ref() == Some(id);
                let mut was = memory::choices(&self.me, observed, is_it);
                // Another object may have carried them until now, and goes.
                if was.is_empty() && !self.transition.is_of_other_names() {
                    was = memory::choices(&self.me, observed, |_| true);
                }
                let was = was.into_iter();
                owner.mark.names = self.choice.as_deref().map(|choice| memory::beside(was, choice));
                self.is_open = owner.mark.names != self.choice;
                let replaces = intent.life().filter(|_| self.transition == Transition::Replace);
                owner.mark.replaces = replaces.into_iter().collect();
                noted.owners.insert(owner);
            }
            self.desired.insert(noted);
        }
        // A rollback notes itself on the object that it goes back to.
        let nothing = State::default();
        let old = self.left.as_ref().filter(|_| self.transition == Transition::Replace);
        let old = old.and_then(|left| memory::anchor(&self.me, left, &nothing));
        self.anchors = anchor.into_iter().chain(old).collect();
    }
}

fn links(state: &State) -> BTreeSet<Id> {
    state.ids().filter(|id| !id.kind.is_node()).cloned().collect()
}

/// The users of this state, and the groups and roles that it does not make.
fn people(state: &State) -> BTreeSet<Id> {
    let users = state.ids().filter(|id| id.kind == Kind::User).cloned();
    let holders = state.ids().filter_map(Id::parent).filter(|parent| !state.contains(parent));
    users.chain(holders).collect()
}

fn render_of(wish: Wish, properties: &Properties, branches: Branches) -> State {
    render(properties.preset, &wish, branches)
}

/// The ids by which two states have an object in common: users and service-linked roles belong to
/// no preset.
fn own_ids(scope: &Scope) -> BTreeSet<Id> {
    let own = |id: &&Id| !matches!(id.kind, Kind::User | Kind::ServiceLinkedRole);
    scope.ids.iter().filter(own).cloned().collect()
}
