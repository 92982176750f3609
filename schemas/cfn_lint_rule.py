"""A rule for cfn-lint, which passes every `Custom::` type as it stands. `cfn-lint --append-rules FOLDER` takes it from
the folder that this file is in; docs/editors.md has the lines.

What is allowed is in the JSON files beside it, which the command line prints for editors, too.
"""

import json
import re
from difflib import get_close_matches
from pathlib import Path

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from jsonschema import Draft7Validator, ValidationError, validators

FOLDER = Path(__file__).parent
ACKNOWLEDGE = "AcknowledgeAdminEquivalent"
# The exports of the provider end so, behind the operator's ExportPrefix.
SERVED = {
    "-IamPreset": ["Custom::IamPreset"],
    "-LambdaConcurrency": ["Custom::LambdaConcurrency", "Custom::QuotaTemplate"],
}


def read(name):
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


SCHEMAS = {
    "Custom::IamPreset": read("iam-preset.schema.json"),
    "Custom::LambdaConcurrency": read("lambda-concurrency.schema.json"),
    "Custom::QuotaTemplate": read("quota-template.schema.json"),
}
ATTRIBUTES = read("attributes.json")


class AccountPresets(CloudFormationLintRule):
    # cfn-lint keeps E9… for its users' own rules; those of a file for --custom-rules count from E9001 by their lines.
    id = "E9710"
    shortdesc = "Custom resources of account-presets"
    description = "Properties, parameters, values, acknowledgements and attributes that the provider's functions refuse"
    tags = ["resources", "iam"]

    def match(self, cfn):
        resources = {name: it for name, it in as_map(cfn.template.get("Resources")).items() if isinstance(it, dict)}
        for name, resource in resources.items():
            at = ["Resources", name]
            kind, properties = resource.get("Type"), resource.get("Properties", {})
            if not isinstance(properties, dict):
                continue
            served = served_by(properties.get("ServiceToken"))
            if served and kind not in served:
                said = f"Type: given `{kind}`, allowed with this ServiceToken is only {words(served, ' or ')}"
                yield RuleMatch([*at, "Type"], said)
            elif kind in SCHEMAS:
                below = [*at, "Properties"] if "Properties" in resource else at
                for path, said in mistakes(kind, properties).items():
                    yield RuleMatch([*below, *path], said)
        for path, name, attribute in asked(cfn):
            if name in resources:
                said = no_attribute(resources[name], attribute)
                if said:
                    yield RuleMatch(path, f"{name}.{attribute}: {said}")


# --- properties ---


def mistakes(kind, properties):
    """What is wrong with each place below Properties, once. The rules of a preset come first: they know best."""
    schema, found = SCHEMAS[kind], {}
    # YAML has dates, and keys that are numbers; CloudFormation has texts.
    properties = json.loads(json.dumps(properties, default=str))
    errors = sorted(Validator(schema).iter_errors(properties), key=lambda it: it.absolute_schema_path[0] != "allOf")
    by_a_rule = [it for it in errors if it.absolute_schema_path[0] == "allOf"]
    unacknowledged = [it for it in by_a_rule if ACKNOWLEDGE in it.absolute_path or missing(it) == [ACKNOWLEDGE]]
    for error in errors:
        path = tuple(error.absolute_path)
        by_transform = "Fn::Transform" in as_map(error.instance)
        if path == ("Preset",) and is_function(error.instance):
            continue  # An editor wants the word, CloudFormation does not.
        if error.validator == "additionalProperties":
            for name in sorted(error.instance.keys() - error.schema["properties"].keys() - {"Fn::Transform"}):
                allowed = error.schema["properties"]
                found.setdefault((*path, name), unknown(kind, properties, path, name, allowed))
        elif error in unacknowledged:
            if error is unacknowledged[0] and not by_transform:
                found.update([unacknowledged_by(error, schema, properties)])
        elif error.validator in ("required", "not"):
            names = [dotted(*path, it) for it in missing(error) if it != "ServiceToken"]  # cfn-lint itself misses that.
            if names and not by_transform:
                where, because = reason(error, schema, properties)
                needed = f", and {because} needs it" if because else ""
                found.setdefault(where or path, f"{', '.join(names)}: missing{needed}")
        else:
            found.setdefault(path, f"{dotted(*path)}: {not_allowed(error)}")
    return found


