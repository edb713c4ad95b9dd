mod pattern;

use prost::Message;
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage, MethodDescriptor};
use serde_json::Value as Json;

use super::harness::Harness;
use pattern::{Names, matches};

const SERVICE: &str = "pulumirpc.ResourceProvider";

/// Fields of requests that name parts of a recorded run which are not there any more.
const GONE: [&str; 6] =
    ["engineAddress", "mapperTarget", "loaderTarget", "resolverTarget", "resourceStatusAddress", "resourceStatusToken"];

/// Sends the requests of a log that the engine wrote (`PULUMI_DEBUG_GRPC`), and compares
/// the answers with those in the log. Returns the number of exchanges.
///
/// A log is one JSON object per line. In an answer:
///
/// - `"*"` stands for any value;
/// - an entry `"*": "*"` stands for any further entries;
/// - `{"\\": x}` stands for exactly `x`;
/// - an exchange with `errors` must fail, and the recorded text must contain the text of
///   the error.
///
/// Lists are not replayed. What differs from run to run is written as a name; see
/// [`Replay`].
///
/// # Errors
///
/// Every exchange with another result, and every line that cannot be read, each with its
/// line number and the path of the difference. The texts contain values, so a log must not
/// hold a real secret.
pub async fn replay(harness: &Harness, log: &str) -> Result<usize, Vec<String>> {
    Replay::new(harness).play(log).await
}

/// A replay of a log with values that differ from run to run.
///
/// A text `${*key}` in the log is a name. The first answer that has a text in its place
/// defines what the name stands for. From then on, every answer must have that text there,
/// and every request sends it, also inside longer texts.
pub struct Replay<'a> {
    harness: &'a Harness,
    names: Names,
}

impl<'a> Replay<'a> {
    /// A replay in which no name has a text yet.
    pub fn new(harness: &'a Harness) -> Self {
        Self { harness, names: Names::default() }
    }

    /// Defines the text of a name that no answer contains, such as an address or a credential.
    #[must_use]
    pub fn knowing(mut self, name: &str, text: &str) -> Self {
        self.names.set(name, text);
        self
    }

    /// Replays a log, or the next part of one. Returns the number of exchanges; see [`replay`].
    ///
    /// # Errors
    ///
    /// As for [`replay`].
    pub async fn play(&mut self, log: &str) -> Result<usize, Vec<String>> {
        let mut replayed = 0;
        let mut problems = Vec::new();
        for (number, line) in log.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match self.exchange(line).await {
                Ok(true) => replayed += 1,
                Ok(false) => {}
                Err(problem) => problems.push(format!("line {}: {problem}", number + 1)),
            }
        }
        if problems.is_empty() { Ok(replayed) } else { Err(problems) }
    }

    /// Replays one line; false if it is not an exchange with a provider.
    async fn exchange(&mut self, line: &str) -> Result<bool, String> {
        let mut entry: Json = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let name = entry["method"].as_str().and_then(|method| method.strip_prefix(&format!("/{SERVICE}/")));
        let Some(name) = name.map(str::to_owned).filter(|name| name != "List") else {
            return Ok(false);
        };
        if entry["progress"] == "request_started" {
            return Ok(false);
        }
        let method = method(&name)?;
        let mut request = entry["request"].take();
        self.names.fill(&mut request);
        let answer = self.harness.call(&name, encode(&method, request)?).await;
        let errors = entry["errors"].as_array().map_or(&[][..], Vec::as_slice);
        match (answer, errors) {
            (Ok(messages), []) => {
                let answered = decode(&method, &messages.concat())?;
                self.agrees(entry["response"].take(), &answered, &name).map(|()| true)
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

    fn agrees(&mut self, mut recorded: Json, answered: &Json, name: &str) -> Result<(), String> {
        self.names.learn(&recorded, answered);
        self.names.fill(&mut recorded);
        matches(&recorded, answered, name)
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
