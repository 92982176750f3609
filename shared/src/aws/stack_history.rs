//! How a resource of a stack was last made, by CloudFormation's events of the stack.

use std::collections::BTreeSet;

use super::call::call;
use super::stack_events::StackEvents;
use crate::actions::StackAction;
use crate::cfn::{History, Past, PastEvent};
use crate::cloud::CallError;

impl StackEvents {
    /// Reads the past of a resource from the stack's events, by its logical id. Pages are read
    /// until they suffice, or end.
    pub(super) async fn past(&self, stack_id: &str, logical_id: &str) -> Result<Past, CallError> {
        let action = StackAction::DescribeStackEvents.as_str();
        let (mut history, mut tokens, mut next) = (History::default(), BTreeSet::new(), None);
        loop {
            let sent = self.client.describe_stack_events().stack_name(stack_id);
            let sent = sent.set_next_token(next).send();
            let page = match call(&self.gate, action, stack_id, sent).await {
                Ok(page) => page,
                // CloudFormation's reply about a stack that it does not know.
                Err(error) if error.code == "ValidationError" => return Ok(Past::Gone),
                Err(error) => return Err(error),
            };
            for event in page.stack_events.unwrap_or_default() {
                let status = event.resource_status().map(|status| status.as_str().to_owned());
                let status = status.unwrap_or_default();
                // The stack's own events are under its name for a logical id.
                if event.physical_resource_id() == Some(stack_id) {
                    history.of_stack(&status);
                } else if event.logical_resource_id() == Some(logical_id) {
                    history.of_resource(PastEvent {
                        status,
                        physical_id: event.physical_resource_id.unwrap_or_default(),
                        properties: event.resource_properties,
                    });
                }
            }
            next = page.next_token.filter(|token| !token.is_empty());
            // A page that comes twice would come for ever.
            match &next {
                Some(token) if !history.is_known() && tokens.insert(token.clone()) => {}
                Some(_) | None => return Ok(history.end()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::Client;
    use aws_sdk_cloudformation::operation::describe_stack_events::{
        DescribeStackEventsError, DescribeStackEventsOutput,
    };
    use aws_sdk_cloudformation::types::{ResourceStatus, StackEvent};
    use aws_smithy_mocks::{RuleMode, mock, mock_client};
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;
    use crate::cfn::Gate;

    fn event(logical_id: &str, physical_id: &str, status: &str, properties: &str) -> StackEvent {
        let event = StackEvent::builder().event_id("e").stack_id("stack").stack_name("Mine");
        let event = event.logical_resource_id(logical_id).physical_resource_id(physical_id);
        let event = event.resource_properties(properties);
        event.resource_status(ResourceStatus::from(status)).build()
    }

    fn page(events: &[StackEvent], next: Option<&str>) -> DescribeStackEventsOutput {
        let events = Some(events.to_vec());
        let next = next.map(str::to_owned);
        DescribeStackEventsOutput::builder().set_stack_events(events).set_next_token(next).build()
    }

    /// A1, A3
    #[tokio::test]
    async fn the_pages_are_read_until_the_resource_and_the_stack_are_known() {
        let newest = page(&[event("Mine", "stack", "UPDATE_COMPLETE", "")], Some("more"));
        let other = event("Other", "o", "CREATE_COMPLETE", "{}");
        let made = event("Preset", "p", "CREATE_COMPLETE", "{\"Preset\":\"slim\"}");
        let older = page(&[other, made], Some("never asked for"));
        let first = mock!(Client::describe_stack_events)
            .match_requests(|asked| asked.next_token().is_none())
            .then_output(move || newest.clone());
        let second = mock!(Client::describe_stack_events)
            .match_requests(|asked| asked.next_token() == Some("more"))
            .then_output(move || older.clone());
        let client = mock_client!(aws_sdk_cloudformation, RuleMode::MatchAny, [&first, &second]);
        let stacks = StackEvents::new(client, Gate::default());
        let (physical_id, properties) = ("p".to_owned(), "{\"Preset\":\"slim\"}".to_owned());
        let found = stacks.past("stack", "Preset").await;
        assert_eq!(found, Ok(Past::Completed { physical_id, properties }));
    }

    /// A3
    #[tokio::test]
    async fn a_stack_that_is_not_there_is_gone_and_a_denial_is_an_error() {
        for (code, is_gone) in [("ValidationError", true), ("AccessDenied", false)] {
            let refusal = mock!(Client::describe_stack_events).then_error(move || {
                let metadata = ErrorMetadata::builder().code(code).message("no").build();
                DescribeStackEventsError::generic(metadata)
            });
            let client = mock_client!(aws_sdk_cloudformation, [&refusal]);
            let found = StackEvents::new(client, Gate::default()).past("stack", "Preset").await;
            assert_eq!(found.ok() == Some(Past::Gone), is_gone, "{code}");
        }
    }
}
