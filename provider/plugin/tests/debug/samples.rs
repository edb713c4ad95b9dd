//! One value of every public type that may hold a secret, with a secret in it.

use std::fmt::Debug;

use jiff::{SignedDuration, Timestamp};
use pulumi_provider::testing::Saved;
use pulumi_provider::{
    Archive, ArchiveContent, CheckRequest, Checked, Code, CreateRequest, Created, DeleteRequest, DiffRequest, Failure,
    Found, InvokeRequest, ListRequest, Object, Output, Partial, ReadRequest, ResourceRef, SecretString, Sensitive,
    UpdateRequest, Value,
};
use rotation::testing::{InMemoryCloud, InMemoryRules, ManualClock, Stack};
use rotation::{
    Adopt, Ask, Capability, DeliveryId, ErrorKind, Event, Field, Interrupted, Keepers, Key, KeyId, KeyState, Known,
    Ledgers, Material, Minted, Observed, OldSchedule, OwnerId, Payload, Phase, ReadBack, Retiring, RotationArgs,
    RotationInputs, Schedule, Trigger, TriggerInputs, View, Want, World,
};
use system_aws::{AwsConfig, SecretsManagerDelivery};
use system_confluent::ConfluentConfig;
use system_oci::{OciConfig, OciVaultDelivery};
use system_vault::{VaultConfig, VaultKvDelivery};

use crate::SECRET;

const START: Timestamp = Timestamp::UNIX_EPOCH;

