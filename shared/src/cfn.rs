//! CloudFormation's custom-resource protocol: one request in, one answer out, after every outcome
//! of the work.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html>.
//! Must not know: IAM, presets, quotas.

mod answer;
mod callback;
mod either;
mod gate;
mod guard;
mod history;
mod progress;
mod request;
mod response_url;
mod verified;

pub use answer::{Answer, BODY_LIMIT, PROVIDER_VERSION, Status, Success};
pub use callback::{Callback, PutError, Reply, Transport};
pub use either::Either;
pub use gate::{Gate, Pass};
pub use guard::{CustomResource, Unanswered, serve};
pub use history::{History, Past, PastEvent};
pub use progress::Progress;
pub use request::{Request, RequestType};
pub use response_url::{Origins, ResponseUrl};
pub use verified::{Deliveries, StackEvent, StackEvents, StackPart, Verified};
