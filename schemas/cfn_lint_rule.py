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
        loops = Loops(cfn)
        resources = {name: it for name, it in as_map(cfn.template.get("Resources")).items() if isinstance(it, dict)}
        for name, resource in resources.items():
            at = ["Resources", name]
            kind, properties = resource.get("Type"), resource.get("Properties", {})
            if not isinstance(properties, dict) or not isinstance(kind, str):
                continue
            served = served_by(properties.get("ServiceToken"))
            if served and kind not in served:
                said = f"Type: given `{kind}`, allowed with this ServiceToken is only {words(served, ' or ')}"
                yield RuleMatch([*at, "Type"], said)
            elif kind in SCHEMAS:
                below = [*at, "Properties"] if "Properties" in resource else at
                found = {}
                for scenario in scenarios(cfn, resource):
                    for path, said in mistakes(kind, Written(properties, at, scenario, loops)).items():
                        found.setdefault(path, said)
                for path, said in found.items():
                    yield RuleMatch([*below, *path], said)
        for path, name, attribute in asked(cfn, loops):
            if name in resources:
                said = no_attribute(resources[name], attribute)
                if said:
                    yield RuleMatch(path, f"{name}.{attribute}: {said}")


# --- what the deployment decides ---


# One more doubles the scenarios.
MOST_CONDITIONS = 6


def scenarios(cfn, resource):
    """The values of the conditions with which the resource is made, as far as its properties depend on them. Where
    there are many conditions, those of what decides about administrator's rights come first; of the others each side
    is looked at by itself."""
    own = resource.get("Condition")
    own = {own: {True}} if isinstance(own, str) and cfn.conditions.get(own) else {}
    properties = as_map(resource.get("Properties"))
    first = [properties.get(name) for name in (ACKNOWLEDGE, "Preset", "Edition", "Parameters")]
    names = [name for name in dict.fromkeys(conditions_of([first, properties])) if cfn.conditions.get(name)]
    either = {name: {True, False} for name in names[:MOST_CONDITIONS]}
    return list(cfn.conditions.build_scenarios({**either, **own})) or [{}]


def conditions_of(value):
    if is_condition(value):
        yield value["Fn::If"][0]
    if isinstance(value, (dict, list)):
        for it in value.values() if isinstance(value, dict) else value:
            yield from conditions_of(it)


def is_condition(value):
    """An `Fn::If` as CloudFormation takes it."""
    sides = value["Fn::If"] if isinstance(value, dict) and list(value) == ["Fn::If"] else None
    return isinstance(sides, list) and len(sides) == 3 and isinstance(sides[0], str)


class Loops:
    """Loops (`Fn::ForEach`) over values that only the deployment knows. For these cfn-lint makes up some, and so names
    and texts that nobody will see."""

    def __init__(self, cfn):
        self.places = set()
        for *_, loop in cfn.transform_pre.get("Fn::ForEach", []):
            if isinstance(loop, list) and len(loop) == 3 and not is_written(loop[1]):
                self.places.update(place(it) for it in texts_of(loop[2]) if f"{{{loop[0]}}}" in it)

    def bring(self, text):
        """Whether it stands in such a loop and has a part that changes from turn to turn."""
        return place(text) is not None and place(text) in self.places

    def bring_at(self, path, text):
        """The same of a value at this path: cfn-lint does not know the place of a text that it makes."""
        return self.bring(text) or (isinstance(text, str) and place(text) is None and any(map(self.bring, path)))


def is_written(values):
    return isinstance(values, list) and not any(isinstance(it, (dict, list)) for it in values)


