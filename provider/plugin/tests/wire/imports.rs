//! Secrets of keys that are imported: where they come from, and that each is tried before its key is taken over.

use crate::support::{config_of_all, text};
use std::path::PathBuf;
use std::process::Stdio;

use libtest_mimic::Trial;
use localcloud::confluent::Resource;
use localcloud::oci::Kind;
use localcloud::{LocalCloud, Options};
use pulumi_provider::Object;
use pulumi_provider::testing::{Action, Harness, Managed, free_of, object};

use crate::scene::{PASSWORD, Plugin, TOKEN, USER, command};
use crate::trial;

type Variables<'a> = &'a [(&'a str, &'a str)];

const ONE: &str = "KEYROTATION_IMPORT_SECRET";
const MANY: &str = "KEYROTATION_IMPORT_SECRETS";

pub(crate) fn trials() -> Vec<Trial> {
    let systems = [System::Aws, System::Oci, System::OciToken, System::OciSecretKey, System::Confluent];
    let mut trials = Vec::new();
    for system in systems {
        let name = |what: &str| format!("official_a1_{what}_{}", system.name());
        trials.push(trial(name("without_its_secret_an_imported_key_shows_null_and_says_so"), move || unknown(system)));
        trials.push(trial(name("a_secret_that_works_is_taken"), move || taken(system)));
        trials.push(trial(name("many_secrets_come_from_a_file"), move || from_file(system)));
        if system.tries() {
            trials.push(trial(name("a_secret_that_does_not_work_is_refused"), move || refused(system)));
        }
    }
    trials.push(trial("official_a1_two_variables_or_a_wrong_file_are_refused", wrong_sources));
    trials.push(trial("official_a1_the_private_half_of_another_key_is_refused_by_its_fingerprint", other_pair));
    trials.push(trial("official_a1_the_secret_of_a_disabled_key_cannot_be_tried", disabled));
    trials.push(trial("official_a1_a_key_of_another_resource_names_no_way_that_deletes_it", managed));
    trials.push(trial("official_a1_after_a_lost_state_nothing_advises_to_delete_the_imported_key", lost_state));
    trials
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    Aws,
    Oci,
    OciToken,
    OciSecretKey,
    Confluent,
}

impl System {
    fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Oci => "oci",
            Self::OciToken => "oci_auth_token",
            Self::OciSecretKey => "oci_customer_secret_key",
            Self::Confluent => "confluent",
        }
    }

    fn token(self) -> &'static str {
        match self {
            Self::Aws => TOKEN,
            Self::Oci => "keyrotation:oci:RotatingApiKey",
            Self::OciToken => "keyrotation:oci:RotatingAuthToken",
            Self::OciSecretKey => "keyrotation:oci:RotatingCustomerSecretKey",
            Self::Confluent => "keyrotation:confluent:RotatingApiKey",
        }
    }

    /// The output that is the secret.
    fn secret(self) -> &'static str {
        match self {
            Self::Aws => "secretAccessKey",
            Self::Oci => "privateKeyPem",
            Self::OciToken => "token",
            Self::OciSecretKey => "secretKey",
            Self::Confluent => "apiSecret",
        }
    }

    /// Whether there is anything that a secret can be tried with.
    fn tries(self) -> bool {
        !matches!(self, Self::OciToken | Self::OciSecretKey)
    }
}

/// A key that somebody made.
struct Stray {
    /// Its own id.
    id: String,
    /// What imports it.
    import: String,
    secret: String,
}

/// Clouds with a principal each.
struct Ground {
    cloud: LocalCloud,
    oci_user: String,
    confluent_owner: String,
}

impl Ground {
    fn new() -> Self {
        let cloud = LocalCloud::start(Options::default().immediate()).unwrap();
        cloud.aws().create_user(USER).unwrap();
        let oci_user = cloud.oci().create_user("ci").unwrap();
        let confluent_owner = cloud.confluent().create_service_account("ci").unwrap();
        Self { cloud, oci_user, confluent_owner }
    }

