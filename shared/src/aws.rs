//! The adapters to AWS. This is the only module that names a type of the SDK.

mod call;
mod client;
mod consistency;
mod http_client;
mod iam;
mod pace;
mod quota_template;
mod quotas;
mod reply;
mod stack_events;
mod stack_history;

pub use client::Environment;
pub use iam::Iam;
pub use quota_template::QuotaTemplates;
pub use quotas::ServiceQuotas;
pub use stack_events::StackEvents;
