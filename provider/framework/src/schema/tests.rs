use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde_json::Value as Json;

use super::*;
use crate::diff::Diff;
use crate::provider::{ConfigureError, Provider};
use crate::resource::*;
use crate::value::{Object, SecretString, Value};

/// How to reach the cloud.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is used")]
struct Config {
    /// Where it is.
    endpoint: Option<String>,
    cloud: Option<Cloud>,
    debug: Option<bool>,
    /// How often to try.
    retries: Option<u32>,
    limits: Option<BTreeMap<String, f64>>,
    tiers: Option<Vec<Tier>>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-module" = "cloud"))]
#[expect(dead_code, reason = "only its schema is used")]
struct Cloud {
    secret_key: Option<SecretString>,
    skip_verify: bool,
}

/// How fast.
#[derive(JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(dead_code, reason = "only its schema is used")]
enum Tier {
    /// Very.
    TopSpeed,
    Slow,
}

mod elsewhere {
    use super::*;

    /// In another module, by the same name.
    #[derive(JsonSchema)]
    #[schemars(extend("x-module" = "elsewhere", "x-name" = "Cloud"))]
    #[expect(dead_code, reason = "only its schema is used")]
    pub(super) struct Cloud {
        endpoint: String,
    }
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Clouds {
    one: Cloud,
    other: elsewhere::Cloud,
}

#[test]
fn types_of_one_name_in_two_modules_keep_it() {
    let schema = ObjectSchema::of::<Clouds>();
    let mut tokens: Vec<_> = schema.types.values().map(|named| (named.module.as_str(), named.name.as_str())).collect();
    tokens.sort();
    assert_eq!(tokens, [("cloud", "Cloud"), ("elsewhere", "Cloud")]);
}

#[derive(Default)]
struct Example(ObjectSchema, Option<ResourceSpec>);

/// Says what a test wants it to.
struct Specified(ResourceSpec);

#[async_trait::async_trait]
impl Resource for Specified {
    fn spec(&self) -> ResourceSpec {
        self.0.clone()
    }
    fn check(&self, _: &CheckRequest) -> Result<Checked, Error> {
        Ok(Checked::default())
    }
    fn diff(&self, _: &DiffRequest) -> Result<Diff, Error> {
        Ok(Diff::default())
    }
    async fn create(&self, _: CreateRequest, _: &Context) -> Result<Created, Failure> {
        Ok(Created::default())
    }
    async fn update(&self, _: UpdateRequest, _: &Context) -> Result<Object, Failure> {
        Ok(Object::new())
    }
    async fn read(&self, _: ReadRequest, _: &Context) -> Result<Option<Found>, Failure> {
        Ok(None)
    }
    async fn delete(&self, _: DeleteRequest, _: &Context) -> Result<(), Failure> {
        Ok(())
    }
}

impl Provider for Example {
    fn name(&self) -> &str {
        "example"
    }
    fn version(&self) -> &str {
        "1.2.3"
    }
    fn config(&self) -> ObjectSchema {
        self.0.clone()
    }
    fn configure(&self, _: Object) -> Result<(), ConfigureError> {
        Ok(())
    }
    fn resources(&self) -> Vec<Arc<dyn Resource>> {
        self.1.iter().map(|spec| Arc::new(Specified(spec.clone())) as Arc<dyn Resource>).collect()
    }
    fn schema(&self) -> std::borrow::Cow<'static, str> {
        "{}".into()
    }
}

fn written() -> Json {
    serde_json::from_str(&build_schema(&Example(ObjectSchema::of::<Config>(), None)).unwrap()).unwrap()
}

#[test]
fn types_get_tokens_enums_and_documentation() {
    let schema = written();
    let inputs = &schema["provider"]["inputProperties"];
    assert_eq!(inputs["endpoint"]["description"], "Where it is.");
    assert_eq!(inputs["cloud"]["$ref"], "#/types/example:cloud:Cloud");
    assert_eq!(inputs["limits"]["additionalProperties"]["type"], "number");
    assert_eq!(inputs["tiers"]["items"]["$ref"], "#/types/example:index:Tier");
    let cloud = &schema["types"]["example:cloud:Cloud"];
    assert_eq!(cloud["properties"]["secretKey"]["secret"], true);
    assert_eq!(cloud["required"], serde_json::json!(["skipVerify"]));
    let tier = &schema["types"]["example:index:Tier"];
    let values: Vec<_> = tier["enum"].as_array().unwrap().iter().map(|one| &one["value"]).collect();
    assert_eq!(tier["description"], "How fast.");
    assert!(values.contains(&&Json::from("top-speed")) && values.contains(&&Json::from("slow")));
    assert_eq!(schema["config"]["variables"], *inputs);
    assert!(schema["provider"]["properties"].get("cloud").is_none());
    assert!(!schema.to_string().contains("\"default\""));
}

#[test]
fn what_a_schema_cannot_say_is_an_error_with_its_place() {
    #[derive(JsonSchema)]
    #[serde(untagged)]
    #[expect(dead_code, reason = "only its schema is used")]
    enum Union {
        Text(String),
        Number(f64),
    }
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Odd {
        union: Union,
        pair: (String, bool),
    }
    let problems = build_schema(&Example(ObjectSchema::of::<Odd>(), None)).unwrap_err().problems;
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems.iter().any(|problem| problem.contains("Odd.pair")));
    assert!(problems.iter().any(|problem| problem.contains("Union")));
}

