use std::cell::Cell;
use std::time::UNIX_EPOCH;

use serde_json::{Value, json};

use super::*;

/// A request that was sent at [`SENT`], with further fields.
fn sent(further: Value) -> Request {
    let mut event = json!({
        "ResponseURL": "https://answers/?X-Amz-Date=19700101T000100Z", "StackId": "stack",
        "LogicalResourceId": "Logical", "RequestId": "one",
    });
    event.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
    Request::read(&serde_json::value::to_raw_value(&event).unwrap()).unwrap()
}

/// The newest status from the nth look on.
struct Events(Vec<Result<Option<&'static str>, &'static str>>, Cell<usize>);

impl StackEvents for &Events {
    async fn latest(
        &self,
        stack_id: &str,
        of: StackPart<'_>,
    ) -> Result<Option<StackEvent>, String> {
        assert_eq!((stack_id, of), ("stack", StackPart::Resource("Logical")));
        let looks = self.1.replace(self.1.get() + 1);
        let last = self.0.len() - 1;
        let status = self.0[looks.min(last)].map_err(str::to_owned)?;
        Ok(status.map(|status| StackEvent {
            status: status.to_owned(),
            at: None,
            physical_id: None,
            resource_type: Some("Custom::Counting".to_owned()),
            properties: None,
        }))
    }
}

#[derive(Default)]
struct Counting(Cell<usize>);

impl CustomResource for &Counting {
    const RESOURCE_TYPE: &'static str = "Custom::Counting";

    fn physical_id(&self, _: &Request) -> String {
        "id".to_owned()
    }

    async fn handle(&self, _: RequestType, _: &Request, _: &Progress) -> Result<Success, String> {
        self.0.set(self.0.get() + 1);
        Ok(Success::default())
    }
}

/// The reason of a refusal, and how often the resource was asked.
async fn serve(
    kind: RequestType,
    events: &[Result<Option<&'static str>, &'static str>],
) -> (Option<String>, usize) {
    serve_type("Custom::Counting", kind, events).await
}

async fn serve_type(
    resource_type: &str,
    kind: RequestType,
    events: &[Result<Option<&'static str>, &'static str>],
) -> (Option<String>, usize) {
    let request = sent(json!({"ResourceType": resource_type}));
    let (events, asked) = (Events(events.to_vec(), Cell::new(0)), Counting::default());
    let deliveries = Deliveries::default();
    let verified = Verified::new(&asked, &events, true, &deliveries, UNIX_EPOCH);
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

/// Threat 5, Threat 9
#[tokio::test(start_paused = true)]
async fn an_event_of_a_resource_of_another_type_verifies_nothing() {
    let events = [Ok(Some("CREATE_IN_PROGRESS"))];
    let (refusal, asked) = serve_type("Custom::Other", RequestType::Create, &events).await;
    let refusal = refusal.unwrap();
    let said = "would be `CREATE_IN_PROGRESS` of a `Custom::Other` if this request were \
                CloudFormation's, but it is `CREATE_IN_PROGRESS` of a `Custom::Counting`";
    assert!(refusal.contains(said), "{refusal}");
    assert_eq!(asked, 0);
}

/// I29
#[tokio::test(start_paused = true)]
async fn what_is_old_or_was_served_before_is_held_against_the_events() {
    let request = sent(json!({}));
    let sent = Duration::from_secs(60);
    let deliveries = Deliveries::default();
    let (events, asked) =
        (Events(vec![Ok(Some("CREATE_FAILED"))], Cell::new(0)), Counting::default());
    for (age, looks, served) in [(3, 0, 1), (3, 1, 1), (4, 2, 1)] {
        let now = UNIX_EPOCH + sent + Duration::from_secs(age);
        let verified = Verified::new(&asked, &events, false, &deliveries, now);
        let result = verified.handle(RequestType::Create, &request, &Progress::default()).await;
        assert_eq!((events.1.get(), asked.0.get()), (looks, served));
        assert_eq!(result.is_err(), looks > 0);
    }
    let old = Deliveries::default();
    let now = UNIX_EPOCH + sent + Duration::from_secs(4);
    let verified = Verified::new(&asked, &events, false, &old, now);
    verified.handle(RequestType::Create, &request, &Progress::default()).await.unwrap_err();
    assert_eq!((events.1.get(), asked.0.get()), (3, 1));
}

/// The newest status of the resource, and that of its stack with its milliseconds after the
/// request was sent.
struct Told(Option<&'static str>, (&'static str, u64));

