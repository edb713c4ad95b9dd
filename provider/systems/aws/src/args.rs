use cloud::problem;
use pulumi_provider::SecretString as SecretProperty;
use rotation::{Field, KeyId, Material, Problem};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use crate::ses::smtp_password;

/// What `aws:RotatingApiKey` takes beside the inputs of every rotating resource.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Args {
    /// The name of the IAM user whose access keys are rotated. The user must exist. Another name replaces the resource.
    #[schemars(extend("x-replace" = true))]
    pub user: String,
    /// The region of Amazon SES for which `sesSmtpPassword` is computed, such as `"eu-central-1"`. Default: none; there is no SMTP password then.
    #[serde(default)]
    pub ses_region: Option<String>,
}

/// An access key of an IAM user.
#[derive(Debug, JsonSchema)]
#[schemars(rename_all = "camelCase", extend("x-module" = "aws"))]
pub struct AccessKey {
    /// The public half, such as `AKIAIOSFODNN7EXAMPLE`; also the user name at Amazon SES's SMTP interface.
    pub access_key_id: String,
    /// The secret half.
    pub secret_access_key: SecretProperty,
    /// The password at Amazon SES's SMTP interface in `sesRegion`. Null without `sesRegion`.
    pub ses_smtp_password: Option<SecretProperty>,
}

pub(crate) const ACCESS_KEY_ID: &str = "accessKeyId";
pub(crate) const SECRET_ACCESS_KEY: &str = "secretAccessKey";
const SES_SMTP_PASSWORD: &str = "sesSmtpPassword";

/// The fields of a key as users read them. A secret that nobody knows is empty, and so is what follows from it.
pub(crate) fn material(args: &Args, id: &KeyId, secret: Option<SecretString>) -> Material {
    let mut fields = Material::new();
    if let Some(region) = &args.ses_region {
        let password = secret.as_ref().map(|secret| smtp_password(secret, region));
        let password = Field::Secret(password.unwrap_or_default());
        fields.insert(SES_SMTP_PASSWORD.to_owned(), password);
    }
    fields.insert(ACCESS_KEY_ID.to_owned(), Field::Plain(id.0.clone()));
    let secret = Field::Secret(secret.unwrap_or_default());
    fields.insert(SECRET_ACCESS_KEY.to_owned(), secret);
    fields
}

/// The fields of a key that is known already: the password at SMTP follows `sesRegion` without a new key.
pub(crate) fn derived(args: &Args, material: Material) -> Material {
    let (Some(Field::Plain(id)), Some(Field::Secret(secret))) =
        (material.get(ACCESS_KEY_ID), material.get(SECRET_ACCESS_KEY))
    else {
        return material;
    };
    let known = Some(secret.clone()).filter(|secret| !is_empty(secret));
    self::material(args, &KeyId(id.clone()), known)
}

#[expect(clippy::disallowed_methods, reason = "whether a secret is empty is no secret")]
fn is_empty(secret: &SecretString) -> bool {
    secrecy::ExposeSecret::expose_secret(secret).is_empty()
}

/// What is wrong with the inputs, beyond their types.
pub(crate) fn check(args: &Args) -> Vec<Problem> {
    let region = args.ses_region.as_deref();
    let ses_region = region
        .filter(|region| !is_region(region))
        .map(|_| problem("sesRegion", "is not the name of a region: write one such as \"eu-central-1\" [KR-AWS-001]"));
    user_problem(&args.user).map(|reason| problem("user", reason)).into_iter().chain(ses_region).collect()
}

/// What is wrong with a user's name (IAM API Reference, CreateUser: 1 to 64 characters).
pub(crate) fn user_problem(user: &str) -> Option<&'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    if user.is_empty() {
        return Some("must not be empty: write the name of an IAM user [KR-AWS-002]");
    }
    if user.len() > LONGEST_USER {
        return Some("must not be longer than 64 characters [KR-AWS-003]");
    }
    if user.contains([':', '/']) && !user.chars().all(allowed) {
        return Some("must be the user's plain name, without its path or ARN [KR-AWS-004]");
    }
    (!user.chars().all(allowed)).then_some("may hold letters, digits and the signs + = , . @ _ - [KR-AWS-005]")
}

