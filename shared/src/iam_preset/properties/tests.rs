use super::*;
use serde_json::json;

fn read(given: Value) -> (Option<Properties>, Vec<String>) {
    Properties::read(given.as_object().unwrap(), None)
}

fn with(name: &str, value: Value) -> Vec<String> {
    read(json!({"Preset": "slim", name: value})).1
}

/// V4, V14
#[test]
fn a_preset_alone_is_enough() {
    let (properties, problems) = read(
        json!({"Preset": "slim", "ServiceToken": "t", "ServiceTimeout": "300", "UpdateToken": "1"}),
    );
    assert_eq!(problems, Vec::<String>::new());
    let properties = properties.unwrap();
    assert_eq!((properties.path.as_str(), properties.max_session_duration), ("/", 3600));
}

#[test]
fn the_wait_for_propagation_is_a_word_or_seconds() {
    for (given, seconds) in
        [(json!(""), 12), (json!("auto"), 12), (json!("none"), 0), (json!("30"), 30)]
    {
        let (properties, problems) = read(json!({"Preset": "slim", "WaitForPropagation": given}));
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(properties.unwrap().wait_for_propagation.as_secs(), seconds);
    }
}

/// V14
#[test]
fn an_empty_string_is_no_value() {
    let (properties, problems) = read(json!({
        "Preset": "slim", "Edition": "", "Path": "", "PermissionsBoundary": "", "Tags": "",
        "MaxSessionDuration": "", "Parameters": "", "AcknowledgeAdminEquivalent": "",
    }));
    assert_eq!((properties.is_some(), problems), (true, vec![]));
}

/// V1, V2, V3, V4, V13
#[test]
fn each_mistake_names_the_property_what_was_given_and_what_is_allowed() {
    let boundary = "arn:aws:iam::123456789012:role/x";
    for (name, value, said) in [
        ("PresetNmae", json!("x"), "unknown property `PresetNmae`"),
        ("Pathh", json!("x"), "did you mean `Path`?"),
        ("Edition", json!("curent"), "Edition: unknown edition `curent`; did you mean `current`?"),
        ("Edition", json!([]), "Edition: given a list"),
        ("Path", json!("team"), "Path: given `team`, allowed is `/`, or a text that begins and"),
        ("Path", json!("team"), "; did you mean `/team/`?"),
        ("Path", json!("/*/"), "Path: given `/*/`"),
        ("Path", json!(["/"]), "Path: given a list, allowed is"),
        ("Path", json!("/aws-service-role/x/"), "Path: given `/aws-service-role/x/`, and IAM"),
        ("Path", json!("/aws-reserved/"), "`/aws-reserved/` for AWS's own roles; choose"),
        ("Path", json!(format!("/{}/", "p".repeat(511))), "` (513 characters), allowed is"),
        (
            "PermissionsBoundary",
            json!(boundary),
            "PermissionsBoundary: given `arn:aws:iam::123456789012:role/x`",
        ),
        (
            "MaxSessionDuration",
            json!("3599"),
            "MaxSessionDuration: given `3599`, allowed are whole numbers from 3600 to 43200, in",
        ),
        ("Tags", json!({"a": "b"}), "Tags: given a map"),
        ("Tags", json!("a=b"), "Tags: given the string `a=b`, allowed is a list of `{Key:"),
        ("Tags", json!([7]), "Tags: entry 1: given a number, allowed is `{Key: …, Value: …}`"),
        ("Tags", json!([{"Key": "a"}]), "Tags: entry 1: given `{\"Key\":\"a\"}`, allowed is"),
        (
            "Tags",
            json!([{"Key": "a", "Value": "b"}, {"Key": "a", "Value": "b", "C": "d"}]),
            "Tags: entry 2: given `{",
        ),
        (
            "Tags",
            json!([{"Key": "aws:a", "Value": "b"}]),
            "Tags: entry 1: the key `aws:a` is reserved",
        ),
        ("Tags", json!([{"Key": "account-presets:owner:a", "Value": "b"}]), "is reserved"),
        ("Tags", json!([{"Key": "Account-Presets:team", "Value": "b"}]), "is reserved"),
        (
            "Tags",
            json!([{"Key": "a", "Value": "b"}, {"Key": "a", "Value": "c"}]),
            "Tags: entry 2: the key `a` is given twice",
        ),
        ("Tags", json!([{"Key": "a<", "Value": "b"}]), "entry 1: given the key `a<`, allowed"),
        (
            "Tags",
            json!([{"Key": "a", "Value": "b<"}]),
            "Tags: entry 1: given the value `b<` of the key `a`, allowed",
        ),
        ("AcknowledgeAdminEquivalent", json!("yes"), "AcknowledgeAdminEquivalent: given `yes`"),
        ("AdoptExisting", json!("ja"), "AdoptExisting: given `ja`"),
        (
            "OnForeignAttachment",
            json!("detach"),
            "OnForeignAttachment: unknown value `detach`; did you mean `Detach`?",
        ),
        (
            "WaitForPropagation",
            json!("no"),
            "WaitForPropagation: given `no`, allowed are whole numbers from 1 to 300, in \
             seconds, and `auto` and `none`",
        ),
        ("WaitForPropagation", json!(301), "WaitForPropagation: given `301`, allowed"),
        ("UpdateToken", json!(["1"]), "UpdateToken: given a list"),
        ("Parameters", json!([]), "Parameters: given a list, allowed is a map"),
        (
            "Parameters",
            json!("none"),
            "Parameters: given the string `none`, allowed is a map of the preset's parameters, \
             such as `Parameters: {UserNames: [alice]}`",
        ),
        ("UserNames", json!([]), "`UserNames` is a parameter of preset `slim`: write it below"),
        (
            "UserName",
            json!([]),
            "unknown property `UserName`; did you mean `UserNames`? That is a parameter of",
        ),
        (
            "Parameters",
            json!({"UserName": []}),
            "Parameters: unknown parameter `UserName` of preset `slim`; did you mean \
             `UserNames`?",
        ),
        ("Parameters", json!({"UserNames": "a,b"}), "Parameters.UserNames: given the string `a,b`"),
        (
            "Parameters",
            json!({"InstanceProfile": "yes"}),
            "Parameters.InstanceProfile: given `yes`",
        ),
    ] {
        let problems = with(name, value);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(said), "{said}: {problems:?}");
    }
}

