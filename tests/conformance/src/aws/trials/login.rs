//! Logging in as a CI job does: by its identity token.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use localcloud::aws::{AUDIENCE, ISSUER, RoleTrust, TokenClaims};
use localcloud::{Fault, Rule};
use rotation::testing::Rig;
use rotation::{Clock, Error, ErrorKind, KeyIssuer};
use serde_json::{Value, json};

use super::AwsTrial;
use crate::aws::LocalAws;
use crate::orders::mint;
use crate::suite::trials;

pub(super) const TRIALS: &[AwsTrial] = trials!("aws::login::", () =>
    a_token_in_a_file_opens_a_session,
    a_token_in_the_configuration_opens_a_session,
    roles_are_assumed_after_the_role_by_a_token,
    two_providers_reach_two_accounts,
    a_token_for_another_audience_is_told,
    a_token_of_another_issuer_is_told,
    a_role_that_does_not_trust_the_token_is_told,
    an_expired_token_is_told_with_its_file,
    an_expired_token_from_the_state_is_told_as_that,
    a_missing_and_an_empty_file_are_named,
    a_session_that_ends_in_a_run_is_replaced_with_the_token_as_it_is_then,
    a_session_that_ends_without_a_new_token_makes_nothing,
    a_session_is_as_long_as_asked,
    a_session_longer_than_the_role_allows_is_told,
    policies_limit_the_session,
    the_session_has_its_name,
    destroy_works_an_hour_later_with_the_old_state_and_a_new_token,
    an_allowed_account_is_worked_in,
    another_account_is_refused_before_anything_is_read,
    a_forbidden_account_is_refused,
    an_account_that_nobody_names_is_not_allowed,
    calls_are_repeated_as_often_as_configured,
    a_mint_is_made_once_whatever_is_configured,
    an_ended_session_token_of_the_state_is_told,
    no_token_is_shown,
);

const ROLE: &str = "arn:aws:iam::123456789012:role/ci";
const SUBJECT: &str = "repo:acme/keys:ref:refs/heads/main";

/// A job with a token in a file, and a role that takes it.
struct Job<'a> {
    aws: &'a LocalAws,
    folder: tempfile::TempDir,
}

impl<'a> Job<'a> {
    fn new(aws: &'a LocalAws) -> Result<Self> {
        aws.cloud().aws().trust("ci", RoleTrust { subject: "repo:acme/keys:*".to_owned(), longest: 3_600 });
        let job = Self { aws, folder: tempfile::tempdir()? };
        std::fs::write(job.file(), format!("{}\n", job.token(10)?))?;
        Ok(job)
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("token")
    }

    /// A token that lives for so many minutes.
    fn token(&self, minutes: i64) -> Result<String> {
        self.signed(|claims| claims.exp += minutes * 60)
    }

    fn signed(&self, change: impl FnOnce(&mut TokenClaims)) -> Result<String> {
        let exp = self.aws.clock().now().as_second();
        let mut claims = TokenClaims { iss: ISSUER.to_owned(), aud: AUDIENCE.to_owned(), sub: SUBJECT.to_owned(), exp };
        change(&mut claims);
        self.aws.cloud().aws().identity_token(&claims).context("no token")
    }

    /// The configuration, with more about the login.
    fn config(&self, more: Value) -> Value {
        let mut login = json!({"roleArn": ROLE, "webIdentityTokenFile": self.file()});
        extend(&mut login, more);
        self.with(login)
    }

    fn with(&self, login: Value) -> Value {
        let mut config = self.aws.config();
        for name in ["accessKey", "secretKey"] {
            config.as_object_mut().and_then(|config| config.remove(name));
        }
        config["assumeRoleWithWebIdentity"] = login;
        config
    }

    fn issuer(&self, more: Value) -> Box<dyn KeyIssuer> {
        self.aws.issuer_with(self.config(more), user())
    }

    /// How a login with this token in the file ends.
    async fn refused(&self, token: &str) -> Result<Error> {
        std::fs::write(self.file(), token)?;
        let error = self.issuer(json!({})).list().await.err().context("it was let in")?;
        ensure!(error.kind == ErrorKind::Unauthenticated, "{error:?}");
        ensure!(!error.message.contains(token), "the token is shown");
        ensure!(self.aws.keys().is_empty() && !self.aws.calls().contains(&"ListAccessKeys".to_owned()));
        Ok(error)
    }
}

