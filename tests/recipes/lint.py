"""Checks the resources of a YAML program: ours by schema.json, others by the classes of their Python packages."""

import importlib
import inspect
import re
import types
import typing
from typing import Any

import pulumi
import yaml

from evaluate import Invalid, canonical
from life import SCHEMA
from pages import PACKAGES

_PURE = re.compile(r"^\$\{([\w-]+)\.generation\}$")


def lint(text: str) -> int:
    """Fails at the first thing that is wrong; returns how many properties were looked at."""
    program = yaml.safe_load(text)
    if program.get("runtime") != "yaml" or not program.get("name"):
        raise Invalid("a program needs a name and `runtime: yaml`")
    unknown = set(program) - {"name", "runtime", "description", "config", "variables", "resources", "outputs"}
    if unknown:
        raise Invalid(f"unknown: {', '.join(sorted(unknown))}")
    seen = 0
    for name, resource in program["resources"].items():
        if set(resource) - {"type", "properties", "options"}:
            raise Invalid(f"{name} has more than type, properties and options")
        token, properties = canonical(resource["type"]), resource.get("properties", {})
        package = token.split(":")[0]
        if package == "keyrotation":
            seen += _ours(name, token, properties)
        elif package in PACKAGES:
            seen += _object(name, _arguments(token), properties)
        elif token != "pulumi:pulumi:StackReference":
            raise Invalid(f"{name}: no package of {token} is checked")
    return seen


def _ours(path: str, token: str, properties: dict[str, Any]) -> int:
    if token not in SCHEMA["resources"]:
        raise Invalid(f"{path}: schema.json has no {token}")
    resource = SCHEMA["resources"][token]
    return _by_schema(path, resource["inputProperties"], resource.get("requiredInputs", []), properties)


def _by_schema(path: str, known: dict[str, Any], required: list[str], given: dict[str, Any]) -> int:
    _names(path, set(known), set(required), given)
    seen = len(given)
    for name, value in given.items():
        reference = known[name].get("$ref", "").removeprefix("#/types/")
        if reference and isinstance(value, dict):
            kind = SCHEMA["types"][reference]
            seen += _by_schema(f"{path}.{name}", kind["properties"], kind.get("required", []), value)
        _kind(f"{path}.{name}", {known[name].get("type")}, value)
    return seen


def _names(path: str, known: set[str], required: set[str], given: dict[str, Any]) -> None:
    for name in given:
        if name not in known:
            raise Invalid(f"{path} has no property {name}; it has {', '.join(sorted(known))}")
    missing = required - set(given)
    if missing:
        raise Invalid(f"{path} lacks {', '.join(sorted(missing))}")


def _kind(path: str, kinds: set[Any], value: Any) -> None:
    """A number where a text is wanted, or the reverse, which the YAML runtime would pass on as it is."""
    number = isinstance(value, str) and bool(_PURE.match(value)) or type(value) is int
    if number and kinds == {"string"}:
        raise Invalid(f"{path} is a number where a text is wanted")
    if isinstance(value, str) and not number and "${" not in value and kinds & {"integer", "boolean"} == kinds:
        raise Invalid(f"{path} is a text where {kinds} is wanted")


def _arguments(token: str) -> type:
    """The class of a resource's arguments: `Parameter` has `ParameterArgs`."""
    package, module, name = token.split(":")
    module = module if package == "kubernetes" else module.rsplit("/", 1)[0]
    path = ".".join([f"pulumi_{package}", *([] if module == "index" else module.split("/"))])
    holder = importlib.import_module(path)
    resource = getattr(holder, name, None)
    if resource is None:
        raise Invalid(f"{path} has no {name}")
    if f"'{token}'" not in inspect.getsource(resource):
        raise Invalid(f"{token} is not the type that {path}.{name} registers")
    # Where `SecretArgs` is a nested type of Kubernetes, the resource's own are `SecretInitArgs`.
    own = importlib.import_module(resource.__module__)
    found = getattr(own, f"{name}InitArgs", None) or getattr(own, f"{name}Args")
    assert inspect.isclass(found)
    return found


def _object(path: str, arguments: type, given: dict[str, Any]) -> int:
    """By an `@input_type` class: its properties carry the names of the schema."""
    known = {
        getattr(it.fget, "_pulumi_name", name): it for name, it in vars(arguments).items() if isinstance(it, property)
    }
    signature = inspect.signature(arguments.__init__).parameters
    needed = {name for name, it in signature.items() if it.default is inspect.Parameter.empty}
    required = {wire for wire, it in known.items() if it.fget and it.fget.__name__ in needed}
    _names(path, set(known), required, given)
    seen = len(given)
    for name, value in given.items():
        module = vars(importlib.import_module(arguments.__module__))
        names = {**module, "Output": pulumi.Output, "T": typing.TypeVar("T")}
        hint = typing.get_type_hints(known[name].fget, names)["return"]
        seen += _value(f"{path}.{name}", hint, value)
    return seen


def _value(path: str, hint: Any, value: Any) -> int:
    choices = _choices(hint)
    simple = {str: "string", int: "integer", float: "integer", bool: "boolean"}
    kinds = {simple[it] for it in choices if it in simple}
    if kinds and len(kinds) == len([it for it in choices if it is not type(None)]):
        _kind(path, kinds, value)
    if isinstance(value, dict) and not any(str(name).startswith("fn::") for name in value):
        for choice in choices:
            if inspect.isclass(choice) and hasattr(choice, "_pulumi_input_type"):
                return _object(path, choice, value)
    if isinstance(value, list):
        for choice in choices:
            arguments = typing.get_args(choice)
            if typing.get_origin(choice) is not None and arguments and "Sequence" in str(choice):
                return sum(_value(f"{path}[{at}]", arguments[0], item) for at, item in enumerate(value))
    return 0


def _choices(hint: Any) -> list[Any]:
    """What a hint allows, without Optional, Awaitable and Output around it."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return [it for part in typing.get_args(hint) for it in _choices(part)]
    name = getattr(origin, "__name__", "")
    if name in ("Awaitable", "Output"):
        return []
    if origin is typing.Literal or inspect.isclass(hint) and issubclass(hint, str):
        return [str]
    return [hint]
