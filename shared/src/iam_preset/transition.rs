//! The effect of a request on a resource: which of its two sets of objects, that of the former
//! properties and that of the wanted ones, stays, goes or comes.
//!
//! Must not know: the account's objects.

use std::collections::BTreeSet;

use crate::cfn::RequestType;
use crate::reconcile::OnFailure;
use crate::state::Id;

/// The effect of a request on a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transition {
    /// There was nothing before.
    Create,
    /// The objects stay, or some of them, and so does the physical id.
    InPlace,
    /// Other objects are made under another id. CloudFormation deletes the old id when the whole
    /// stack is updated.
    Replace,
    /// The rollback of a replacement that failed: CloudFormation knows the id of the wanted
    /// properties, so no Delete will follow for the objects of the replacement.
    GoBack,
    /// No object is wanted any more.
    Delete,
}

impl Transition {
    /// Decides by the objects that the wanted properties and those of before can make. `knows_wanted`
    /// is true if the physical id of the request is that of the wanted properties.
    pub(super) fn of(
        kind: RequestType,
        wanted: Option<&BTreeSet<Id>>,
        before: Option<&BTreeSet<Id>>,
        knows_wanted: bool,
    ) -> Self {
        match (kind, wanted.zip(before)) {
            (RequestType::Create, _) => Transition::Create,
            (RequestType::Delete, _) => Transition::Delete,
            (RequestType::Update, Some((wanted, before))) if wanted.is_disjoint(before) => {
                if knows_wanted {
                    Transition::GoBack
                } else {
                    Transition::Replace
                }
            }
            (RequestType::Update, Some(_) | None) => Transition::InPlace,
        }
    }

    /// True if the wanted objects come under an id of their own, beside all former ones.
    pub(super) fn is_fresh(self) -> bool {
        match self {
            Transition::Create | Transition::Replace => true,
            Transition::InPlace | Transition::GoBack | Transition::Delete => false,
        }
    }

    /// True if the wanted properties name other objects than those of before.
    pub(super) fn is_of_other_names(self) -> bool {
        match self {
            Transition::Replace | Transition::GoBack => true,
            Transition::Create | Transition::InPlace | Transition::Delete => false,
        }
    }

    /// The treatment of new objects if another change fails: CloudFormation asks for the old state
    /// of objects that are changed in place, and for nothing where the id is new.
    pub(super) fn on_failure(self) -> OnFailure {
        if self.is_fresh() { OnFailure::Undo } else { OnFailure::Leave }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Kind;

    fn roles(names: &[&str]) -> BTreeSet<Id> {
        names.iter().map(|name| Id::node(Kind::Role, *name)).collect()
    }

    /// I15, I17
    #[test]
    fn the_objects_and_the_id_decide_what_a_request_makes_of_a_resource() {
        use RequestType::{Create, Delete, Update};
        for (kind, wanted, before, knows_wanted, expected) in [
            (Create, Some(&["a"][..]), None, false, Transition::Create),
            (Create, Some(&["a"]), None, true, Transition::Create),
            (Delete, None, Some(&["a"][..]), false, Transition::Delete),
            (Delete, None, None, true, Transition::Delete),
            (Update, Some(&["a"]), Some(&["a"]), true, Transition::InPlace),
            (Update, Some(&["a", "b"]), Some(&["b", "c"]), false, Transition::InPlace),
            (Update, Some(&["A"]), Some(&["a"]), false, Transition::InPlace),
            (Update, Some(&["a"]), None, false, Transition::InPlace),
            (Update, Some(&["a"]), Some(&["b"]), false, Transition::Replace),
            (Update, Some(&["a"]), Some(&["b"]), true, Transition::GoBack),
            // A preset that makes nothing has nothing in common with anything.
            (Update, Some(&[]), Some(&["b"]), false, Transition::Replace),
        ] {
            let (wanted, before) = (wanted.map(roles), before.map(roles));
            let found = Transition::of(kind, wanted.as_ref(), before.as_ref(), knows_wanted);
            assert_eq!(found, expected, "{kind:?} {wanted:?} {before:?} {knows_wanted}");
        }
    }

    /// I4, I18
    #[test]
    fn what_is_made_under_a_new_id_is_taken_back_if_something_fails_and_nothing_else_is() {
        let undone = [Transition::Create, Transition::Replace];
        let left = [Transition::InPlace, Transition::GoBack, Transition::Delete];
        assert!(undone.iter().all(|it| it.on_failure() == OnFailure::Undo));
        assert!(left.iter().all(|it| it.on_failure() == OnFailure::Leave));
    }
}