fn extend(value: &mut Value, more: Value) {
    let (Some(value), Value::Object(more)) = (value.as_object_mut(), more) else { return };
    value.extend(more);
}

fn user() -> Value {
    json!({"user": LocalAws::USER})
}

fn count(aws: &LocalAws, action: &str) -> usize {
    aws.calls().iter().filter(|call| *call == action).count()
}

async fn a_token_in_a_file_opens_a_session(aws: &LocalAws) -> Result<()> {
    let job = Job::new(aws)?;
    let issuer = job.issuer(json!({}));
    ensure!(aws.calls().is_empty(), "nobody is contacted before the first call");
    issuer.list().await?;
    mint(&*issuer).await?;
    ensure!(aws.calls() == ["AssumeRoleWithWebIdentity", "ListAccessKeys", "CreateAccessKey"], "{:?}", aws.calls());
    let signers: Vec<_> = aws.cloud().journal().into_iter().map(|entry| entry.signer).collect();
    ensure!(signers[0].is_none(), "the login is not signed");
    ensure!(signers[1].as_ref().is_some_and(|id| id.starts_with("ASIA")), "{signers:?}");
    ensure!(issuer.configured_key().await?.is_none(), "a session stands on no user");
    Ok(())
}

async fn a_token_in_the_configuration_opens_a_session(aws: &LocalAws) -> Result<()> {
    let job = Job::new(aws)?;
    let config = job.with(json!({"roleArn": ROLE, "webIdentityToken": job.token(10)?}));
    aws.issuer_with(config, user()).list().await?;
    Ok(())
}

async fn roles_are_assumed_after_the_role_by_a_token(aws: &LocalAws) -> Result<()> {
    let job = Job::new(aws)?;
    let mut config = job.config(json!({}));
    config["assumeRoles"] =
        json!([{"roleArn": "arn:aws:iam::123456789012:role/one"}, {"roleArn": "arn:aws:iam::123456789012:role/two"}]);
    aws.issuer_with(config, user()).list().await?;
    let calls = ["AssumeRoleWithWebIdentity", "AssumeRole", "AssumeRole", "ListAccessKeys"];
    ensure!(aws.calls() == calls, "{:?}", aws.calls());
    Ok(())
}

async fn two_providers_reach_two_accounts(aws: &LocalAws) -> Result<()> {
    let other = LocalAws::of_account(aws.clock().clone(), "210987654321")?;
    let (job, another) = (Job::new(aws)?, Job::new(&other)?);
    let (one, two) = (job.issuer(json!({})), another.issuer(json!({})));
    let (first, second) = futures::join!(one.account(), two.account());
    ensure!(first?.as_deref() == Some("123456789012") && second?.as_deref() == Some("210987654321"));
    mint(&*one).await?;
    ensure!((aws.keys().len(), other.keys().len()) == (1, 0));
    Ok(())
}

async fn a_token_for_another_audience_is_told(aws: &LocalAws) -> Result<()> {
    let job = Job::new(aws)?;
    let token =
        job.signed(|claims| (claims.aud, claims.exp) = ("https://vault.example".to_owned(), claims.exp + 600))?;
    let error = job.refused(&token).await?;
    ensure!(error.message.contains("InvalidIdentityToken") && error.message.contains("audience"), "{error}");
    Ok(())
}

async fn a_token_of_another_issuer_is_told(aws: &LocalAws) -> Result<()> {
    let job = Job::new(aws)?;
    let token =
        job.signed(|claims| (claims.iss, claims.exp) = ("https://others.example".to_owned(), claims.exp + 600))?;
    let error = job.refused(&token).await?;
    ensure!(error.message.contains("identity provider in IAM"), "{error}");
    let error = job.refused("no token").await?;
    ensure!(error.message.contains("InvalidIdentityToken"), "{error}");
    Ok(())
}

