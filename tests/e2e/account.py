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
    return {
        "roles": {role["RoleName"]: role_snapshot(iam, role) for role in roles(iam) if not is_service_linked(role)},
        "policies": {policy["Arn"]: policy_snapshot(iam, policy) for policy in policies(iam)},
        "groups": {group["GroupName"]: group_snapshot(iam, group) for group in groups(iam)},
        "users": {user["UserName"]: user_snapshot(iam, user) for user in users(iam)},
        "profiles": {profile["InstanceProfileName"]: profile_snapshot(iam, profile) for profile in profiles(iam)},
    }


def service_linked_roles(iam):
    return sorted(role["RoleName"] for role in roles(iam) if is_service_linked(role))


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
    name = role["RoleName"]
    role = iam.get_role(RoleName=name)["Role"]
    inline = every(iam, "list_role_policies", "PolicyNames", RoleName=name)
    return {
        "id": role["RoleId"],
        "arn": role["Arn"],
        "path": role["Path"],
        "description": role.get("Description", ""),
        "trust": role["AssumeRolePolicyDocument"],
        "boundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        "max_session": role["MaxSessionDuration"],
        "tags": tags(every(iam, "list_role_tags", "Tags", RoleName=name)),
        "attached": attached(iam, "role", RoleName=name),
        "inline": {one: iam.get_role_policy(RoleName=name, PolicyName=one)["PolicyDocument"] for one in inline},
    }


def policy_snapshot(iam, policy):
    arn = policy["Arn"]
    policy = iam.get_policy(PolicyArn=arn)["Policy"]
    default = policy["DefaultVersionId"]
    versions = [version["VersionId"] for version in every(iam, "list_policy_versions", "Versions", PolicyArn=arn)]
    documents = {
        version: iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        for version in versions
    }
    return {
        "id": policy["PolicyId"],
        "path": policy["Path"],
        "description": policy.get("Description", ""),
        "document": documents[default],
        "default": default,
        "versions": documents,
        "tags": tags(every(iam, "list_policy_tags", "Tags", PolicyArn=arn)),
    }


def group_snapshot(iam, group):
    name = group["GroupName"]
    inline = every(iam, "list_group_policies", "PolicyNames", GroupName=name)
    return {
        "id": group["GroupId"],
        "path": group["Path"],
        "members": sorted(user["UserName"] for user in every(iam, "get_group", "Users", GroupName=name)),
        "attached": attached(iam, "group", GroupName=name),
        "inline": {one: iam.get_group_policy(GroupName=name, PolicyName=one)["PolicyDocument"] for one in inline},
    }


def user_snapshot(iam, user):
    name = user["UserName"]
    inline = every(iam, "list_user_policies", "PolicyNames", UserName=name)
    return {
        "id": user["UserId"],
        "path": user["Path"],
        "tags": tags(every(iam, "list_user_tags", "Tags", UserName=name)),
        "groups": sorted(group["GroupName"] for group in every(iam, "list_groups_for_user", "Groups", UserName=name)),
        "attached": attached(iam, "user", UserName=name),
        "inline": {one: iam.get_user_policy(UserName=name, PolicyName=one)["PolicyDocument"] for one in inline},
    }


def profile_snapshot(iam, profile):
    name = profile["InstanceProfileName"]
    return {
        "id": profile["InstanceProfileId"],
        "path": profile["Path"],
        "roles": [role["RoleName"] for role in profile["Roles"]],
        "tags": tags(iam.list_instance_profile_tags(InstanceProfileName=name)["Tags"]),
    }


def attached(iam, kind, **named):
    policies = every(iam, f"list_attached_{kind}_policies", "AttachedPolicies", **named)
    return sorted(policy["PolicyArn"] for policy in policies)


def tags(pairs):
    return {pair["Key"]: pair["Value"] for pair in sorted(pairs, key=lambda pair: pair["Key"])}


# --- lists ---


def roles(iam):
    return every(iam, "list_roles", "Roles")


def policies(iam):
    return every(iam, "list_policies", "Policies", Scope="Local")


def groups(iam):
    return every(iam, "list_groups", "Groups")


def users(iam):
    return every(iam, "list_users", "Users")


def profiles(iam):
    return every(iam, "list_instance_profiles", "InstanceProfiles")


def is_service_linked(role):
    return role["Path"].startswith(SERVICE_LINKED)


def every(iam, operation, key, **named):
    if not iam.can_paginate(operation):
        return getattr(iam, operation)(**named)[key]
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
