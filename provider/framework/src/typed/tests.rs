use serde::Deserialize;

use super::*;
use crate::testing::object;
use crate::{SecretString, Value};

/// A door.
#[derive(Deserialize, JsonSchema)]
struct Door {
    #[schemars(extend("x-replace" = true))]
    wall: String,
    colour: Option<String>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Lock {
    code: SecretString,
    opened: u32,
}

struct Doors;

#[async_trait]
impl TypedResource for Doors {
    type Args = Door;
    type State = Lock;
    const TOKEN: &'static str = "house:Door";

    async fn create(&self, args: Door, _: &Context) -> Result<(String, Lock), Failure> {
        Ok((args.wall, Lock { code: SecretString::new("1234"), opened: 0 }))
    }

    async fn update(&self, _: &str, args: Door, state: Lock, _: &Context) -> Result<Lock, Failure> {
        assert!(args.colour.is_some());
        Ok(Lock { opened: state.opened + 1, ..state })
    }

    async fn read(&self, id: &str, state: Lock, _: &Context) -> Result<Option<Lock>, Failure> {
        Ok((id != "gone").then_some(state))
    }
}

fn outputs() -> Object {
    object([("wall", "north".into()), ("code", Value::secret("1234")), ("opened", 1.into())])
}

#[tokio::test]
async fn types_decide_what_is_made_changed_and_read() {
    let (doors, context) = (Typed::new(Doors), Context::detached("urn"));
    let inputs = object([("wall", "north".into()), ("colour", "red".into())]);
    let create = CreateRequest { inputs: inputs.clone(), ..CreateRequest::default() };
    let created = doors.create(create.clone(), &context).await.unwrap();
    assert_eq!((created.id.as_str(), &created.outputs["code"]), ("north", &Value::secret("1234")));
    let foretold = doors.create(CreateRequest { preview: true, ..create }, &context).await.unwrap();
    assert_eq!(foretold, Created::default());

    let update = UpdateRequest { inputs: inputs.clone(), state: outputs(), ..UpdateRequest::default() };
    assert_eq!(doors.update(update.clone(), &context).await.unwrap()["opened"], 2.into());
    assert!(doors.update(UpdateRequest { preview: true, ..update }, &context).await.unwrap().is_empty());

    let read = ReadRequest { inputs: Some(inputs.clone()), state: Some(outputs()), ..ReadRequest::default() };
    let found = doors.read(ReadRequest { id: "north".into(), ..read.clone() }, &context).await.unwrap().unwrap();
    assert_eq!((found.inputs, &found.outputs["opened"]), (inputs, &1.into()));
    assert_eq!(doors.read(ReadRequest { id: "gone".into(), ..read }, &context).await.unwrap(), None);
    let import = doors.read(ReadRequest { id: "north".into(), ..ReadRequest::default() }, &context).await;
    assert_eq!(import.unwrap_err().error().message, "house:Door cannot be imported");
}

#[test]
fn types_decide_what_is_sound_and_what_replaces() {
    let doors = Typed::new(Doors);
    assert_eq!((doors.spec().token.as_str(), doors.spec().description.as_str()), ("house:Door", "A door."));
    let request = CheckRequest { inputs: object([("colour", 5.into())]), ..CheckRequest::default() };
    assert_eq!(doors.check(&request).unwrap().failures.len(), 2);
    let diff = |wall: &str, colour: &str| {
        let old_inputs = object([("wall", "north".into()), ("colour", "red".into())]);
        let inputs = object([("wall", wall.into()), ("colour", colour.into())]);
        doors.diff(&DiffRequest { old_inputs, inputs, ..DiffRequest::default() }).unwrap()
    };
    assert!(diff("north", "red").is_empty());
    assert!(!diff("north", "blue").is_empty() && !diff("north", "blue").replaces());
    assert!(diff("south", "red").replaces());
}

#[tokio::test]
async fn a_state_that_cannot_be_read_is_told_by_its_properties_and_without_values() {
    let request = DeleteRequest { state: object([("code", Value::secret(vec!["1234"]))]), ..DeleteRequest::default() };
    let error = Typed::new(Doors).delete(request, &Context::detached("urn")).await.unwrap_err();
    assert!(error.error().message.contains("code: expected a string") && error.error().message.contains("opened"));
    assert!(!error.error().message.contains("1234"));
}
