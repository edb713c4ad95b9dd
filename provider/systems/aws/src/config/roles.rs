//! Roles to assume, as the provider configuration has them.

use pulumi_provider::SecretString;
use rotation::parse_duration;
use schemars::JsonSchema;
use serde::Deserialize;

/// A role to assume.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-name" = "AwsAssumeRole"))]
pub struct AssumeRole {
    /// The role's ARN.
    pub role_arn: String,
    /// The name of the session, as CloudTrail shows it. Default: `keyrotation`.
    #[serde(default)]
    pub session_name: Option<String>,
    /// The external id that the role's trust policy asks for.
    #[serde(default)]
    pub external_id: Option<String>,
}

/// A role to assume with a token of an OpenID Connect provider, such as the identity token of a CI job. At most one of `webIdentityToken`
/// and `webIdentityTokenFile` may be set.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-name" = "AwsAssumeRoleWithWebIdentity"))]
pub struct AssumeRoleWithWebIdentity {
    /// The role's ARN. Default: `AWS_ROLE_ARN`.
    #[serde(default)]
    pub role_arn: Option<String>,
    /// The file that holds the token. The plugin reads it each time it needs a new session, so only its path is in the state. Default: `AWS_WEB_IDENTITY_TOKEN_FILE`.
    #[serde(default)]
    pub web_identity_token_file: Option<String>,
    /// The token. It becomes part of the stack's state, where it is worthless once it has expired: prefer `webIdentityTokenFile`.
    #[serde(default)]
    pub web_identity_token: Option<SecretString>,
    /// The name of the session, as CloudTrail shows it. Default: `AWS_ROLE_SESSION_NAME`, or `keyrotation`.
    #[serde(default)]
    pub session_name: Option<String>,
    /// ARNs of managed policies that limit what the session may do, 10 at most.
    #[serde(default)]
    pub policy_arns: Option<Vec<String>>,
    /// How long the session lasts, from `"15m"` to `"12h"`, and not longer than the role allows. Default: one hour, AWS's own.
    #[serde(default)]
    pub duration: Option<String>,
}

impl AssumeRoleWithWebIdentity {
    /// What is wrong with it: the property within it, and why.
    pub(super) fn problems(&self) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        let mut add = |property: &str, reason: &str| problems.push((property.to_owned(), reason.to_owned()));
        if filled(&self.role_arn).is_some_and(|arn| !is_role(arn)) {
            add("roleArn", NO_ROLE);
        }
        if present(self.web_identity_token.as_ref()) && filled(&self.web_identity_token_file).is_some() {
            add("webIdentityToken", "conflicts with webIdentityTokenFile: keep one of them [KR-AWS-068]");
        }
        if self.policy_arns.as_ref().is_some_and(|arns| arns.len() > POLICIES) {
            add("policyArns", "has more than 10 policies, which is the most that AWS takes [KR-AWS-069]");
        }
        for (index, arn) in self.policy_arns.iter().flatten().enumerate() {
            if !arn.starts_with("arn:aws") || !arn.contains(":policy/") {
                let reason =
                    "is not a policy's ARN: write one such as \"arn:aws:iam::123456789012:policy/name\" [KR-AWS-070]";
                add(&format!("policyArns[{index}]"), reason);
            }
        }
        if let Some(Err(reason)) = filled(&self.duration).map(seconds) {
            add("duration", &reason);
        }
        problems
    }

    /// How many seconds the session is to last; AWS decides if nothing is said.
    pub(crate) fn seconds(&self) -> Option<i32> {
        filled(&self.duration).and_then(|text| seconds(text).ok())
    }
}

pub(super) const NO_ROLE: &str =
    "is not a role's ARN: write one such as \"arn:aws:iam::123456789012:role/name\" [KR-AWS-009]";
/// How many policies a session takes (STS API Reference, AssumeRoleWithWebIdentity, `PolicyArns`).
const POLICIES: usize = 10;

/// A length that AWS may grant, in seconds (STS API Reference, AssumeRoleWithWebIdentity, `DurationSeconds`).
fn seconds(text: &str) -> Result<i32, String> {
    let duration = parse_duration(text)?.as_secs();
    let seconds = i32::try_from(duration).ok().filter(|seconds| (900..=43_200).contains(seconds));
    seconds.ok_or_else(|| "is not between \"15m\" and \"12h\" [KR-AWS-071]".to_owned())
}

pub(super) fn is_role(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", partition, "iam", "", account, role]
        if partition.starts_with("aws") && account.len() == 12 && role.len() > "role/".len() && role.starts_with("role/"))
}

/// A text; none if it is empty, which is what a missing variable of CI leaves.
pub(crate) fn filled(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

/// An empty text is what a missing CI variable leaves, and the same as none.
pub(crate) fn present(secret: Option<&SecretString>) -> bool {
    secret.is_some_and(|secret| !secret.is_empty())
}