def missing(error):
    """Names of what is required and is not there, or there and empty."""
    if error.validator == "required":
        return [name for name in error.validator_value if name not in error.instance]
    if error.validator == "not":
        return list(error.validator_value["properties"])
    return []


def unacknowledged_by(error, schema, properties):
    where, because = reason(error, schema, properties)
    given = f"given `{brief(error.instance)}`" if error.absolute_path else "missing"
    return (
        tuple(error.absolute_path) or where,
        f"{ACKNOWLEDGE}: {given}, and {because or 'this'} amounts to administrator's rights; set it to true if you "
        "want that. The operator of the provider has to allow it, too, by its parameter AllowAdminEquivalent",
    )


def reason(error, schema, properties):
    """The place of what a rule of the schema is about, and its words."""
    steps = list(error.absolute_schema_path)
    if steps[0] != "allOf":
        return (), ""
    condition = schema["allOf"][steps[1]]["if"]
    named = [(name,) for name in condition["properties"] if name not in ("Preset", "Parameters")]
    inner = condition["properties"].get("Parameters", {}).get("properties", {})
    given = as_map(properties.get("Parameters"))
    named = [it for it in named if it[0] in properties] + [("Parameters", it) for it in inner if it in given]
    value = {path: (given if path[1:] else properties)[path[-1]] for path in named}
    return (named or [()])[0], " with ".join(f"`{path[-1]}: {brief(value[path])}`" for path in named)


def unknown(kind, properties, path, name, allowed):
    preset = properties.get("Preset")
    if not path:
        what, of = "property", kind
    elif path[0] == "Parameters":
        what, of = "parameter", f"preset `{preset}`"
    else:
        what, of = "key", path[0]
    said = f"unknown {what} `{name}`"
    if not path and name in parameters_of(preset):
        return f"{said}: it is a parameter of preset `{preset}`, write it below Parameters"
    return f"{said}{did_you_mean(name, allowed)} Allowed of {of} are {words(sorted(allowed))}"


def parameters_of(preset):
    for rule in SCHEMAS["Custom::IamPreset"]["allOf"]:
        parameters = rule["then"]["properties"].get("Parameters", {})
        if rule["if"]["properties"]["Preset"]["const"] == preset and "anyOf" in parameters:
            return parameters["anyOf"][0]["properties"]
    return {}


def not_allowed(error):
    allowed = list(dict.fromkeys(allowed_by(error.schema)))
    given = brief(error.instance)
    one_of = [brief(word) for word in error.schema.get("enum", [])] or [
        brief(word) for branch in error.schema.get("anyOf", []) for word in branch.get("enum", [])
    ]
    if isinstance(error.instance, list) and "maxItems" in error.schema and len(allowed) == 1:
        given = f"{len(error.instance)} entries"
    are = "are" if one_of else "is"
    return f"given `{given}`, allowed {are} {' or '.join(allowed)}{did_you_mean(given, one_of, '')}"


def allowed_by(schema):
    """In words, what a value may be, besides empty and a function."""
    if "anyOf" in schema:
        every = [said for branch in schema["anyOf"] for said in allowed_by(branch)]
        # A whole number may be written as a text, too.
        numbers = [said for said in every if said.startswith("a whole number")]
        return [said for said in every if not (numbers and said.startswith("a text"))]
    if "enum" in schema:
        return [words(schema["enum"])]
    kinds = schema.get("type", [])
    if "integer" in kinds:
        return [f"a whole number from {schema['minimum']} to {schema['maximum']}"]
    if "string" in kinds:
        pattern = schema.get("pattern", "").removeprefix("^(?:").removesuffix(")$")
        return [f"a text of the form `{pattern}`" if pattern else "a text"]
    if "array" in kinds:
        return [f"a list of at most {schema['maxItems']} entries"]
    return ["a map"] if "object" in kinds else []


