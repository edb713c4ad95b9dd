"""Takes Pulumi's protocol definitions out of the Python package `pulumi`.

    python descriptors.py write FOLDER   writes FOLDER/pulumi.binpb and the .proto texts
    python descriptors.py set            prints the descriptor set to standard output, as bytes

The package holds the compiled descriptors; the texts are printed from them. Google's own files
(struct, empty, any) are left out: every compiler brings them along.
"""

import importlib
import pathlib
import sys

from google.protobuf import descriptor_pb2

ROOTS = ["provider", "engine", "plugin", "resource_status", "alias", "errors", "status"]
STATUS = "google/protobuf/status.proto"
PLACES = {STATUS: "google/rpc/status.proto"}
HEAD = """\
// The interface of Pulumi Corporation, Apache-2.0; see NOTICE.
// Printed from the descriptors in PyPI `pulumi` {version} by tools/descriptors.py. Do not edit.
"""

Field = descriptor_pb2.FieldDescriptorProto
SCALARS = {
    Field.TYPE_DOUBLE: "double",
    Field.TYPE_FLOAT: "float",
    Field.TYPE_INT64: "int64",
    Field.TYPE_UINT64: "uint64",
    Field.TYPE_INT32: "int32",
    Field.TYPE_FIXED64: "fixed64",
    Field.TYPE_FIXED32: "fixed32",
    Field.TYPE_BOOL: "bool",
    Field.TYPE_STRING: "string",
    Field.TYPE_BYTES: "bytes",
    Field.TYPE_UINT32: "uint32",
    Field.TYPE_SFIXED32: "sfixed32",
    Field.TYPE_SFIXED64: "sfixed64",
    Field.TYPE_SINT32: "sint32",
    Field.TYPE_SINT64: "sint64",
}


def collect():
    """Every file that the roots need, Google's own left out, sorted by name."""
    found = {}

    def visit(descriptor):
        ours = descriptor.name.startswith("pulumi/") or descriptor.name == STATUS
        if descriptor.name in found or not ours:
            return
        proto = descriptor_pb2.FileDescriptorProto()
        descriptor.CopyToProto(proto)
        found[descriptor.name] = proto
        for dependency in descriptor.dependencies:
            visit(dependency)

    for root in ROOTS:
        visit(importlib.import_module(f"pulumi.runtime.proto.{root}_pb2").DESCRIPTOR)
    return [found[name] for name in sorted(found)]


def descriptor_set(files):
    return descriptor_pb2.FileDescriptorSet(file=files).SerializeToString(deterministic=True)


class Printer:
    """Prints one file. Lines are gathered with their depth."""

    def __init__(self):
        self.lines = []

    def put(self, depth, text):
        self.lines.append("  " * depth + text if text else "")

    def file(self, proto, version):
        self.lines.append(HEAD.format(version=version))
        self.put(0, f'syntax = "{proto.syntax}";')
        self.put(0, "")
        self.put(0, f"package {proto.package};")
        self.put(0, "")
        for dependency in proto.dependency:
            self.put(0, f'import "{PLACES.get(dependency, dependency)}";')
        for option, value in sorted((field.name, value) for field, value in proto.options.ListFields()):
            shown = str(value).lower() if isinstance(value, bool) else f'"{value}"'
            self.put(0, f"option {option} = {shown};")
        for service in proto.service:
            self.service(service)
        for message in proto.message_type:
            self.put(0, "")
            self.message(message, 0)
        for enum in proto.enum_type:
            self.put(0, "")
            self.enum(enum, 0)
        return "\n".join(self.lines) + "\n"

    def service(self, service):
        self.put(0, "")
        self.put(0, f"service {service.name} {{")
        for method in service.method:
            takes = ("stream " if method.client_streaming else "") + method.input_type
            gives = ("stream " if method.server_streaming else "") + method.output_type
            self.put(1, f"rpc {method.name}({takes}) returns ({gives});")
        self.put(0, "}")

    def message(self, message, depth):
        self.put(depth, f"message {message.name} {{")
        entries = {nested.name: nested for nested in message.nested_type if nested.options.map_entry}
        for nested in message.nested_type:
            if nested.name not in entries:
                self.message(nested, depth + 1)
        for enum in message.enum_type:
            self.enum(enum, depth + 1)
        for number in message.reserved_range:
            last = number.end - 1
            span = str(number.start) if last == number.start else f"{number.start} to {last}"
            self.put(depth + 1, f"reserved {span};")
        for name in message.reserved_name:
            self.put(depth + 1, f'reserved "{name}";')
        self.fields(message, entries, depth + 1)
        self.put(depth, "}")

    def fields(self, message, entries, depth):
        begun = set()
        for field in message.field:
            union = field.HasField("oneof_index") and not field.proto3_optional
            if not union:
                self.put(depth, field_text(field, entries))
            elif field.oneof_index not in begun:
                begun.add(field.oneof_index)
                self.put(depth, f"oneof {message.oneof_decl[field.oneof_index].name} {{")
                for member in message.field:
                    if member.HasField("oneof_index") and member.oneof_index == field.oneof_index:
                        self.put(depth + 1, field_text(member, entries))
                self.put(depth, "}")

    def enum(self, enum, depth):
        self.put(depth, f"enum {enum.name} {{")
        if enum.options.allow_alias:
            self.put(depth + 1, "option allow_alias = true;")
        for value in enum.value:
            self.put(depth + 1, f"{value.name} = {value.number};")
        self.put(depth, "}")


def field_text(field, entries):
    kind = SCALARS.get(field.type) or field.type_name
    label = "optional " if field.proto3_optional else ""
    entry = entries.get(kind.rsplit(".", 1)[-1])
    if entry is not None:
        key, value = (SCALARS.get(part.type) or part.type_name for part in entry.field)
        kind = f"map<{key}, {value}>"
    elif field.label == Field.LABEL_REPEATED:
        label = "repeated "
    options = " [deprecated = true]" if field.options.deprecated else ""
    return f"{label}{kind} {field.name} = {field.number}{options};"


def write(folder):
    import importlib.metadata

    version = importlib.metadata.version("pulumi")
    files = collect()
    (folder / "pulumi.binpb").write_bytes(descriptor_set(files))
    for proto in files:
        place = folder / PLACES.get(proto.name, proto.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(Printer().file(proto, version))


if __name__ == "__main__":
    if sys.argv[1:2] == ["write"] and len(sys.argv) == 3:
        write(pathlib.Path(sys.argv[2]))
    elif sys.argv[1:] == ["set"]:
        sys.stdout.buffer.write(descriptor_set(collect()))
    else:
        sys.exit(__doc__)
