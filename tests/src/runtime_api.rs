//! The Lambda runtime API, and the process that it drives.
//!
//! The protocol is that of the AWS documentation page "Using the Lambda runtime
//! API for custom runtimes" (AWS Lambda Developer Guide), the environment that
//! of "Using Lambda environment variables".

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hyper::body::Bytes;
use hyper::{Method, Request};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::clock::epoch_millis;
use crate::http::{self, Reply, Server};

/// The secret key in the function's environment: a log that holds it has leaked it.
pub const SECRET_ACCESS_KEY: &str = "fake-secret-access-key-that-no-log-may-show";
/// The session token in the function's environment.
pub const SESSION_TOKEN: &str = "fake-session-token-that-no-log-may-show";
/// The Region in the function's environment.
pub const REGION: &str = "eu-west-1";
/// The function's name and its ARN.
pub const FUNCTION_NAME: &str = "iam-preset";
/// Lambda's value of `Lambda-Runtime-Invoked-Function-Arn`.
pub const FUNCTION_ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:iam-preset";

/// The longest duration of an invocation with a deadline before its start. Lambda would never start
/// it; a test observes it here.
const GRACE: Duration = Duration::from_secs(10);

/// The end of one invocation.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The handler returned this.
    Returned(Value),
    /// The handler, or the start of the process, reported this error: Lambda
    /// delivers an asynchronous event again.
    Failed(Value),
    /// The process ended by itself, without a report.
    Exited(ExitStatus),
    /// The deadline passed, and the process was killed, as Lambda does.
    TimedOut,
}

/// A limit on a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// The number of open file descriptors, the three standard ones among them.
    OpenFiles(u32),
    /// KiB of address space.
    AddressSpace(u32),
}

impl Limit {
    /// The program under this limit, set by a shell: Rust's own library has no way to.
    fn command(self, program: &Path) -> Command {
        let (option, value) = match self {
            Limit::OpenFiles(count) => ("-n", count),
            Limit::AddressSpace(kibibytes) => ("-v", kibibytes),
        };
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &format!("ulimit {option} {value} && exec \"$0\"")]).arg(program);
        command
    }
}

/// A compiled function with its runtime API. The process ends when this is dropped.
pub struct Function {
    program: PathBuf,
    environment: Vec<(OsString, OsString)>,
    limit: Option<Limit>,
    api: Server,
    events: mpsc::UnboundedSender<Invocation>,
    waiting: Arc<Mutex<mpsc::UnboundedReceiver<Invocation>>>,
    ends: mpsc::UnboundedReceiver<(String, Outcome)>,
    process: Option<Process>,
    invocations: u32,
    printed: Vec<u8>,
}

struct Invocation {
    id: String,
    deadline: SystemTime,
    event: Value,
}

struct Process {
    child: Child,
    output: [JoinHandle<Vec<u8>>; 2],
}

impl Function {
    /// Prepares the runtime API for a program. The process starts with its
    /// first event, and again with the next one after it has ended.
    pub async fn new(program: impl Into<PathBuf>) -> Function {
        let (events, queue) = mpsc::unbounded_channel();
        let (end, ends) = mpsc::unbounded_channel();
        let queue = Arc::new(Mutex::new(queue));
        let waiting = Arc::clone(&queue);
        let api =
            Server::start(move |request| serve(request, Arc::clone(&queue), end.clone())).await;
        Function {
            program: program.into(),
            environment: Vec::new(),
            limit: None,
            api,
            events,
            waiting,
            ends,
            process: None,
            invocations: 0,
            printed: Vec::new(),
        }
    }

    /// Adds a variable to the environment, or replaces one of Lambda's. Nothing
    /// is inherited from the test.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Function {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Starts the next processes with less than they may need. A running one goes on.
    pub fn limited(mut self, limit: Option<Limit>) -> Function {
        self.limit = limit;
        self
    }