def any_of(validator, branches, instance, schema):
    """What is wrong with the branch that is meant: that of a map for a map, and of both sides of a condition."""
    if isinstance(instance, dict) and list(instance) == ["Fn::If"] and isinstance(instance["Fn::If"], list):
        for number, side in enumerate(instance["Fn::If"][1:3], start=1):
            for error in validator.descend(side, schema, path=number):
                error.path.appendleft("Fn::If")
                yield error
        return
    if any(validator.evolve(schema=branch).is_valid(instance) for branch in branches):
        return
    for branch in branches:
        kind = {dict: "object", list: "array"}.get(next((it for it in (dict, list) if isinstance(instance, it)), None))
        if kind and branch.get("type") == kind:
            yield from validator.descend(instance, branch)
            return
    yield ValidationError("not allowed")


Validator = validators.extend(Draft7Validator, {"anyOf": any_of})


# --- attributes ---


def asked(cfn):
    """Each attribute that the template asks for: the place, the logical id, the name."""
    for path in cfn.search_deep_keys("Fn::GetAtt"):
        value = path[-1].split(".", 1) if isinstance(path[-1], str) else path[-1]
        if isinstance(value, list) and len(value) > 1 and all(isinstance(it, str) for it in value):
            yield path[:-1], value[0], ".".join(value[1:])
    for path in cfn.search_deep_keys("Fn::Sub"):
        text = path[-1][0] if isinstance(path[-1], list) and path[-1] else path[-1]
        for name, attribute in re.findall(r"\$\{\s*(\w+)\.([^}]+?)\s*\}", text) if isinstance(text, str) else []:
            yield path[:-1], name, attribute


def no_attribute(resource, attribute):
    of, known = resource.get("Type"), ATTRIBUTES.get(resource.get("Type"))
    if isinstance(known, dict):
        preset = as_map(resource.get("Properties")).get("Preset")
        of, known = f"preset `{preset}`", known.get(preset) if isinstance(preset, str) else None
    if known is None or attribute in known:
        return ""
    return f"unknown attribute `{attribute}`{did_you_mean(attribute, known)} Allowed of {of} are {words(known)}"


# --- what both have in common ---


def served_by(token):
    """The types that the function of an imported ServiceToken serves."""
    export = as_map(token).get("Fn::ImportValue")
    export = as_map(export).get("Fn::Sub", export)
    matching = [types for end, types in SERVED.items() if isinstance(export, str) and export.endswith(end)]
    return matching[0] if matching else []


def as_map(value):
    return value if isinstance(value, dict) else {}


def is_function(value):
    return len(as_map(value)) == 1 and re.match(r"(Ref|Condition|Fn::\w+)$", str(next(iter(value)))) is not None


def dotted(*path):
    return ".".join(str(step) for step in path)


def brief(value):
    if isinstance(value, (dict, list)):
        return "a list" if isinstance(value, list) else "a map"
    text = json.dumps(value, default=str) if not isinstance(value, str) else value
    return text if len(text) <= 80 else f"{text[:80]}…"


def words(values, joined=", "):
    return joined.join(dict.fromkeys(f"`{brief(value)}`" for value in values))


def did_you_mean(given, allowed, otherwise="."):
    near = get_close_matches(str(given).lower(), {it.lower(): it for it in allowed}, n=1, cutoff=0.7)
    meant = [it for it in allowed if near and it.lower() == near[0]]
    return f"; did you mean `{meant[0]}`?" if meant else otherwise
