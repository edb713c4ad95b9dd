//! What AWS's configuration files and variables say beyond what the SDK reads of them: trusted certificates, and whether a profile is there.

use std::error::Error as _;

use aws_config::profile::{self, ProfileSet};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_types::os_shim_internal::{Env, Fs};
use rotation::{Error, ErrorKind};

use crate::config::{AwsConfig, present};

/// The profile that is used, in files that could be read.
pub(crate) struct Files {
    set: Option<ProfileSet>,
}

impl Files {
    /// Reads the files. Nothing is contacted.
    ///
    /// # Errors
    /// The credentials would come from a file that cannot be read, or from a profile that is not there.
    pub(crate) async fn read(config: &AwsConfig, (env, fs): (&Env, &Fs)) -> Result<Self, Error> {
        let named = named(config, env);
        let chosen = named.as_ref().map(|(name, _)| name.clone().into());
        let matters = !present(config.access_key.as_ref())
            && config.assume_role_with_web_identity.is_none()
            && (config.profile.is_some() || variable(env, "AWS_ACCESS_KEY_ID").is_none());
        match profile::load(fs, env, &shared_files(config).unwrap_or_default(), chosen).await {
            Ok(set) => {
                let lost = named.filter(|(name, _)| name != "default" && set.get_profile(name).is_none());
                match lost.filter(|_| matters) {
                    Some((name, from)) => Err(no_profile(&name, from, (config, env))),
                    None => Ok(Self { set: Some(set) }),
                }
            }
            Err(error) if matters => Err(unreadable(&error)),
            Err(_) => Ok(Self { set: None }),
        }
    }

    /// The certificates that are trusted in place of the machine's, as DER.
    ///
    /// # Errors
    /// The file cannot be read, or holds none.
    pub(crate) fn authorities(&self, env: &Env) -> Result<Option<Vec<Vec<u8>>>, Error> {
        let of_profile = || {
            let file = self.set.as_ref()?.get("ca_bundle").filter(|file| !file.is_empty())?;
            Some((file.to_owned(), "`ca_bundle` in the AWS profile"))
        };
        let Some((file, from)) = variable(env, BUNDLE).map(|file| (file, BUNDLE)).or_else(of_profile) else {
            return Ok(None);
        };
        let wrong = |why: &str| Error::new(ErrorKind::Invalid, "", format!("{from}: the file {file} {why}"));
        let path = match file.strip_prefix("~/").zip(variable(env, "HOME")) {
            Some((rest, home)) => format!("{home}/{rest}"),
            None => file.clone(),
        };
        let text =
            std::fs::read(path).map_err(|error| wrong(&format!("cannot be read ({}) [KR-AWS-032]", error.kind())))?;
        outbound::authorities(&text).map(Some).map_err(wrong)
    }

    /// Where the region comes from, for messages.
    pub(crate) fn region_from(&self, config: &AwsConfig, env: &Env) -> String {
        let of_profile = || self.set.as_ref()?.get("region").map(|_| "`region` in the AWS profile".to_owned());
        let of_variable = || {
            let mut names = ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter();
            names.find(|name| variable(env, name).is_some()).map(str::to_owned)
        };
        let given = config.region.as_ref().map(|_| "`keyrotation:aws.region`".to_owned());
        given.or_else(of_variable).or_else(of_profile).unwrap_or_else(|| "the default".to_owned())
    }
}

/// The files that the configuration names; none if they are AWS's usual ones. A kind that it does not name stays the usual one.
pub(crate) fn shared_files(config: &AwsConfig) -> Option<EnvConfigFiles> {
    let named = |files: &Option<Vec<String>>| files.clone().filter(|files| !files.is_empty());
    let (own, credentials) = (named(&config.shared_config_files), named(&config.shared_credentials_files));
    if own.is_none() && credentials.is_none() {
        return None;
    }
    let mut files = EnvConfigFiles::builder()
        .include_default_config_file(own.is_none())
        .include_default_credentials_file(credentials.is_none());
    for file in own.into_iter().flatten() {
        files = files.with_file(EnvConfigFileKind::Config, file);
    }
    for file in credentials.into_iter().flatten() {
        files = files.with_file(EnvConfigFileKind::Credentials, file);
    }
    Some(files.build())
}

