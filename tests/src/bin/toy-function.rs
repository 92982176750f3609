//! The smallest function that speaks the runtime API: it does as the event says. It tests the
//! emulated API, before a function is tested with it.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a toy that cannot go on should end, and its end is what is tested"
)]

use std::env;
use std::io::{Read, Write};
use std::net::TcpStream;

fn main() {
    if let Ok(why) = env::var("TOY_INIT_ERROR") {
        call("POST", "init/error", &format!(r#"{{"errorMessage":"{why}"}}"#));
        return;
    }
    println!("toy: a new process");
    loop {
        let (head, event) = call("GET", "invocation/next", "");
        let head = head.to_ascii_lowercase();
        let id = head
            .lines()
            .find_map(|line| line.strip_prefix("lambda-runtime-aws-request-id: "))
            .expect("a request id");
        eprintln!("toy: {event}");
        match event.as_str() {
            r#""return""# => drop(call("POST", &format!("invocation/{id}/response"), "null")),
            r#""fail""# => drop(call("POST", &format!("invocation/{id}/error"), r#"{"no":1}"#)),
            r#""hang""# => loop {
                std::thread::park();
            },
            _ => std::process::exit(3),
        }
    }
}

/// Makes one request, and returns the answer's head and body.
fn call(method: &str, path: &str, body: &str) -> (String, String) {
    let api = env::var("AWS_LAMBDA_RUNTIME_API").expect("AWS_LAMBDA_RUNTIME_API");
    let mut stream = TcpStream::connect(&api).expect("the runtime API");
    let length = body.len();
    write!(
        stream,
        "{method} /2018-06-01/runtime/{path} HTTP/1.1\r\nHost: {api}\r\nConnection: close\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .expect("a request that can be sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    (head.to_owned(), body.to_owned())
}