#[test]
fn json_texts_are_read_where_the_field_is_no_text_and_secrets_are_wrapped() {
    let schema = ObjectSchema::of::<Config>();
    let mut config: Object = [
        ("endpoint".to_owned(), "5".into()),
        ("debug".to_owned(), "true".into()),
        ("retries".to_owned(), Value::secret("3")),
        ("cloud".to_owned(), r#"{"secretKey":"hunter2","skipVerify":"true"}"#.into()),
        ("limits".to_owned(), "not json".into()),
    ]
    .into();
    schema.read_json_texts(&mut config);
    schema.wrap_secrets(&mut config);
    assert_eq!(config["endpoint"], "5".into());
    assert_eq!(config["debug"], true.into());
    assert_eq!(config["retries"], Value::secret(3));
    assert_eq!(config["limits"], "not json".into());
    let cloud = config["cloud"].as_object().unwrap();
    assert_eq!(cloud["skipVerify"], true.into());
    assert_eq!(cloud["secretKey"], Value::secret("hunter2"));
}

#[test]
fn names_of_python_are_read_below_the_top_and_their_secrets_wrapped() {
    let schema = ObjectSchema::of::<Config>();
    let text = r#"{"secret_key":"hunter2","skip_verify":"true","skipVerify":false,"other_key":"x"}"#;
    let mut config: Object = [("cloud".to_owned(), text.into())].into();
    schema.read_json_texts(&mut config);
    schema.wrap_secrets(&mut config);
    let cloud = config["cloud"].as_object().unwrap();
    assert_eq!(cloud["secretKey"], Value::secret("hunter2"));
    assert!(!cloud.contains_key("secret_key"));
    assert_eq!((&cloud["skip_verify"], &cloud["skipVerify"]), (&"true".into(), &false.into()), "one name twice");
    assert_eq!(cloud["other_key"], "x".into());
}

#[test]
fn merging_keeps_one_field_of_each_name() {
    let merged = ObjectSchema::of::<Config>().merge(ObjectSchema::of::<Cloud>());
    assert_eq!(merged.names().count(), 8);
    assert!(merged.is_secret("secretKey") && !merged.is_secret("endpoint"));
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is used")]
struct Told {
    cloud: Cloud,
    all: Vec<Cloud>,
    by_name: BTreeMap<String, SecretString>,
    place: Option<Address>,
    maybe: Maybe,
    around: Option<Box<Around>>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is used")]
struct Maybe {
    secret_key: Option<SecretString>,
    host: Option<String>,
}

/// A type that holds itself.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Around {
    again: Option<Box<Around>>,
}

#[test]
fn output_1_what_holds_a_secret_anywhere_is_secret_as_a_whole() {
    let schema = ObjectSchema::of::<Told>().sealed();
    for (name, secret) in
        [("cloud", true), ("all", true), ("byName", true), ("maybe", true), ("place", false), ("around", false)]
    {
        assert_eq!(schema.is_secret(name), secret, "{name}");
    }
    let spec = ResourceSpec::new("Thing", "", ObjectSchema::of::<Config>(), ObjectSchema::of::<Told>());
    let written = build_schema(&Example(ObjectSchema::default(), Some(spec))).unwrap();
    let thing = &serde_json::from_str::<Json>(&written).unwrap()["resources"]["example:index:Thing"];
    assert_eq!(thing["properties"]["maybe"]["secret"], true);
    assert_eq!(thing["properties"]["cloud"]["secret"], true);
    assert!(thing["inputProperties"]["cloud"]["secret"].is_null(), "inputs keep their parts readable");
}

#[test]
fn output_1_values_are_wrapped_once_and_around_the_whole() {
    let schema = ObjectSchema::of::<Told>().sealed();
    let inner = |secret: Value| Value::Object([("secretKey".to_owned(), secret)].into());
    for secret in ["k3y".into(), Value::secret("k3y"), Value::Null] {
        let mut outputs: Object = [
            ("cloud".to_owned(), inner(secret.clone())),
            ("place".to_owned(), Value::Object([("ip".to_owned(), "::1".into())].into())),
            ("byName".to_owned(), Value::Array(vec![inner(secret.clone())])),
            ("unheardOf".to_owned(), inner(secret.clone())),
            ("maybe".to_owned(), Value::Null),
        ]
        .into();
        schema.seal(&mut outputs);
        assert_eq!(outputs["cloud"], Value::secret(inner(secret.clone().opened())));
        assert_eq!(outputs["unheardOf"], inner(secret.clone()), "bookkeeping stays as it is");
        assert!(!outputs["place"].contains_secret() && outputs["maybe"].is_null());
        let once = outputs.clone();
        schema.seal(&mut outputs);
        assert_eq!(outputs, once);
        schema.unseal(&mut outputs);
        let parts = if secret.is_null() { Value::Null } else { Value::secret("k3y") };
        assert_eq!(outputs["cloud"], inner(parts), "a resource sees which part is secret");
    }
}

#[test]
fn output_2_nothing_is_null_and_an_object_that_promises_nothing_has_nulls() {
    let schema = ObjectSchema::of::<Told>();
    let nothing = |name: &str| schema.nothing(schema.root().field(name).unwrap());
    assert!(nothing("cloud").is_null() && nothing("place").is_null() && nothing("all").is_null());
    let nulls = [("host".to_owned(), Value::Null), ("secretKey".to_owned(), Value::Null)];
    assert_eq!(nothing("maybe"), Value::Object(nulls.into()));
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Router {
    #[schemars(extend("x-replace" = true))]
    name: String,
    #[schemars(extend("x-deprecated" = "use name"))]
    label: Option<String>,
    #[schemars(extend("x-ref" = "pulumi.json#/Asset"))]
    image: Option<String>,
    extra: Option<serde_json::Value>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Address {
    ip: String,
    host: Option<String>,
}

#[test]
fn a_resource_says_its_inputs_its_outputs_and_what_they_do() {
    let mut spec =
        ResourceSpec::new("net:Router", "Routes.", ObjectSchema::of::<Router>(), ObjectSchema::of::<Address>());
    spec.aliases = vec!["Gateway".into()];
    spec.deprecation = Some("use a switch".into());
    spec.state_inputs = Some(ObjectSchema::of::<Address>());
    spec.list_inputs = Some(ObjectSchema::default());
    let schema = build_schema(&Example(ObjectSchema::default(), Some(spec))).unwrap();
    let schema: Json = serde_json::from_str(&schema).unwrap();
    let router = &schema["resources"]["example:net:Router"];
    let names = |key: &str| router[key].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names("inputProperties"), ["name", "label", "image", "extra"]);
    assert_eq!(names("properties"), ["name", "label", "image", "extra", "ip", "host"]);
    assert_eq!(router["requiredInputs"], serde_json::json!(["name"]));
    assert_eq!(router["required"], serde_json::json!(["name", "ip"]));
    assert_eq!(router["inputProperties"]["name"]["willReplaceOnChanges"], true);
    assert_eq!(router["inputProperties"]["label"]["deprecationMessage"], "use name");
    assert_eq!(router["inputProperties"]["image"]["$ref"], "pulumi.json#/Asset");
    assert_eq!(router["inputProperties"]["extra"]["$ref"], "pulumi.json#/Any");
    assert_eq!(router["aliases"], serde_json::json!([{ "type": "example:index:Gateway" }]));
    assert_eq!(router["deprecationMessage"], "use a switch");
    assert_eq!(router["stateInputs"]["required"], serde_json::json!(["ip"]));
    assert_eq!(router["listInputs"], serde_json::json!({ "type": "object" }));
}

#[test]
fn two_types_of_one_name_are_an_error() {
    mod other {
        #[derive(schemars::JsonSchema)]
        #[expect(dead_code, reason = "only its schema is used")]
        pub(super) struct Address {
            street: String,
        }
    }
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct One {
        at: Address,
    }
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Two {
        at: other::Address,
    }
    let spec = ResourceSpec::new("Thing", "", ObjectSchema::of::<One>(), ObjectSchema::default());
    let clash = build_schema(&Example(ObjectSchema::of::<Two>(), Some(spec))).unwrap_err();
    assert_eq!(clash.problems, ["two different types are called example:index:Address"]);
}
