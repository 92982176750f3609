//! The program as a person runs it, without an account.

use std::process::{Command, Output};

use serde_json::Value;

/// Without anything of the caller's own account or terminal.
fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_account-presets"));
    let command = command.args(arguments).env_clear().env("AWS_EC2_METADATA_DISABLED", "true");
    command.env("HOME", env!("CARGO_TARGET_TMPDIR")).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Its output, and its exit code.
fn printed(arguments: &[&str]) -> (String, i32) {
    let done = run(arguments);
    (text(&done.stdout), done.status.code().unwrap())
}

/// Its error, of a run that has to fail.
fn error(arguments: &[&str]) -> String {
    let done = run(arguments);
    assert_eq!(done.status.code(), Some(1), "{arguments:?}: {done:?}");
    assert_eq!(text(&done.stdout), "", "{arguments:?}");
    text(&done.stderr)
}

fn json(arguments: &[&str]) -> (Value, i32) {
    let (printed, code) = printed(arguments);
    (serde_json::from_str(&printed).expect(&printed), code)
}

#[test]
fn the_list_has_each_preset_and_says_which_editions_make_administrators() {
    let (list, code) = json(&["list", "--output", "json"]);
    assert_eq!(code, 0);
    let presets = list["presets"].as_array().unwrap();
    let names: Vec<&str> = presets.iter().map(|it| it["preset"].as_str().unwrap()).collect();
    assert_eq!(names, account_presets::preset::names());
    let slim = presets.iter().find(|it| it["preset"] == "slim").unwrap();
    let editions = slim["editions"].as_array().unwrap();
    let administrators: Vec<(&str, bool)> = editions
        .iter()
        .map(|it| (it["edition"].as_str().unwrap(), it["administrator"].as_bool().unwrap()))
        .collect();
    assert_eq!(administrators, [("hardened", false), ("current", true), ("documented", true)]);
    let (text, _) = printed(&["list"]);
    assert!(text.contains("hardened    with ManageRoles true\n"), "{text}");
}

