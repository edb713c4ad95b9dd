use prost::Message;
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage, MethodDescriptor};
use serde_json::Value as Json;

use super::harness::Harness;

const SERVICE: &str = "pulumirpc.ResourceProvider";

/// Fields of requests that name parts of a recorded run which are not there any more.
const GONE: [&str; 6] =
    ["engineAddress", "mapperTarget", "loaderTarget", "resolverTarget", "resourceStatusAddress", "resourceStatusToken"];

/// Sends the requests of a log that the engine wrote (`PULUMI_DEBUG_GRPC`) and compares the answers with those in it.
/// Answers the number of exchanges.
///
/// A log is one JSON object a line. In an answer, `"*"` stands for any value, an entry `"*": "*"` for any further
/// entries, and `{"\\": x}` for exactly `x`. An exchange with `errors` must fail, and the recorded text must contain the
/// error's. Lists are not replayed.
///
/// # Errors
/// Every exchange that went otherwise, and lines that cannot be read; each with its line and where it differs. Values are
/// shown, so a log must hold no real secret.
pub async fn replay(harness: &Harness, log: &str) -> Result<usize, Vec<String>> {
    let mut replayed = 0;
    let mut problems = Vec::new();
    for (number, line) in log.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match exchange(harness, line).await {
            Ok(true) => replayed += 1,
            Ok(false) => {}
            Err(problem) => problems.push(format!("line {}: {problem}", number + 1)),
        }
    }
    if problems.is_empty() { Ok(replayed) } else { Err(problems) }
}

/// Replays one line; false if it is not an exchange with a provider.
async fn exchange(harness: &Harness, line: &str) -> Result<bool, String> {
    let mut entry: Json = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let name = entry["method"].as_str().and_then(|method| method.strip_prefix(&format!("/{SERVICE}/")));
    let Some(name) = name.map(str::to_owned).filter(|name| name != "List") else {
        return Ok(false);
    };
    if entry["progress"] == "request_started" {
        return Ok(false);
    }
    let method = method(&name)?;
    let answer = harness.call(&name, encode(&method, entry["request"].take())?).await;
    let errors = entry["errors"].as_array().map_or(&[][..], Vec::as_slice);
    match (answer, errors) {
        (Ok(messages), []) => {
            let answered = decode(&method, &messages.concat())?;
            matches(&entry["response"], &answered, &name).map(|()| true)
        }
        (Ok(_), _) => Err(format!("{name} succeeded, and should have failed")),
        (Err(status), []) => Err(format!("{name} failed: {}", status.message())),
        (Err(status), errors) => {
            let told = |error: &Json| error.as_str().is_some_and(|text| text.contains(status.message()));
            if errors.iter().any(told) {
                Ok(true)
            } else {
                Err(format!("{name} failed with other words: {}", status.message()))
            }
        }
    }
}

fn method(name: &str) -> Result<MethodDescriptor, String> {
    let mut pool = DescriptorPool::global();
    pool.decode_file_descriptor_set(pulumi_proto::DESCRIPTORS).map_err(|error| error.to_string())?;
    let service = pool.get_service_by_name(SERVICE).ok_or("the provider's service is not described")?;
    service.methods().find(|method| method.name() == name).ok_or_else(|| format!("there is no RPC {name}"))
}

/// A request from its JSON. Fields that only a later engine knows are left out, as a decoder would.
fn encode(method: &MethodDescriptor, mut request: Json) -> Result<Vec<u8>, String> {
    if let Some(fields) = request.as_object_mut() {
        fields.retain(|name, _| !GONE.contains(&name.as_str()));
    }
    let options = DeserializeOptions::new().deny_unknown_fields(false);
    let message = DynamicMessage::deserialize_with_options(method.input(), request, &options);
    message.map(|message| message.encode_to_vec()).map_err(|error| format!("{}: {error}", method.name()))
}

fn decode(method: &MethodDescriptor, bytes: &[u8]) -> Result<Json, String> {
    let message = DynamicMessage::decode(method.output(), bytes).map_err(|error| error.to_string())?;
    serde_json::to_value(message).map_err(|error| error.to_string())
}

/// Compares an answer with what was recorded, and says where they differ.
fn matches(expected: &Json, found: &Json, path: &str) -> Result<(), String> {
    match (expected, found) {
        (Json::String(any), _) if any == "*" => Ok(()),
        (Json::Object(literal), _) if literal.len() == 1 && literal.contains_key("\\") => {
            same(&literal["\\"], found, path)
        }
        (Json::Object(expected), Json::Object(found)) => {
            let open = expected.contains_key("*");
            if let Some(more) = found.keys().find(|key| !open && !expected.contains_key(*key)) {
                return Err(format!("{path}: has an entry {more} that was not recorded"));
            }
            let mut each = expected.iter().filter(|(key, _)| key.as_str() != "*");
            each.try_for_each(|(key, value)| match found.get(key) {
                Some(own) => matches(value, own, &format!("{path}.{key}")),
                None => Err(format!("{path}: lacks the entry {key}")),
            })
        }
        (Json::Array(expected), Json::Array(found)) if expected.len() == found.len() => {
            let mut pairs = expected.iter().zip(found).enumerate();
            pairs.try_for_each(|(index, (expected, found))| matches(expected, found, &format!("{path}[{index}]")))
        }
        _ => same(expected, found, path),
    }
}

fn same(expected: &Json, found: &Json, path: &str) -> Result<(), String> {
    let equal = match (expected.as_f64(), found.as_f64()) {
        (Some(expected), Some(found)) => expected == found,
        _ => expected == found,
    };
    if equal { Ok(()) } else { Err(format!("{path}: recorded {expected}, answered {found}")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn patterns_take_what_they_say_and_nothing_else() {
        let good = [
            (json!("*"), json!({ "a": 1 })),
            (json!({ "a": "*", "b": 1 }), json!({ "a": [], "b": 1.0 })),
            (json!({ "a": 1, "*": "*" }), json!({ "a": 1, "b": 2 })),
            (json!({ "\\": "*" }), json!("*")),
            (json!(["*", 2]), json!([1, 2])),
        ];
        for (expected, found) in good {
            assert_eq!(matches(&expected, &found, "x"), Ok(()), "{expected}");
        }
        let bad = [
            (json!({ "a": 1 }), json!({ "a": 1, "b": 2 })),
            (json!({ "a": 1, "*": "*" }), json!({ "b": 2 })),
            (json!({ "\\": "*" }), json!("other")),
            (json!(["*"]), json!([1, 2])),
            (json!({ "a": [{ "b": true }] }), json!({ "a": [{ "b": false }] })),
        ];
        for (expected, found) in bad {
            assert!(matches(&expected, &found, "x").is_err(), "{expected}");
        }
    }
}
