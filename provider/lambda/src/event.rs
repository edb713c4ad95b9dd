use rotation::{Error, ErrorKind};
use serde_json::Value;

/// A step of a rotation (Secrets Manager User Guide, "Lambda rotation functions").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A new key is made and put into the version.
    Create,
    /// The system takes the key: a new key works by itself, so nothing is left to do.
    Set,
    /// The new key is tried.
    Test,
    /// Consumers read the new key.
    Finish,
}

impl Step {
    /// In the order in which Secrets Manager asks for them.
    pub const ALL: [Self; 4] = [Self::Create, Self::Set, Self::Test, Self::Finish];

    /// As Secrets Manager spells it: in newer pages of its guide with underscores.
    pub fn names(self) -> [&'static str; 2] {
        match self {
            Self::Create => ["createSecret", "create_secret"],
            Self::Set => ["setSecret", "set_secret"],
            Self::Test => ["testSecret", "test_secret"],
            Self::Finish => ["finishSecret", "finish_secret"],
        }
    }

    /// As messages call it.
    pub fn name(self) -> &'static str {
        self.names()[0]
    }
}

/// What one invocation asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The step.
    pub step: Step,
    /// The secret's ARN.
    pub secret: String,
    /// The version that the rotation fills.
    pub token: String,
    /// What is passed on with each write of a version.
    pub rotation_token: Option<String>,
}

impl Event {
    /// Reads the payload of an invocation.
    ///
    /// # Errors
    /// The parameter that is missing or unknown.
    pub fn read(payload: &Value) -> Result<Self, Error> {
        let text = |name: &str| payload.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let needed = |name: &str| text(name).map(str::to_owned).ok_or_else(|| missing(name));
        let step = needed("Step")?;
        let known = Step::ALL.into_iter().find(|known| known.names().contains(&step.as_str()));
        Ok(Self {
            step: known.ok_or_else(unknown_step)?,
            secret: needed("SecretId")?,
            token: needed("ClientRequestToken")?,
            rotation_token: text("RotationToken").map(str::to_owned),
        })
    }
}

fn missing(name: &str) -> Error {
    let message = format!(
        "the event has no text `{name}`: let Secrets Manager invoke this function, as the rotation function of a secret [KR-LAMBDA-006]"
    );
    Error::new(ErrorKind::Invalid, "", message)
}

fn unknown_step() -> Error {
    let names = Step::ALL.map(Step::name).join(", ");
    Error::new(ErrorKind::Invalid, "", format!("the event's `Step` is none of {names} [KR-LAMBDA-007]"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_spellings_of_each_step_are_understood() {
        for step in Step::ALL {
            for name in step.names() {
                let event = json!({"Step": name, "SecretId": "arn", "ClientRequestToken": "t", "RotationToken": "r"});
                let expected = Event {
                    step,
                    secret: "arn".to_owned(),
                    token: "t".to_owned(),
                    rotation_token: Some("r".to_owned()),
                };
                assert_eq!(Event::read(&event).unwrap(), expected, "{name}");
            }
        }
    }

    #[test]
    fn what_is_missing_is_named_and_no_value_is_repeated() {
        let whole = json!({"Step": "createSecret", "SecretId": "arn", "ClientRequestToken": "t"});
        assert_eq!(Event::read(&whole).unwrap().rotation_token, None);
        for name in ["Step", "SecretId", "ClientRequestToken"] {
            for wrong in [Value::Null, json!(""), json!(3)] {
                let mut event = whole.clone();
                event[name] = wrong;
                let error = Event::read(&event).unwrap_err();
                assert_eq!(error.kind, ErrorKind::Invalid);
                assert!(error.message.contains(&format!("`{name}`")), "{error}");
            }
        }
        let error =
            Event::read(&json!({"Step": "dropSecret", "SecretId": "a", "ClientRequestToken": "t"})).unwrap_err();
        assert!(error.message.contains("createSecret") && !error.message.contains("dropSecret"), "{error}");
        for payload in [json!({}), json!([]), json!("x"), Value::Null] {
            assert!(Event::read(&payload).unwrap_err().message.contains("`Step`"));
        }
    }
}
