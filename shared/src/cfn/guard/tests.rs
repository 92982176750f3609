use std::cell::RefCell;

use serde_json::{Value, json};

use super::*;
use crate::cfn::callback::Reply;
use crate::cfn::response_url::{Origins, ResponseUrl};

/// Keeps the sent answers.
#[derive(Default)]
struct Inbox(RefCell<Vec<Value>>);

impl Transport for &Inbox {
    async fn put(&self, _: &ResponseUrl, body: &str) -> Result<Reply, String> {
        self.0.borrow_mut().push(serde_json::from_str(body).unwrap());
        Ok(Reply { status: 200, location: None })
    }
}

/// A resource that obeys its one property, and counts its calls.
#[derive(Default)]
struct Mood {
    asked: RefCell<Vec<RequestType>>,
    gate: Gate,
}

impl CustomResource for Mood {
    const RESOURCE_TYPE: &'static str = "Custom::Mood";

    fn physical_id(&self, request: &Request) -> String {
        assert_ne!(mood(request), "panic in id");
        "made".to_owned()
    }

    async fn handle(
        &self,
        kind: RequestType,
        request: &Request,
        progress: &Progress,
    ) -> Result<Success, String> {
        self.asked.borrow_mut().push(kind);
        progress.note("being moody");
        let is_first = self.asked.borrow().len() == 1;
        match mood(request) {
            "fail" => Err("it failed".to_owned()),
            "panic" => panic!("secret"),
            "panic with a number" => std::panic::panic_any(7),
            "hang" => std::future::pending().await,
            "hang at first" if is_first => std::future::pending().await,
            "stop with a word" => {
                progress.until_stopped().await;
                Err("a is left".to_owned())
            }
            "stop with a success" => {
                progress.until_stopped().await;
                Ok(Success::default())
            }
            "superseded" => {
                progress.stop("CloudFormation wants something else");
                Err(progress.stopped().unwrap())
            }
            "call that was given up" => {
                let pass = self.gate.enter("iam:CreateRole `r`").unwrap();
                progress.until_stopped().await;
                tokio::spawn(async move {
                    sleep(Duration::from_secs(2)).await;
                    drop(pass);
                });
                Err("a is left".to_owned())
            }
            "call that was made again" if is_first => {
                let pass = self.gate.enter("iam:TagUser `u`").unwrap();
                tokio::spawn(async move {
                    sleep(Duration::from_secs(100)).await;
                    drop(pass);
                });
                Ok(Success::default())
            }
            // Calls that take longer than the work may, and longer than anybody waits.
            "slow call" | "slower call" if is_first => {
                let pass = self.gate.enter("iam:CreateRole `r`").unwrap();
                let longer = if mood(request) == "slow call" { 2 } else { 100 };
                progress.until_stopped().await;
                let ends = tokio::spawn(async move {
                    sleep(Duration::from_secs(longer)).await;
                    drop(pass);
                });
                ends.await.map_err(|_| "gone".to_owned())?;
                Ok(Success::default())
            }
            "tell the time" => {
                let left = progress.deadline().unwrap().duration_since(Instant::now());
                let data = [("Left".to_owned(), left.as_secs().to_string())].into();
                Ok(Success { physical_resource_id: None, data })
            }
            "just in time" => {
                sleep(Duration::from_secs(45)).await;
                Ok(Success::default())
            }
            _ => {
                let data = [("Kind".to_owned(), format!("{kind:?}"))].into();
                Ok(Success { physical_resource_id: None, data })
            }
        }
    }
}

fn mood(request: &Request) -> &str {
    let mood = request.properties.as_ref().ok().and_then(|properties| properties.get("Mood"));
    mood.and_then(Value::as_str).unwrap_or_default()
}

const NOW: Duration = Duration::from_secs(1_709_201_472); // 2024-02-29 10:11:12 UTC

struct Case {
    event: Value,
    left: Duration,
    /// How long after `NOW` the request is served.
    late: Duration,
}

fn request(kind: &str, mood: &str) -> Case {
    let event = json!({
        "RequestType": kind,
        "ResponseURL": "http://answers/?X-Amz-Date=20240229T101110Z&X-Amz-Expires=7200",
        "StackId": "stack", "RequestId": "request", "LogicalResourceId": "Logical",
        "ResourceType": "Custom::Mood",
        "ResourceProperties": {"Mood": mood, "ServiceTimeout": "300"},
    });
    Case { event, left: Duration::from_secs(60), late: Duration::ZERO }
}