async fn a_role_that_does_not_trust_the_token_is_told(aws: &LocalAws) -> Result<()> {
    let job = Job::new(aws)?;
    let token = job.signed(|claims| (claims.sub, claims.exp) = ("repo:fork/keys:main".to_owned(), claims.exp + 600))?;
    let error = job.refused(&token).await?;
    ensure!(error.message.contains("AccessDenied") && error.message.contains("trust policy"), "{error}");
    let login = json!({"roleArn": "arn:aws:iam::123456789012:role/nobody", "webIdentityToken": job.token(10)?});
    let error = aws.issuer_with(job.with(login), user()).list().await.err().context("there is no such role")?;
    ensure!(error.message.contains("role/nobody"), "{error}");
    Ok(())
}

async fn an_expired_token_is_told_with_its_file(aws: &LocalAws) -> Result<()> {
    let job = Job::new(aws)?;
    let error = job.refused(&job.token(-1)?).await?;
    let file = job.file().display().to_string();
    ensure!(error.message.contains("has expired") && error.message.contains(&file), "{error}");
    ensure!(!error.message.contains("stack's state"), "{error}");
    Ok(())
}

async fn an_expired_token_from_the_state_is_told_as_that(aws: &LocalAws) -> Result<()> {
    let job = Job::new(aws)?;
    let config = job.with(json!({"roleArn": ROLE, "webIdentityToken": job.token(10)?}));
    aws.clock().advance(SignedDuration::from_hours(1));
    let error = aws.issuer_with(config, user()).list().await.err().context("it was let in")?;
    for part in ["stack's state", "webIdentityTokenFile", "AWS_WEB_IDENTITY_TOKEN_FILE", "--run-program"] {
        ensure!(error.message.contains(part), "{part}: {error}");
    }
    Ok(())
}

async fn a_missing_and_an_empty_file_are_named(aws: &LocalAws) -> Result<()> {
    let job = Job::new(aws)?;
    std::fs::write(job.file(), " \n")?;
    let error = job.issuer(json!({})).list().await.err().context("there is no token")?;
    ensure!(error.message.contains("webIdentityTokenFile") && error.message.contains("is empty"), "{error}");
    std::fs::remove_file(job.file())?;
    let error = job.issuer(json!({})).list().await.err().context("there is no file")?;
    ensure!(error.message.contains("webIdentityTokenFile") && error.message.contains("cannot be read"), "{error}");
    ensure!(aws.calls().is_empty(), "{:?}", aws.calls());
    let error = aws.issuer_with(job.with(json!({"webIdentityTokenFile": "/t"})), user()).list().await;
    let error = error.err().context("there is no role")?;
    ensure!(
        error.message.contains("assumeRoleWithWebIdentity.roleArn") && error.message.contains("AWS_ROLE_ARN"),
        "{error}"
    );
    Ok(())
}

async fn a_session_that_ends_in_a_run_is_replaced_with_the_token_as_it_is_then(aws: &LocalAws) -> Result<()> {
    let job = Job::new(aws)?;
    let issuer = job.issuer(json!({}));
    issuer.list().await?;
    aws.clock().advance(SignedDuration::from_mins(61));
    std::fs::write(job.file(), job.token(10)?)?;
    mint(&*issuer).await?;
    ensure!(count(aws, "AssumeRoleWithWebIdentity") == 2 && aws.keys().len() == 1, "{:?}", aws.calls());
    Ok(())
}

async fn a_session_that_ends_without_a_new_token_makes_nothing(aws: &LocalAws) -> Result<()> {
    let job = Job::new(aws)?;
    let issuer = job.issuer(json!({}));
    issuer.list().await?;
    aws.clock().advance(SignedDuration::from_mins(61));
    let error = mint(&*issuer).await.err().context("a key was made")?;
    ensure!(error.effect == rotation::Effect::None && error.message.contains("has expired"), "{error:?}");
    ensure!(aws.keys().is_empty() && count(aws, "CreateAccessKey") == 0, "{:?}", aws.calls());
    Ok(())
}

