//! The events of a stack about one resource: whether CloudFormation is at work on it, and with
//! which properties it was last made or changed.
//!
//! Must not know: IAM, presets, AWS's API.

use std::collections::BTreeSet;

/// An event of a resource, or of the stack itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PastEvent {
    /// As in `UPDATE_COMPLETE`.
    pub status: String,
    /// The resource's physical id then; the stack's id for the stack's own events.
    pub physical_id: String,
    /// The resource's properties then, as JSON; not of every event.
    pub properties: Option<String>,
}

/// How a resource stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Past {
    /// CloudFormation is at work on the stack or the resource, in this status.
    InProgress(String),
    /// It was made or changed so, and nothing has happened to it since.
    Completed {
        /// The id under which it is known.
        physical_id: String,
        /// Its properties, as JSON.
        properties: String,
    },
    /// It was deleted, or retained, or its stack is gone.
    Gone,
    /// It is not known how it was last made: for this reason.
    Unknown(String),
}

/// Reads the events of a stack, the newest first.
#[derive(Debug, Default)]
pub struct History {
    stack: Option<String>,
    resource: Option<Past>,
    ended: BTreeSet<String>,
    has_events: bool,
}

impl History {
    /// Takes the next event of the stack itself.
    pub fn of_stack(&mut self, status: &str) {
        self.stack.get_or_insert_with(|| status.to_owned());
    }

    /// Takes the next event of the resource.
    pub fn of_resource(&mut self, event: PastEvent) {
        if self.resource.is_some() {
            return;
        }
        let is_newest = !std::mem::replace(&mut self.has_events, true);
        let PastEvent { status, physical_id, properties } = event;
        let completed = matches!(status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE");
        if completed && self.ended.contains(&physical_id) {
            self.resource = Some(Past::Gone);
        } else if completed {
            self.resource = Some(match properties.filter(|text| !text.is_empty()) {
                Some(properties) => Past::Completed { physical_id, properties },
                None => Past::Unknown(format!("the event `{status}` has no properties")),
            });
        } else if matches!(status.as_str(), "DELETE_COMPLETE" | "DELETE_SKIPPED") {
            // After a replacement the old half goes last, and the resource lives.
            self.ended.insert(physical_id);
        } else if status.ends_with("_IN_PROGRESS") {
            if is_newest {
                self.resource = Some(Past::InProgress(status));
            }
        } else {
            self.resource = Some(Past::Unknown(format!("it is in `{status}`")));
        }
    }

    /// True if no older event can say more.
    pub fn is_known(&self) -> bool {
        self.stack.is_some() && self.resource.is_some()
    }

    /// The result, once all events are read.
    pub fn end(self) -> Past {
        match (self.stack, self.resource) {
            (None, _) => Past::Gone,
            (Some(status), _) if status.ends_with("_IN_PROGRESS") => Past::InProgress(status),
            (Some(status), _) if status == "DELETE_COMPLETE" => Past::Gone,
            (Some(_), Some(past)) => past,
            (Some(_), None) if !self.ended.is_empty() => Past::Gone,
            (Some(_), None) => {
                Past::Unknown("the stack's events do not go back to when it was made".to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The newest event stands first; each is a status, or one with an id after it.
    fn past(stack: &str, events: &[&str]) -> Past {
        let mut history = History::default();
        for event in events {
            let (status, id) = event.split_once(' ').unwrap_or((event, "a"));
            let properties = Some(format!("{{\"of\":\"{id}\"}}"));
            let (status, physical_id) = (status.to_owned(), id.to_owned());
            history.of_resource(PastEvent { status, physical_id, properties });
        }
        if !stack.is_empty() {
            history.of_stack(stack);
            history.of_stack("CREATE_IN_PROGRESS");
        }
        history.end()
    }

    fn completed(id: &str) -> Past {
        let properties = format!("{{\"of\":\"{id}\"}}");
        Past::Completed { physical_id: id.to_owned(), properties }
    }

    /// A1
    #[test]
    fn the_newest_completed_event_has_the_properties() {
        let made = ["CREATE_COMPLETE", "CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS"];
        assert_eq!(past("CREATE_COMPLETE", &made), completed("a"));
        let updated = ["UPDATE_COMPLETE", "UPDATE_IN_PROGRESS", "CREATE_COMPLETE"];
        assert_eq!(past("UPDATE_COMPLETE", &updated), completed("a"));
        // A rollback is an Update, too.
        let back = ["UPDATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_FAILED", "CREATE_COMPLETE"];
        assert_eq!(past("UPDATE_ROLLBACK_COMPLETE", &back), completed("a"));
        // The old half of a replacement was deleted last.
        let replaced = ["DELETE_COMPLETE a", "DELETE_IN_PROGRESS a", "UPDATE_COMPLETE b"];
        assert_eq!(past("UPDATE_COMPLETE", &replaced), completed("b"));
    }

    /// A2
    #[test]
    fn what_cloudformation_is_at_work_on_is_left_alone() {
        for (stack, events) in [
            ("UPDATE_IN_PROGRESS", &["CREATE_COMPLETE"][..]),
            ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", &["UPDATE_COMPLETE"]),
            ("CREATE_COMPLETE", &["UPDATE_IN_PROGRESS", "CREATE_COMPLETE"]),
        ] {
            let found = past(stack, events);
            assert!(matches!(found, Past::InProgress(_)), "{stack}: {found:?}");
        }
    }

    /// A3
    #[test]
    fn what_is_gone_or_not_known_is_said_and_never_guessed() {
        assert_eq!(past("", &["CREATE_COMPLETE"]), Past::Gone);
        assert_eq!(past("DELETE_COMPLETE", &["CREATE_COMPLETE"]), Past::Gone);
        let deleted = ["DELETE_COMPLETE", "DELETE_IN_PROGRESS", "CREATE_COMPLETE"];
        assert_eq!(past("UPDATE_COMPLETE", &deleted), Past::Gone);
        assert_eq!(past("UPDATE_COMPLETE", &["DELETE_SKIPPED"]), Past::Gone);
        for events in [&[][..], &["CREATE_IN_PROGRESS x", "DELETE_FAILED"][1..], &["UPDATE_FAILED"]]
        {
            let found = past("UPDATE_COMPLETE", events);
            assert!(matches!(found, Past::Unknown(_)), "{events:?}: {found:?}");
        }
        let mut history = History::default();
        history.of_stack("CREATE_COMPLETE");
        let status = "CREATE_COMPLETE".to_owned();
        history.of_resource(PastEvent { status, ..PastEvent::default() });
        assert!(matches!(history.end(), Past::Unknown(_)));
    }

    #[test]
    fn no_more_events_are_read_than_are_needed() {
        let mut history = History::default();
        assert!(!history.is_known());
        history.of_stack("CREATE_COMPLETE");
        assert!(!history.is_known());
        let properties = Some("{}".to_owned());
        let status = "CREATE_COMPLETE".to_owned();
        history.of_resource(PastEvent { status, properties, ..PastEvent::default() });
        assert!(history.is_known());
    }
}
