//! A compiled function as the server of a stack's events.

use std::sync::Mutex as Shared;
use std::time::SystemTime;

use serde_json::Value;
use tokio::sync::Mutex;

use crate::cloudformation::{Delivery, Ended, Provider, Put, Served};
use crate::{Fault, Function, Outcome, ResponseUrls};

/// A function and the server to which it sends its answers.
///
/// The process has a real clock. An event that is an hour old by the clock of
/// [`CloudFormation`](crate::CloudFormation) is given a URL that was signed an
/// hour ago by the real one; nothing else about it is changed.
pub struct Deployed {
    function: Mutex<Function>,
    urls: ResponseUrls,
    faults: Shared<Vec<Fault>>,
}

impl Deployed {
    /// `urls` are those to which the function may send answers.
    pub fn new(function: Function, urls: ResponseUrls) -> Deployed {
        Deployed { function: Mutex::new(function), urls, faults: Shared::default() }
    }

    /// Lets every answer to the next delivery fail like this.
    pub fn fail_next(&self, fault: Fault) {
        self.faults.lock().unwrap().push(fault);
    }

    /// Everything back that it was made of.
    pub fn into_parts(self) -> (Function, ResponseUrls) {
        (self.function.into_inner(), self.urls)
    }
}

impl Provider for Deployed {
    async fn serve(&self, delivery: Delivery) -> Served {
        let event: Value = serde_json::from_slice(&delivery.event).expect("an event that is JSON");
        let virtual_url = event["ResponseURL"].as_str().unwrap_or_default().to_owned();
        let (event, url) = self.urls.issue_again(event, SystemTime::now() - delivery.age);
        let fault = self.faults.lock().unwrap().pop();
        if let Some(fault) = fault {
            url.fail_for_good(fault);
        }
        let outcome = self.function.lock().await.invoke(&event, delivery.time_left).await;
        let taken = url.received().into_iter().filter(|one| one.status == Some(200));
        let put = |body: Vec<u8>| Put { url: virtual_url.clone(), body };
        let ended = match outcome {
            Outcome::Returned(_) => Ended::Returned,
            Outcome::Failed(_) | Outcome::Exited(_) | Outcome::TimedOut => Ended::Failed,
        };
        Served { puts: taken.map(|one| put(one.body.to_vec())).collect(), ended }
    }
}
