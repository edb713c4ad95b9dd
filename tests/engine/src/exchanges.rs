//! What the engine and the plugin said to each other, without what belongs to one run alone.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde_json::{Value, json};

const SERVICE: &str = "/pulumirpc.ResourceProvider/";
/// Fields of requests that name parts of a run, or folders of a machine.
const GONE: [&str; 8] = [
    "engineAddress",
    "mapperTarget",
    "loaderTarget",
    "resolverTarget",
    "resourceStatusAddress",
    "resourceStatusToken",
    "rootDirectory",
    "programDirectory",
];
/// Properties whose text is another in every run, and is the same wherever it stands within one.
const NAMED: [&str; 5] = ["accessKeyId", "secretAccessKey", "sesSmtpPassword", "instance", "hash"];

/// Turns the engine's logs (`PULUMI_DEBUG_GRPC`) into a recording that another run can be compared with.
///
/// What differs from run to run becomes a name, such as `${*accessKeyId-1}`. A time that an answer brings up becomes
/// `"*"`; one that it only repeats stays, and so do times that the schedule rounded.
#[derive(Default)]
pub struct Recorder {
    names: BTreeMap<String, String>,
    counts: BTreeMap<&'static str, usize>,
}

impl Recorder {
    /// Gives a text a name, wherever it stands.
    pub fn name(&mut self, text: &str, name: &str) {
        self.names.insert(text.to_owned(), format!("${{*{name}}}"));
    }

    /// The exchanges with providers in a log of the engine, one JSON object each.
    ///
    /// # Errors
    /// When a line is no JSON.
    pub fn exchanges(&mut self, log: &str) -> Result<Vec<Value>> {
        let mut exchanges = Vec::new();
        for line in log.lines().filter(|line| !line.trim().is_empty()) {
            let entry: Value = serde_json::from_str(line).context("a line of the engine's log is no JSON")?;
            exchanges.extend(self.exchange(&entry));
        }
        Ok(exchanges)
    }

    fn exchange(&mut self, entry: &Value) -> Option<Value> {
        let method = entry["method"].as_str().filter(|method| method.starts_with(SERVICE))?;
        if entry["progress"] == "request_started" {
            return None;
        }
        let (mut request, mut response) = (entry["request"].clone(), entry["response"].clone());
        if let Some(fields) = request.as_object_mut() {
            fields.retain(|name, _| !GONE.contains(&name.as_str()));
        }
        if method.ends_with("/GetSchema") {
            response = json!({ "schema": "*" });
        }
        self.learn(&response);
        let known = request.to_string();
        each_text(&mut response, &mut |text| {
            if is_fine_time(text) && !known.contains(text.as_str()) {
                "*".clone_into(text);
            }
        });
        let mut exchange = json!({ "method": method, "request": request, "response": response });
        if entry["errors"].as_array().is_some_and(|errors| !errors.is_empty()) {
            exchange["errors"] = entry["errors"].clone();
        }
        each_text(&mut exchange, &mut |text| {
            for (known, name) in &self.names {
                *text = text.replace(known, name);
            }
        });
        Some(exchange)
    }

    /// Gives names to the texts of an answer that are new.
    fn learn(&mut self, answer: &Value) {
        match answer {
            Value::Array(elements) => elements.iter().for_each(|element| self.learn(element)),
            Value::Object(entries) => {
                for (key, value) in entries {
                    let named = NAMED.into_iter().find(|name| name == key);
                    match named.and_then(|name| Some((name, plain(value)?))) {
                        Some((name, text)) if !self.names.contains_key(text) => self.count(name, text),
                        _ => self.learn(value),
                    }
                }
            }
            _ => {}
        }
    }

    fn count(&mut self, name: &'static str, text: &str) {
        let count = self.counts.entry(name).or_default();
        *count += 1;
        let name = format!("{name}-{count}");
        self.name(text, &name);
    }
}

/// The text of a property, which may be wrapped as a secret; none if it is not known yet.
fn plain(value: &Value) -> Option<&str> {
    /// What stands for a text that is not known yet.
    const UNKNOWN: &str = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    let text = value.as_str().or_else(|| value["value"].as_str())?;
    (!text.is_empty() && text != UNKNOWN).then_some(text)
}

/// Whether a text is a time that no schedule rounded.
fn is_fine_time(text: &str) -> bool {
    text.parse::<Timestamp>().is_ok_and(|time| time.as_second() % 60 != 0 || time.subsec_nanosecond() != 0)
}

fn each_text(json: &mut Value, change: &mut impl FnMut(&mut String)) {
    match json {
        Value::String(text) => change(text),
        Value::Array(elements) => elements.iter_mut().for_each(|element| each_text(element, change)),
        Value::Object(entries) => entries.values_mut().for_each(|entry| each_text(entry, change)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(request: Value, response: Value) -> String {
        json!({ "method": format!("{SERVICE}Create"), "request": request, "response": response }).to_string()
    }

    #[test]
    fn what_belongs_to_one_run_becomes_a_name_or_anything() {
        let mut recorder = Recorder::default();
        recorder.name("http://127.0.0.1:5", "endpoint");
        let log = [
            line(
                json!({ "engineAddress": "127.0.0.1:1", "properties": { "url": "http://127.0.0.1:5/x" } }),
                json!({ "properties": {
                    "accessKeyId": "AKIA1", "secretAccessKey": { "value": "hunter2" }, "about": "key AKIA1",
                    "createdAt": "2026-01-01T00:00:07Z", "anchor": "2026-01-01T01:00:00Z",
                } }),
            ),
            line(
                json!({ "olds": { "accessKeyId": "AKIA1", "createdAt": "2026-01-01T00:00:07Z" } }),
                json!({ "properties": { "accessKeyId": "AKIA2", "before": "AKIA1", "createdAt": "2026-01-01T00:00:07Z" } }),
            ),
            json!({ "method": "/pulumirpc.Engine/Log", "request": {} }).to_string(),
            json!({ "method": format!("{SERVICE}Create"), "progress": "request_started" }).to_string(),
        ];
        let exchanges = recorder.exchanges(&log.join("\n")).unwrap();
        assert_eq!(exchanges.len(), 2);
        assert_eq!(exchanges[0]["request"], json!({ "properties": { "url": "${*endpoint}/x" } }));
        assert_eq!(
            exchanges[0]["response"]["properties"],
            json!({
                "accessKeyId": "${*accessKeyId-1}", "secretAccessKey": { "value": "${*secretAccessKey-1}" },
                "about": "key ${*accessKeyId-1}", "createdAt": "*", "anchor": "2026-01-01T01:00:00Z",
            })
        );
        assert_eq!(exchanges[1]["request"]["olds"]["createdAt"], "2026-01-01T00:00:07Z");
        assert_eq!(
            exchanges[1]["response"]["properties"],
            json!({
                "accessKeyId": "${*accessKeyId-2}", "before": "${*accessKeyId-1}", "createdAt": "2026-01-01T00:00:07Z",
            })
        );
    }
}
