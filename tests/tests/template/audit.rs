//! The schedule of audits, and the reports of their findings.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{list, statements, template, text, texts};

fn template_text() -> &'static str {
    include_str!("../../../template.yaml")
}

fn resource(id: &str) -> Value {
    let resource = template()["Resources"][id].clone();
    assert_eq!(resource["Condition"], "Audits", "{id}");
    resource["Properties"].clone()
}

/// A6, Threat 24
#[test]
fn without_the_operators_word_there_is_no_audit_and_nothing_that_starts_one() {
    let template = template();
    let parameter = &template["Parameters"]["Audit"];
    assert_eq!(parameter["Default"], "off");
    assert_eq!(
        texts(&parameter["AllowedValues"]),
        ["off", "report", "repair"].map(str::to_owned).into()
    );
    assert_eq!(
        texts(&template["Conditions"]["Audits"][0]),
        ["Audit", "off"].map(str::to_owned).into()
    );
    let variables = &template["Resources"]["IamPresetFunction"]["Properties"]["Environment"];
    assert_eq!(variables["Variables"]["AUDIT"], "Audit");
    for id in ["AuditStateMachine", "AuditRole", "AuditScheduleRole", "AuditScheduled"] {
        resource(id);
    }
}

/// A6, Threat 5, Threat 24
#[test]
fn what_starts_an_audit_may_do_that_and_put_its_report_on_the_bus() {
    let all = |id: &str| {
        let policies = list(&resource(id)["Policies"]);
        statements(policies.iter().map(|policy| policy["PolicyDocument"].clone()))
    };
    let audit = all("AuditRole");
    assert_eq!(audit.len(), 2);
    let ask = &audit["AskForAnAudit"];
    assert_eq!(
        (text(&ask["Action"]), text(&ask["Resource"])),
        ("lambda:InvokeFunction".into(), "IamPresetFunction.Arn".into())
    );
    let report = &audit["Report"];
    assert_eq!(report["Action"], "events:PutEvents");
    assert_eq!(report["Condition"]["StringEquals"]["events:source"], "account-presets");
    assert!(text(&report["Resource"]).ends_with(":event-bus/default"));
    let schedule = all("AuditScheduleRole");
    assert_eq!(schedule.len(), 1);
    let start = &schedule["StartAudits"];
    assert_eq!(
        (text(&start["Action"]), text(&start["Resource"])),
        ("states:StartExecution".into(), "AuditStateMachine".into())
    );
}

/// A principal that may start the state machine, and nothing else, chooses its input.
/// Threat 24
#[test]
fn an_execution_sends_the_function_an_audit_and_nothing_else_of_its_input() {
    let machine = resource("AuditStateMachine")["Definition"].clone();
    let states = machine["States"].as_object().unwrap();
    let tasks = states.iter().filter(|(_, state)| state["Type"] == "Task");
    let tasks: BTreeSet<&str> = tasks.map(|(name, _)| name.as_str()).collect();
    assert_eq!(tasks, ["Audit", "Tell", "TellUnknown"].into());
    let asks = states["Audit"]["Parameters"].as_object().unwrap();
    let names: BTreeSet<&str> = asks.keys().map(String::as_str).collect();
    assert_eq!(names, ["FunctionName", "Payload"].into());
    assert_eq!(asks["FunctionName"], "IamPresetFunction.Arn");
    assert_eq!(asks["Payload"], serde_json::json!({"audit.$": "$.audit"}));
    // The bus gets the function's answer: the input is gone by then.
    assert_eq!(states["Audit"]["OutputPath"], "$.Payload");
    assert_eq!(states["Audit"].get("ResultPath"), None);
    assert_eq!(states["Audit"]["Next"], "Report");
}

