//! Keys that users publish: what a preview foretells. It asks nobody, so no server is there.

use libtest_mimic::Trial;
use pulumi_provider::testing::{Action, Managed, Saved, Step, object};
use pulumi_provider::{Object, Value};

use crate::scene::{PASSWORD, Plugin, bare};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("Update: in a preview a key that is to be published first changes nothing else", published_first),
        trial("Update: in a preview a key that is published no more leaves the set", withdrawn),
    ]
}

const TOKEN: &str = "keyrotation:vault:RotatingJwtKey";

fn inputs(release: &str) -> Object {
    object([
        ("mount", "jwt".into()),
        ("name", "payments".into()),
        ("jwksUrl", "https://keys.example/jwks.json".into()),
        ("keepers", object([("release", release.into())]).into()),
    ])
}

fn key(kid: &str, more: &[(&str, &str)]) -> Object {
    let mut key = object([
        ("id", kid.into()),
        ("generation", 1.into()),
        ("createdAt", "2026-01-01T00:00:00Z".into()),
        ("kid", kid.into()),
        ("privateKeyPem", Value::secret(PASSWORD)),
        ("publicKeyPem", "public".into()),
    ]);
    key.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())));
    key
}

/// A resource that was made long ago, with these keys that it superseded.
async fn made(retiring: Vec<Object>) -> (Plugin, Managed) {
    let (plugin, harness) = bare().await;
    let vault = object([("address", "http://127.0.0.1:9".into()), ("token", Value::secret(PASSWORD))]);
    harness.configure(object([("vault", vault.into())])).await.unwrap();
    let mut resource = harness.resource(TOKEN, "k");
    let checked = resource.preview(&inputs("1")).await.unwrap().inputs;
    let mut outputs = checked.clone();
    outputs.extend(key("first", &[]));
    outputs.extend(object([
        ("stateVersion", 1.into()),
        ("instance", "i0000001".into()),
        ("current", key("first", &[]).into()),
        ("retiring", Value::Array(retiring.into_iter().map(Value::Object).collect())),
        ("jwks", "{}".into()),
    ]));
    let id = "jwt/payments".to_owned();
    resource.saved = Some(Saved { id, inputs: checked, outputs, init_errors: Vec::new() });
    (plugin, resource)
}

fn unknown(step: &Step, name: &str) -> bool {
    step.outputs.get(name).is_some_and(Value::contains_unknown)
}

async fn published_first() {
    let (_plugin, mut resource) = made(Vec::new()).await;
    let step = resource.preview(&inputs("2")).await.unwrap();
    assert_eq!(step.action, Action::Update);
    assert!(unknown(&step, "jwks"));
    for stays in ["kid", "privateKeyPem", "publicKeyPem", "current", "generation"] {
        assert!(!unknown(&step, stays), "{stays}");
    }
}

async fn withdrawn() {
    let superseded_at = [("supersededAt", "2026-01-01T00:00:00Z")];
    let withdrawn_at = [superseded_at[0], ("withdrawnAt", "2026-01-03T00:00:00Z")];
    for (old, leaves) in [(key("old", &superseded_at), true), (key("old", &withdrawn_at), false)] {
        let (_plugin, mut resource) = made(vec![old]).await;
        let saved = resource.saved.as_mut().unwrap();
        let Some(Value::Object(schedule)) = saved.inputs.get_mut("schedule") else { panic!("no schedule") };
        schedule.insert("rotatedAt".to_owned(), "2026-01-01T00:00:00Z".into());
        let step = resource.preview(&inputs("1")).await.unwrap();
        assert_eq!(step.action, Action::Update);
        assert_eq!(unknown(&step, "jwks"), leaves);
        assert!(!unknown(&step, "kid"));
    }
}
