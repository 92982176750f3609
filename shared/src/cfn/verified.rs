//! Whether a request is CloudFormation's own: it says so itself, in the stack's events.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::sleep;
use tracing::error;

use super::answer::Success;
use super::guard::CustomResource;
use super::progress::Progress;
use super::request::{Request, RequestType};

/// So many looks, because an event may be written a moment after its request is sent.
const LOOKS: u32 = 3;
/// Between two looks.
const PAUSE: Duration = Duration::from_secs(2);

/// What CloudFormation tells of a stack.
pub trait StackEvents {
    /// The status in the newest event of a resource, such as `CREATE_IN_PROGRESS`; `None` if it
    /// has none, or there is no such stack.
    ///
    /// # Errors
    ///
    /// Why CloudFormation did not tell.
    fn latest_status(
        &self,
        stack_id: &str,
        logical_resource_id: &str,
    ) -> impl Future<Output = Result<Option<String>, String>>;
}

/// A resource that is asked only for what CloudFormation is really doing with it. Whoever may
/// invoke the function can write an event, but no event of a stack.
#[derive(Debug)]
pub struct Verified<R, S> {
    resource: R,
    stack_events: Option<S>,
    /// True once the request was found to be CloudFormation's.
    is_verified: AtomicBool,
}

impl<R, S: StackEvents> Verified<R, S> {
    /// For one request. Asks `stack_events` before it; without any, it is passed on.
    pub fn new(resource: R, stack_events: Option<S>) -> Self {
        Verified { resource, stack_events, is_verified: AtomicBool::new(false) }
    }

    async fn verify(&self, kind: RequestType, request: &Request) -> Result<(), String> {
        let Some(stack_events) = &self.stack_events else { return Ok(()) };
        let expected = match kind {
            RequestType::Create => "CREATE_IN_PROGRESS",
            RequestType::Update => "UPDATE_IN_PROGRESS",
            RequestType::Delete => "DELETE_IN_PROGRESS",
        };
        let mut found = None;
        for look in 0..LOOKS {
            if look > 0 {
                sleep(PAUSE).await;
            }
            found =
                stack_events.latest_status(&request.stack_id, &request.logical_resource_id).await?;
            if found.as_deref() == Some(expected) {
                return Ok(());
            }
        }
        let found =
            found.map_or_else(|| "it has none".to_owned(), |status| format!("it is `{status}`"));
        Err(format!(
            "the newest event of this resource in its stack would be `{expected}` if this request \
             were CloudFormation's, but {found}; nothing was done"
        ))
    }
}

impl<R: CustomResource, S: StackEvents> CustomResource for Verified<R, S> {
    const RESOURCE_TYPE: &'static str = R::RESOURCE_TYPE;

    fn physical_id(&self, request: &Request) -> String {
        self.resource.physical_id(request)
    }

    async fn handle(
        &self,
        kind: RequestType,
        request: &Request,
        progress: &Progress,
    ) -> Result<Success, String> {
        progress.note("asking CloudFormation whether the request is its own");
        if let Err(reason) = self.verify(kind, request).await {
            // An alarm in template.yaml looks for this line.
            error!(reason, "refused");
            return Err(reason);
        }
        self.is_verified.store(true, Ordering::Relaxed);
        self.resource.handle(kind, request, progress).await
    }

    /// Verified before its answer or not at all: CloudFormation has taken the answer, and is
    /// doing something else.
    async fn go_on(
        &self,
        kind: RequestType,
        request: &Request,
        progress: &Progress,
    ) -> Result<Success, String> {
        if !self.is_verified.load(Ordering::Relaxed) {
            return Err("the request was not verified in time; nothing was done".to_owned());
        }
        self.resource.go_on(kind, request, progress).await
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde_json::json;

    use super::*;

    /// The newest status from the nth look on.
    struct Events(Vec<Result<Option<&'static str>, &'static str>>, Cell<usize>);

    impl StackEvents for &Events {
        async fn latest_status(
            &self,
            stack_id: &str,
            logical_resource_id: &str,
        ) -> Result<Option<String>, String> {
            assert_eq!((stack_id, logical_resource_id), ("stack", "Logical"));
            let looks = self.1.replace(self.1.get() + 1);
            let last = self.0.len() - 1;
            let status = self.0[looks.min(last)].map_err(str::to_owned)?;
            Ok(status.map(str::to_owned))
        }
    }

    #[derive(Default)]
    struct Counting(Cell<usize>);

    impl CustomResource for &Counting {
        const RESOURCE_TYPE: &'static str = "Custom::Counting";

        fn physical_id(&self, _: &Request) -> String {
            "id".to_owned()
        }

        async fn handle(
            &self,
            _: RequestType,
            _: &Request,
            _: &Progress,
        ) -> Result<Success, String> {
            self.0.set(self.0.get() + 1);
            Ok(Success::default())
        }
    }

    /// The reason of a refusal, and how often the resource was asked.
    async fn serve(
        kind: RequestType,
        events: &[Result<Option<&'static str>, &'static str>],
    ) -> (Option<String>, usize) {
        let event = json!({
            "ResponseURL": "https://answers", "StackId": "stack", "LogicalResourceId": "Logical",
        });
        let request = Request::read(&serde_json::value::to_raw_value(&event).unwrap()).unwrap();
        let (events, asked) = (Events(events.to_vec(), Cell::new(0)), Counting::default());
        let verified = Verified::new(&asked, Some(&events));
        let result = verified.handle(kind, &request, &Progress::default()).await;
        (result.err(), asked.0.get())
    }

    /// I9, Threat 5
    #[tokio::test(start_paused = true)]
    async fn only_what_cloudformation_is_doing_is_done() {
        let kinds = [
            (RequestType::Create, "CREATE_IN_PROGRESS"),
            (RequestType::Update, "UPDATE_IN_PROGRESS"),
            (RequestType::Delete, "DELETE_IN_PROGRESS"),
        ];
        for (kind, expected) in kinds {
            assert_eq!(serve(kind, &[Ok(Some(expected))]).await, (None, 1));
            let others = kinds.map(|(_, status)| status).into_iter();
            let others = others.chain(["CREATE_COMPLETE", "DELETE_COMPLETE", "ROLLBACK_COMPLETE"]);
            for other in others.filter(|other| *other != expected) {
                let (refusal, asked) = serve(kind, &[Ok(Some(other))]).await;
                let refusal = refusal.unwrap();
                assert!(refusal.contains(expected) && refusal.contains(other), "{refusal}");
                assert_eq!(asked, 0);
            }
            let (refusal, asked) = serve(kind, &[Ok(None)]).await;
            assert!(refusal.unwrap().contains("it has none"));
            assert_eq!(asked, 0);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_that_is_written_a_moment_later_is_waited_for() {
        let events = [Ok(Some("CREATE_COMPLETE")), Ok(Some("UPDATE_IN_PROGRESS"))];
        assert_eq!(serve(RequestType::Update, &events).await, (None, 1));
    }

    /// Threat 5
    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_verified_is_not_done() {
        let (refusal, asked) = serve(RequestType::Delete, &[Err("denied")]).await;
        assert_eq!((refusal.as_deref(), asked), (Some("denied"), 0));
    }
}
