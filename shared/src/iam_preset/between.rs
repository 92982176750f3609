//! How two renderings differ, object by object and statement by statement.
//!
//! Must not know: AWS's API, the account's objects.

use super::audit::Finding;
use super::audit::finding::fields;
use super::release::{Difference, difference};
use crate::state::{Id, State};

/// An object in which two states differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Between {
    /// The second has it alone. `says` lists its grants and denials; for a role, its trusted
    /// principals.
    Added {
        /// Which object.
        id: Id,
        /// A sentence for each statement.
        says: Vec<String>,
    },
    /// The first has it alone.
    TakenAway {
        /// Which object.
        id: Id,
        /// A sentence for each statement that goes with it.
        said: Vec<String>,
    },
    /// Both have it, and not alike.
    Changed {
        /// Which object.
        id: Id,
        /// The statements that come and go.
        statements: Difference,
        /// The fields, each with the second state's value as expected and the first state's value
        /// as found.
        fields: Vec<Finding>,
    },
}

/// Objects that only the second state has, and the reverse, in the order of the ids. Owners are not
/// compared.
pub fn between(first: &State, second: &State) -> Vec<Between> {
    let mut ids: Vec<&Id> = first.ids().chain(second.ids()).collect();
    ids.sort();
    ids.dedup();
    let of = |id: &&Id| {
        let (before, after) = (first.get(id), second.get(id));
        match (before.map(|it| &it.resource), after.map(|it| &it.resource)) {
            (None, Some(after)) => Some(Between::Added { id: (*id).clone(), says: whole(after) }),
            (Some(before), None) => {
                Some(Between::TakenAway { id: (*id).clone(), said: whole(before) })
            }
            (Some(before), Some(after)) => {
                let (statements, fields) = (difference(before, after), fields(id, after, before));
                let is_same = fields.is_empty() && statements == Difference::default();
                (!is_same).then(|| Between::Changed { id: (*id).clone(), statements, fields })
            }
            (None, None) => None,
        }
    };
    ids.iter().filter_map(of).collect()
}

/// Everything that a resource says.
fn whole(resource: &crate::state::Resource) -> Vec<String> {
    let nothing = crate::state::Resource::User { name: String::new() };
    difference(&nothing, resource).added
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Object, PolicyDocument, Resource};
    use serde_json::json;

    fn inline(name: &str, actions: &[&str]) -> Object {
        let statement = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
        let document = PolicyDocument::new(json!({"Statement": statement}));
        let (role, name) = ("r".to_owned(), name.to_owned());
        Object::unowned(Resource::RoleInline { role, name, document })
    }

    #[test]
    fn what_comes_what_goes_and_what_changes_is_told_by_statement() {
        let first: State =
            [inline("goes", &["a:B"]), inline("stays", &["a:C"])].into_iter().collect();
        let second: State =
            [inline("comes", &["a:D"]), inline("stays", &["a:C", "a:E"])].into_iter().collect();
        assert_eq!(between(&first, &first), []);
        let told = between(&first, &second);
        let [
            Between::Added { says, .. },
            Between::TakenAway { said, .. },
            Between::Changed { statements, .. },
        ] = told.as_slice()
        else {
            panic!("{told:?}")
        };
        assert_eq!(
            (says.as_slice(), said.as_slice()),
            (&["Allow a:D on *".to_owned()][..], &["Allow a:B on *".to_owned()][..])
        );
        assert_eq!(statements.added, ["Allow a:E on *"]);
        assert_eq!(statements.taken_away, Vec::<String>::new());
    }
}
