use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use pulumi_provider::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A random text that stays as it is until a keeper changes.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Args {
    /// How many characters; 32 if not given.
    #[schemars(extend("x-replace" = true))]
    length: Option<u8>,
    /// A changed entry makes a new token.
    #[serde(default)]
    #[schemars(extend("x-replace" = true))]
    #[expect(dead_code, reason = "only compared, by its mark")]
    keepers: BTreeMap<String, String>,
}

/// What a program gets.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct State {
    /// The token.
    value: SecretString,
}

pub(crate) struct Token;

#[async_trait]
impl TypedResource for Token {
    type Args = Args;
    type State = State;
    const TOKEN: &'static str = "Token";

    async fn create(&self, args: Args, _: &Context) -> Result<(String, State), Failure> {
        let value = SecretString::new(random_text(args.length.unwrap_or(32))?);
        Ok((random_text(8)?, State { value }))
    }
}

fn random_text(length: u8) -> Result<String, Error> {
    let mut bytes = vec![0; length.into()];
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
        vec![Arc::new(Typed::new(Token))]
    }
    fn schema(&self) -> Cow<'static, str> {
        build_schema(self).unwrap_or_default().into()
    }
}
