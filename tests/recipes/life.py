"""Runs a Python program with Pulumi's mocks at three moments of a key's life, and keeps what it registered.

What the mocks answer for our resources follows schema.json: every output that is required there, secrets marked where
the schema marks them, the inputs echoed.
"""

import json
import types
import zlib
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi
from google.protobuf import json_format
from pulumi.runtime import mocks, rpc
from pulumi.runtime.settings import SETTINGS, get_root_resource, set_root_resource
from pulumi.runtime.stack import run_pulumi_func
from pulumi.runtime.sync_await import _sync_await

from pages import ROOT

SCHEMA = json.loads((ROOT / "schema.json").read_text(encoding="utf-8"))
SECRET = "SECRET-"
ASSET = "c44067f5952c0a294b673a41bacd8c17"


@dataclass(frozen=True)
class Moment:
    """What the state of a key is when the program runs."""

    generation: int
    has_previous: bool


FIRST = Moment(1, False)
SECOND = Moment(2, True)
# The previous key is gone; nothing else has changed.
RETIRED = Moment(2, False)


@dataclass(frozen=True)
class Secret:
    """A value that was marked as secret."""

    value: Any


@dataclass
class Run:
    """What a program registered: the inputs of each resource by `type::name`, and its outputs."""

    resources: dict[str, Any] = field(default_factory=dict)
    outputs: Any = None

    @property
    def handed_on(self) -> dict[str, Any]:
        """Everything that does not belong to our own resources."""
        inputs = {name: it for name, it in self.resources.items() if not name.startswith("keyrotation:")}
        return {**inputs, "outputs": self.outputs}


def unwrap(value: Any) -> Any:
    """A property as it was sent, with its secrets as `Secret` and a text asset as its text."""
    if isinstance(value, list):
        return [unwrap(item) for item in value]
    if not isinstance(value, dict):
        return int(value) if isinstance(value, float) and value.is_integer() else value
    signature = value.get(rpc._special_sig_key)
    if signature == rpc._special_secret_sig:
        return Secret(unwrap(value["value"]))
    if signature == ASSET:
        return value["text"]
    return {name: unwrap(item) for name, item in value.items()}


def secret_text(name: str, generation: int) -> str:
    """The secret that a property of a generation's key has; no other value contains `SECRET`."""
    return f"{SECRET}{name}-of-{generation}"


def sample(name: str, spec: dict[str, Any], generation: int) -> Any:
    """A value of a property of our schema, wrapped if the schema says that it is secret."""
    value = plain(name, spec, generation)
    return pulumi.Output.secret(value) if spec.get("secret") else value


def plain(name: str, spec: dict[str, Any], generation: int) -> Any:
    """The same without the wrapper around it."""
    if "$ref" in spec:
        kind = SCHEMA["types"][spec["$ref"].removeprefix("#/types/")]
        if "enum" in kind:
            return kind["enum"][0]["value"]
        names = kind.get("required") or kind["properties"]
        return {it: sample(it, kind["properties"][it], generation) for it in names}
    if spec["type"] == "string":
        return secret_text(name, generation) if spec.get("secret") else f"{name}-of-{generation}"
    return {"integer": generation, "number": generation, "boolean": False, "array": [], "object": {}}[spec["type"]]


def outputs(token: str, moment: Moment, names: Optional[tuple[str, ...]] = None) -> dict[str, Any]:
    """What our resource answers at this moment: these outputs, or all. A secret that is made here must be sent, as the program's end waits for each."""
    resource = SCHEMA["resources"][token]
    # These change although no key does.
    changing: dict[str, Any] = {
        "nextRotationAt": f"next at {moment.has_previous}",
        "previousRetiresAt": "soon" if moment.has_previous else None,
        "warnings": [f"a warning at {moment.has_previous}"],
    }
    answer: dict[str, Any] = {}
    for name, spec in resource["properties"].items():
        if name in resource["inputProperties"] or (names and name not in names):
            continue
        if name in changing:
            answer[name] = changing[name]
        elif name.startswith("previous"):
            answer[name] = sample(name, spec, moment.generation - 1) if moment.has_previous else nothing(spec)
        else:
            answer[name] = sample(name, spec, moment.generation)
    return answer


def nothing(spec: dict[str, Any]) -> Any:
    """A property of the previous key when there is none: null, and an object of nulls for the key as a whole."""
    if "$ref" not in spec:
        return None
    fields = dict.fromkeys(SCHEMA["types"][spec["$ref"].removeprefix("#/types/")]["properties"])
    return pulumi.Output.secret(fields) if spec.get("secret") else fields


class Mocks(mocks.Mocks):
    """Ours by the schema; a stack's outputs; everything else answers with its inputs."""

    def __init__(self, moment: Moment) -> None:
        self.moment = moment

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], Optional[list[tuple[str, str]]]]:
        raise AssertionError(f"no recipe calls a function: {args.token}")

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[Optional[str], dict[str, Any]]:
        inputs = dict(args.inputs)
        if args.typ == "pulumi:pulumi:StackReference":
            names = ("accessKeyId", "secretAccessKey", "generation")
            stack = outputs("keyrotation:aws:RotatingApiKey", self.moment, names)
            return args.name, {**inputs, "outputs": stack, "secretOutputNames": ["secretAccessKey"]}
        if args.typ.startswith("keyrotation:"):
            return f"{args.name}-id", {**inputs, **outputs(args.typ, self.moment)}
        if args.typ.startswith("kubernetes:") and "name" not in (inputs.get("metadata") or {}):
            # As the provider names it: by the content.
            content = json.dumps(inputs, sort_keys=True, default=str)
            inputs["metadata"] = {"name": f"{args.name}-{zlib.crc32(content.encode())}"}
        return f"{args.name}-id", inputs


class Monitor(mocks.MockMonitor):
    """Keeps each registration as it was sent, secrets marked."""

    def __init__(self, moment: Moment) -> None:
        super().__init__(Mocks(moment))
        self.run = Run()

    def RegisterResource(self, request: Any) -> Any:
        if request.type != "pulumi:pulumi:Stack":
            inputs = unwrap(json_format.MessageToDict(request.object))
            self.run.resources[f"{request.type}::{request.name}"] = inputs
        return super().RegisterResource(request)



def run(program: str, moment: Moment) -> Run:
    """Runs a program to its end; what it raises is raised."""
    SETTINGS.rpc_manager.clear()
    SETTINGS.outputs.clear()
    set_root_resource(None)
    monitor = Monitor(moment)
    mocks.set_mocks(monitor.mocks, project="recipes", stack="test", preview=False, monitor=monitor)
    module = types.ModuleType("__main__")

    def execute() -> None:
        exec(compile(program, "__main__.py", "exec"), module.__dict__)

    _sync_await(run_pulumi_func(execute))
    exported = _sync_await(rpc.serialize_properties(get_root_resource().outputs, {}))
    monitor.run.outputs = unwrap(json_format.MessageToDict(exported))
    return monitor.run