/// X8, Threat 1
#[test]
fn no_property_takes_a_document_an_arn_to_attach_or_a_principal() {
    for name in [
        "AssumeRolePolicyDocument",
        "ManagedPolicyArns",
        "Policies",
        "PolicyDocument",
        "Principal",
        "RoleName",
    ] {
        let problems = with(name, json!("arn:aws:iam::aws:policy/AdministratorAccess"));
        assert!(problems[0].starts_with(&format!("unknown property `{name}`")), "{problems:?}");
        let parameter = json!({name: "arn:aws:iam::aws:policy/AdministratorAccess"});
        let problems = with("Parameters", parameter);
        assert!(problems[0].starts_with("Parameters: unknown parameter"), "{problems:?}");
    }
}

#[test]
fn a_property_among_the_parameters_is_told_where_it_belongs() {
    let problems = with("Parameters", json!({"Edition": "current"}));
    assert_eq!(
        problems,
        ["Parameters: `Edition` is a property of the resource; write it beside Parameters"]
    );
}

#[test]
fn more_tags_than_an_object_holds_are_refused_by_the_property() {
    let tags = |number: usize| {
        (0..number).map(|n| json!({"Key": format!("k{n}"), "Value": ""})).collect::<Vec<_>>()
    };
    assert_eq!(with("Tags", json!(tags(48))), Vec::<String>::new());
    assert_eq!(
        with("Tags", json!(tags(49))),
        ["Tags: given 49 tags, allowed are at most 48: an object of IAM holds 50, and 2 say \
          whose it is"]
    );
}

/// V5
#[test]
fn an_unknown_preset_is_named_with_the_nearest_one() {
    for (given, said) in [
        (json!({"Preset": "silm"}), "Preset: unknown preset `silm`; did you mean `slim`?"),
        (json!({"Preset": 7}), "Preset: given a number"),
        (json!({}), "Preset: is missing (allowed: "),
    ] {
        let (properties, problems) = read(given);
        assert!(properties.is_none());
        assert!(problems[0].starts_with(said), "{problems:?}");
    }
}

#[test]
fn all_mistakes_are_said_at_once_and_the_rest_is_read_all_the_same() {
    let (properties, problems) = read(json!({
        "Preset": "slim", "Path": "x", "Tags": 7,
        "Parameters": {"InstanceProfile": "no", "SpotFleetTagging": "false"},
    }));
    assert_eq!(problems.len(), 3, "{problems:?}");
    let parameters = properties.unwrap().parameters;
    assert_eq!(parameters["SpotFleetTagging"], parameters::Value::One("false".into()));
    assert_eq!(parameters["InstanceProfile"], parameters::Value::One("true".into()));
}