impl Case {
    fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.event[key] = value.into();
        self
    }

    fn left(self, left: Duration) -> Self {
        Case { left, ..self }
    }

    async fn answers(self) -> (Result<(), Unanswered>, Vec<Value>) {
        let (result, answers, _) = self.all().await;
        (result, answers)
    }

    /// The result, the sent answers, and the types of the resource's calls.
    async fn all(self) -> (Result<(), Unanswered>, Vec<Value>, Vec<RequestType>) {
        let mood = Mood::default();
        let inbox = Inbox::default();
        let callback = Callback::new(&inbox, Origins::new("eu-west-1", "http://answers"));
        let payload = serde_json::value::to_raw_value(&self.event).unwrap();
        let now = SystemTime::UNIX_EPOCH + NOW + self.late;
        // Without the guard at the deadline this would wait for ever; the clock is not a real one.
        let served = serve(&mood, &callback, &mood.gate, &payload, now, now + self.left);
        let result = tokio::time::timeout(Duration::from_secs(86_400), served).await.unwrap();
        (result, inbox.0.into_inner(), mood.asked.take())
    }

    async fn answer(self) -> Value {
        let (result, answers) = self.answers().await;
        assert_eq!((result, answers.len()), (Ok(()), 1));
        answers[0].clone()
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_has_the_ids_of_the_request_and_its_attributes() {
    let answer = request("Create", "").answer().await;
    assert_eq!(
        answer,
        json!({
            "Status": "SUCCESS", "PhysicalResourceId": "made", "StackId": "stack",
            "RequestId": "request", "LogicalResourceId": "Logical", "Data": {"Kind": "Create"},
        })
    );
}

/// P23
#[tokio::test(start_paused = true)]
async fn an_update_and_a_delete_keep_the_id_and_a_delete_has_no_attributes() {
    for (kind, attributes) in [("Update", json!({"Kind": "Update"})), ("Delete", Value::Null)] {
        let answer = request(kind, "").with("PhysicalResourceId", "theirs").answer().await;
        assert_eq!(answer["Status"], "SUCCESS");
        assert_eq!(answer["PhysicalResourceId"], "theirs");
        assert_eq!(answer.get("Data").cloned().unwrap_or_default(), attributes);
    }
}

/// P1, P2, P3, T1
#[tokio::test(start_paused = true)]
async fn an_error_a_panic_and_a_hang_are_answered_with_the_id_of_a_success() {
    for (mood, reason) in [
        ("fail", "it failed"),
        ("panic", "internal error (panic)"),
        ("panic with a number", "internal error (panic)"),
        ("hang", "timed out after 45 s while being moody"),
    ] {
        let answer = request("Create", mood).answer().await;
        assert_eq!(answer["Status"], "FAILED", "{mood}");
        assert_eq!(answer["PhysicalResourceId"], "made", "{mood}");
        let text = answer["Reason"].as_str().unwrap();
        assert!(text.starts_with(reason) && !text.contains("secret"), "{text}");
        let update = request("Update", mood).with("PhysicalResourceId", "old").answer().await;
        assert_eq!(update["PhysicalResourceId"], "old", "{mood}");
    }
}

/// P2
#[tokio::test(start_paused = true)]
async fn even_an_id_that_cannot_be_made_is_answered() {
    let answer = request("Create", "panic in id").answer().await;
    assert_eq!(answer["PhysicalResourceId"].as_str().map(str::len), Some(32));
}

/// T1
#[tokio::test(start_paused = true)]
async fn the_answer_is_sent_before_the_deadline() {
    for left in [900, 60, 3] {
        let started = Instant::now();
        request("Create", "hang").left(Duration::from_secs(left)).answer().await;
        assert!(started.elapsed() < Duration::from_secs(left));
    }
}

/// T2
#[tokio::test(start_paused = true)]
async fn work_that_ends_at_its_deadline_is_answered_for_once() {
    let (result, answers) = request("Create", "just in time").answers().await;
    assert_eq!((result, answers.len()), (Ok(()), 1));
    assert_eq!(answers[0]["PhysicalResourceId"], "made");
}

/// T3
#[tokio::test(start_paused = true)]
async fn without_time_nothing_is_begun() {
    for mood in ["", "panic"] {
        let answer = request("Create", mood).left(Duration::from_millis(600)).answer().await;
        let said = "the function had too little time left to begin; try again";
        assert_eq!(answer["Reason"], said);
    }
    let mut short = request("Create", "");
    short.event["ResourceProperties"]["ServiceTimeout"] = json!("1");
    short.event["ResponseURL"] =
        json!("http://answers/?X-Amz-Date=20240229T101112Z&X-Amz-Expires=7200");
    short.late = Duration::from_millis(700);
    assert_eq!(
        short.answer().await["Reason"],
        "ServiceTimeout: given 1, of which too little was left to begin; try again, with \
         ServiceTimeout set to 300 or more"
    );
}

/// T9
#[tokio::test(start_paused = true)]
async fn the_service_timeout_shortens_the_work() {
    let case = request("Create", "hang")
        .with("ResourceProperties", json!({"Mood": "hang", "ServiceTimeout": 22}));
    let answer = case.answer().await;
    assert!(answer["Reason"].as_str().unwrap().starts_with("timed out after 15 s"), "{answer}");
}

/// With so short a time that CloudFormation gives up before Lambda does.
fn short(kind: &str, mood: &str) -> Case {
    let properties = json!({"Mood": mood, "ServiceTimeout": 22});
    let case = request(kind, mood).with("PhysicalResourceId", "id");
    case.with("ResourceProperties", properties.clone())
        .with("OldResourceProperties", properties)
        .left(Duration::from_secs(240))
}

/// T4, T15
#[tokio::test(start_paused = true)]
async fn work_that_is_stopped_says_what_is_left() {
    let answer = request("Create", "stop with a word").answer().await;
    let said = "timed out after 45 s while being moody: a is left; nothing is lost: the next \
                request finds what was made, so try again, with a ServiceTimeout of 300 or more";
    assert_eq!(answer["Reason"], said);
}

/// T14
#[tokio::test(start_paused = true)]
async fn work_that_is_done_when_it_is_stopped_is_a_success() {
    assert_eq!(request("Create", "stop with a success").answer().await["Status"], "SUCCESS");
}

#[tokio::test(start_paused = true)]
async fn who_stops_the_work_says_why() {
    let answer = request("Create", "superseded").answer().await;
    assert_eq!(answer["Reason"], "CloudFormation wants something else");
}

/// T16
#[tokio::test(start_paused = true)]
async fn a_call_that_is_on_its_way_at_the_deadline_is_waited_for() {
    for kind in ["Create", "Update", "Delete"] {
        assert_eq!(short(kind, "slow call").answer().await["Status"], "SUCCESS", "{kind}");
    }
}

/// T16
#[tokio::test(start_paused = true)]
async fn an_attempt_that_was_given_up_is_waited_for_too() {
    let (_, answers, asked) = short("Create", "call that was given up").all().await;
    let reason = answers[0]["Reason"].as_str().unwrap();
    assert!(reason.contains("a is left") && !reason.contains("not replied"), "{reason}");
    assert_eq!(asked, [RequestType::Create]);
}

/// T16
#[tokio::test(start_paused = true)]
async fn what_outlasts_the_answer_is_named_and_taken_back_when_it_has_ended() {
    use RequestType::{Create, Delete, Update};
    for (kind, after) in [("Create", [Create, Delete]), ("Update", [Update, Update])] {
        let started = Instant::now();
        let (result, answers, asked) = short(kind, "slower call").all().await;
        assert_eq!((result, answers.len(), asked), (Ok(()), 1, after.to_vec()));
        let reason = answers[0]["Reason"].as_str().unwrap();
        assert!(reason.ends_with("AWS has not replied yet to iam:CreateRole `r`"), "{reason}");
        assert!(started.elapsed() > Duration::from_secs(100), "not before it had ended");
    }
}

/// T16, T17
#[tokio::test(start_paused = true)]
async fn a_delete_goes_on_after_a_success_with_a_call_on_its_way() {
    use RequestType::{Create, Delete};
    for (kind, after) in [("Create", vec![Create]), ("Delete", vec![Delete, Delete])] {
        let started = Instant::now();
        let (_, answers, asked) = short(kind, "call that was made again").all().await;
        assert_eq!((&answers[0]["Status"], asked), (&json!("SUCCESS"), after), "{kind}");
        let has_waited = started.elapsed() >= Duration::from_secs(100);
        assert_eq!(has_waited, kind == "Delete", "not before it had ended");
    }
}

/// T9, T17
#[tokio::test(start_paused = true)]
async fn a_delete_is_answered_in_time_and_goes_on_after_its_answer() {
    let (result, answers, asked) = short("Delete", "hang at first").all().await;
    assert_eq!((result, answers.len()), (Ok(()), 1));
    assert_eq!(asked, [RequestType::Delete; 2]);
    let reason = answers[0]["Reason"].as_str().unwrap();
    assert!(reason.starts_with("timed out after 15 s while being moody"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn the_work_knows_when_it_will_be_stopped() {
    let answer = request("Create", "tell the time").answer().await;
    assert_eq!(answer["Data"]["Left"], "45");
    let properties = json!({"Mood": "tell the time", "ServiceTimeout": 22});
    let answer = request("Create", "").with("ResourceProperties", properties).answer().await;
    assert_eq!(answer["Data"]["Left"], "15");
}

/// P6
#[tokio::test(start_paused = true)]
async fn what_cannot_be_understood_is_said() {
    for (case, said) in [
        (request("create", ""), "given `\"create\"`, allowed are"),
        (request("Read", ""), "Read"),
        (request("Create", "").with("RequestType", Value::Null), "null"),
        (request("Update", ""), "no PhysicalResourceId"),
    ] {
        let answer = case.answer().await;
        assert_eq!(answer["Status"], "FAILED");
        assert!(answer["Reason"].as_str().unwrap().contains(said), "{answer}");
    }
}

/// Threat 9
#[tokio::test(start_paused = true)]
async fn another_type_with_the_same_service_token_is_refused_but_its_delete_is_served() {
    let custom = "AWS::CloudFormation::CustomResource";
    for given in [json!("Custom::Slim"), json!(custom), json!("custom::mood"), Value::Null] {
        for kind in ["Create", "Update", "Delete"] {
            let case = request(kind, "").with("PhysicalResourceId", "id");
            let (_, answers, asked) = case.with("ResourceType", given.clone()).all().await;
            let served = kind == "Delete";
            assert_eq!(answers[0]["Status"] == "SUCCESS", served, "{kind} {given}");
            assert_eq!(asked.len(), usize::from(served));
            if !served {
                let said = format!("Type: given `{}`", given.as_str().unwrap_or_default());
                let reason = answers[0]["Reason"].as_str().unwrap();
                assert!(reason.starts_with(&said) && reason.contains("Custom::Mood"), "{reason}");
            }
        }
    }
}

/// I9, T7
#[tokio::test(start_paused = true)]
async fn a_request_that_was_given_up_is_not_begun_but_a_delete_is() {
    let old = |kind: &str| {
        let url = "http://answers/?X-Amz-Date=20240229T100000Z&X-Amz-Expires=7200";
        request(kind, "").with("ResponseURL", url).with("PhysicalResourceId", "id")
    };
    for kind in ["Create", "Update"] {
        let answer = old(kind).answer().await;
        assert!(answer["Reason"].as_str().unwrap().contains("given this request up"), "{answer}");
    }
    assert_eq!(old("Delete").answer().await["Status"], "SUCCESS");
}

/// T8
#[tokio::test(start_paused = true)]
async fn nothing_is_sent_to_an_address_that_has_expired() {
    let url = "http://answers/?X-Amz-Date=20240229T080000Z&X-Amz-Expires=7200";
    assert_eq!(
        request("Create", "").with("ResponseURL", url).all().await,
        (Ok(()), vec![], vec![])
    );
}

/// P31, Threat 5
#[tokio::test(start_paused = true)]
async fn nothing_is_done_or_sent_for_a_foreign_address() {
    let (result, answers, asked) =
        request("Create", "").with("ResponseURL", "http://evil/").all().await;
    assert!(matches!(result, Err(Unanswered::Put(PutError::Origin(_)))));
    assert_eq!((answers, asked), (vec![], vec![]));
    let (result, _) = request("Create", "").with("ResponseURL", Value::Null).answers().await;
    assert!(matches!(result, Err(Unanswered::NoAddress(_))));
}

/// P31, Threat 5
#[tokio::test(start_paused = true)]
async fn nothing_is_done_or_sent_for_the_address_of_the_answer_to_another_request() {
    let bucket = "cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com";
    let at = |key: &str| {
        let key = key.replace('|', "%7C");
        request("Create", "").with("ResponseURL", format!("https://{bucket}/{key}?Signature=s"))
    };
    let (result, answers, asked) = at("stack|Logical|request").all().await;
    assert_eq!((result, answers.len(), asked.len()), (Ok(()), 1, 1));
    for key in ["other|Logical|request", "stack|Other|request", "stack|Logical|other", ""] {
        let (result, answers, asked) = at(key).all().await;
        assert!(matches!(result, Err(Unanswered::Put(PutError::Another(_)))), "{key}: {result:?}");
        assert_eq!((answers, asked), (vec![], vec![]), "{key}");
    }
}
