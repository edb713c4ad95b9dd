"""Evaluates a YAML program with the same answers as life.py gives, as far as the recipes use the language.

An unknown function, name or property is an error. Secrets spread as they do in the engine: what is made from one is one.
"""

import json
import re
from typing import Any

import yaml
from pulumi.runtime import rpc
from pulumi.runtime.sync_await import _sync_await

import life
from google.protobuf import json_format
from life import Moment, Run, Secret

_REFERENCE = re.compile(r"\$\{([^}]+)\}")
_STEP = re.compile(r'\.?([A-Za-z_][\w-]*)|\["([^"]+)"\]|\[(\d+)\]')


class Invalid(AssertionError):
    """The program is wrong; says where and why."""


def canonical(token: str) -> str:
    """`aws:ssm:Parameter` is short for `aws:ssm/parameter:Parameter`, and `github:X` for `github:index/x:X`."""
    package, *rest = token.split(":")
    module, name = rest if len(rest) == 2 else ("index", rest[0])
    plain = package in ("keyrotation", "kubernetes", "command", "pulumiservice", "pulumi")
    module = module if plain or "/" in module else f"{module}/{name[0].lower()}{name[1:]}"
    return f"{package}:{module}:{name}"


def opened(value: Any) -> Any:
    """The value without any mark of a secret."""
    if isinstance(value, Secret):
        return opened(value.value)
    if isinstance(value, list):
        return [opened(item) for item in value]
    if isinstance(value, dict):
        return {name: opened(item) for name, item in value.items()}
    return value


def holds_secret(value: Any) -> bool:
    """Whether any part of it is marked."""
    if isinstance(value, (list, dict)):
        return any(holds_secret(item) for item in (value.values() if isinstance(value, dict) else value))
    return isinstance(value, Secret)


def _steps(path: str) -> list[str]:
    found = list(_STEP.finditer(path))
    if "".join(step.group(0) for step in found) != path:
        raise Invalid(f"${{{path}}} cannot be read")
    return [next(part for part in step.groups() if part is not None) for step in found]


class Program:
    """One YAML program at one moment."""

    def __init__(self, text: str, moment: Moment) -> None:
        self.source: dict[str, Any] = yaml.safe_load(text)
        self.moment = moment
        self.known: dict[str, Any] = {}

    def run(self) -> Run:
        """Evaluates every resource and every output."""
        run = Run()
        for name, resource in self.source.get("resources", {}).items():
            token = canonical(resource["type"])
            inputs = self.value(resource.get("properties", {}))
            for needed in (resource.get("options") or {}).get("dependsOn", []):
                self.value(needed)
            if token != "pulumi:pulumi:StackReference":
                run.resources[f"{token}::{name}"] = inputs
        run.outputs = self.value(self.source.get("outputs", {}))
        return run

    def value(self, node: Any) -> Any:
        """A node of the program as a value."""
        if isinstance(node, str):
            return self.text(node)
        if isinstance(node, list):
            return [self.value(item) for item in node]
        if not isinstance(node, dict):
            return node
        functions = [name for name in node if str(name).startswith("fn::")]
        if not functions:
            return {name: self.value(item) for name, item in node.items()}
        if len(node) != 1:
            raise Invalid(f"{functions[0]} stands beside other entries")
        argument = self.value(node[functions[0]])
        if functions[0] == "fn::toJSON":
            made: Any = json.dumps(opened(argument))
        elif functions[0] == "fn::stringAsset":
            made = opened(argument)
        else:
            raise Invalid(f"{functions[0]} is not used by recipes")
        return Secret(made) if holds_secret(argument) else made

    def text(self, text: str) -> Any:
        """A string with its references."""
        references = list(_REFERENCE.finditer(text))
        if len(references) == 1 and references[0].group(0) == text:
            return self.reference(references[0].group(1))
        values = [self.reference(reference.group(1)) for reference in references]
        for reference, value in zip(references, values):
            if not isinstance(opened(value), (str, int)):
                raise Invalid(f"{reference.group(0)} is no text and no number")
        remaining = iter(values)
        made = _REFERENCE.sub(lambda _: str(opened(next(remaining))), text)
        return Secret(made) if any(isinstance(value, Secret) for value in values) else made

    def reference(self, path: str) -> Any:
        """`key.generation`, `config`, `stack.outputs["generation"]`."""
        name, *steps = _steps(path)
        value: Any = self.named(name)
        secret = False
        for step in steps:
            secret = secret or isinstance(value, Secret)
            value = value.value if isinstance(value, Secret) else value
            if not isinstance(value, dict) or step not in value:
                raise Invalid(f"${{{path}}}: there is no {step}")
            value = value[step]
        return Secret(value) if secret and not isinstance(value, Secret) else value

    def named(self, name: str) -> Any:
        """A resource with its inputs and outputs, a configuration value, or a variable."""
        if name not in self.known:
            self.known[name] = self.find(name)
        return self.known[name]

    def find(self, name: str) -> Any:
        source = self.source
        if name in source.get("resources", {}):
            return self.resource(name, source["resources"][name])
        if name in source.get("config", {}):
            return source["config"][name]["default"]
        if name in source.get("variables", {}):
            return self.value(source["variables"][name])
        raise Invalid(f"${{{name}}} is not declared")

    def resource(self, name: str, resource: dict[str, Any]) -> dict[str, Any]:
        token = canonical(resource["type"])
        inputs = self.value(resource.get("properties", {}))
        if token == "pulumi:pulumi:StackReference":
            key = known_outputs("keyrotation:aws:RotatingApiKey", self.moment)
            return {**inputs, "outputs": key}
        ours = known_outputs(token, self.moment) if token.startswith("keyrotation:") else {}
        if token.startswith("kubernetes:") and "metadata" not in inputs:
            inputs = {**inputs, "metadata": {"name": f"{name}-named-by-the-provider"}}
        return {**inputs, **ours, "id": f"{name}-id"}


def known_outputs(token: str, moment: Moment) -> dict[str, Any]:
    """The answers of life.py, with their secrets marked; what is null there is null here."""
    answers = life.outputs(token, moment)
    sent = _sync_await(rpc.serialize_properties(answers, {}))
    return {**dict.fromkeys(answers), **life.unwrap(json_format.MessageToDict(sent))}