async fn a_session_is_as_long_as_asked(aws: &LocalAws) -> Result<()> {
    let job = Job::new(aws)?;
    let issuer = job.issuer(json!({"duration": "15m"}));
    for (minutes, sessions) in [(0, 1), (10, 1), (6, 2)] {
        aws.clock().advance(SignedDuration::from_mins(minutes));
        std::fs::write(job.file(), job.token(5)?)?;
        issuer.list().await?;
        ensure!(count(aws, "AssumeRoleWithWebIdentity") == sessions, "{:?}", aws.calls());
    }
    Ok(())
}

async fn a_session_longer_than_the_role_allows_is_told(aws: &LocalAws) -> Result<()> {
    let job = Job::new(aws)?;
    let error = job.issuer(json!({"duration": "2h"})).list().await.err().context("it was let in")?;
    ensure!(error.message.contains("`duration`") && error.message.contains("role allows"), "{error}");
    Ok(())
}

async fn policies_limit_the_session(aws: &LocalAws) -> Result<()> {
    let job = Job::new(aws)?;
    let policies = |name: &str| json!({"policyArns": [format!("arn:aws:iam::aws:policy/{name}")]});
    let reader = job.issuer(policies("IAMReadOnlyAccess"));
    reader.list().await?;
    let error = mint(&*reader).await.err().context("a key was made")?;
    ensure!(error.kind == ErrorKind::Denied && aws.keys().is_empty(), "{error:?}");
    mint(&*job.issuer(policies("IAMFullAccess"))).await?;
    Ok(())
}

async fn the_session_has_its_name(aws: &LocalAws) -> Result<()> {
    let job = Job::new(aws)?;
    job.issuer(json!({"sessionName": "job=17"})).list().await?;
    let error = job.issuer(json!({"sessionName": "no name"})).list().await.err().context("a name with a space")?;
    ensure!(error.message.contains("ValidationError"), "{error}");
    Ok(())
}

async fn destroy_works_an_hour_later_with_the_old_state_and_a_new_token(aws: &LocalAws) -> Result<()> {
    let job = Job::new(aws)?;
    let config = job.config(json!({}));
    let made = mint(&*aws.issuer_with(config.clone(), user())).await?;
    aws.clock().advance(SignedDuration::from_hours(1));
    std::fs::write(job.file(), job.token(10)?)?;
    // `refresh` and `destroy` have the provider's inputs from the state: the same configuration.
    let later = aws.issuer_with(config, user());
    ensure!(later.list().await?.is_some_and(|keys| keys.len() == 1));
    later.retire(&made.id).await?;
    ensure!(aws.keys().is_empty());
    Ok(())
}

fn with_accounts(aws: &LocalAws, property: &str, ids: &[&str]) -> Value {
    let mut config = aws.config();
    config[property] = json!(ids);
    config
}

async fn an_allowed_account_is_worked_in(aws: &LocalAws) -> Result<()> {
    let config = with_accounts(aws, "allowedAccountIds", &["210987654321", "123456789012"]);
    let issuer = aws.issuer_with(config, user());
    issuer.list().await?;
    mint(&*issuer).await?;
    issuer.account().await?;
    ensure!(count(aws, "GetCallerIdentity") == 1, "{:?}", aws.calls());
    Ok(())
}

async fn another_account_is_refused_before_anything_is_read(aws: &LocalAws) -> Result<()> {
    let issuer = aws.issuer_with(with_accounts(aws, "allowedAccountIds", &["210987654321"]), user());
    for error in [issuer.list().await.err(), mint(&*issuer).await.err()] {
        let error = error.context("it was let in")?;
        ensure!(error.kind == ErrorKind::Blocked && error.effect == rotation::Effect::None, "{error:?}");
        ensure!(error.message.contains("123456789012") && error.message.contains("allowedAccountIds"), "{error}");
    }
    ensure!(aws.calls().iter().all(|call| call == "GetCallerIdentity"), "{:?}", aws.calls());
    Ok(())
}

async fn a_forbidden_account_is_refused(aws: &LocalAws) -> Result<()> {
    let issuer = aws.issuer_with(with_accounts(aws, "forbiddenAccountIds", &["123456789012"]), user());
    let error = issuer.list().await.err().context("it was let in")?;
    ensure!(error.kind == ErrorKind::Blocked && error.message.contains("forbiddenAccountIds"), "{error:?}");
    aws.issuer_with(with_accounts(aws, "forbiddenAccountIds", &["210987654321"]), user()).list().await?;
    Ok(())
}

