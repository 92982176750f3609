//! JSON lines on standard output, which Lambda puts into the log group.

use std::panic::PanicHookInfo;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tracing::level_filters::LevelFilter;

/// Of all metrics that are no metric filter's.
const NAMESPACE: &str = "account-presets";

/// Starts logging at the level that the function's `LoggingConfig` asks for
/// (`AWS_LAMBDA_LOG_LEVEL`, `INFO` if there is none), and logs panics in the same form.
pub fn init() {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL")
        .ok()
        .and_then(|level| level.to_lowercase().parse::<LevelFilter>().ok())
        // The SDK and the HTTP client write requests, and so credentials, at the finer levels.
        .map_or(LevelFilter::INFO, |level| level.min(LevelFilter::INFO));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_target(false)
        .with_ansi(false)
        .with_max_level(level)
        .init();
    std::panic::set_hook(Box::new(log_panic));
}

/// The place only: a panic's text may hold anything.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map_or_else(String::new, ToString::to_string);
    tracing::error!(place, "panic");
}

/// Writes metrics as CloudWatch takes them out of a log, without a call: the embedded metric
/// format, <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.
/// `provider` tells those of several providers apart.
pub fn metrics(provider: &str, values: &[(&str, usize)]) {
    println!("{}", embedded(SystemTime::now(), provider, values));
}

fn embedded(now: SystemTime, provider: &str, values: &[(&str, usize)]) -> Value {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let timestamp = u64::try_from(since.as_millis()).unwrap_or_default();
    let named = values.iter().map(|(name, _)| json!({"Name": name, "Unit": "Count"}));
    let metrics = json!({
        "Namespace": NAMESPACE,
        "Dimensions": [["Provider"]],
        "Metrics": named.collect::<Vec<_>>(),
    });
    let about = json!({"Timestamp": timestamp, "CloudWatchMetrics": [metrics]});
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), json!(value)));
    let both = [("_aws".to_owned(), about), ("Provider".to_owned(), json!(provider))];
    Value::Object(both.into_iter().chain(values).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// A5
    #[test]
    fn a_metric_is_a_line_of_the_embedded_metric_format() {
        let now = UNIX_EPOCH + Duration::from_millis(1_709_201_472_345);
        let line = embedded(now, "account-presets", &[("DriftedResources", 2), ("Others", 0)]);
        let names = json!([
            {"Name": "DriftedResources", "Unit": "Count"}, {"Name": "Others", "Unit": "Count"},
        ]);
        let metrics = json!({
            "Namespace": "account-presets", "Dimensions": [["Provider"]], "Metrics": names,
        });
        assert_eq!(
            line,
            json!({
                "_aws": {"Timestamp": 1_709_201_472_345_u64, "CloudWatchMetrics": [metrics]},
                "Provider": "account-presets", "DriftedResources": 2, "Others": 0,
            })
        );
    }
}
