//! Every function of `template.yaml` has its alarms.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

use serde_json::{Value, json};

/// Threat 5
#[test]
fn the_refused_events_of_every_function_are_counted() {
    for (id, function) in resources("AWS::Serverless::Function") {
        let log_group = &function["Properties"]["LoggingConfig"]["LogGroup"];
        let mut filters = resources("AWS::Logs::MetricFilter");
        filters.retain(|(_, filter)| filter["Properties"]["LogGroupName"] == *log_group);
        assert_eq!(filters.len(), 1, "{id}");
    }
}

#[test]
fn every_function_has_an_alarm_for_failed_and_one_for_dropped_events() {
    for (id, _) in resources("AWS::Serverless::Function") {
        let dimensions = json!([{"Name": "FunctionName", "Value": id}]);
        let mut alarms = resources("AWS::CloudWatch::Alarm");
        alarms.retain(|(_, alarm)| alarm["Properties"]["Dimensions"] == dimensions);
        let mut metrics: Vec<&Value> =
            alarms.iter().map(|(_, alarm)| &alarm["Properties"]["MetricName"]).collect();
        metrics.sort_by_key(|metric| metric.as_str());
        assert_eq!(metrics, ["AsyncEventsDropped", "Errors"], "{id}");
    }
}

/// The template's resources of a type, by their logical ids. A `!Ref` is read as the id it names.
fn resources(of_type: &str) -> Vec<(String, Value)> {
    let template: Value =
        serde_saphyr::from_str(include_str!("../../template.yaml")).expect("a template");
    let resources = template["Resources"].as_object().expect("resources").clone();
    let found: Vec<_> =
        resources.into_iter().filter(|(_, resource)| resource["Type"] == of_type).collect();
    assert!(!found.is_empty(), "no {of_type}");
    found
}
