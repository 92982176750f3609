//! The stand-in for CloudFormation is as strict as it says: each rule has an
//! answer that breaks it, and no other.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on should fail, and say why"
)]

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use world::events::{Event, create, delete, update};
use world::response_url::ClosedPort;
use world::{Fault, ResponseUrl, ResponseUrls, Rule};

#[tokio::test]
async fn a_good_answer_breaks_no_rule() {
    for event in [create(), update(), delete()] {
        let (urls, url, answer) = asked(event).await;
        assert_eq!(put(url.text(), &answer).await, Some(200));
        assert_eq!(url.only_answer(), answer);
        assert!(urls.strays().is_empty());
    }
}

#[tokio::test]
async fn every_rule_about_the_body_is_recorded_when_it_is_broken() {
    let broken: &[(Rule, Change)] = &[
        (Rule::Length, |a| a["Reason"] = json!("x".repeat(4096))),
        (Rule::Json, |a| *a = json!([])),
        (Rule::Json, |a| *a = json!("SUCCESS")),
        (Rule::Status, |a| a["Status"] = json!("success")),
        (Rule::Status, |a| drop(a.as_object_mut().unwrap().remove("Status"))),
        (Rule::StackId, |a| a["StackId"] = json!("arn:aws:cloudformation:another")),
        (Rule::RequestId, |a| a["RequestId"] = json!("5F0D3C5E-7D3B-4C0A-9A53-000000000001")),
        (Rule::LogicalResourceId, |a| a["LogicalResourceId"] = json!("preset")),
        (Rule::PhysicalResourceId, |a| a["PhysicalResourceId"] = json!("")),
        (Rule::PhysicalResourceId, |a| a["PhysicalResourceId"] = json!(7)),
        (Rule::PhysicalResourceId, |a| a["PhysicalResourceId"] = json!("é".repeat(513))),
        (Rule::Reason, |a| a["Status"] = json!("FAILED")),
        (Rule::Reason, |a| a["Reason"] = json!(["because"])),
        (Rule::NoEcho, |a| a["NoEcho"] = json!("true")),
        (Rule::Data, |a| a["Data"] = json!({"Roles": ["a", "b"]})),
        (Rule::Data, |a| a["Data"] = json!({"Role": {"Arn": "arn"}})),
        (Rule::Data, |a| a["Data"] = json!("arn")),
        (Rule::Null, |a| a["Comment"] = Value::Null),
        (Rule::Control, |a| a["Reason"] = json!("\u{1b}[31m")),
    ];
    for (rule, change) in broken {
        let (_urls, url, mut answer) = asked(create()).await;
        change(&mut answer);
        // S3 takes it: that CloudFormation will not is nothing it knows.
        assert_eq!(put(url.text(), &answer).await, Some(200), "{rule}");
        assert_eq!(url.received()[0].broken, [*rule], "{rule}");
        assert_eq!(url.answer(), None, "{rule}");
    }
}

#[tokio::test]
async fn a_delete_must_not_return_data() {
    let (_urls, url, mut answer) = asked(delete()).await;
    answer["Data"] = json!({});
    put(url.text(), &answer).await;
    assert_eq!(url.received()[0].broken, [Rule::DataOnDelete]);
}

#[tokio::test]
async fn a_null_reason_breaks_two_rules() {
    let (_urls, url, mut answer) = asked(create()).await;
    answer["Reason"] = Value::Null;
    put(url.text(), &answer).await;
    assert_eq!(url.received()[0].broken, [Rule::Reason, Rule::Null]);
}

#[tokio::test]
async fn a_body_of_4096_bytes_is_accepted_and_one_more_is_not() {
    for (size, broken) in [(4096, vec![]), (4097, vec![Rule::Length])] {
        let (_urls, url, mut answer) = asked(create()).await;
        answer["Reason"] = json!("");
        let rest = size - answer.to_string().len();
        answer["Reason"] = json!("x".repeat(rest));
        put(url.text(), &answer).await;
        assert_eq!(url.received()[0].body.len(), size);
        assert_eq!(url.received()[0].broken, broken);
    }
}

/// P11
#[tokio::test]
async fn every_rule_about_the_request_is_recorded_and_refused() {
    let broken = [
        (Rule::Method, 403, "POST", "", "Content-Length: {length}\r\n"),
        (Rule::Url, 403, "PUT", "&x=1", "Content-Length: {length}\r\n"),
        (
            Rule::ContentType,
            403,
            "PUT",
            "",
            "Content-Length: {length}\r\nContent-Type: application/json\r\n",
        ),
        (
            Rule::UnsignedHeader,
            403,
            "PUT",
            "",
            "Content-Length: {length}\r\nx-amz-user-agent: aws-sdk-rust\r\n",
        ),
        (
            Rule::Authorization,
            400,
            "PUT",
            "",
            "Content-Length: {length}\r\nAuthorization: AWS4-HMAC-SHA256 Credential=x\r\n",
        ),
        (Rule::Chunked, 501, "PUT", "", "Transfer-Encoding: chunked\r\n"),
    ];
    for (rule, status, method, suffix, headers) in broken {
        let (_urls, url, answer) = asked(create()).await;
        let body = match rule == Rule::Chunked {
            true => format!("{:x}\r\n{answer}\r\n0\r\n\r\n", answer.to_string().len()),
            false => answer.to_string(),
        };
        let headers = headers.replace("{length}", &body.len().to_string());
        let got = send(method, &format!("{}{suffix}", url.text()), &headers, &body).await;
        assert_eq!(got, Some(status), "{rule}");
        assert_eq!(url.received()[0].broken, [rule], "{rule}");
        assert_eq!(url.answer(), None, "{rule}");
    }
}