    fn stray(&self, system: System) -> Stray {
        let secret = |kind| {
            let issued = self.cloud.oci().mint_secret("ci", kind, "somebody's").unwrap();
            Stray { import: format!("{}#ci/{}", self.oci_user, issued.id), id: issued.id, secret: issued.secret }
        };
        match system {
            System::Aws => {
                let made = self.cloud.aws().mint_key(USER).unwrap();
                let (id, secret) = (made.access_key_id, made.secret_access_key);
                Stray { import: format!("{USER}/{id}"), id, secret }
            }
            System::Oci => {
                let admin = self.cloud.oci().config();
                let public = self.cloud.oci().keys(&admin.user).pop().unwrap().pem;
                let id = self.cloud.oci().upload_key("ci", &public).unwrap();
                Stray { import: format!("{}/{id}", self.oci_user), id, secret: admin.key_content }
            }
            System::OciToken => secret(Kind::AuthToken),
            System::OciSecretKey => secret(Kind::CustomerSecretKey),
            System::Confluent => {
                let cloud = Resource { id: "cloud".to_owned(), environment: None };
                let made = self.cloud.confluent().mint_key(&self.confluent_owner, &cloud).unwrap();
                let import = format!("{}/cloud/{}", self.confluent_owner, made.api_key);
                Stray { import, id: made.api_key, secret: made.api_secret }
            }
        }
    }

    /// A plugin with these variables.
    async fn plugin(&self, variables: &[(&str, &str)]) -> (Plugin, Harness) {
        let plugin = Plugin::spawn(command(&[]).envs(variables.iter().copied()).stdin(Stdio::null()));
        let harness = plugin.harness().await;
        harness.configure(config_of_all(&self.cloud)).await.unwrap();
        (plugin, harness)
    }

    /// What an import with these variables says that it is refused for. It leaves nothing, and none of the secrets is in it.
    async fn refusal(&self, system: System, import: &str, variables: &[(&str, &str)], secrets: &[&str]) -> String {
        let (_plugin, harness) = self.plugin(variables).await;
        let mut key = harness.resource(system.token(), "k");
        let text = key.import(import).await.expect_err("it was imported").texts().concat();
        assert!(key.saved.is_none(), "{system:?}");
        for secret in secrets {
            assert!(!text.contains(secret), "{system:?}: a secret in {text}");
        }
        text
    }
}

fn outputs(key: &Managed) -> Object {
    key.saved.clone().expect("nothing was imported").outputs
}

fn warnings(outputs: &Object) -> String {
    format!("{:?}", outputs["warnings"])
}

/// The imported key stays current, with its secret where it is known, and nothing is due after it.
async fn expect_taken(mut key: Managed, stray: &Stray, system: System) {
    let found = outputs(&key);
    let current = found["current"].as_object().unwrap();
    assert_eq!(text(current, "id"), stray.id, "{system:?}");
    let secret = text(&found, system.secret());
    assert_eq!(secret.trim(), stray.secret.trim(), "{system:?}");
    assert!(free_of(&found, &[stray.secret.trim()]), "{system:?}");
    assert!(!warnings(&found).contains("is not known"), "{}", warnings(&found));
    let inputs = key.saved.clone().unwrap().inputs;
    assert_eq!(key.preview(&inputs).await.unwrap().action, Action::Same, "{system:?}");
}