#[test]
fn a_preset_is_shown_with_parameters_objects_and_what_makes_administrators() {
    let (text, code) = printed(&["show", "zappa", "--edition", "hardened"]);
    assert_eq!(code, 0);
    for said in [
        "  SharedRole: true or false, default false\n",
        "  + role `<Deployments>-ZappaLambdaExecutionRole`\n",
        "  o role `tr-serverless-relay-ZappaLambdaExecutionRole`\n",
        "! With ManageRoles true it amounts to administrator's rights: ",
        "  DeploymentPolicyArn: ",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let (shown, _) = json(&["show", "zappa", "--output", "json"]);
    assert_eq!(shown["editions"].as_array().unwrap().len(), 3);
    assert_eq!(shown["parameters"]["Vpc"]["type"], "boolean");
}

#[test]
fn a_mistake_is_told_in_plain_words_and_is_an_error() {
    for (arguments, said) in [
        (&["show", "silm"][..], "error: unknown preset `silm`; did you mean `slim`?"),
        (
            &["show", "slim", "--edition", "curent"],
            "error: unknown edition `curent`; did you mean `current`?",
        ),
        (&["render", "slim", "--param", "UserName=a"], "did you mean `UserNames`?"),
        (
            &["render", "slim", "--param", "UserNames"],
            "--param: given `UserNames`, allowed is `Name=Value`",
        ),
        (
            &["render", "slim", "--param", "InstanceProfile=yes"],
            "Parameters.InstanceProfile: given `yes`",
        ),
        (
            &["render", "slim", "--account", "12"],
            "--account: given `12`, allowed are twelve digits",
        ),
        (&["render", "slim", "--format", "terraform", "--import"], "--import: name the --account"),
        (&["diff", "slim", "--to", "current"], "--to: given `current`, allowed is `edition=`"),
        (
            &["diff", "slim", "--to-param", "X=1"],
            "--to: Parameters: unknown parameter `X` of preset `slim`",
        ),
        (&["plan", "slim", "--param", "UserName=a"], "did you mean `UserNames`?"),
        (&["plan", "slim"], "error: no Region: name one with --region"),
        (&["plan", "slim", "--region", "eu-west-1"], "error: no credentials: log in with"),
        (&["audit", "--stack", "s", "--region", "eu-west-1"], "error: no credentials: log in with"),
        (
            &["plan", "slim", "--region", "eu-west-1", "--profile", "nobody"],
            "no credentials of profile `nobody`: log in",
        ),
        (&["lint", "no-such-file.yaml"], "no-such-file.yaml: "),
        (&["lst"], "unrecognized subcommand 'lst'"),
    ] {
        let told = error(arguments);
        assert!(told.contains(said), "{arguments:?}: {told}");
    }
}

#[test]
fn a_command_without_arguments_names_those_that_it_needs() {
    for (arguments, said) in [
        (&["show"][..], "<PRESET>"),
        (&["render"], "<PRESET>"),
        (&["diff"], "<PRESET>"),
        (&["plan"], "error: name a PRESET for its Create, or a --stack"),
        (&["plan", "--stack"], "--stack <NAME>"),
        (&["plan", "--delete"], "--stack <NAME>"),
        (&["plan", "slim", "--tag"], "--tag <KEY=VALUE>"),
        (&["audit"], "error: no Region: name one with --region"),
        (&["verify"], "--stack <NAME>"),
        (&["lint"], "<FILE>"),
        (&["completions"], "<SHELL>"),
    ] {
        let told = error(arguments);
        assert!(told.contains(said), "{arguments:?}: {told}");
    }
}

#[test]
fn the_documents_are_those_that_the_function_sends() {
    let arguments = ["render", "zappa", "--param", "Deployments=tr-a-dev,tr-b-dev"];
    let account = ["--account", "210987654321", "--partition", "aws-us-gov"];
    let (rendered, code) = json(&[&arguments[..], &account[..]].concat());
    assert_eq!(code, 0);
    let documents = rendered["documents"].as_array().unwrap();
    let of = |object: &str| documents.iter().find(|it| it["object"] == object).expect(object);
    let policy = of("policy `ZappaLambdaDeploymentPolicy`");
    assert_eq!(
        policy["arn"],
        "arn:aws-us-gov:iam::210987654321:policy/ZappaLambdaDeploymentPolicy"
    );
    assert!(
        policy["document"]
            .to_string()
            .contains("arn:aws-us-gov:lambda:*:210987654321:function:tr-*")
    );
    for role in ["tr-a-dev", "tr-b-dev"] {
        assert_eq!(of(&format!("role `{role}-ZappaLambdaExecutionRole`"))["kind"], "trust");
    }
}

/// A template for any account equals that for one account, once CloudFormation has filled it in.
#[test]
fn without_an_account_a_template_is_right_in_any() {
    let filled = |value: &Value| -> Value {
        fn fill(value: &Value) -> Value {
            match value {
                Value::Object(members) if members.len() == 1 && members.contains_key("Fn::Sub") => {
                    let text = members["Fn::Sub"].as_str().unwrap();
                    let text = text.replace("${AWS::AccountId}", "123456789012");
                    let text = text.replace("${AWS::Partition}", "aws").replace("${!", "${");
                    Value::from(text.replace("${AWS::Region}", "eu-west-1"))
                }
                Value::Object(members) => {
                    members.iter().map(|(name, value)| (name.clone(), fill(value))).collect()
                }
                Value::Array(values) => values.iter().map(fill).collect(),
                other => other.clone(),
            }
        }
        fill(value)
    };
    for name in account_presets::preset::names() {
        for edition in account_presets::preset::find(name).unwrap().editions.iter() {
            let format = ["--format", "cloudformation", "--edition", edition.as_str()];
            let anywhere = json(&[&["render", name][..], &format[..]].concat()).0;
            let account = ["--account", "123456789012", "--region", "eu-west-1"];
            let here = json(&[&["render", name][..], &format[..], &account[..]].concat()).0;
            assert!(!anywhere.to_string().contains("123456789012"), "{name}");
            assert!(filled(&anywhere) == here, "{name}: {anywhere}");
        }
    }
}

#[test]
fn terraform_asks_data_sources_where_no_account_is_named() {
    let (rendered, _) = json(&["render", "zappa", "--format", "terraform"]);
    assert!(rendered["data"]["aws_caller_identity"].is_object());
    let text = rendered.to_string();
    assert!(text.contains(":function:tr-*") && !text.contains("123456789012"), "{text}");
    let (rendered, _) = json(&[
        "render",
        "zappa",
        "--format",
        "terraform",
        "--account",
        "123456789012",
        "--import",
    ]);
    assert_eq!(rendered.get("data"), None);
    assert!(rendered["import"].as_array().is_some_and(|it| !it.is_empty()));
}

#[test]
fn the_resources_to_import_are_written_beside_the_template() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("to-import.json");
    let argument = format!("--import={}", file.display());
    let account = ["--account", "123456789012", "--format", "cloudformation"];
    let (template, code) = json(&[&["render", "slim", &argument][..], &account[..]].concat());
    let imported: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let resources = template["Resources"].as_object().unwrap();
    assert_eq!((imported.as_array().unwrap().len(), code), (resources.len(), 0));
}