/// Whether a text has the shape of a region's name, such as `eu-central-1` or `us-gov-west-1`.
pub(crate) fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let Some(([area, middle @ ..], number)) = parts.split_last().map(|(last, rest)| (rest, last)) else {
        return false;
    };
    let word = |part: &&str| part.len() >= 2 && part.bytes().all(|c| c.is_ascii_lowercase());
    let digits = (1..=2).contains(&number.len()) && number.bytes().all(|c| c.is_ascii_digit());
    word(area) && !middle.is_empty() && middle.iter().all(word) && digits
}

const LONGEST_USER: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn args(user: &str, ses_region: Option<&str>) -> Args {
        Args { user: user.to_owned(), ses_region: ses_region.map(str::to_owned) }
    }

    #[test]
    fn a_key_has_the_fields_that_its_schema_promises() {
        let schema = schemars::schema_for!(AccessKey);
        let schema = schema.as_value();
        let key = KeyId("AKIAIOSFODNN7EXAMPLE".to_owned());
        let secret = || Some("hidden".into());
        let full = material(&args("ci", Some("eu-central-1")), &key, secret());
        let promised = schema["properties"].as_object().unwrap();
        assert!(full.keys().eq(promised.keys().collect::<std::collections::BTreeSet<_>>()));
        for (name, field) in &full {
            let marked = promised[name].get("x-secret").is_some();
            assert_eq!(marked, matches!(field, Field::Secret(_)), "{name}");
        }
        let plain = material(&args("ci", None), &key, secret());
        let required: Vec<_> = schema["required"].as_array().unwrap().iter().collect();
        assert!(plain.keys().eq(required.iter().filter_map(|name| name.as_str())));
    }

    #[test]
    fn a_user_is_marked_to_replace_and_a_secret_as_such() {
        let schema = schemars::schema_for!(Args);
        assert_eq!(schema.as_value()["properties"]["user"]["x-replace"], true);
        let region = &schema.as_value()["properties"]["sesRegion"];
        assert_eq!(region.get("x-replace"), None);
    }

    #[test]
    fn without_its_secret_a_key_has_empty_fields_and_no_made_up_password() {
        let key = KeyId("AKIAIOSFODNN7EXAMPLE".to_owned());
        let fields = material(&args("ci", Some("eu-central-1")), &key, None);
        let empty = Field::Secret(SecretString::default());
        assert_eq!(fields[SECRET_ACCESS_KEY], empty);
        assert_eq!(fields[SES_SMTP_PASSWORD], empty);
    }

    #[test]
    fn wrong_inputs_are_named() {
        let properties = |args: &Args| {
            let problems = check(args);
            let names = problems.into_iter().map(|problem| problem.property);
            names.collect::<Vec<_>>()
        };
        let long = "x".repeat(65);
        for user in ["", "a b", "é", "a\n", "team/ci", long.as_str()] {
            assert_eq!(properties(&args(user, None)), ["user"], "{user:?}");
        }
        assert!(properties(&args("ci+deploy=,.@-_9", Some("us-gov-west-1"))).is_empty());
        assert!(properties(&args(&"x".repeat(64), Some("ap-southeast-2"))).is_empty());
        for region in ["", "eu", "eu-1", "eu-central", "EU-central-1", "eu--1", "eu-central-1a", "https://x"] {
            assert_eq!(properties(&args("ci", Some(region))), ["sesRegion"], "{region:?}");
        }
        assert_eq!(properties(&args("", Some("x"))), ["user", "sesRegion"]);
        assert!(check(&args("team/ci", None))[0].reason.contains("path"));
    }
}
