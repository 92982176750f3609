"""All of IAM in the account as plain data, so that two moments can be compared with `==`."""

import contextlib

from botocore.exceptions import ClientError

SERVICE_LINKED = "/aws-service-role/"
SERVICE_LINKED_ROLES = {
    "autoscaling.amazonaws.com": "AWSServiceRoleForAutoScaling",
    "batch.amazonaws.com": "AWSServiceRoleForBatch",
    "ecs.amazonaws.com": "AWSServiceRoleForECS",
    "spot.amazonaws.com": "AWSServiceRoleForEC2Spot",
    "spotfleet.amazonaws.com": "AWSServiceRoleForEC2SpotFleet",
}


def account_snapshot(iam):
    """Every IAM object by name, with its id: an object that was deleted and made again is another one.

    Service-linked roles are left out. A preset makes sure of them and never deletes them.
    """
    details = authorization_details(iam)
    users = details["UserDetailList"]
    return {
        "roles": {role["RoleName"]: role_snapshot(iam, role) for role in roles(details)},
        "policies": {policy["Arn"]: policy_snapshot(iam, policy) for policy in details["Policies"]},
        "groups": {group["GroupName"]: group_snapshot(group, users) for group in details["GroupDetailList"]},
        "users": {user["UserName"]: user_snapshot(user) for user in users},
        "profiles": {profile["InstanceProfileName"]: profile_snapshot(iam, profile) for profile in profiles(iam)},
    }


def service_linked_roles(iam):
    return sorted(role["RoleName"] for role in every(iam, "list_roles", "Roles") if is_service_linked(role))


def without_numbers(snapshot):
    """The snapshot as after a change that was taken back: what was deleted and made again has another id, and
    a policy has more versions."""
    numbers = ("id", "default", "versions")
    return {
        kind: {name: {key: value for key, value in one.items() if key not in numbers} for name, one in objects.items()}
        for kind, objects in snapshot.items()
    }


def remove_what_is_new(iam, before):
    """Takes away what is not in the snapshot, so that a test that failed leaves nothing to the next."""
    now = account_snapshot(iam)
    for name in now["profiles"].keys() - before["profiles"].keys():
        delete_profile(iam, name, now["profiles"][name])
    for name in now["users"].keys() - before["users"].keys():
        delete_user(iam, name, now["users"][name])
    for name in now["groups"].keys() - before["groups"].keys():
        delete_group(iam, name, now["groups"][name])
    for name in now["roles"].keys() - before["roles"].keys():
        delete_role(iam, name, now["roles"][name])
    for arn in now["policies"].keys() - before["policies"].keys():
        delete_policy(iam, arn, now["policies"][arn])


# --- one object as data ---


def role_snapshot(iam, role):
    more = iam.get_role(RoleName=role["RoleName"])["Role"]
    return {
        "id": role["RoleId"],
        "arn": role["Arn"],
        "path": role["Path"],
        "description": more.get("Description", ""),
        "trust": role["AssumeRolePolicyDocument"],
        "boundary": more.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        "max_session": more["MaxSessionDuration"],
        "tags": tags(role),
        "attached": attached(role),
        "inline": inline(role["RolePolicyList"]),
    }


def policy_snapshot(iam, policy):
    more = iam.get_policy(PolicyArn=policy["Arn"])["Policy"]
    documents = {version["VersionId"]: version["Document"] for version in policy["PolicyVersionList"]}
    return {
        "id": policy["PolicyId"],
        "path": policy["Path"],
        "description": more.get("Description", ""),
        "document": documents[policy["DefaultVersionId"]],
        "default": policy["DefaultVersionId"],
        "versions": documents,
        "tags": tags(more),
    }


def group_snapshot(group, users):
    return {
        "id": group["GroupId"],
        "path": group["Path"],
        "members": sorted(user["UserName"] for user in users if group["GroupName"] in user["GroupList"]),
        "attached": attached(group),
        "inline": inline(group["GroupPolicyList"]),
    }


def user_snapshot(user):
    return {
        "id": user["UserId"],
        "path": user["Path"],
        "tags": tags(user),
        "groups": sorted(user["GroupList"]),
        "attached": attached(user),
        "inline": inline(user["UserPolicyList"]),
    }


def profile_snapshot(iam, profile):
    name = profile["InstanceProfileName"]
    return {
        "id": profile["InstanceProfileId"],
        "path": profile["Path"],
        "roles": [role["RoleName"] for role in profile["Roles"]],
        "tags": tags(iam.list_instance_profile_tags(InstanceProfileName=name)),
    }


def attached(entity):
    return sorted(policy["PolicyArn"] for policy in entity["AttachedManagedPolicies"])


def inline(policies):
    return {policy["PolicyName"]: policy["PolicyDocument"] for policy in policies}


def tags(tagged):
    return {pair["Key"]: pair["Value"] for pair in sorted(tagged.get("Tags", []), key=lambda pair: pair["Key"])}


# --- lists ---


def authorization_details(iam):
    """Roles, policies, groups and users by one call. IAM does not say everything about them there."""
    asked = {"Filter": ["Role", "LocalManagedPolicy", "Group", "User"]}
    pages = list(iam.get_paginator("get_account_authorization_details").paginate(**asked))
    kinds = ("RoleDetailList", "Policies", "GroupDetailList", "UserDetailList")
    return {kind: [item for page in pages for item in page[kind]] for kind in kinds}


def roles(details):
    return [role for role in details["RoleDetailList"] if not is_service_linked(role)]


def profiles(iam):
    return every(iam, "list_instance_profiles", "InstanceProfiles")


def is_service_linked(role):
    return role["Path"].startswith(SERVICE_LINKED)


def every(iam, operation, key, **named):
    return [item for page in iam.get_paginator(operation).paginate(**named) for item in page[key]]


# --- away with one object ---


def delete_role(iam, name, role):
    for profile in every(iam, "list_instance_profiles_for_role", "InstanceProfiles", RoleName=name):
        iam.remove_role_from_instance_profile(InstanceProfileName=profile["InstanceProfileName"], RoleName=name)
    for arn in role["attached"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=arn)
    for policy in role["inline"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)


def delete_policy(iam, arn, policy):
    for entity in ("role", "group", "user"):
        holders = every(iam, "list_entities_for_policy", f"Policy{entity.title()}s", PolicyArn=arn)
        for holder in holders:
            key = f"{entity.title()}Name"
            getattr(iam, f"detach_{entity}_policy")(**{key: holder[key]}, PolicyArn=arn)
    for version in policy["versions"].keys() - {policy["default"]}:
        iam.delete_policy_version(PolicyArn=arn, VersionId=version)
    iam.delete_policy(PolicyArn=arn)


def delete_group(iam, name, group):
    for user in group["members"]:
        with contextlib.suppress(ClientError):
            iam.remove_user_from_group(GroupName=name, UserName=user)
    for arn in group["attached"]:
        iam.detach_group_policy(GroupName=name, PolicyArn=arn)
    for policy in group["inline"]:
        iam.delete_group_policy(GroupName=name, PolicyName=policy)
    iam.delete_group(GroupName=name)


def delete_user(iam, name, user):
    for group in user["groups"]:
        iam.remove_user_from_group(GroupName=group, UserName=name)
    for arn in user["attached"]:
        iam.detach_user_policy(UserName=name, PolicyArn=arn)
    for policy in user["inline"]:
        iam.delete_user_policy(UserName=name, PolicyName=policy)
    iam.delete_user(UserName=name)


def delete_profile(iam, name, profile):
    for role in profile["roles"]:
        iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role)
    iam.delete_instance_profile(InstanceProfileName=name)