#[test]
fn a_difference_is_told_by_statement_and_by_its_code() {
    let same = ["diff", "zappa", "--from", "edition=hardened", "--to", "edition=hardened"];
    assert_eq!(printed(&same), ("Both make the same.\n".to_owned(), 0));
    let (text, code) = printed(&["diff", "zappa", "--to-param", "Deployments=tr-a"]);
    assert_eq!(code, 2);
    assert_eq!(
        text,
        "+ role `tr-a-ZappaLambdaExecutionRole`\n    + Allow sts:AssumeRole on {\"Service\":\
         [\"apigateway.amazonaws.com\",\"lambda.amazonaws.com\"]}\n\
         + role attachment `tr-a-ZappaLambdaExecutionRole` <- `ZappaLambdaExecutionPolicy`\n"
    );
    let (told, code) = json(&["diff", "zappa", "--to", "edition=current", "--output", "json"]);
    assert_eq!(code, 2);
    let policy = &told["objects"][0];
    assert_eq!(
        (&policy["action"], &policy["object"]),
        (&"update".into(), &"policy `ZappaLambdaDeploymentPolicy`".into())
    );
    assert!(policy["adds"].to_string().contains("iam:CreateRole"));
    assert!(!policy["takesAway"].to_string().contains("iam:CreateRole"));
    assert_eq!(
        (&told["from"]["administrator"], &told["to"]["administrator"]),
        (&false.into(), &true.into())
    );
}

#[test]
fn a_preset_of_ones_own_is_held_to_grammar_names_and_linter() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let with = |name: &str, from: &str, to: &str| {
        let text = PRESET.replace(from, to);
        let file = folder.join(name);
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    assert_eq!(printed(&["lint", &with("good.yaml", "", "")]), ("No mistakes.\n".to_owned(), 0));
    let told = error(&["lint", &with("word.yaml", "title:", "titel:")]);
    assert!(told.contains("titel") && told.contains("line 2"), "{told}");
    let told = error(&["lint", &with("name.yaml", "${Name}-*", "${Nmae}-*")]);
    assert!(told.contains("unknown parameter `Nmae`"), "{told}");
    let (text, code) =
        printed(&["lint", &with("power.yaml", "s3:GetObject", "iam:AttachRolePolicy")]);
    assert_eq!(code, 2, "{text}");
    let file = with("act.yaml", "s3:GetObject", "s3:GetObjekt");
    let (told, code) = json(&["lint", &file, "--output", "json"]);
    assert_eq!(code, 2);
    assert!(told["findings"][0]["problem"].as_str().unwrap().contains("s3:GetObjekt"), "{told}");
}

#[test]
fn an_edition_shows_no_object_of_another_one() {
    let (hardened, _) = printed(&["show", "slim", "--edition", "hardened"]);
    assert!(hardened.contains("SLIM-User") && !hardened.contains("AmazonS3FullAccess"));
    let (current, _) = printed(&["show", "slim", "--edition", "current"]);
    assert!(!current.contains("SLIM-User") && current.contains("AmazonS3FullAccess"));
}

#[test]
fn a_folder_stands_for_its_presets() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("folder");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder).unwrap();
    let name = folder.to_str().unwrap();
    std::fs::write(folder.join("notes.txt"), "no preset").unwrap();
    assert!(error(&["lint", name]).contains("folder: has no file that ends in .yaml"));
    std::fs::write(folder.join("good.yaml"), PRESET).unwrap();
    assert_eq!(printed(&["lint", name]), ("No mistakes.\n".to_owned(), 0));
    let bad = PRESET.replace("s3:GetObject", "s3:GetObjekt");
    std::fs::write(folder.join("mistaken.yaml"), bad).unwrap();
    let (told, code) = printed(&["lint", name]);
    assert!(code == 2 && told.contains("folder/mistaken.yaml"), "{told}");
}