/// The setting that names the address of a service, if one does, apart from the files.
pub(crate) fn endpoint_from(configured: Option<&str>, service: &str, env: &Env) -> Option<String> {
    if configured.is_some() {
        let property = if service == SECRETS_MANAGER { "secretsManager" } else { &service.to_ascii_lowercase() };
        return Some(format!("`keyrotation:aws.endpoints.{property}`"));
    }
    let ignored = variable(env, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|said| said == "true");
    let mut names = [format!("AWS_ENDPOINT_URL_{service}"), "AWS_ENDPOINT_URL".to_owned()].into_iter();
    names.find(|name| variable(env, name).is_some()).filter(|_| !ignored)
}

/// Secrets Manager in the names of variables.
pub(crate) const SECRETS_MANAGER: &str = "SECRETS_MANAGER";
const BUNDLE: &str = "AWS_CA_BUNDLE";

fn named(config: &AwsConfig, env: &Env) -> Option<(String, &'static str)> {
    let configured = config.profile.clone().map(|name| (name, "`keyrotation:aws.profile`"));
    configured.or_else(|| variable(env, "AWS_PROFILE").map(|name| (name, "AWS_PROFILE")))
}

pub(crate) fn variable(env: &Env, name: &str) -> Option<String> {
    env.get(name).ok().filter(|value| !value.is_empty())
}

