//! The emulated runtime API, and the broken AWS, do what they say.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on should fail, and say why"
)]

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use world::{AwsEndpoint, Behaviour, Function, Outcome};

const ENOUGH: Duration = Duration::from_secs(30);

#[tokio::test]
async fn one_process_serves_one_event_after_the_other() {
    let mut toy = toy().await;
    assert_eq!(toy.invoke(&json!("return"), ENOUGH).await, Outcome::Returned(Value::Null));
    assert_eq!(toy.invoke(&json!("fail"), ENOUGH).await, Outcome::Failed(json!({"no": 1})));
    assert_eq!(toy.invoke(&json!("return"), ENOUGH).await, Outcome::Returned(Value::Null));
    assert_eq!(toy.printed().await.matches("a new process").count(), 1);
}

#[tokio::test]
async fn a_process_that_ends_is_started_again_for_the_next_event() {
    let mut toy = toy().await;
    let Outcome::Exited(status) = toy.invoke(&json!("exit"), ENOUGH).await else {
        panic!("the toy exits when it is told to");
    };
    assert_eq!(status.code(), Some(3));
    assert_eq!(toy.invoke(&json!("return"), ENOUGH).await, Outcome::Returned(Value::Null));
    assert_eq!(toy.printed().await.matches("a new process").count(), 2);
}

#[tokio::test]
async fn a_process_that_hangs_is_killed_at_its_deadline() {
    let mut toy = toy().await;
    let short = Duration::from_millis(100);
    assert_eq!(toy.invoke(&json!("hang"), short).await, Outcome::TimedOut);
    assert_eq!(toy.invoke(&json!("return"), ENOUGH).await, Outcome::Returned(Value::Null));
}

#[tokio::test]
async fn an_error_of_the_initialisation_fails_the_waiting_event() {
    let mut toy = toy().await.env("TOY_INIT_ERROR", "no room");
    let failed = Outcome::Failed(json!({"errorMessage": "no room"}));
    assert_eq!(toy.invoke(&json!("return"), ENOUGH).await, failed);
}

#[tokio::test]
async fn what_both_streams_print_is_kept() {
    let mut toy = toy().await;
    toy.invoke(&json!("return"), ENOUGH).await;
    let printed = toy.printed().await;
    assert!(printed.contains("toy: a new process\n"), "{printed}");
    assert!(printed.contains("toy: \"return\"\n"), "{printed}");
}

#[tokio::test]
async fn the_broken_aws_breaks_as_it_is_told_and_counts() {
    for (behaviour, part) in [
        (Behaviour::Reset, ""),
        (Behaviour::Garbage, "220 mail"),
        (Behaviour::WebPage, "<html>"),
        (Behaviour::NO_SUCH_ENTITY, "HTTP/1.1 404 Not Found"),
        (Behaviour::ACCESS_DENIED, "<Code>AccessDenied</Code>"),
    ] {
        let aws = AwsEndpoint::start(behaviour).await;
        let answer = ask(&aws).await;
        assert!(answer.contains(part), "{behaviour:?}: {answer}");
        assert_eq!(answer.is_empty(), part.is_empty(), "{behaviour:?}: {answer}");
        assert_eq!(aws.calls(), ["GetRole"]);
        assert_eq!(aws.most_in_flight(), 1);
    }
}

#[tokio::test]
async fn the_hanging_aws_knows_how_many_wait() {
    let aws = AwsEndpoint::start(Behaviour::Hang).await;
    let both = async { tokio::join!(ask(&aws), ask(&aws)) };
    let two_are_waiting = async {
        while aws.most_in_flight() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answers = both => panic!("an answer: {answers:?}"),
        () = two_are_waiting => assert_eq!(aws.calls().len(), 2),
    }
}

async fn toy() -> Function {
    Function::new(env!("CARGO_BIN_EXE_toy-function")).await
}

async fn ask(aws: &AwsEndpoint) -> String {
    let host = aws.url().replace("http://", "");
    let mut stream = TcpStream::connect(&host).await.expect("a connection");
    let body = "Action=GetRole&Version=2010-05-08&RoleName=x";
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("a request that can be sent");
    let mut answer = String::new();
    // A reset is an answer too: none.
    stream.read_to_string(&mut answer).await.ok();
    answer
}
