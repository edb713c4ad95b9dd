//! A set of descriptors as a flat list of facts that can be compared one by one.

use std::collections::BTreeMap;

use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet, ServiceDescriptorProto,
};

/// Each message, field, oneof, reserved number, enum value and RPC by its full name, and what is said of it.
pub(crate) type Facts = BTreeMap<String, String>;

/// The facts of all files but Google's own.
pub(crate) fn facts(set: &FileDescriptorSet) -> Facts {
    let mut facts = Facts::new();
    for file in &set.file {
        let package = file.package().to_owned();
        if package == "google.protobuf" {
            continue;
        }
        let first = file.message_type.first().map_or("", DescriptorProto::name);
        facts.insert(format!("file syntax {package} {first}"), file.syntax().to_owned());
        file.message_type.iter().for_each(|message| message_facts(&package, message, &mut facts));
        file.enum_type.iter().for_each(|item| enum_facts(&package, item, &mut facts));
        file.service.iter().for_each(|service| service_facts(&package, service, &mut facts));
    }
    facts
}

/// Where two sets of facts disagree, in words.
pub(crate) fn differences(expected: &Facts, found: &Facts) -> Vec<String> {
    let names: std::collections::BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    let differs = |name: &&String| expected.get(*name) != found.get(*name);
    let tell = |name: &String| format!("{name}: expected {:?}, found {:?}", expected.get(name), found.get(name));
    names.into_iter().filter(differs).map(tell).collect()
}

fn message_facts(scope: &str, message: &DescriptorProto, facts: &mut Facts) {
    let name = format!("{scope}.{}", message.name());
    let entry = message.options.as_ref().is_some_and(|options| options.map_entry());
    facts.insert(format!("message {name}"), format!("map entry {entry}"));
    for field in &message.field {
        facts.insert(format!("field {name}.{}", field.name()), field_fact(message, field));
    }
    for range in &message.reserved_range {
        facts.insert(format!("reserved {name} {}..{}", range.start(), range.end()), String::new());
    }
    for reserved in &message.reserved_name {
        facts.insert(format!("reserved {name} {reserved}"), String::new());
    }
    message.nested_type.iter().for_each(|nested| message_facts(&name, nested, facts));
    message.enum_type.iter().for_each(|item| enum_facts(&name, item, facts));
}

fn field_fact(message: &DescriptorProto, field: &FieldDescriptorProto) -> String {
    let oneof = field.oneof_index.map(|index| message.oneof_decl[index as usize].name());
    let deprecated = field.options.as_ref().is_some_and(|options| options.deprecated());
    format!(
        "number {} type {:?} {} label {:?} optional {} oneof {oneof:?} deprecated {deprecated}",
        field.number(),
        field.r#type(),
        field.type_name(),
        field.label(),
        field.proto3_optional(),
    )
}

fn enum_facts(scope: &str, item: &EnumDescriptorProto, facts: &mut Facts) {
    for value in &item.value {
        facts.insert(format!("enum {scope}.{}.{}", item.name(), value.name()), value.number().to_string());
    }
}

fn service_facts(scope: &str, service: &ServiceDescriptorProto, facts: &mut Facts) {
    for method in &service.method {
        let fact = format!(
            "{} stream {} -> {} stream {}",
            method.input_type(),
            method.client_streaming(),
            method.output_type(),
            method.server_streaming(),
        );
        facts.insert(format!("rpc {scope}.{}.{}", service.name(), method.name()), fact);
    }
}
