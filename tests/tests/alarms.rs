//! Every function and state machine has its alarms, and every function its lines in the dashboard.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

use serde_json::{Value, json};

const TEMPLATE: &str = include_str!("../../template.yaml");

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

/// Step Functions counts each end in a metric of its own:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html>.
#[test]
fn every_state_machine_has_an_alarm_for_each_end_but_success() {
    let organization = include_str!("../../organization.yaml");
    for template in [TEMPLATE, organization] {
        let mut count = 0;
        for (id, _) in resources_of(template, "AWS::StepFunctions::StateMachine") {
            let dimensions = json!([{"Name": "StateMachineArn", "Value": id}]);
            let mut alarms = resources_of(template, "AWS::CloudWatch::Alarm");
            alarms.retain(|(_, alarm)| alarm["Properties"]["Dimensions"] == dimensions);
            let mut metrics = Vec::new();
            for (name, alarm) in &alarms {
                let alarm = &alarm["Properties"];
                assert_eq!(alarm["Namespace"], "AWS/States", "{name}");
                assert_eq!(alarm["Statistic"], "Sum", "{name}");
                assert_eq!(alarm["ComparisonOperator"], "GreaterThanThreshold", "{name}");
                assert_eq!(
                    (&alarm["Threshold"], &alarm["EvaluationPeriods"]),
                    (&json!(0), &json!(1))
                );
                let topic = alarm["AlarmActions"][0].as_str();
                assert!(topic.is_some_and(|topic| topic.contains("Topic")), "{name}");
                metrics.push(alarm["MetricName"].as_str());
            }
            metrics.sort();
            let ends = ["ExecutionsAborted", "ExecutionsFailed", "ExecutionsTimedOut"];
            assert_eq!(metrics, ends.map(Some), "{id}");
            count += 1;
        }
        assert_eq!(count, 1);
    }
}

#[test]
fn the_dashboard_has_the_same_metrics_of_every_function() {
    for (id, _) in resources("AWS::Serverless::Function") {
        let mut shown = Vec::new();
        for (_, dashboard) in resources("AWS::CloudWatch::Dashboard") {
            let body = dashboard["Properties"]["DashboardBody"][0].as_str().expect("a text");
            let body: Value = serde_json::from_str(body).expect("JSON");
            for widget in body["widgets"].as_array().expect("widgets") {
                let about = &widget["properties"];
                let of_function = about["metrics"].as_array().into_iter().flatten();
                let of_function = of_function.filter(|it| it[3] == format!("${{{id}}}"));
                shown.extend(of_function.map(|it| format!("{} {}", it[1], about["stat"])));
            }
        }
        shown.sort();
        let expected = [
            r#""AsyncEventsDropped" "Sum""#,
            r#""Duration" "p95""#,
            r#""Errors" "Sum""#,
            r#""Invocations" "Sum""#,
            r#""Throttles" "Sum""#,
        ];
        assert_eq!(shown, expected, "{id}");
    }
}

/// The template's resources of a type, by their logical ids. A `!Ref` is read as the id it names.
fn resources(of_type: &str) -> Vec<(String, Value)> {
    resources_of(TEMPLATE, of_type)
}

fn resources_of(template: &str, of_type: &str) -> Vec<(String, Value)> {
    let template: Value = serde_saphyr::from_str(template).expect("a template");
    let resources = template["Resources"].as_object().expect("resources").clone();
    let found: Vec<_> =
        resources.into_iter().filter(|(_, resource)| resource["Type"] == of_type).collect();
    assert!(!found.is_empty(), "no {of_type}");
    found
}