fn no_profile(name: &str, from: &str, (settings, env): (&AwsConfig, &Env)) -> Error {
    let place = |given: &Option<Vec<String>>, name: &str, default: &str| {
        let given = given.as_ref().filter(|files| !files.is_empty()).map(|files| files.join(" or "));
        given.or_else(|| variable(env, name)).unwrap_or_else(|| default.to_owned())
    };
    let config = place(&settings.shared_config_files, "AWS_CONFIG_FILE", "~/.aws/config");
    let credentials = place(&settings.shared_credentials_files, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
    let message = format!(
        "no AWS credentials for the plugin: there is no profile {name:?} ({from}), neither `[profile {name}]` in {config} nor `[{name}]` in {credentials}. Correct the name, or add the profile [KR-AWS-033]"
    );
    Error::new(ErrorKind::Unauthenticated, "aws credentials", message)
}

/// The place alone: a line of such a file may hold a secret.
fn unreadable(error: &profile::ProfileFileLoadError) -> Error {
    let place = match error.source() {
        Some(parse) if parse.is::<profile::ProfileParseError>() => parse.to_string(),
        _ => error.to_string(),
    };
    let place = place.lines().next().unwrap_or_default().trim_end_matches(':');
    let message = format!("no AWS credentials for the plugin: {place}. Correct that file [KR-AWS-034]");
    Error::new(ErrorKind::Unauthenticated, "aws credentials", message)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const HOME: (&str, &str) = ("HOME", "/home");

    async fn read(config: Value, variables: &[(&str, &str)], files: Vec<(&str, &str)>) -> Result<Files, Error> {
        let config: AwsConfig = serde_json::from_value(config).unwrap();
        let files = files.into_iter().map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
        let fs = Fs::from_map(files.collect());
        Files::read(&config, (&Env::from_slice(variables), &fs)).await
    }

    #[tokio::test]
    async fn official_b6_a_profile_that_is_not_there_is_named_with_its_files() {
        let file = || vec![("/home/.aws/config", "[profile ops]\nregion = eu-central-1\n")];
        assert!(read(json!({"profile": "ops"}), &[HOME], file()).await.is_ok());
        let error = read(json!({"profile": "opps"}), &[HOME], file()).await.err().unwrap();
        for part in ["\"opps\"", "`keyrotation:aws.profile`", "[profile opps]", "~/.aws/config", "~/.aws/credentials"] {
            assert!(error.message.contains(part), "{part}: {error}");
        }
        let variables = [HOME, ("AWS_PROFILE", "nobody"), ("AWS_CONFIG_FILE", "/etc/aws.ini")];
        let error = read(json!({}), &variables, file()).await.err().unwrap();
        assert!(error.message.contains("AWS_PROFILE") && error.message.contains("/etc/aws.ini"), "{error}");
    }

    #[tokio::test]
    async fn files_of_the_configuration_stand_in_for_the_usual_ones() {
        let ops =
            || vec![("/ci/config", "[profile ops]\nregion = eu-central-1\n"), ("/home/.aws/config", "[profile own]\n")];
        let given = |profile: &str| json!({"sharedConfigFiles": ["/ci/config"], "profile": profile});
        assert!(read(given("ops"), &[HOME], ops()).await.is_ok());
        let error = read(given("own"), &[HOME], ops()).await.err().unwrap();
        assert!(error.message.contains("in /ci/config") && error.message.contains("~/.aws/credentials"), "{error}");
        let both = json!({"sharedConfigFiles": ["/no"], "sharedCredentialsFiles": ["/ci/a", "/ci/b"], "profile": "x"});
        let error = read(both, &[HOME], ops()).await.err().unwrap();
        assert!(error.message.contains("/ci/a or /ci/b") || error.message.contains("/no"), "{error}");
    }

    #[tokio::test]
    async fn official_b6_a_profile_matters_only_if_something_is_taken_from_it() {
        let keys = json!({"accessKey": "AKIAIOSFODNN7EXAMPLE", "secretKey": "hidden", "profile": "nobody"});
        assert!(read(keys, &[HOME], vec![]).await.is_ok());
        let variables = [HOME, ("AWS_PROFILE", "nobody"), ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")];
        assert!(read(json!({}), &variables, vec![]).await.is_ok());
        assert!(read(json!({}), &[HOME, ("AWS_PROFILE", "default")], vec![]).await.is_ok());
        assert!(read(json!({}), &[HOME], vec![]).await.is_ok());
    }

    #[tokio::test]
    async fn official_b6_a_broken_file_is_named_with_its_line_and_not_shown() {
        let broken = || vec![("/home/.aws/config", "[default]\nregion = x\nhidden-text\n")];
        let error = read(json!({}), &[HOME], broken()).await.err().unwrap();
        assert!(error.message.contains(".aws/config on line 3") && !error.message.contains("hidden"), "{error}");
        let variables = [HOME, ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")];
        assert!(read(json!({}), &variables, broken()).await.is_ok());
    }

    #[tokio::test]
    async fn official_b5_a_bundle_that_cannot_be_used_is_named_with_its_setting() {
        let text = "[default]\nca_bundle = /no/such/file.pem\n";
        let files = read(json!({}), &[HOME], vec![("/home/.aws/config", text)]).await.unwrap();
        let error = files.authorities(&Env::from_slice(&[HOME])).unwrap_err();
        assert!(error.message.contains("`ca_bundle`") && error.message.contains("/no/such/file.pem"), "{error}");
        let error = files.authorities(&Env::from_slice(&[HOME, ("AWS_CA_BUNDLE", "/dev/null")])).unwrap_err();
        assert!(error.message.contains("AWS_CA_BUNDLE") && error.message.contains("no certificate"), "{error}");
    }

    #[test]
    fn official_b6_the_setting_that_names_an_address_is_found() {
        let from =
            |configured, variables: &[(&str, &str)]| endpoint_from(configured, "STS", &Env::from_slice(variables));
        let both = [("AWS_ENDPOINT_URL", "x"), ("AWS_ENDPOINT_URL_STS", "y")];
        assert_eq!(from(Some("z"), &both).unwrap(), "`keyrotation:aws.endpoints.sts`");
        assert_eq!(from(None, &both).unwrap(), "AWS_ENDPOINT_URL_STS");
        assert_eq!(from(None, &both[..1]).unwrap(), "AWS_ENDPOINT_URL");
        assert_eq!(from(None, &[both[0], ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")]), None);
    }
}
