"""Makes examples/cdk/account-presets.ts of schemas/: constructs for the CDK, with the properties, parameters and
attributes of each resource and preset as types. `make bless` writes it."""

import json
from pathlib import Path

SCHEMAS = Path(__file__).parent.parent.parent / "schemas"
# What the classes give themselves.
OWN = {"ServiceToken", "ServiceTimeout", "Preset"}
OTHERS = {
    "Custom::LambdaConcurrency": "lambda-concurrency.schema.json",
    "Custom::QuotaTemplate": "quota-template.schema.json",
}

HEAD = """\
// Made by tests/cdk/generate.py of schemas/; `make bless` writes it anew. Copy it from the release of the provider.

import { CustomResource, Duration, Fn, IResolvable } from "aws-cdk-lib";
import { Construct } from "constructs";

/** What every resource of the provider takes besides its properties. */
export interface Served {
  /** The ARN of the provider's function. By default the one that the provider exports. */
  readonly serviceToken?: string;
  /** Seconds until CloudFormation gives up: 300 by default. */
  readonly serviceTimeout?: number;
}

type Properties = Record<string, unknown>;

class ProvidedResource extends CustomResource {
  constructor(scope: Construct, id: string, type: string, by: string, properties: Properties, served: Served) {
    super(scope, id, {
      resourceType: type,
      serviceToken: served.serviceToken ?? Fn.importValue(`account-presets-${by}`),
      serviceTimeout: Duration.seconds(served.serviceTimeout ?? 300),
      properties,
    });
  }
}
"""


def read(name):
    return json.loads((SCHEMAS / name).read_text(encoding="utf-8"))


def type_of(schema):
    """The type of a value, in TypeScript. A text and a number may be a token of the CDK, so that only the rest needs
    its IResolvable."""
    every = list(dict.fromkeys(types_of(schema)))
    if set(every) <= {"string", "number", "string[]", "IResolvable"}:
        every = [it for it in every if it != "IResolvable"]
    return " | ".join(every)


def types_of(schema):
    if "anyOf" in schema:
        every = [it for branch in schema["anyOf"] for it in types_of(branch)]
        # A number as a text is what CloudFormation makes of it.
        yield from (it for it in every if it != "string" or "number" not in every)
    elif "enum" in schema:
        words = [it for it in schema["enum"] if isinstance(it, str) and it not in ("true", "false")]
        yield from ["boolean"] if True in schema["enum"] else map(json.dumps, words)
    elif "$ref" in schema:
        yield schema["$ref"].replace("#/definitions/function", "IResolvable")
    elif schema.get("type") == "array":
        of = type_of(schema["items"])
        yield f"({of})[]" if " " in of else f"{of}[]"
    elif schema.get("type") == "object":
        yield "{ " + "; ".join(f"readonly {name}: {type_of(it)}" for name, it in schema["properties"].items()) + " }"
    elif schema.get("type") == "integer":
        yield "number"
    elif "string" in schema.get("type", []):
        yield "string"


def members(properties, required=()):
    for name, schema in properties.items():
        default = f" Default: {json.dumps(schema['default'])}." if schema.get("default", "") not in ("", []) else ""
        yield f"  /** {schema['description']}{default} */"
        yield f"  readonly {name}{'' if name in required else '?'}: {type_of(schema)};"


def interface(name, says, properties, required=(), extends="Served"):
    extends = f" extends {extends}" if extends else ""
    yield from ["", f"/** {says} */", f"export interface {name}{extends} {{", *members(properties, required), "}"]


def construct(name, says, served, default, given, attributes):
    resource, function = served
    yield from ["", f"/** {says}. */", f"export class {name} extends ProvidedResource {{"]
    yield f"  constructor(scope: Construct, id: string, props: {name}Properties{default}) {{"
    yield "    const { serviceToken, serviceTimeout, ...given } = props;"
    yield f'    super(scope, id, "{resource}", "{function}", {given}, {{ serviceToken, serviceTimeout }});'
    yield "  }"
    for attribute in attributes:
        yield from ["", f"  get {attribute}(): string {{", f'    return this.getAttString("{attribute}");', "  }"]
    yield "}"


def presets(schema, attributes):
    common = {name: it for name, it in schema["properties"].items() if name not in OWN | {"Edition", "Parameters"}}
    yield from interface("PresetProperties", "What every preset takes.", common)
    for rule in schema["allOf"]:
        parameters = rule["then"]["properties"].get("Parameters", {})
        if "anyOf" not in parameters:
            continue
        preset = rule["if"]["properties"]["Preset"]["const"]
        name, title = preset.capitalize(), parameters["description"]
        own = parameters["anyOf"][0]["properties"]
        yield from interface(f"{name}Parameters", f"Parameters of {title}.", own, extends=None)
        properties = {
            "Edition": rule["then"]["properties"]["Edition"],
            "Parameters": {"description": "The preset's own parameters.", "$ref": f"{name}Parameters"},
        }
        yield from interface(f"{name}Properties", f"Properties of {title}.", properties, extends="PresetProperties")
        given = f'{{ Preset: "{preset}", ...given }}'
        yield from construct(name, title, ("Custom::IamPreset", "IamPreset"), " = {}", given, attributes[preset])


def other(resource, schema, attributes):
    name = resource.removeprefix("Custom::")
    own = {it: of for it, of in schema["properties"].items() if it not in OWN}
    yield from interface(f"{name}Properties", f"Properties of {resource}.", own, schema["then"]["required"])
    yield from construct(name, resource, (resource, "LambdaConcurrency"), "", "given", attributes)


def made():
    attributes = read("attributes.json")
    lines = list(presets(read("iam-preset.schema.json"), attributes["Custom::IamPreset"]))
    for resource, file in OTHERS.items():
        lines.extend(other(resource, read(file), attributes[resource]))
    return HEAD + "\n".join(lines) + "\n"
