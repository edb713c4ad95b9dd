use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use pulumi_provider::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a program gives.
#[derive(Deserialize, JsonSchema)]
struct Args {
    /// How many characters; 32 if not given.
    #[schemars(extend("x-replace" = true))]
    length: Option<u8>,
    /// A changed entry makes a new token.
    #[serde(default)]
    #[schemars(extend("x-replace" = true))]
    #[expect(dead_code, reason = "only compared, by its mark")]
    keepers: BTreeMap<String, String>,
}

/// What it gets beside that.
#[derive(Serialize, JsonSchema)]
struct State {
    /// The token.
    value: SecretString,
}

static INPUTS: LazyLock<ObjectSchema> = LazyLock::new(ObjectSchema::of::<Args>);

struct Token;

#[async_trait]
impl Resource for Token {
    fn spec(&self) -> ResourceSpec {
        ResourceSpec::new("Token", "A random text.", INPUTS.clone(), ObjectSchema::of::<State>())
    }

    fn check(&self, request: &CheckRequest) -> Result<Checked, Error> {
        let failures = decode::<Args>(&request.inputs).failures;
        Ok(Checked { inputs: request.inputs.clone(), failures, ..Checked::default() })
    }

    fn diff(&self, request: &DiffRequest) -> Result<Diff, Error> {
        Ok(Diff::of(diff::inputs(&request.old_inputs, &request.inputs, &INPUTS)))
    }

    async fn create(&self, request: CreateRequest, _: &Context) -> Result<Created, Failure> {
        if request.preview {
            return Ok(Created::default());
        }
        let length = decode::<Args>(&request.inputs).value.and_then(|args| args.length).unwrap_or(32);
        let state = State { value: SecretString::new(random_text(length.into())?) };
        let outputs = to_object(&state).map_err(|error| Error::new(Code::Internal, error.to_string()))?;
        Ok(Created { id: random_text(8)?, outputs, ..Created::default() })
    }

    async fn update(&self, request: UpdateRequest, _: &Context) -> Result<Object, Failure> {
        Ok(request.state)
    }

    async fn read(&self, request: ReadRequest, _: &Context) -> Result<Option<Found>, Failure> {
        let (Some(inputs), Some(outputs)) = (request.inputs, request.state) else {
            return Err(Error::new(Code::Unimplemented, "a token cannot be imported").into());
        };
        Ok(Some(Found { id: request.id, inputs, outputs, ..Found::default() }))
    }

    async fn delete(&self, _: DeleteRequest, _: &Context) -> Result<(), Failure> {
        Ok(())
    }
}

fn random_text(length: usize) -> Result<String, Error> {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).map_err(|_| Error::new(Code::Unavailable, "the system gives no random bytes"))?;
    Ok(bytes.into_iter().map(|byte| char::from(b"abcdefghijkmnpqrstuvwxyz23456789"[usize::from(byte % 32)])).collect())
}

pub(crate) struct Tokens;

impl Provider for Tokens {
    fn name(&self) -> &str {
        "token"
    }
    fn version(&self) -> &str {
        "0.1.0"
    }
    fn configure(&self, _: Object) -> Result<(), ConfigureError> {
        Ok(())
    }
    fn resources(&self) -> Vec<Arc<dyn Resource>> {
        vec![Arc::new(Token)]
    }
    fn schema(&self) -> Cow<'static, str> {
        build_schema(self).unwrap_or_default().into()
    }
}