    /// Delivers one event, and waits until it has ended or its deadline has
    /// passed. With no time left, the process is given ten seconds all the same.
    pub async fn invoke(&mut self, event: &Value, time_left: Duration) -> Outcome {
        self.invocations += 1;
        let id = format!("8f5a1c9e-2b7d-4e36-a1f0-{:012}", self.invocations);
        let deadline = SystemTime::now() + time_left;
        let invocation = Invocation { id: id.clone(), deadline, event: event.clone() };
        self.events.send(invocation).expect("a runtime API that takes events");

        let running = match self.process.take() {
            Some(process) => process,
            None => self.start(),
        };
        let Process { child, .. } = self.process.insert(running);
        let ends = &mut self.ends;
        let ended = async {
            tokio::select! {
                // A process that reports and then exits has reported.
                biased;
                outcome = end_of(ends, &id) => outcome,
                status = child.wait() => Outcome::Exited(status.expect("a child's status")),
            }
        };
        let allowed = if time_left.is_zero() { GRACE } else { time_left };
        let outcome = timeout(allowed, ended).await.unwrap_or(Outcome::TimedOut);
        match outcome {
            Outcome::Returned(_) | Outcome::Failed(_) => {}
            Outcome::Exited(_) | Outcome::TimedOut => {
                self.stop().await;
                // An event that the process did not take is not for the next one.
                while self.waiting.lock().await.try_recv().is_ok() {}
            }
        }
        outcome
    }

    /// Ends the process, and returns everything it has printed since the
    /// beginning, on both streams.
    pub async fn printed(&mut self) -> String {
        self.stop().await;
        String::from_utf8_lossy(&self.printed).into_owned()
    }

    fn start(&self) -> Process {
        let api = self.api.origin();
        let mut child = match self.limit {
            None => Command::new(&self.program),
            Some(limit) => limit.command(&self.program),
        };
        let mut child = child
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", api.trim_start_matches("http://"))
            .env("AWS_LAMBDA_FUNCTION_NAME", FUNCTION_NAME)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/iam-preset")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/31/[$LATEST]0123456789abcdef")
            .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
            .env("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023")
            .env("AWS_REGION", REGION)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
            .env("AWS_SESSION_TOKEN", SESSION_TOKEN)
            .env("_HANDLER", "bootstrap")
            .env("TZ", ":UTC")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", self.program.display()));
        let output = [
            tokio::spawn(read(child.stdout.take().expect("a piped stdout"))),
            tokio::spawn(read(child.stderr.take().expect("a piped stderr"))),
        ];
        Process { child, output }
    }

    async fn stop(&mut self) {
        let Some(mut process) = self.process.take() else {
            return;
        };
        process.child.kill().await.expect("a child that can be killed");
        for stream in process.output {
            self.printed.extend(stream.await.expect("a stream that was read to its end"));
        }
    }
}

/// Waits for the end of this invocation. An end of an earlier one comes from a
/// process that was killed for it, and no longer counts.
async fn end_of(ends: &mut mpsc::UnboundedReceiver<(String, Outcome)>, id: &str) -> Outcome {
    loop {
        let (ended, outcome) = ends.recv().await.expect("a runtime API that reports ends");
        // An error of the initialisation belongs to the invocation that was waiting for it.
        if ended == id || ended.is_empty() {
            return outcome;
        }
    }
}

async fn serve(
    request: Request<Bytes>,
    queue: Arc<Mutex<mpsc::UnboundedReceiver<Invocation>>>,
    end: mpsc::UnboundedSender<(String, Outcome)>,
) -> Reply {
    let path = request.uri().path().trim_start_matches("/2018-06-01/runtime/");
    let steps: Vec<&str> = path.split('/').collect();
    let json = || serde_json::from_slice(request.body()).unwrap_or_default();
    let (id, outcome) = match (request.method(), steps.as_slice()) {
        (&Method::GET, ["invocation", "next"]) => {
            let next = queue.lock().await.recv().await;
            return Ok(invocation(&next.expect("a test that is still there")));
        }
        (&Method::POST, ["invocation", id, "response"]) => (*id, Outcome::Returned(json())),
        (&Method::POST, ["invocation", id, "error"]) => (*id, Outcome::Failed(json())),
        (&Method::POST, ["init", "error"]) => ("", Outcome::Failed(json())),
        _ => return Ok(http::answer(404, "")),
    };
    // Without a listener the test is over, and that is no fault.
    let _ = end.send((id.to_owned(), outcome));
    Ok(http::answer(202, r#"{"status":"OK"}"#))
}

fn invocation(next: &Invocation) -> hyper::Response<http_body_util::Full<Bytes>> {
    let mut answer = http::answer(200, next.event.to_string());
    let headers = answer.headers_mut();
    for (name, value) in [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", next.id.clone()),
        ("lambda-runtime-deadline-ms", epoch_millis(next.deadline).to_string()),
        ("lambda-runtime-invoked-function-arn", FUNCTION_ARN.to_owned()),
        ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700".to_owned()),
    ] {
        headers.insert(name, value.parse().expect("a header value"));
    }
    answer
}

async fn read(mut stream: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Bytes that were read before an error are the process's output.
    let _ = stream.read_to_end(&mut bytes).await;
    bytes
}
