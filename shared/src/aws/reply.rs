//! A service's error, in any of its protocols.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use serde_json::Value;

/// The codes of too many calls in the words of IAM, Service Quotas, Lambda and CloudFormation.
const THROTTLING: [&str; 7] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
];

/// A refusal, in the service's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: String,
    pub(super) message: String,
}

impl Refusal {
    /// True if AWS refused because there are too many calls, in any of its services' words.
    pub(super) fn is_throttling(&self) -> bool {
        THROTTLING.contains(&self.code.as_str())
    }

    /// Reads a reply; `None` if it is no refusal that says its code.
    pub(super) fn read(reply: &HttpResponse) -> Option<Self> {
        if reply.status().is_success() {
            return None;
        }
        let body = reply.body().bytes().map(String::from_utf8_lossy)?;
        let header = reply.headers().get("x-amzn-errortype");
        xml(&body).or_else(|| json(&body, header))
    }
}

/// As IAM and CloudFormation say it.
fn xml(body: &str) -> Option<Refusal> {
    let element = |opens: &str, closes: &str| {
        let (_, rest) = body.split_once(opens)?;
        let (text, _) = rest.split_once(closes)?;
        Some(unescaped(text))
    };
    let code = element("<Code>", "</Code>")?;
    Some(Refusal { code, message: element("<Message>", "</Message>").unwrap_or_default() })
}

fn unescaped(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let entities =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#39;", "'")];
    let plain = entities.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    plain.replace("&amp;", "&")
}

/// As Service Quotas and Lambda say it: a shape's name, perhaps with a namespace before it and an
/// address behind.
fn json(body: &str, header: Option<&str>) -> Option<Refusal> {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let text = |names: [&str; 2]| names.into_iter().find_map(|name| body.get(name)?.as_str());
    let code = header.or_else(|| text(["__type", "code"]))?;
    let code = code.split(':').next()?.rsplit('#').next()?.to_owned();
    let message = text(["message", "Message"]).unwrap_or_default().to_owned();
    Some(Refusal { code, message })
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn read(status: u16, body: &str, header: Option<&str>) -> Option<(String, String)> {
        let mut reply = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
        if let Some(header) = header {
            reply.headers_mut().insert("x-amzn-errortype", header.to_owned());
        }
        Refusal::read(&reply).map(|Refusal { code, message }| (code, message))
    }

    #[test]
    fn a_refusal_is_read_in_the_words_of_each_protocol() {
        let said = |code: &str, message: &str| Some((code.to_owned(), message.to_owned()));
        let xml = "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate &apos;x&apos; &amp;lt;\
                   </Message></Error></ErrorResponse>";
        assert_eq!(read(400, xml, None), said("Throttling", "Rate 'x' &lt;"));
        assert_eq!(read(503, "<E><Code>Busy</Code></E>", None), said("Busy", ""));
        let json =
            r#"{"__type": "com.amazonaws#TooManyRequestsException", "message": "slow down"}"#;
        assert_eq!(read(400, json, None), said("TooManyRequestsException", "slow down"));
        let json = r#"{"Message": "no"}"#;
        let header = Some("AccessDeniedException:http://internal/");
        assert_eq!(read(403, json, header), said("AccessDeniedException", "no"));
        assert_eq!(read(500, "no XML", None), None);
        assert_eq!(read(200, xml, None), None);
    }
}