async fn an_account_that_nobody_names_is_not_allowed(aws: &LocalAws) -> Result<()> {
    aws.cloud().faults().add(Rule::new(Fault::error_before(500, "InternalFailure")).on("GetCallerIdentity").always());
    let issuer = aws.issuer_with(with_accounts(aws, "allowedAccountIds", &["123456789012"]), user());
    ensure!(issuer.list().await.is_err() && count(aws, "ListAccessKeys") == 0, "{:?}", aws.calls());
    Ok(())
}

async fn calls_are_repeated_as_often_as_configured(aws: &LocalAws) -> Result<()> {
    for (retries, calls) in [(Some(0), 1), (None, 4), (Some(6), 7)] {
        let before = count(aws, "ListAccessKeys");
        let mut config = aws.config();
        config["maxRetries"] = json!(retries);
        let rule = Rule::new(Fault::Throttle).on("ListAccessKeys").times(10);
        aws.cloud().faults().add(rule);
        let error = aws.issuer_with(config, user()).list().await.err().context("it was not throttled")?;
        aws.cloud().faults().clear();
        ensure!(error.kind == ErrorKind::Throttled, "{error:?}");
        ensure!(count(aws, "ListAccessKeys") - before == calls, "{retries:?}: {:?}", aws.calls());
    }
    Ok(())
}

async fn a_mint_is_made_once_whatever_is_configured(aws: &LocalAws) -> Result<()> {
    let mut config = aws.config();
    config["maxRetries"] = json!(25);
    aws.cloud().faults().add(Rule::new(Fault::error_after(500, "ServiceFailure")).on("CreateAccessKey").times(10));
    let error = mint(&*aws.issuer_with(config, user())).await.err().context("it was answered")?;
    ensure!(error.effect == rotation::Effect::Unknown, "{error:?}");
    ensure!(count(aws, "CreateAccessKey") == 1 && aws.keys().len() == 1, "{:?}", aws.calls());
    Ok(())
}

async fn an_ended_session_token_of_the_state_is_told(aws: &LocalAws) -> Result<()> {
    let session = aws.cloud().aws().open_session("ci", 900);
    let mut config = aws.config();
    extend(&mut config, json!({"accessKey": session.0, "secretKey": session.1, "token": session.2}));
    aws.issuer_with(config.clone(), user()).list().await?;
    aws.clock().advance(SignedDuration::from_mins(16));
    let error = aws.issuer_with(config, user()).list().await.err().context("the session has ended")?;
    for part in ["ExpiredToken", "stack's state", "AWS_SESSION_TOKEN", "--run-program"] {
        ensure!(error.message.contains(part), "{part}: {error}");
    }
    ensure!(!error.message.contains(&session.2) && !error.message.contains(&session.1));
    Ok(())
}

async fn no_token_is_shown(aws: &LocalAws) -> Result<()> {
    let job = Job::new(aws)?;
    let mut shown = String::new();
    for token in [job.token(-5)?, job.signed(|claims| claims.aud = "x".to_owned())?, job.token(60)?] {
        for login in [
            json!({"roleArn": ROLE, "webIdentityToken": token}),
            json!({"roleArn": ROLE, "webIdentityTokenFile": job.file()}),
        ] {
            std::fs::write(job.file(), &token)?;
            let config: system_aws::AwsConfig = serde_json::from_value(job.with(login.clone()))?;
            shown.push_str(&format!("{config:?}"));
            let issuer = aws.issuer_with(job.with(login), user());
            shown.push_str(&format!("{:?}", issuer.list().await.err()));
            aws.cloud().faults().add(Rule::new(Fault::DropAfter));
            shown.push_str(&format!("{:?}", mint(&*issuer).await.err()));
            aws.cloud().faults().clear();
        }
    }
    shown.push_str(&format!("{:?}", aws.cloud().journal()));
    ensure!(shown.len() > 1000 && !aws.cloud().aws().leaks_token(&shown), "a token is shown");
    ensure!(aws.cloud().aws().leaks(&shown).is_empty(), "a session's secret is shown");
    Ok(())
}
