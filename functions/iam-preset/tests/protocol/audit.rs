//! An event that asks for an audit.

use serde_json::{Value, json};
use world::{Behaviour, Outcome};

use crate::stage::{ENOUGH, create_slim, error_of, stage_with};

fn audit() -> Value {
    json!({"audit": {}})
}

/// A6, Threat 24
#[tokio::test]
async fn an_audit_is_refused_where_the_operator_has_it_off_and_nothing_is_called() {
    for setting in [None, Some("off"), Some("true"), Some("Repair")] {
        let mut stage = stage_with(Behaviour::NO_SUCH_ENTITY).await;
        if let Some(setting) = setting {
            stage.function = stage.function.env("AUDIT", setting);
        }
        let error = error_of(stage.function.invoke(&audit(), ENOUGH).await);
        assert!(error.contains("template parameter Audit"), "{error}");
        assert_eq!(stage.aws.calls(), [""; 0]);
        assert!(stage.end().await.contains(r#""message":"refused""#));
    }
}

/// A5, A6
#[tokio::test]
async fn an_account_without_presets_has_an_empty_report_and_a_metric() {
    let mut stage = stage_with(Behaviour::NO_SUCH_ENTITY).await;
    stage.function = stage.function.env("AUDIT", "report");
    let empty = json!({
        "drifted": [], "repaired": 0, "unknown": [], "same": 0, "inProgress": 0, "elsewhere": 0,
        "next": null,
    });
    assert_eq!(stage.function.invoke(&audit(), ENOUGH).await, Outcome::Returned(empty));
    assert!(stage.aws.calls().iter().all(|call| !call.contains("Create")));
    let printed = stage.end().await;
    let lines = printed.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let metrics: Vec<Value> = lines.filter(|line| line.get("_aws").is_some()).collect();
    assert_eq!(metrics.len(), 1);
    assert_eq!(metrics[0]["DriftedResources"], 0);
}

/// A6
#[tokio::test]
async fn an_audit_that_fails_is_an_error_and_the_next_request_is_served() {
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    stage.function = stage.function.env("AUDIT", "report");
    let error = error_of(stage.function.invoke(&audit(), ENOUGH).await);
    assert!(error.contains("iam:GetAccountAuthorizationDetails"), "{error}");
    let forged = json!({"audit": {"repair": true}});
    assert!(error_of(stage.function.invoke(&forged, ENOUGH).await).contains("audit: given"));
    assert_eq!(stage.answer(create_slim()).await["Status"], "FAILED");
    stage.end().await;
}

/// A6
#[tokio::test]
async fn a_class_of_repairs_that_there_is_not_is_refused_and_nothing_is_called() {
    let mut stage = stage_with(Behaviour::NO_SUCH_ENTITY).await;
    stage.function = stage.function.env("AUDIT", "repair").env("AUDIT_REPAIRS", "changed,all");
    let error = error_of(stage.function.invoke(&audit(), ENOUGH).await);
    assert!(error.contains("AuditRepairs: given `all`"), "{error}");
    assert_eq!(stage.aws.calls(), [""; 0]);
    stage.end().await;
}