/// A type's name and what `Debug` shows of a value of it, in both forms.
pub(crate) type Sample = (&'static str, String);

pub(crate) fn all() -> Vec<Sample> {
    let mut all = values();
    all.extend(requests());
    all.extend(answers());
    all.extend(inputs());
    all.extend(configs());
    all.extend(states());
    all.extend(decisions());
    all
}

fn sample(name: &'static str, value: impl Debug) -> Sample {
    (name, format!("{value:?}\n{value:#?}"))
}

/// A secret at the top, and others in a list, in a map, in an output and inside one another.
fn object() -> Object {
    let inner: Object = [("deep".to_owned(), Value::secret(vec![Value::secret(SECRET)]))].into();
    [
        ("flat".to_owned(), Value::secret(SECRET)),
        ("listed".to_owned(), Value::Array(vec![Value::secret(SECRET), inner.clone().into()])),
        ("given".to_owned(), Value::Output(output())),
        ("nested".to_owned(), inner.into()),
    ]
    .into()
}

fn output() -> Output {
    Output { value: Some(Box::new(SECRET.into())), secret: true, dependencies: Vec::new() }
}

fn values() -> Vec<Sample> {
    let bundle = ArchiveContent::Assets(object());
    let reference = ResourceRef { id: Some(Box::new(Value::secret(SECRET))), ..ResourceRef::default() };
    vec![
        sample("pulumi_provider::Value", Value::from(object())),
        sample("pulumi_provider::Sensitive", Sensitive::new(object().into())),
        sample("pulumi_provider::SecretString", SecretString::new(SECRET)),
        sample("pulumi_provider::Output", output()),
        sample("pulumi_provider::ResourceRef", reference),
        sample("pulumi_provider::ArchiveContent", &bundle),
        sample("pulumi_provider::Archive", Archive { hash: None, content: bundle }),
    ]
}

fn requests() -> Vec<Sample> {
    let (old_inputs, inputs, state) = (object(), object(), object());
    let check =
        CheckRequest { old_inputs: Some(object()), state: Some(object()), inputs: object(), ..CheckRequest::default() };
    let diff = DiffRequest { old_inputs: object(), state: object(), inputs: object(), ..DiffRequest::default() };
    let read = ReadRequest { inputs: Some(object()), state: Some(object()), ..ReadRequest::default() };
    let delete = DeleteRequest { old_inputs: object(), state: object(), ..DeleteRequest::default() };
    vec![
        sample("pulumi_provider::CheckRequest", check),
        sample("pulumi_provider::DiffRequest", diff),
        sample("pulumi_provider::CreateRequest", CreateRequest { inputs: object(), ..CreateRequest::default() }),
        sample(
            "pulumi_provider::UpdateRequest",
            UpdateRequest { old_inputs, inputs, state, ..UpdateRequest::default() },
        ),
        sample("pulumi_provider::ReadRequest", read),
        sample("pulumi_provider::DeleteRequest", delete),
        sample("pulumi_provider::ListRequest", ListRequest { query: object(), ..ListRequest::default() }),
        sample("pulumi_provider::InvokeRequest", InvokeRequest { arguments: object(), preview: false }),
    ]
}

fn answers() -> Vec<Sample> {
    let saved = Saved { inputs: object(), outputs: object(), ..Saved::default() };
    let failure = Failure::partial("id", object(), pulumi_provider::Error::new(Code::Unknown, "failed"));
    let Failure::Partial(partial) = failure.clone() else { panic!("a partial failure is partial") };
    let partial = Partial { inputs: Some(object()), ..*partial };
    vec![
        sample("pulumi_provider::Checked", Checked { inputs: object(), ..Checked::default() }),
        sample("pulumi_provider::Created", Created { outputs: object(), ..Created::default() }),
        sample("pulumi_provider::Found", Found { inputs: object(), outputs: object(), ..Found::default() }),
        sample("pulumi_provider::Failure", failure),
        sample("pulumi_provider::Partial", partial),
        sample("pulumi_provider::Saved", saved),
    ]
}

fn keepers() -> Keepers {
    Keepers::new([("token".to_owned(), SECRET.to_owned())])
}

fn adopt() -> Adopt {
    Adopt { id: "AKIA1".to_owned(), secret: Some(SECRET.into()) }
}

fn rotation_inputs() -> RotationInputs {
    RotationInputs { keepers: Some(keepers()), adopt: Some(adopt()), ..RotationInputs::default() }
}

fn args() -> RotationArgs {
    rotation_inputs().parse(&Capability::default()).expect("the inputs are in order")
}

fn schedule() -> Schedule {
    Schedule {
        anchor: START,
        window: None,
        rotated_at: START,
        phase: Phase::Overlap,
        revoked: None,
        suspended: false,
        reading: None,
    }
}

fn inputs() -> Vec<Sample> {
    let (keepers, schedule, args) = (keepers(), schedule(), args());
    let old = OldSchedule { keepers: &keepers, period: None, anchor: None, schedule: Some(&schedule) };
    vec![
        sample("rotation::Keepers", &keepers),
        sample("rotation::Adopt", adopt()),
        sample("rotation::RotationInputs", rotation_inputs()),
        sample("rotation::TriggerInputs", TriggerInputs { keepers: Some(self::keepers()), ..TriggerInputs::default() }),
        sample("rotation::RotationArgs", &args),
        sample("rotation::OldSchedule", old),
        sample("rotation::Ask", Ask { args: &args, keepers_unknown: false, suspended: false }),
    ]
}

fn configs() -> Vec<Sample> {
    let secret = || Some(SecretString::new(SECRET));
    let identity = serde_json::json!({ "assumeRoleWithWebIdentity": { "webIdentityToken": SECRET } });
    let identity: AwsConfig = serde_json::from_value(identity).unwrap();
    let aws = AwsConfig { access_key: secret(), secret_key: secret(), token: secret(), ..AwsConfig::default() };
    let confluent =
        ConfluentConfig { cloud_api_key: secret(), cloud_api_secret: secret(), ..ConfluentConfig::default() };
    let oci = OciConfig { private_key: secret(), private_key_password: secret(), ..OciConfig::default() };
    let logins = serde_json::json!({
        "authLoginJwt": { "jwt": SECRET },
        "authLoginAppRole": { "roleId": "ci", "secretId": SECRET, "wrappedSecretId": SECRET },
        "authLoginUserpass": { "password": SECRET },
        "authLoginLdap": { "username": "ci", "password": SECRET },
    });
    let logins: VaultConfig = serde_json::from_value(logins).unwrap();
    let delivery = SecretsManagerDelivery {
        secret_id: "ci/key".to_owned(),
        fields: None,
        extra: None,
        format: None,
        create: None,
        connection: Some(aws.clone()),
    };
    let kv = VaultKvDelivery {
        mount: "secret".to_owned(),
        path: "ci/key".to_owned(),
        fields: None,
        extra: None,
        format: None,
        create: None,
        connection: Some(VaultConfig { token: secret(), ..VaultConfig::default() }),
    };
    let in_oci = OciVaultDelivery {
        vault_id: "ocid1.vault.oc1.iad.aaaa".to_owned(),
        secret_name: "ci-key".to_owned(),
        fields: None,
        extra: None,
        format: None,
        create: None,
        connection: Some(oci.clone()),
    };
    vec![
        sample("system_vault::VaultKvDelivery", kv),
        sample("system_oci::OciVaultDelivery", in_oci),
        sample("system_aws::AwsConfig", aws),
        sample("system_aws::AssumeRoleWithWebIdentity", identity.assume_role_with_web_identity.unwrap()),
        sample("system_aws::SecretsManagerDelivery", delivery),
        sample("system_confluent::ConfluentConfig", confluent),
        sample("system_oci::OciConfig", oci),
        sample("system_vault::VaultConfig", VaultConfig { token: secret(), ..VaultConfig::default() }),
        sample("system_vault::AuthLoginJwt", logins.auth_login_jwt.unwrap()),
        sample("system_vault::AuthLoginAppRole", logins.auth_login_app_role.unwrap()),
        sample("system_vault::AuthLoginUserpass", logins.auth_login_userpass.unwrap()),
        sample("system_vault::AuthLoginLdap", logins.auth_login_ldap.unwrap()),
    ]
}

fn material() -> Material {
    [("secretAccessKey".to_owned(), Field::Secret(SECRET.into()))].into()
}

fn payload(material: &Material) -> String {
    let (owner, key) = (OwnerId::new("urn", "a"), KeyId("AKIA1".to_owned()));
    let delivery = DeliveryId::new(&owner, (&key, 1), "", None);
    let payload = Payload { delivery: &delivery, generation: 1, key: &key, material };
    format!("{payload:?}")
}

fn minted() -> Minted {
    Minted { id: KeyId("AKIA1".to_owned()), created_at: START, material: material(), expiry: None }
}

fn key() -> Key {
    Key { material: Some(material()), ..Key::new(KeyId("AKIA1".to_owned()), 1, START) }
}

fn retiring() -> Retiring {
    Retiring::new(key(), START)
}

fn state() -> KeyState {
    let state = KeyState::new("instance".to_owned());
    KeyState { current: Some(key()), pending: Some(key()), retiring: vec![retiring()], ..state }
}

fn states() -> Vec<Sample> {
    let error = rotation::Error::new(ErrorKind::Unexpected, "", "failed");
    vec![
        sample("rotation::Field", Field::Secret(SECRET.into())),
        sample("rotation::Field", Field::SecretMap([("password".to_owned(), SECRET.into())].into())),
        sample("rotation::Minted", minted()),
        sample("rotation::Payload", payload(&material())),
        sample("rotation::ReadBack", ReadBack { secret: Some(SECRET.into()), ..ReadBack::default() }),
        sample("rotation::Key", key()),
        sample("rotation::Retiring", retiring()),
        sample("rotation::KeyState", state()),
        sample("rotation::Known", Known::of(&state())),
        sample("rotation::Interrupted", Interrupted { state: state(), error }),
        sample("rotation::Stack", stack()),
    ]
}

/// The model's stack with a key whose keepers are secret. The reference makes the key's own secret.
fn stack() -> Stack {
    let rules = InMemoryRules::like_aws(SignedDuration::ZERO);
    let cloud = InMemoryCloud::new(rules, ManualClock::new(START));
    let mut stack = Stack::new("stack/project/key");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let made = runtime.block_on(stack.up(&cloud, &RotationArgs { adopt: None, ..args() }));
    assert!(made.is_done(), "{made:?}");
    stack
}

fn decisions() -> Vec<Sample> {
    let world = World::new(
        state(),
        Observed { keys: [].into(), ledgers: Ledgers::default(), at: START, ahead: SignedDuration::ZERO },
    );
    let capability = Capability::default();
    let view = View { world: &world, want: &Want::Gone, capability: &capability, configured: None, now: START };
    let trigger = Trigger::new("instance", &keepers(), &schedule());
    vec![
        sample("rotation::World", &world),
        sample("rotation::View", view),
        sample("rotation::Event", Event::Minted(minted(), trigger)),
    ]
}