async fn unknown(system: System) {
    let ground = Ground::new();
    let stray = ground.stray(system);
    let file = secrets_file("{}");
    for variables in [vec![], vec![(ONE, "")], vec![(MANY, file.1.as_str())]] {
        let (_plugin, harness) = ground.plugin(&variables).await;
        let mut key = harness.resource(system.token(), "k");
        key.import(&stray.import).await.unwrap();
        let found = outputs(&key);
        assert!(found[system.secret()].is_null(), "{system:?}: {:?}", found[system.secret()]);
        for (name, value) in &found {
            assert_ne!(value.as_str(), Some(""), "{system:?}: {name}");
        }
        let told = warnings(&found);
        assert!(told.contains(&stray.id) && told.contains(system.secret()) && told.contains("null"), "{told}");
        assert!(harness.logged().iter().any(|line| format!("{line:?}").contains("is not known")), "{system:?}");
        key.refresh().await.unwrap();
        assert_eq!(outputs(&key), found, "{system:?}: a refresh changes something");
        let inputs = key.saved.clone().unwrap().inputs;
        assert_eq!(key.preview(&inputs).await.unwrap().action, Action::Same, "{system:?}");
    }
}

async fn taken(system: System) {
    let ground = Ground::new();
    let stray = ground.stray(system);
    let (_plugin, harness) = ground.plugin(&[(ONE, &stray.secret)]).await;
    let mut key = harness.resource(system.token(), "k");
    key.import(&stray.import).await.unwrap();
    expect_taken(key, &stray, system).await;
}

