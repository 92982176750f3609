//! JSON lines on standard output, which Lambda puts into the log group.

use std::panic::PanicHookInfo;

use tracing::level_filters::LevelFilter;

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
