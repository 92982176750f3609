"""A role for StackSets with the rights that its template needs, on the names of what is in it.

It amounts to administrator, as does whoever deploys the provider: a role that it makes may have any policy, for the
provider's own roles have policies that write IAM, and no condition says what an inline policy may hold. So nobody but
StackSets is trusted with it.

What CloudFormation calls for a resource is in the schema of its type, which cfn-lint has. The rights are held to the
names that the provider's own objects have, for every action that knows one.
"""

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

# StackSets takes a custom role only under a name that begins so.
ROLE = "stacksets-exec-custom-account-presets"
REGION = "us-east-1"
# Whom the roles trust that StackSets makes itself.
ADMINISTRATOR = (
    "arn:${AWS::Partition}:iam::${ManagementAccountId}:role/aws-service-role/"
    "stacksets.cloudformation.amazonaws.com/AWSServiceRoleForCloudFormationStackSetsOrgAdmin"
)

# What begins with the words before it is about what is named after it.
NAMED = {
    "events": ["arn:${AWS::Partition}:events:*:${AWS::AccountId}:rule/${ProviderName}-*"],
    "iam": [
        "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${ProviderName}-*",
        "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/*/${ProviderName}-*",
        "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/${ProviderName}-*",
        "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/*/${ProviderName}-*",
    ],
    "lambda": ["arn:${AWS::Partition}:lambda:*:${AWS::AccountId}:function:${ProviderName}-*"],
    "logs": [
        "arn:${AWS::Partition}:logs:*:${AWS::AccountId}:log-group:/aws/lambda/${ProviderName}-*",
    ],
    "s3": ["arn:${AWS::Partition}:s3:::${CodeBucketPrefix}-*/*"],
    "scheduler": ["arn:${AWS::Partition}:scheduler:*:${AWS::AccountId}:schedule/default/${ProviderName}-*"],
    "states": ["arn:${AWS::Partition}:states:*:${AWS::AccountId}:stateMachine:${ProviderName}-*"],
}
# They list, or know no such resource.
UNNAMED = (
    "events:ListRules", "iam:ListPolicies", "iam:ListRoles", "lambda:GetAccountSettings", "lambda:ListFunctions",
    "logs:DescribeLogGroups", "logs:DescribeIndexPolicies", "scheduler:ListSchedules", "states:ListStateMachines",
)
# The schemas name what any property of a type could need. These are for properties that the template does not use.
UNUSED = (
    "ec2:", "elasticfilesystem:", "firehose:", "kms:", "s3files:", "iam:AttachGroupPolicy", "iam:AttachUserPolicy",
    "iam:DeleteGroupPolicy", "iam:DeleteUserPolicy", "iam:DetachGroupPolicy", "iam:DetachUserPolicy",
    "iam:GetGroupPolicy", "iam:GetUserPolicy", "iam:PutGroupPolicy", "iam:PutUserPolicy", "s3:REST",
    "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:CreateLogDelivery",
    "lambda:GetLayerVersion", "lambda:GetCodeSigningConfig", "lambda:PutFunctionConcurrency",
    "lambda:DeleteFunctionConcurrency", "lambda:PutFunctionCodeSigningConfig", "lambda:DeleteFunctionCodeSigningConfig",
    "logs:GetDataProtectionPolicy", "logs:PutDataProtectionPolicy", "logs:DeleteDataProtectionPolicy",
    "logs:PutIndexPolicy", "logs:DeleteIndexPolicy", "logs:DescribeIndexPolicies", "logs:PutBearerTokenAuthentication",
    "lambda:PassCapacityProvider", "lambda:AssociateRuntimeAlias",
)
STACKS = "arn:${AWS::Partition}:cloudformation:*:${AWS::AccountId}:stack/StackSet-*"


def actions(template):
    """What the schemas of the template's types name, without what it does not use."""
    types = {resource["Type"] for resource in template["Resources"].values()}
    found = set()
    for type in types:
        if type.startswith("Custom::"):
            found.add("lambda:InvokeFunction")
            continue
        handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, type).schema["handlers"]
        for handler in handlers.values():
            found |= set(handler.get("permissions", ()))
    return {action for action in found if not action.startswith(UNUSED)}


def template(stack_set):
    needed = actions(stack_set)
    unnamed = sorted(needed & set(UNNAMED))
    statements = []
    for service, arns in sorted(NAMED.items()):
        named = sorted(action for action in needed if action.startswith(f"{service}:") and action not in UNNAMED)
        resources = [{"Fn::Sub": arn} for arn in arns]
        statements.append({"Sid": f"Own{service.title()}", "Effect": "Allow", "Action": named, "Resource": resources})
    rest = sorted(action for action in needed if action.split(":")[0] not in NAMED)
    if rest:
        raise SystemExit(f"the execution role has no names for {', '.join(rest)}")
    statements.append({"Sid": "Lists", "Effect": "Allow", "Action": unnamed, "Resource": "*"})
    statements.append({
        "Sid": "Stacks",
        "Effect": "Allow",
        "Action": [
            "cloudformation:CreateStack", "cloudformation:DeleteStack", "cloudformation:DescribeStackEvents",
            "cloudformation:DescribeStackResources", "cloudformation:DescribeStacks", "cloudformation:GetTemplate",
            "cloudformation:UpdateStack", "cloudformation:DetectStackDrift",
            "cloudformation:DescribeStackDriftDetectionStatus", "cloudformation:DescribeStackResourceDrifts",
        ],
        "Resource": {"Fn::Sub": STACKS},
    })
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "account-presets: what StackSets may do in an account, instead of everything.",
        "Parameters": {
            "ProviderName": {"Type": "String", "Default": stack_set["Parameters"]["ProviderName"]["Default"]},
            "CodeBucketPrefix": {"Type": "String"},
            "ManagementAccountId": {"Type": "String", "AllowedPattern": r"\d{12}"},
        },
        "Resources": {
            "ExecutionRole": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "RoleName": ROLE,
                    "AssumeRolePolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [{
                            "Effect": "Allow",
                            "Principal": {"AWS": {"Fn::Sub": ADMINISTRATOR}},
                            "Action": "sts:AssumeRole",
                        }],
                    },
                    "Policies": [{
                        "PolicyName": "Stacks",
                        "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
                    }],
                },
            },
        },
    }