impl StackEvents for Told {
    async fn latest(&self, _: &str, of: StackPart<'_>) -> Result<Option<StackEvent>, String> {
        let (status, at) = match of {
            StackPart::Stack => (Some(self.1.0), Some(SENT + Duration::from_millis(self.1.1))),
            StackPart::Resource(_) => (self.0, None),
        };
        let event = |status: &str| StackEvent {
            status: status.to_owned(),
            at: at.map(|at| UNIX_EPOCH + at),
            physical_id: None,
            resource_type: None,
            properties: None,
        };
        Ok(status.map(event))
    }
}

const SENT: Duration = Duration::from_secs(60);

/// Work that asks whether it is wanted, and says why it is not.
struct Asking;

impl CustomResource for Asking {
    const RESOURCE_TYPE: &'static str = "Custom::Asking";

    fn physical_id(&self, _: &Request) -> String {
        "id".to_owned()
    }

    async fn handle(
        &self,
        _: RequestType,
        _: &Request,
        progress: &Progress,
    ) -> Result<Success, String> {
        progress.ask_whether_wanted().await;
        progress.stopped().map_or(Ok(Success::default()), Err)
    }
}

/// I29
#[tokio::test(start_paused = true)]
async fn work_that_asks_is_stopped_at_once_where_cloudformation_has_gone_on() {
    let request = sent(json!({}));
    let (at_work, back) = ("UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS");
    for (resource, stack, why) in [
        (Some(at_work), (at_work, 0), None),
        (Some("UPDATE_COMPLETE"), (at_work, 0), Some("is in `UPDATE_COMPLETE` now")),
        (Some(at_work), (back, 1_001), Some("the stack rolls back now")),
        // It may be the rollback's own request: its time has no fractions.
        (Some(at_work), (back, 1_000), None),
        (None, (back, 9_000), None),
    ] {
        let deliveries = Deliveries::default();
        let told = Told(resource, stack);
        let verified = Verified::new(Asking, told, false, &deliveries, UNIX_EPOCH + SENT);
        let started = tokio::time::Instant::now();
        let result = verified.handle(RequestType::Update, &request, &Progress::default()).await;
        let said = result.err().unwrap_or_default();
        assert_eq!(said.contains(why.unwrap_or("CloudFormation")), why.is_some(), "{said}");
        // The clock is not a real one.
        assert_eq!(started.elapsed(), Duration::ZERO);
    }
}

