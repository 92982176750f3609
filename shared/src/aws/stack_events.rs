//! CloudFormation's events of a stack behind the seam.

use std::collections::BTreeSet;
use std::time::SystemTime;

use aws_sdk_cloudformation::Client;

use super::call::call;
use crate::actions::StackAction;
use crate::cfn::{self, Gate, StackEvent, StackPart};
use crate::cloud::CallError;

/// The stacks of one Region, by the SDK.
#[derive(Clone, Debug)]
pub struct StackEvents {
    pub(super) client: Client,
    pub(super) gate: Gate,
}

impl StackEvents {
    /// Calls with this client, which goes through this gate. Nothing is called yet.
    pub fn new(client: Client, gate: Gate) -> Self {
        StackEvents { client, gate }
    }
}

impl StackEvents {
    /// The newest event; `None` if there is no event, or no stack.
    pub(super) async fn latest_event(
        &self,
        stack_id: &str,
        of: StackPart<'_>,
    ) -> Result<Option<StackEvent>, CallError> {
        let action = StackAction::DescribeStackEvents.as_str();
        let (mut tokens, mut next) = (BTreeSet::new(), None);
        loop {
            let sent = self.client.describe_stack_events().stack_name(stack_id);
            let page =
                match call(&self.gate, action, stack_id, sent.set_next_token(next).send()).await {
                    Ok(page) => page,
                    // CloudFormation's reply about a stack that it does not know.
                    Err(error) if error.code == "ValidationError" => return Ok(None),
                    Err(error) => return Err(error),
                };
            // The newest stand first. The stack's own events are among them, under the stack's
            // name for a logical id.
            let mut events = page.stack_events.unwrap_or_default().into_iter();
            let own = events.find(|event| {
                let is_of_stack = event.physical_resource_id() == Some(stack_id);
                match of {
                    StackPart::Stack => is_of_stack,
                    StackPart::Resource(id) => {
                        !is_of_stack && event.logical_resource_id() == Some(id)
                    }
                }
            });
            if let Some(event) = own {
                let at = event.timestamp.and_then(|at| SystemTime::try_from(at).ok());
                let status = event.resource_status.map(|status| status.as_str().to_owned());
                let physical_id = event.physical_resource_id;
                let (resource_type, properties) = (event.resource_type, event.resource_properties);
                return Ok(status.map(|status| StackEvent {
                    status,
                    at,
                    physical_id,
                    resource_type,
                    properties,
                }));
            }
            next = page.next_token.filter(|token| !token.is_empty());
            // A page that comes twice would come for ever.
            match &next {
                Some(token) if tokens.insert(token.clone()) => {}
                Some(_) | None => return Ok(None),
            }
        }
    }
}

impl cfn::StackEvents for StackEvents {
    async fn latest(
        &self,
        stack_id: &str,
        of: StackPart<'_>,
    ) -> Result<Option<StackEvent>, String> {
        self.latest_event(stack_id, of).await.map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::operation::describe_stack_events::{
        DescribeStackEventsError, DescribeStackEventsOutput,
    };
    use aws_sdk_cloudformation::types::{ResourceStatus, StackEvent};
    use aws_smithy_mocks::{RuleMode, mock, mock_client};
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;
    use crate::cfn::StackEvents as _;

    fn page(events: &[(&str, &str)], next: Option<&str>) -> DescribeStackEventsOutput {
        let event = |(id, status): &(&str, &str)| {
            let event = StackEvent::builder().event_id("e").stack_id("stack").stack_name("s");
            event.logical_resource_id(*id).resource_status(ResourceStatus::from(*status)).build()
        };
        DescribeStackEventsOutput::builder()
            .set_stack_events(Some(events.iter().map(event).collect()))
            .set_next_token(next.map(str::to_owned))
            .build()
    }

    /// Reads the event from these pages; the second is that of the token `more`.
    async fn found(
        first: DescribeStackEventsOutput,
        second: DescribeStackEventsOutput,
    ) -> Option<String> {
        let first = mock!(Client::describe_stack_events)
            .match_requests(|sent| {
                sent.stack_name() == Some("stack") && sent.next_token().is_none()
            })
            .then_output(move || first.clone());
        let second = mock!(Client::describe_stack_events)
            .match_requests(|sent| sent.next_token() == Some("more"))
            .then_output(move || second.clone());
        let client = mock_client!(aws_sdk_cloudformation, RuleMode::MatchAny, [&first, &second]);
        StackEvents::new(client, Gate::default())
            .latest("stack", StackPart::Resource("Mine"))
            .await
            .unwrap()
            .map(|event| event.status)
    }

    #[tokio::test]
    async fn the_newest_event_of_the_resource_counts_on_whichever_page_it_is() {
        let newest = [("Other", "CREATE_COMPLETE"), ("Mine", "UPDATE_IN_PROGRESS")];
        let older = [("Mine", "CREATE_COMPLETE")];
        let status = found(page(&newest, Some("more")), page(&older, None)).await;
        assert_eq!(status.as_deref(), Some("UPDATE_IN_PROGRESS"));
        let status = found(page(&newest[..1], Some("more")), page(&older, None)).await;
        assert_eq!(status.as_deref(), Some("CREATE_COMPLETE"));
        let none = found(page(&newest[..1], Some("more")), page(&[], Some("more"))).await;
        assert_eq!(none, None);
    }

    /// I9
    #[tokio::test]
    async fn the_stacks_own_events_are_not_those_of_a_resource_that_is_called_like_it() {
        let event = |physical_id: &str, status: &str| {
            let event = StackEvent::builder().event_id("e").stack_id("stack").stack_name("Mine");
            let event = event.logical_resource_id("Mine").physical_resource_id(physical_id);
            event.resource_status(ResourceStatus::from(status)).build()
        };
        let events =
            [event("stack", "UPDATE_IN_PROGRESS"), event("slim:s:Mine:0", "DELETE_FAILED")];
        let newest = DescribeStackEventsOutput::builder().set_stack_events(Some(events.into()));
        let status = found(newest.build(), page(&[], None)).await;
        assert_eq!(status.as_deref(), Some("DELETE_FAILED"));
    }

    #[tokio::test]
    async fn a_stack_that_is_not_there_has_no_events_and_a_denial_is_an_error() {
        for (code, expected) in [("ValidationError", Ok(None)), ("AccessDenied", Err(()))] {
            let refusal = mock!(Client::describe_stack_events).then_error(move || {
                let metadata = ErrorMetadata::builder().code(code).message("no").build();
                DescribeStackEventsError::generic(metadata)
            });
            let client = mock_client!(aws_sdk_cloudformation, [&refusal]);
            let found = StackEvents::new(client, Gate::default())
                .latest("stack", StackPart::Resource("Mine"))
                .await;
            if let Err(reason) = &found {
                assert!(reason.contains("cloudformation:DescribeStackEvents"), "{reason}");
            }
            assert_eq!(found.map_err(drop), expected, "{code}");
        }
    }
}
