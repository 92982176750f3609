//! The stack that requested the work, as the engine asks it.
//!
//! Must not know: AWS's API.

use serde_json::Value;

use super::IamPreset;
use super::intent::Intent;
use super::properties::Properties;
use super::reasons::Reasons;
use crate::cloud::CallError;
use crate::json;
use crate::reconcile::{Requester, Said};
use crate::state::{Id, State};

/// A stack, by its request.
#[derive(Debug)]
pub(super) struct Stack<'a> {
    pub provider: IamPreset<()>,
    pub intent: &'a Intent,
}

impl Requester for Stack<'_> {
    fn explain(&self, id: &Id, error: &CallError) -> Option<Said> {
        Reasons { settings: &self.provider.settings, intent: self.intent }.of(id, error)
    }

    fn wants(&self, properties: &str) -> Option<State> {
        let Value::Object(given) = json::read(properties).ok()? else { return None };
        let (read, mistakes) = Properties::read(&given, None);
        let properties = read.filter(|_| mistakes.is_empty())?;
        self.provider.desired(&self.intent.me, &properties).ok()
    }
}