async fn refused(system: System) {
    let ground = Ground::new();
    let stray = ground.stray(system);
    let file = secrets_file(&format!(r#"{{"{}": "{PASSWORD}"}}"#, stray.id));
    for (name, value) in [(ONE, PASSWORD), (MANY, file.1.as_str())] {
        let text = ground.refusal(system, &stray.import, &[(name, value)], &[PASSWORD]).await;
        for part in [name, stray.id.as_str(), "Nothing was imported", "null until the next rotation"] {
            assert!(text.contains(part), "{system:?}: {part:?} is not in {text}");
        }
    }
}

/// A file in a folder, and its path.
fn secrets_file(content: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("secrets.json");
    std::fs::write(&path, content).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

async fn from_file(system: System) {
    let ground = Ground::new();
    let stray = ground.stray(system);
    let quoted = stray.secret.replace('"', "\\\"").replace('\n', "\\n");
    for id in [&stray.id, &stray.import] {
        let file = secrets_file(&format!(r#"{{"another": "{PASSWORD}", "{id}": "{quoted}"}}"#));
        let (_plugin, harness) = ground.plugin(&[(MANY, &file.1)]).await;
        let mut key = harness.resource(system.token(), "k");
        key.import(&stray.import).await.unwrap();
        expect_taken(key, &stray, system).await;
    }
}

async fn wrong_sources() {
    let ground = Ground::new();
    let stray = ground.stray(System::Aws);
    let file = secrets_file(&format!(r#"{{"{}": ["{PASSWORD}"]}}"#, stray.id));
    let cases: [(Variables<'_>, [&str; 2]); 3] = [
        (&[(ONE, PASSWORD), (MANY, &file.1)], [ONE, "both set"]),
        (&[(MANY, "/no/such/file.json")], ["/no/such/file.json", "cannot be read"]),
        (&[(MANY, &file.1)], [&file.1, "not a JSON object"]),
    ];
    for (variables, words) in cases {
        let text = ground.refusal(System::Aws, &stray.import, variables, &[PASSWORD]).await;
        assert!(text.contains(MANY) && words.iter().all(|word| text.contains(word)), "{text}");
    }
}

async fn other_pair() {
    let ground = Ground::new();
    let stray = ground.stray(System::Oci);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../systems/oci/src/keypair/tests/");
    let file = |name: &str| std::fs::read_to_string(format!("{folder}{name}")).unwrap();
    // It works, but it is not this key's.
    let other = ground.cloud.oci().upload_key("ci", &file("public.pem")).unwrap();
    let text = ground.refusal(System::Oci, &stray.import, &[(ONE, &file("pkcs8.pem"))], &["PRIVATE KEY"]).await;
    assert!(text.contains(&other) && text.contains(&stray.id), "{text}");
    let text = ground.refusal(System::Oci, &stray.import, &[(ONE, &file("encrypted.pem"))], &[]).await;
    assert!(text.contains("encrypted") || text.contains("passphrase"), "{text}");
    let text = ground.refusal(System::Oci, &stray.import, &[(ONE, &file("public.pem"))], &[]).await;
    assert!(text.contains("public"), "{text}");
}

async fn disabled() {
    let ground = Ground::new();
    let stray = ground.stray(System::Aws);
    ground.cloud.aws().set_key_active(&stray.id, false).unwrap();
    let text = ground.refusal(System::Aws, &stray.import, &[(ONE, &stray.secret)], &[&stray.secret]).await;
    assert!(text.contains("the key is disabled") && text.contains(&stray.id), "{text}");
}

async fn managed() {
    let ground = Ground::new();
    let (_plugin, harness) = ground.plugin(&[]).await;
    let mut owner = harness.resource(TOKEN, "owner");
    owner.up(&object([("user", USER.into())])).await.unwrap();
    let id = text(&outputs(&owner), "accessKeyId");
    let text = ground.refusal(System::Aws, &format!("{USER}/{id}"), &[], &[]).await;
    for part in ["Nothing was imported", "pulumi state delete", "keeps the key"] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    // The mark that the message names is all that keeps the key from being imported.
    let tags = ground.cloud.aws().tags(USER);
    assert!(tags.keys().all(|tag| tag.starts_with("keyrotation:")));
    let hash = tags.keys().next().unwrap().trim_start_matches("keyrotation:").to_owned();
    assert!(text.contains(hash.trim_end_matches(":claim")), "{text}");
    ground.cloud.aws().set_tags(USER, &Default::default()).unwrap();
    let mut key = harness.resource(TOKEN, "k");
    key.import(&format!("{USER}/{id}")).await.unwrap();
}

/// The state is lost in the overlap of a rotation, and the current key is imported under the same name.
async fn lost_state() {
    for system in [System::Aws, System::Oci, System::Confluent] {
        let ground = Ground::new();
        let (_plugin, harness) = ground.plugin(&[]).await;
        let own = match system {
            System::Confluent => object([("owner", object([("id", ground.confluent_owner.as_str().into())]).into())]),
            System::Oci => object([("userId", ground.oci_user.as_str().into())]),
            _ => object([("user", USER.into())]),
        };
        let inputs = |release: &str| {
            let mut inputs = own.clone();
            inputs.insert("keepers".to_owned(), object([("release", release.into())]).into());
            inputs
        };
        let mut key = harness.resource(system.token(), "k");
        key.up(&inputs("1")).await.unwrap();
        key.up(&inputs("2")).await.unwrap();
        let before = outputs(&key);
        let current = text(before["current"].as_object().unwrap(), "id");
        let principal = key.saved.take().unwrap().id;
        let import = format!("{principal}/{current}");
        let (_other, harness) = ground.plugin(&[(ONE, &text(&before, system.secret()))]).await;
        let mut key = harness.resource(system.token(), "k");
        key.import(&import).await.unwrap();
        // The first keepers after an import ask for nothing.
        for release in ["2", "2", "3"] {
            key.refresh().await.unwrap();
            let found = outputs(&key);
            assert_eq!(text(found["current"].as_object().unwrap(), "id"), current, "{system:?}");
            assert!(!warnings(&found).contains(&current), "{system:?}: {}", warnings(&found));
            let advice = harness.logged().iter().map(|line| format!("{line:?}")).collect::<String>().to_lowercase();
            let of_current = advice.split(". ").filter(|sentence| sentence.contains(&current.to_lowercase()));
            let deletes: Vec<_> = of_current.filter(|sentence| sentence.contains("delet")).collect();
            assert!(deletes.is_empty(), "{system:?}: {deletes:?}");
            key.up(&inputs(release)).await.map(drop).unwrap_or_else(|problem| {
                let text = problem.texts().concat();
                assert!(!text.contains(&format!("delete {current}")), "{system:?}: {text}");
            });
        }
    }
}