/// The report's fields are those of `iam_preset::Report`.
/// A5, A8
#[test]
fn the_state_machine_reports_each_resource_and_goes_on_where_an_audit_stopped() {
    let machine = resource("AuditStateMachine")["Definition"].clone();
    let states = &machine["States"];
    assert_eq!(machine["StartAt"], "Audit");
    assert_eq!(states["Audit"]["Parameters"]["FunctionName"], "IamPresetFunction.Arn");
    assert_eq!(states["Audit"]["OutputPath"], "$.Payload");
    assert_eq!(states["Report"]["ItemsPath"], "$.drifted");
    // The bus's replies do not take the place of where to go on.
    assert_eq!(states["Report"]["ResultPath"], "$.reported");
    assert!(!template_text().contains(": null"), "CloudFormation takes no null");
    let put = &states["Report"]["ItemProcessor"]["States"]["Put"]["Parameters"]["Entries"][0];
    let names: BTreeSet<&String> = put.as_object().unwrap().keys().collect();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["Detail.$", "DetailType", "Source"]);
    assert_eq!(
        (text(&put["Source"]), text(&put["DetailType"])),
        ("account-presets".into(), "Preset Drift".into())
    );
    let choice = &states["IsDone"]["Choices"][0];
    assert_eq!(
        (text(&choice["Variable"]), text(&choice["Next"])),
        ("$.next".into(), "Done".into())
    );
    assert_eq!(
        (text(&states["GoOn"]["InputPath"]), text(&states["GoOn"]["Next"])),
        ("$.next".into(), "Audit".into())
    );
    let schedule = resource("AuditScheduled");
    let input: Value = serde_json::from_str(&text(&schedule["Target"]["Input"])).unwrap();
    assert_eq!(input, serde_json::json!({"audit": {}}));
}

/// An audit that ends well hides drift behind resources of unknown state.
/// A12
#[test]
fn what_nobody_can_tell_is_told_on_the_bus_once_and_rings_an_alarm() {
    let machine = resource("AuditStateMachine")["Definition"].clone();
    let states = &machine["States"];
    assert_eq!(states["Report"]["Next"], "IsAllKnown");
    let choice = &states["IsAllKnown"]["Choices"][0];
    assert_eq!(choice["Condition"], "{% $count($states.input.unknown) = 0 %}");
    assert_eq!(choice["Next"], "IsDone");
    assert_eq!(states["IsAllKnown"]["Default"], "TellUnknown");
    let tell = &states["TellUnknown"];
    let put = list(&tell["Arguments"]["Entries"]);
    assert_eq!(put.len(), 1);
    assert_eq!(
        (text(&put[0]["Source"]), text(&put[0]["DetailType"])),
        ("account-presets".into(), "Preset Audit Unknown".into())
    );
    let schema = include_str!("../../../events/preset-audit-unknown.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    let told: BTreeSet<&String> = put[0]["Detail"].as_object().unwrap().keys().collect();
    assert_eq!(told, schema["properties"].as_object().unwrap().keys().collect());
    assert_eq!(texts(&schema["required"]), told.into_iter().cloned().collect());
    // The report goes on to the next state.
    assert_eq!(
        (&tell["Output"], text(&tell["Next"])),
        (&"{% $states.input %}".into(), "IsDone".into())
    );
    let alarm = &template()["Resources"]["UnknownAlarm"];
    assert_eq!(alarm["Condition"], "HasAuditAlarm");
    assert_eq!(alarm["Properties"]["MetricName"], "UnknownResources");
}

/// An organization's accounts have no topic for alarms: the event is all that anybody hears.
/// A11
#[test]
fn an_audit_that_fails_is_told_on_the_bus_and_ends_in_failure() {
    let machine = resource("AuditStateMachine")["Definition"].clone();
    let states = machine["States"].as_object().unwrap();
    // Each state that can fail, and not only the first audit of an execution.
    for (name, state) in states {
        let can_fail = ["Map", "Parallel", "Task"].contains(&text(&state["Type"]).as_str());
        if can_fail && name != "Tell" {
            let caught = serde_json::json!([{"ErrorEquals": ["States.ALL"], "Next": "Tell"}]);
            assert_eq!(state["Catch"], caught, "{name}");
        }
    }
    let tell = &states["Tell"];
    let put = &tell["Arguments"]["Entries"];
    assert_eq!(put.as_array().unwrap().len(), 1);
    assert_eq!(
        (text(&put[0]["Source"]), text(&put[0]["DetailType"])),
        ("account-presets".into(), "Preset Audit Failed".into())
    );
    let schema = include_str!("../../../events/preset-audit-failed.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    let told: BTreeSet<&String> = put[0]["Detail"].as_object().unwrap().keys().collect();
    assert_eq!(told, schema["properties"].as_object().unwrap().keys().collect());
    assert_eq!(texts(&schema["required"]), told.into_iter().cloned().collect());
    assert_eq!(put[0]["Detail"]["form"], schema["properties"]["form"]["enum"][0]);
    // Told or not, the execution has failed, and with its first error.
    assert_eq!(tell["Output"], "{% $states.input %}");
    let caught = &tell["Catch"][0];
    assert_eq!((&caught["Output"], text(&caught["Next"])), (&tell["Output"], "Failed".into()));
    assert_eq!(tell["Next"], "Failed");
    assert_eq!(states["Failed"]["Type"], "Fail");
    assert_eq!(states["Failed"]["Error"], "{% $states.input.Error %}");
}