/// I2, I29
#[tokio::test(start_paused = true)]
async fn what_another_delivery_has_done_is_not_taken_back() {
    struct Newest(&'static str, &'static str);
    impl StackEvents for Newest {
        async fn latest(&self, _: &str, of: StackPart<'_>) -> Result<Option<StackEvent>, String> {
            assert_eq!(of, StackPart::Resource("Logical"));
            let (status, properties) = (self.0.to_owned(), Some(self.1.to_owned()));
            let event =
                StackEvent { status, at: None, physical_id: None, resource_type: None, properties };
            Ok(Some(event))
        }
    }
    use RequestType::{Create, Update};
    let mine = r#"{"Names": ["a"], "Is": true, "Seconds": 7}"#;
    for (kind, status, properties, is_taken_back) in [
        (Create, "CREATE_COMPLETE", mine, false),
        (Create, "UPDATE_COMPLETE", mine, true),
        (Update, "UPDATE_COMPLETE", mine, false),
        // That of a rollback.
        (Update, "UPDATE_COMPLETE", r#"{"Names": ["b"], "Is": true, "Seconds": 7}"#, true),
        (Update, "UPDATE_COMPLETE", "", true),
        (Update, "UPDATE_FAILED", mine, true),
    ] {
        let asked = json!({"Names": ["a"], "Is": "true", "Seconds": "7"});
        let request = sent(json!({"ResourceProperties": asked}));
        let (deliveries, progress) = (Deliveries::default(), Progress::default());
        let told = Newest(status, properties);
        let verified = Verified::new(Asking, told, false, &deliveries, UNIX_EPOCH + SENT);
        verified.handle(kind, &request, &progress).await.unwrap_err();
        assert_eq!(progress.is_superseded(), is_taken_back, "{kind:?} {status} {properties}");
    }
}

/// I17
#[tokio::test(start_paused = true)]
async fn an_old_delete_is_not_served_while_another_half_of_the_resource_is_deleted() {
    struct Deleting(&'static str);
    impl StackEvents for Deleting {
        async fn latest(&self, _: &str, _: StackPart<'_>) -> Result<Option<StackEvent>, String> {
            Ok(Some(StackEvent {
                status: "DELETE_IN_PROGRESS".to_owned(),
                at: Some(UNIX_EPOCH + Duration::from_secs(120)),
                physical_id: Some(self.0.to_owned()),
                resource_type: None,
                properties: None,
            }))
        }
    }
    for (now, served) in [("other", 0), ("mine", 1)] {
        let request = sent(json!({"PhysicalResourceId": "mine"}));
        let (asked, deliveries) = (Counting::default(), Deliveries::default());
        let late = UNIX_EPOCH + Duration::from_secs(121);
        let verified = Verified::new(&asked, Deleting(now), false, &deliveries, late);
        let result = verified.handle(RequestType::Delete, &request, &Progress::default()).await;
        assert_eq!((asked.0.get(), result.is_ok()), (served, served == 1), "{now}");
    }
}

/// I3
#[tokio::test(start_paused = true)]
async fn a_create_that_comes_again_after_its_delete_deletes_what_is_left() {
    struct Noting(RefCell<Vec<(RequestType, Option<String>)>>);
    impl CustomResource for &Noting {
        const RESOURCE_TYPE: &'static str = "Custom::Noting";

        fn physical_id(&self, _: &Request) -> String {
            "id".to_owned()
        }

        async fn handle(
            &self,
            kind: RequestType,
            request: &Request,
            _: &Progress,
        ) -> Result<Success, String> {
            self.0.borrow_mut().push((kind, request.physical_resource_id.clone()));
            Ok(Success::default())
        }
    }
    for (status, done) in [
        ("DELETE_COMPLETE", vec![(RequestType::Delete, Some("id".to_owned()))]),
        // A retained resource stays.
        ("DELETE_SKIPPED", vec![]),
        ("CREATE_COMPLETE", vec![]),
    ] {
        let request = sent(json!({}));
        let (events, noting) =
            (Events(vec![Ok(Some(status))], Cell::new(0)), Noting(RefCell::default()));
        let deliveries = Deliveries::default();
        let late = UNIX_EPOCH + Duration::from_secs(121);
        let verified = Verified::new(&noting, &events, false, &deliveries, late);
        let result = verified.handle(RequestType::Create, &request, &Progress::default()).await;
        let reason = result.unwrap_err();
        let said = if done.is_empty() { "; nothing was done" } else { " may have left is deleted" };
        assert!(reason.ends_with(said), "{reason}");
        assert_eq!(noting.0.into_inner(), done, "{status}");
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
    assert_eq!((refusal.as_deref(), asked), (Some("denied; nothing was done"), 0));
}