def texts_of(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for it in [*value, *value.values()] if isinstance(value, dict) else value:
            yield from texts_of(it)


def place(text):
    """The place of a text in the file, where cfn-lint knows it."""
    mark = getattr(text, "start_mark", None)
    return (mark.line, mark.column) if mark else None


class Written:
    """Properties in one scenario, as JSON, and the places in the template of what is in them."""

    def __init__(self, properties, at, scenario, loops):
        self.at, self.scenario, self.loops, self.places = at, scenario, loops, {}
        self.properties = self.read(properties, (), ())

    def place(self, path):
        """The place of what is at this path; that of the map around it for what is not there."""
        path = tuple(path)
        return self.places[path] if path in self.places else (*self.place(path[:-1]), *path[-1:])

    def read(self, value, path, place):
        while is_condition(value) and value["Fn::If"][0] in self.scenario:
            side = 1 if self.scenario[value["Fn::If"][0]] else 2
            value, place = value["Fn::If"][side], (*place, "Fn::If", side)
        self.places[path] = place
        if isinstance(value, dict):
            every = {self.key(name): it for name, it in value.items()}
            every = {name: self.read(it, (*path, name), (*place, name)) for name, it in every.items()}
            return {name: it for name, it in every.items() if it != NO_VALUE}
        if isinstance(value, list):
            entries = []
            for number, it in enumerate(value):
                entry = self.read(it, (*path, len(entries)), (*place, number))
                entries.extend([entry] if entry != NO_VALUE or place[-1:] == ("Fn::If",) else [])
            return entries
        if self.loops.bring_at(self.at, value):
            return {"Ref": value}
        # YAML has dates; CloudFormation has texts.
        return value if isinstance(value, (str, int, float, type(None))) else str(value)

    def key(self, name):
        return f"Fn::ForEach::{name}" if self.loops.bring(name) else str(name)


NO_VALUE = {"Ref": "AWS::NoValue"}


# --- properties ---


def mistakes(kind, written):
    """What is wrong with each place below Properties, once. The rules of a preset come first: they know best."""
    schema, found, properties = SCHEMAS[kind], {}, written.properties
    errors = sorted(Validator(schema).iter_errors(properties), key=lambda it: it.absolute_schema_path[0] != "allOf")
    unacknowledged = [it for it in errors if is_unacknowledged(it)]
    for error in errors:
        path = tuple(error.absolute_path)
        at = written.place(path)
        if path == ("Preset",) and is_function(error.instance):
            continue  # An editor wants the word, CloudFormation does not.
        if error.validator == "additionalProperties":
            allowed, brings = error.schema["properties"], "|".join(error.schema["patternProperties"])
            for name in sorted(it for it in error.instance if it not in allowed and not re.search(brings, it)):
                found.setdefault(written.place((*path, name)), unknown(kind, properties, path, name, allowed))
        elif error in unacknowledged:
            if error is unacknowledged[0]:
                where, _ = reason(error, properties)
                found[at if path else written.place(where)] = unacknowledged_by(unacknowledged, properties)
        elif error.validator in ("required", "not"):
            names = [dotted(*at, it) for it in missing(error) if it != "ServiceToken"]  # cfn-lint itself misses that.
            if names:
                where, because = reason(error, properties)
                needed = f", and {because} needs it" if because else ""
                found.setdefault(written.place(where) if where else at, f"{', '.join(names)}: missing{needed}")
        else:
            found.setdefault(at, f"{dotted(*at)}: {not_allowed(error)}")
    for number, said in twice(properties.get("Tags")):
        at = written.place(("Tags", number, "Key"))
        found.setdefault(at, f"{dotted(*at)}: {said}")
    return found


def is_unacknowledged(error):
    is_of_a_rule = error.absolute_schema_path[0] == "allOf"
    return is_of_a_rule and (ACKNOWLEDGE in error.absolute_path or missing(error) == [ACKNOWLEDGE])


def twice(tags):
    """The tags whose key an earlier one has, and what is wrong with that, which no schema can say."""
    keys = {}
    for number, tag in enumerate(tags if isinstance(tags, list) else []):
        key = as_map(tag).get("Key")
        if key is None or isinstance(key, (dict, list)):
            continue
        before = keys.setdefault(brief(key).lower(), key)
        if before is not key:
            same = "" if before == key else ": to IAM small and capital letters are the same"
            yield number, f"given `{brief(key)}`, and an earlier tag has the key `{brief(before)}`{same}"


def missing(error):
    """Names of what is required and is not there, or there and empty."""
    if error.validator == "required":
        return [name for name in error.validator_value if name not in error.instance]
    if error.validator == "not":
        return list(error.validator_value["properties"])
    return []


def unacknowledged_by(errors, properties):
    """The words for the first of these, with the reasons of all that are about the same values."""
    path, instance = errors[0].absolute_path, errors[0].instance
    because = reason(errors[0], properties)[1]
    said = [rule_of(it)["then"]["properties"][ACKNOWLEDGE] for it in errors if reason(it, properties)[1] == because]
    why = "; ".join(dict.fromkeys(it["description"].partition(": ")[2] for it in said))
    given = f"given `{brief(instance)}`" if path else "missing"
    return (
        f"{ACKNOWLEDGE}: {given}, and {because or 'this'} amounts to administrator's rights: {why}. Set it to true if "
        "you want that; the operator of the provider has to allow it, too, by its parameter AllowAdminEquivalent"
    )


def rule_of(error):
    """The rule of a preset that an error comes from."""
    return SCHEMAS["Custom::IamPreset"]["allOf"][error.absolute_schema_path[1]]


def reason(error, properties):
    """The place of what a rule of the schema is about, and its words."""
    if error.absolute_schema_path[0] != "allOf":
        return (), ""
    condition = rule_of(error)["if"]
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
    if "description" in schema:
        return [schema["description"]]
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


def asked(cfn, loops):
    """Each attribute that the template asks for: the place, the logical id, the name."""
    for path in cfn.search_deep_keys("Fn::GetAtt"):
        value = path[-1].split(".", 1) if isinstance(path[-1], str) else path[-1]
        is_known = not any(loops.bring_at(path[:-1], text) for text in texts_of(path[-1]))
        if is_known and isinstance(value, list) and len(value) > 1 and all(isinstance(it, str) for it in value):
            yield path[:-1], value[0], ".".join(value[1:])
    for path in cfn.search_deep_keys("Fn::Sub"):
        text = path[-1][0] if isinstance(path[-1], list) and path[-1] else path[-1]
        if loops.bring_at(path[:-1], text):
            continue
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