/// P11
#[tokio::test]
async fn a_request_without_a_length_is_refused() {
    // Without a length HTTP knows no body, so that the answer is empty too.
    let (_urls, url, _) = asked(create()).await;
    assert_eq!(send("PUT", url.text(), "", "").await, Some(411));
    assert_eq!(url.received()[0].broken, [Rule::ContentLength, Rule::Json]);
}

/// P11
#[tokio::test]
async fn an_expectation_is_recorded_though_s3_would_meet_it() {
    let (_urls, url, answer) = asked(create()).await;
    let body = answer.to_string();
    let headers = format!("Content-Length: {}\r\nExpect: 100-continue\r\n", body.len());
    send("PUT", url.text(), &headers, &body).await;
    assert_eq!(url.received()[0].broken, [Rule::Expect]);
}

#[tokio::test]
async fn an_empty_content_type_is_the_signed_one() {
    let (_urls, url, answer) = asked(create()).await;
    let body = answer.to_string();
    let headers = format!("Content-Length: {}\r\nContent-Type:\r\n", body.len());
    assert_eq!(send("PUT", url.text(), &headers, &body).await, Some(200));
    assert_eq!(url.only_answer(), answer);
}

#[tokio::test]
async fn the_first_accepted_answer_wins() {
    let (_urls, url, success) = asked(create()).await;
    let mut failure = success.clone();
    failure["Status"] = json!("FAILED");
    failure["Reason"] = json!("too late");
    put(url.text(), &json!({})).await;
    put(url.text(), &success).await;
    put(url.text(), &failure).await;
    assert_eq!(url.answer(), Some(success));
    assert_eq!(url.received().len(), 3);
}

#[tokio::test]
#[should_panic(expected = "there is not just one good answer")]
async fn two_answers_are_not_one() {
    let (_urls, url, answer) = asked(create()).await;
    put(url.text(), &answer).await;
    put(url.text(), &answer).await;
    url.only_answer();
}

#[tokio::test]
async fn faults_come_in_order_and_then_all_is_well() {
    let (_urls, url, answer) = asked(create()).await;
    url.fail([
        Fault::Close,
        Fault::Reset,
        Fault::Status(500),
        Fault::Redirect(307, "http://127.0.0.1:9/".to_owned()),
    ]);
    for status in [None, None, Some(500), Some(307), Some(200)] {
        assert_eq!(put(url.text(), &answer).await, status);
    }
    let statuses: Vec<_> = url.received().iter().map(|one| one.status).collect();
    assert_eq!(statuses, [None, None, Some(500), Some(307), Some(200)]);
    assert_eq!(url.only_answer(), answer);
}

#[tokio::test]
async fn a_fault_for_good_ends_never() {
    let (_urls, url, answer) = asked(create()).await;
    url.fail([Fault::Status(500)]);
    url.fail_for_good(Fault::Status(403));
    for status in [500, 403, 403] {
        assert_eq!(put(url.text(), &answer).await, Some(status));
    }
    assert_eq!(url.answer(), None);
}

#[tokio::test]
async fn one_server_keeps_its_urls_apart() {
    let urls = ResponseUrls::start().await;
    let (first, first_url) = urls.issue(create());
    let (second, second_url) = urls.issue(delete().numbered(2));
    put(second_url.text(), &good(&second)).await;
    put(&format!("{}/elsewhere", urls.origin()), &good(&first)).await;
    assert!(first_url.received().is_empty());
    assert_eq!(second_url.only_answer(), good(&second));
    assert_eq!(urls.strays(), ["PUT /elsewhere"]);
    assert_eq!(urls.connections(), 2);
}

#[tokio::test]
async fn nobody_answers_at_a_closed_port() {
    let port = ClosedPort::take();
    let address = port.origin().replace("http://", "");
    assert!(TcpStream::connect(address).await.is_err());
}

type Change = fn(&mut Value);

async fn asked(event: Event) -> (ResponseUrls, ResponseUrl, Value) {
    let urls = ResponseUrls::start().await;
    let (event, url) = urls.issue(event);
    (urls, url, good(&event))
}

fn good(event: &Value) -> Value {
    json!({
        "Status": "SUCCESS",
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "PhysicalResourceId": "an-id",
    })
}

async fn put(url: &str, answer: &Value) -> Option<u16> {
    let body = answer.to_string();
    send("PUT", url, &format!("Content-Length: {}\r\n", body.len()), &body).await
}

/// Sends these headers and this body, and returns the status of the answer.
async fn send(method: &str, url: &str, headers: &str, body: &str) -> Option<u16> {
    let (host, path) = url.trim_start_matches("http://").split_once('/').expect("a URL");
    let mut stream = TcpStream::connect(host).await.expect("a connection");
    let request = format!(
        "{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.expect("a request that can be sent");
    let mut answer = Vec::new();
    // A reset is an answer too: none.
    stream.read_to_end(&mut answer).await.ok();
    let answer = String::from_utf8_lossy(&answer).replace("HTTP/1.1 100 Continue\r\n\r\n", "");
    answer.split(' ').nth(1)?.parse().ok()
}
