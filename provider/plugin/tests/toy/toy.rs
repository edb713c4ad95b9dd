//! The toy itself: tokens, of which a shelf has two at most, and PINs, of which it has any number.

use std::sync::Arc;

use cloud::{Cloud, ImportedInputs, Resources, RotatingResource, SessionCell, problem};
use pulumi_provider::SecretString as SecretProperty;
use rotation::{Capability, Clock, Error, Field, KeyId, KeyIssuer, Known, Material, Problem};
use secrecy::SecretString;

use crate::issuer::{Kind, Service, ToyIssuer};

pub(crate) static TOKEN: Kind = Kind { id: "tokenId", secret: "token", quota: Some(2) };
pub(crate) static PIN: Kind = Kind { id: "pinId", secret: "pin", quota: None };

pub(crate) struct Toy {
    pub(crate) service: Service,
    clock: Arc<dyn Clock>,
    session: SessionCell<ToyConfig>,
}

#[derive(Default, serde::Deserialize, schemars::JsonSchema)]
pub(crate) struct ToyConfig {
    account: Option<String>,
}

impl Cloud for Toy {
    const NAME: &'static str = "toy";
    const ABOUT: &'static str = "How the toy is reached.";
    type Config = ToyConfig;

    fn new(clock: Arc<dyn Clock>) -> Self {
        Self { service: Service::default(), clock, session: SessionCell::new(ToyConfig::default()) }
    }

    fn problems(config: &ToyConfig) -> Vec<Problem> {
        config.account.iter().filter(|id| id.is_empty()).map(|_| problem("account", "is empty [KR-TOY-003]")).collect()
    }

    fn configure(&self, config: ToyConfig) {
        self.session.replace(config);
    }

    fn resources(self: Arc<Self>, to: &mut impl Resources) {
        to.add(ToyToken(Arc::clone(&self)));
        to.add(ToyPin(self));
    }
}

impl Toy {
    pub(crate) fn issuer(&self, kind: &'static Kind, args: &ShelfArgs) -> Box<dyn KeyIssuer> {
        let (service, clock, account) = (self.service.clone(), self.clock.clone(), self.session.get().account.clone());
        Box::new(ToyIssuer { kind, service, clock, account, shelf: args.shelf.clone() })
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
pub(crate) struct ShelfArgs {
    #[schemars(extend("x-replace" = true))]
    pub(crate) shelf: String,
}

macro_rules! resource {
    ($name:ident, $kind:ident, $key:ident { $id:ident, $secret:ident }, $token:literal, $list:literal) => {
        #[derive(schemars::JsonSchema)]
        #[schemars(rename_all = "camelCase", extend("x-module" = "toy"))]
        #[expect(dead_code, reason = "only its schema is used")]
        pub(crate) struct $key {
            $id: String,
            $secret: SecretProperty,
        }

        pub(crate) struct $name(Arc<Toy>);

        impl RotatingResource for $name {
            type Args = ShelfArgs;
            type Key = $key;
            const TOKEN: &'static str = $token;
            const LIST_TOKEN: &'static str = $list;
            const DOCS: &'static str = "Keys on a shelf.";

            fn capability(&self, _: Option<&ShelfArgs>) -> Capability {
                $kind.capability()
            }

            fn principal(&self, args: &ShelfArgs) -> String {
                args.shelf.clone()
            }

            fn check(&self, args: &ShelfArgs) -> Vec<Problem> {
                args.shelf.is_empty().then(|| problem("shelf", "must not be empty [KR-TOY-004]")).into_iter().collect()
            }

            fn import(&self, id: &str) -> Result<ImportedInputs, Error> {
                Ok(([("shelf".to_owned(), id.to_owned())].into(), None))
            }

            fn imported(&self, _: &ShelfArgs, key: &KeyId, secret: Option<SecretString>) -> Material {
                $kind.material(key, Field::Secret(secret.unwrap_or_default()))
            }

            fn issuer(&self, args: &ShelfArgs, _: Known<'_>) -> Box<dyn KeyIssuer> {
                self.0.issuer(&$kind, args)
            }
        }
    };
}

resource!(ToyToken, TOKEN, Token { token_id, token }, "toy:RotatingToken", "toy:listTokens");
resource!(ToyPin, PIN, Pin { pin_id, pin }, "toy:RotatingPin", "toy:listPins");