#[test]
fn what_a_preset_accepts_is_no_mistake_of_it() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("accepts.yaml");
    let lint = |accepted: &str, more: &[&str]| {
        let text = PRESET.replace("s3:GetObject", "s3:GetObjekt");
        std::fs::write(&file, format!("{text}accepted:\n{accepted}")).unwrap();
        run(&[&["lint", file.to_str().unwrap()], more].concat())
    };
    let one = "  - { finding: 's3:GetObjekt', why: Tests need it. }\n";
    let told = lint(one, &[]);
    let printed = text(&told.stdout);
    assert_eq!(told.status.code(), Some(0), "{printed}");
    assert!(
        printed.starts_with("= Test (hardened): ") && printed.contains("s3:GetObjekt"),
        "{printed}"
    );
    assert!(printed.ends_with("\n    accepted: Tests need it.\n"), "{printed}");
    let told: Value = serde_json::from_slice(&lint(one, &["--output", "json"]).stdout).unwrap();
    let finding = &told["findings"][0];
    assert_eq!(
        (&finding["mistake"], &finding["accepted"]),
        (&false.into(), &"Tests need it.".into())
    );
    assert_eq!(finding["file"], file.to_str().unwrap());
    // One entry is for one finding, and a missing finding needs none.
    let told = lint(&[one, one].concat(), &[]);
    assert_eq!(told.status.code(), Some(1));
    assert!(
        text(&told.stderr).contains("`accepted` has `s3:GetObjekt`, which is not found"),
        "{told:?}"
    );
}

#[test]
fn the_presets_of_the_catalogue_pass_with_what_they_accept() {
    // All of them take half a minute; tests/lint/catalogue.rs of `shared` holds each to the same.
    let of = |name: &str| format!("{}/../shared/presets/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let (told, code) = printed(&["lint", &of("slim"), &of("zappa")]);
    assert_eq!(code, 0, "{told}");
    assert_eq!(told.lines().filter(|line| line.starts_with("    accepted: ")).count(), 2, "{told}");
}

const PRESET: &str = "
title: Test
description: One policy.
source: { url: https://example.com, date: 2026-01-01 }
editions: [hardened]
parameters:
  Name: { type: string, description: A name., default: tool, pattern: '[a-z]{1,16}', setting: { allows: [tool] } }
policies:
  - name: tool-policy
    document:
      Version: '2012-10-17'
      Statement:
        - { Sid: Read, Effect: Allow, Action: 's3:GetObject', Resource: 'arn:${AWS::Partition}:s3:::data-${Name}-*' }
outputs:
  PolicyArn: { description: The policy., of: { policy: tool-policy } }
";

#[test]
fn the_deployers_policies_name_the_stacks_the_functions_and_each_thing_of_the_template() {
    let account = ["--account", "123456789012", "--region", "eu-west-1"];
    let of = |more: &[&str]| json(&[&["deployer-policy"][..], more, &account[..]].concat()).0;
    let statement = |policy: &Value, sid: &str| {
        let all = policy["Statement"].as_array().unwrap();
        all.iter().find(|it| it["Sid"] == sid).expect(sid).clone()
    };
    let consumer = of(&["consumer", "--stack-name", "team-*"]);
    let stacks = statement(&consumer, "Stacks");
    assert_eq!(
        stacks["Resource"][0],
        "arn:aws:cloudformation:eu-west-1:123456789012:stack/team-*/*"
    );
    let invoked = statement(&consumer, "Provider");
    assert_eq!(invoked["Action"][0], "lambda:InvokeFunction");
    let function = "arn:aws:lambda:eu-west-1:123456789012:function:account-presets-IamPreset";
    assert_eq!(invoked["Resource"][0], function);
    assert!(!consumer.to_string().contains("iam:"));
    let provider = of(&["provider", "--provider-name", "acme"]);
    let roles = statement(&provider, "IAMRole");
    assert_eq!(roles["Resource"][2], "arn:aws:iam::123456789012:role/acme-IamPreset-eu-west-1");
    assert!(!provider.to_string().contains("${"), "{provider}");
    // Only actions that read, and those on stacks, are on all resources.
    for it in provider["Statement"].as_array().unwrap() {
        let reads = |action: &Value| {
            let (_, verb) = action.as_str().unwrap().split_once(':').unwrap();
            ["Get", "List", "Describe", "Validate"].iter().any(|read| verb.starts_with(read))
        };
        let everywhere = it["Resource"].as_array().unwrap().contains(&"*".into());
        assert!(!everywhere || it["Action"].as_array().unwrap().iter().all(reads), "{it}");
    }
}

#[test]
fn there_are_completions_and_a_page_and_no_colour_without_a_terminal() {
    assert!(printed(&["completions", "bash"]).0.contains("deployer-policy"));
    assert!(printed(&["man"]).0.contains(".TH account-presets"));
    assert!(!printed(&["diff", "zappa", "--to", "edition=current"]).0.contains('\x1b'));
    let (help, code) = printed(&["--help"]);
    assert!(help.contains("Exit codes: 0 nothing to do, 1 an error, 2 differences") && code == 0);
    assert!(!help.contains("\n  man "), "{help}");
}
