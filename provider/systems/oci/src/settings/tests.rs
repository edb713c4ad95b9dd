use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use futures::FutureExt;
use pulumi_provider::SecretString as Property;
use tempfile::TempDir;

use super::*;
use crate::keypair::{KeyBits, Pair};
use crate::signer::Signer;

const TENANCY: &str = "ocid1.tenancy.oc1..aaaa";
const USER: &str = "ocid1.user.oc1..aaaa";
const OTHER: &str = "ocid1.user.oc1..bbbb";

/// A home folder with Oracle's file, an environment, and two keys.
struct Machine {
    home: TempDir,
    env: BTreeMap<String, String>,
    keys: [Pair; 2],
}

impl Machine {
    fn new(file: &str) -> Self {
        let home = TempDir::new().unwrap();
        let keys = [0, 1].map(|_| Pair::generate(KeyBits::B2048).unwrap());
        fs::create_dir(home.path().join(".oci")).unwrap();
        for (name, key) in ["one.pem", "two.pem"].iter().zip(&keys) {
            let pem = key.private_pem().unwrap();
            fs::write(home.path().join(".oci").join(name), exposed(&pem)).unwrap();
        }
        fs::write(home.path().join(".oci/token"), "a.b.c\n").unwrap();
        if !file.is_empty() {
            fs::write(home.path().join(".oci/config"), file).unwrap();
        }
        let env = BTreeMap::from([("HOME".to_owned(), home.path().to_str().unwrap().to_owned())]);
        Self { home, env, keys }
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    fn resolve(&self, config: &OciConfig) -> Result<Settings, Error> {
        Settings::resolve(config, &|name| self.env.get(name).cloned())
    }

    fn key_id(&self, config: &OciConfig) -> String {
        let settings = self.resolve(config).map_err(|error| error.to_string()).unwrap();
        key_id(&settings)
    }

    fn fails(&self, config: &OciConfig) -> String {
        self.resolve(config).err().unwrap().to_string()
    }
}

/// What the next request would be signed as.
fn key_id(settings: &Settings) -> String {
    let clock: Arc<dyn rotation::Clock> = Arc::new(rotation::testing::ManualClock::new(jiff::Timestamp::UNIX_EPOCH));
    let client = outbound::Client::new(&outbound::Settings::default(), Arc::clone(&clock)).unwrap();
    let pairs: Arc<dyn crate::keypair::KeySource> = Arc::new(crate::keypair::Generator);
    let means = Means { client: &client, clock: &clock, regions: &settings.regions, pairs: &pairs };
    let signer = settings.signing.signer(means).now_or_never().unwrap().unwrap();
    exposed(signer.key_id()).to_owned()
}

fn file() -> String {
    format!(
        "[DEFAULT]\ntenancy={TENANCY}\nuser={USER}\nregion=eu-frankfurt-1\nkey_file=~/.oci/one.pem\n\
         [OPS]\nuser={OTHER}\nkey_file=~/.oci/two.pem\nregion=us-phoenix-1\n\
         [SESSION]\nkey_file=~/.oci/two.pem\nsecurity_token_file=~/.oci/token\n"
    )
}

fn profile(name: &str) -> OciConfig {
    OciConfig { config_file_profile: Some(name.to_owned()), ..OciConfig::default() }
}

#[test]
fn a_profile_has_all_that_is_needed() {
    let machine = Machine::new(&file());
    let one = format!("{TENANCY}/{USER}/{}", machine.keys[0].fingerprint());
    assert_eq!(machine.key_id(&OciConfig::default()), one);
    let settings = machine.resolve(&profile("OPS")).map_err(drop).unwrap();
    assert_eq!(settings.place, Place { tenancy: TENANCY.to_owned(), region: "us-phoenix-1".to_owned() });
    let two = machine.keys[1].fingerprint().to_owned();
    assert_eq!(settings.signs_as, Some((OTHER.to_owned(), two)));
    assert_eq!(
        machine.set("OCI_CLI_PROFILE", "OPS").key_id(&OciConfig::default()),
        format!("{TENANCY}/{OTHER}/{}", settings.signs_as.unwrap().1)
    );
}

#[test]
fn a_session_signs_with_its_token() {
    let machine = Machine::new(&file());
    let settings = machine.resolve(&profile("SESSION")).map_err(drop).unwrap();
    assert_eq!(settings.signs_as, None);
    assert_eq!(key_id(&settings), "ST$a.b.c");
}

#[test]
fn the_configuration_stands_above_the_environment_and_that_above_the_file() {
    let machine = Machine::new(&file()).set("OCI_CLI_USER", OTHER).set("OCI_REGION", "uk-london-1");
    let config = OciConfig { region: Some("us-ashburn-1".to_owned()), ..OciConfig::default() };
    let settings = machine.resolve(&config).map_err(drop).unwrap();
    assert_eq!(settings.place.region, "us-ashburn-1");
    assert_eq!(settings.signs_as.unwrap().0, OTHER);
    assert_eq!(machine.resolve(&OciConfig::default()).map_err(drop).unwrap().place.region, "uk-london-1");
    let chosen = machine.resolve(&profile("DEFAULT")).map_err(drop).unwrap();
    assert_eq!((chosen.place.region.as_str(), chosen.signs_as.unwrap().0.as_str()), ("eu-frankfurt-1", USER));
}

#[test]
fn terraforms_variables_are_enough() {
    let machine = Machine::new("");
    let pem = exposed(&machine.keys[1].private_pem().unwrap()).to_owned();
    let two = machine.keys[1].fingerprint().to_owned();
    let machine = machine
        .set("TF_VAR_tenancy_ocid", TENANCY)
        .set("TF_VAR_user_ocid", USER)
        .set("TF_VAR_fingerprint", &two)
        .set("TF_VAR_region", "eu-frankfurt-1")
        .set("TF_VAR_private_key", &pem);
    assert_eq!(machine.key_id(&OciConfig::default()), format!("{TENANCY}/{USER}/{two}"));
    let lost = OciConfig { private_key_path: Some("~/.oci/none.pem".to_owned()), ..OciConfig::default() };
    assert!(machine.fails(&lost).contains("privateKeyPath"), "{}", machine.fails(&lost));
}

#[test]
fn official_b1_what_is_missing_is_named_with_all_its_names() {
    let mut machine = Machine::new("");
    let message = machine.fails(&OciConfig::default());
    for part in ["keyrotation:oci.tenancyOcid", "OCI_CLI_TENANCY", "TF_VAR_tenancy_ocid", "`tenancy`"] {
        assert!(message.contains(part), "{message}");
    }
    for (name, value, next) in [
        ("OCI_CLI_TENANCY", TENANCY, "keyrotation:oci.region"),
        ("OCI_CLI_REGION", "eu-frankfurt-1", "`keyrotation:oci.privateKey`, `keyrotation:oci.privateKeyPath`"),
        ("OCI_CLI_KEY_FILE", "~/.oci/one.pem", "keyrotation:oci.userOcid"),
    ] {
        machine = machine.set(name, value);
        assert!(machine.fails(&OciConfig::default()).contains(next), "{next}");
    }
}

#[test]
fn a_profile_that_does_not_exist_is_named() {
    let machine = Machine::new(&file());
    let message = machine.fails(&profile("NONE"));
    assert!(message.contains("[NONE]") && message.contains("configFileProfile"), "{message}");
    assert!(Machine::new("").fails(&profile("OPS")).contains("OCI's configuration"));
    let home = machine.home.path().join("elsewhere");
    fs::write(&home, file().replace("[OPS]", "[NONE]")).unwrap();
    let machine = machine.set("OCI_CONFIG_FILE", home.to_str().unwrap());
    assert!(machine.resolve(&profile("NONE")).is_ok());
}

#[test]
fn a_key_that_is_wrong_is_named_by_where_it_stands() {
    let machine = Machine::new(&file());
    let key = |text: &str| OciConfig { private_key: Some(Property::new(text)), ..OciConfig::default() };
    let encrypted = include_str!("../keypair/tests/encrypted.pem");
    assert!(machine.fails(&key("x")).contains("`keyrotation:oci.privateKey` is not PEM"));
    assert!(machine.fails(&key(include_str!("../keypair/tests/elliptic.pem"))).contains("not an RSA key"));
    let message = machine.fails(&key(encrypted));
    assert!(message.contains("no passphrase") && message.contains("privateKeyPassword"), "{message}");
    assert!(message.contains("OCI_CLI_PASSPHRASE") && message.contains("`pass_phrase` in [DEFAULT]"), "{message}");
    let with = |word: &str| OciConfig { private_key_password: Some(Property::new(word)), ..key(encrypted) };
    let message = machine.fails(&with("wrong"));
    assert!(
        message.contains("cannot be decrypted") && message.contains("(`keyrotation:oci.privateKeyPassword`)"),
        "{message}"
    );
    assert!(machine.resolve(&with("for this test")).is_ok());
}

#[test]
fn a_fingerprint_of_another_key_is_noticed_before_any_call() {
    let machine = Machine::new(&file());
    let fingerprint = Some(machine.keys[1].fingerprint().to_owned());
    let message = machine.fails(&OciConfig { fingerprint, ..OciConfig::default() });
    assert!(message.contains("`keyrotation:oci.fingerprint` is not the fingerprint"), "{message}");
    assert!(message.contains(machine.keys[0].fingerprint()), "{message}");
}

/// One of the file's profiles with other texts in it.
fn changed(from: &str, to: &str) -> Machine {
    let file = file();
    assert!(file.contains(from));
    Machine::new(&file.replace(from, to))
}

#[test]
fn official_b1_a_comment_after_a_section_does_not_sign_as_another_user() {
    let machine = changed("[OPS]", "[OPS] # the operators");
    let two = machine.keys[1].fingerprint();
    assert_eq!(machine.key_id(&profile("OPS")), format!("{TENANCY}/{OTHER}/{two}"));
    assert_eq!(machine.key_id(&profile("DEFAULT")), format!("{TENANCY}/{USER}/{}", machine.keys[0].fingerprint()));
}

#[test]
fn official_b1_two_sections_of_one_name_are_not_merged() {
    let machine = changed("[SESSION]", "[OPS]");
    for name in ["OPS", "DEFAULT"] {
        let message = machine.fails(&profile(name));
        assert!(message.contains("line 10 of ") && message.contains("repeats the section [OPS]"), "{message}");
    }
}

#[test]
fn official_b1_a_passphrase_is_inherited() {
    let encrypted = include_str!("../keypair/tests/encrypted.pem");
    let machine = changed("[DEFAULT]", "[DEFAULT]\npass_phrase=for this test");
    fs::write(machine.home.path().join(".oci/two.pem"), encrypted).unwrap();
    assert!(machine.resolve(&profile("OPS")).is_ok());
    let machine = changed("[DEFAULT]", "[DEFAULT]\npass_phrase=wrong");
    fs::write(machine.home.path().join(".oci/two.pem"), encrypted).unwrap();
    let message = machine.fails(&profile("OPS"));
    assert!(message.contains("two.pem (`key_file` of [OPS] in ") && message.contains(", line 9)"), "{message}");
    assert!(
        message.contains("that is given [KR-OCI-044] (`pass_phrase` of [DEFAULT] in ") && message.contains(", line 2"),
        "{message}"
    );
    assert!(!message.contains("keyrotation:oci"), "{message}");
}

#[test]
fn official_b1_a_wrong_file_matters_only_if_something_is_taken_from_it() {
    let machine = Machine::new("user=x\n");
    let pem = exposed(&machine.keys[0].private_pem().unwrap()).to_owned();
    let text = |text: &str| Some(text.to_owned());
    let mut config = OciConfig {
        tenancy_ocid: text(TENANCY),
        user_ocid: text(USER),
        region: text("iad"),
        private_key: Some(Property::new(&pem)),
        ..OciConfig::default()
    };
    assert!(machine.resolve(&config).is_ok());
    config.user_ocid = None;
    let message = machine.fails(&config);
    for part in [
        "line 1 of ",
        "stands before the first section",
        "for the user",
        "or set `keyrotation:oci.userOcid` or `OCI_CLI_USER`",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let machine = machine.set("OCI_CLI_USER", USER);
    assert!(machine.resolve(&config).is_ok());
    // A profile that does not exist is one more thing that may be wrong with a file.
    config.config_file_profile = text("NONE");
    assert!(machine.fails(&config).contains("line 1 of "));
    config.user_ocid = text(USER);
    assert!(machine.resolve(&config).is_ok());
}

#[test]
fn official_b1_a_wrong_value_is_named_by_where_it_stands() {
    let wrong = |machine: Machine, source: &str| {
        let message = machine.fails(&OciConfig::default());
        // What may be set instead is another matter.
        let fault = message.split(": correct this").next().unwrap();
        let others = fault.replace("set `keyrotation:oci.endpoints.identity`", "");
        assert!(message.contains(source) && !others.contains("keyrotation:oci"), "{source}: {message}");
    };
    wrong(changed(&format!("user={USER}"), "user=me"), "`user` of [DEFAULT] in ");
    wrong(changed("region=eu-frankfurt-1", "region=eu-nowhere-1"), "`region` of [DEFAULT] in ");
    wrong(changed("one.pem", "none.pem"), "`key_file` of [DEFAULT] in ");
    wrong(changed("[DEFAULT]", "[DEFAULT]\nfingerprint=aa"), "`fingerprint` of [DEFAULT] in ");
    wrong(Machine::new(&file()).set("OCI_CLI_TENANCY", "x"), "`OCI_CLI_TENANCY` is not the OCID of a tenancy");
    wrong(
        Machine::new(&file()).set("TF_VAR_fingerprint", "aa").set("TF_VAR_private_key_path", "~/.oci/one.pem"),
        "TF_VAR_fingerprint",
    );
    wrong(Machine::new(&file()).set("OCI_CLI_KEY_CONTENT", "x"), "`OCI_CLI_KEY_CONTENT` is not PEM");
    wrong(Machine::new(&file()).set("OCI_CONFIG_FILE", "~/none"), "`OCI_CONFIG_FILE` asks for");
    wrong(Machine::new(&file()).set("OCI_CLI_PROFILE", "NONE"), "`OCI_CLI_PROFILE` asks for");
}

#[test]
fn official_b1_a_fingerprint_below_the_key_is_another_keys() {
    let machine = changed("[DEFAULT]", "[DEFAULT]\nfingerprint=aa").set("OCI_CLI_KEY_FILE", "~/.oci/two.pem");
    assert!(machine.resolve(&OciConfig::default()).is_ok());
}

#[test]
fn official_b1_an_old_ocid_is_one() {
    let old = "ocidv1:tenancy:oc1:phx:1460406592660:aaaa";
    let machine = Machine::new(&file()).set("OCI_CLI_TENANCY", old);
    assert!(machine.key_id(&OciConfig::default()).starts_with(old));
}

#[test]
fn official_b1_origins_are_kept_for_later_messages() {
    let machine = Machine::new(&file()).set("OCI_CLI_USER", OTHER);
    let origins = machine.resolve(&OciConfig::default()).map_err(drop).unwrap().origins;
    for part in ["the tenancy (`tenancy` of [DEFAULT]", "the user (`OCI_CLI_USER`)", "one.pem (`key_file` of"] {
        assert!(origins.credentials.contains(part), "{part}: {}", origins.credentials);
    }
    assert!(origins.address.contains("the region comes from `region` of [DEFAULT]"), "{}", origins.address);
    let endpoints = crate::Endpoints { identity: Some("http://127.0.0.1:1".to_owned()), ..Default::default() };
    let config = OciConfig { endpoints: Some(endpoints), ..OciConfig::default() };
    let origins = machine.resolve(&config).map_err(drop).unwrap().origins;
    assert_eq!(origins.address, "from `keyrotation:oci.endpoints.identity`");
}

#[test]
fn official_b1_empty_texts_are_unset() {
    let empty = || Some(String::new());
    let config = OciConfig {
        auth: None,
        tenancy_ocid: empty(),
        user_ocid: empty(),
        fingerprint: empty(),
        private_key: Some(Property::new("")),
        private_key_path: empty(),
        private_key_password: Some(Property::new("")),
        region: empty(),
        config_file_profile: empty(),
        endpoints: Some(crate::Endpoints { identity: empty(), ..Default::default() }),
    };
    assert!(config.problems().is_empty());
    let machine = Machine::new(&file()).set("OCI_CLI_REGION", "").set("OCI_CLI_PROFILE", "").set("OCI_CONFIG_FILE", "");
    let settings = machine.resolve(&config).map_err(|error| error.to_string()).unwrap();
    assert_eq!((settings.place.region.as_str(), settings.signs_as.unwrap().0.as_str()), ("eu-frankfurt-1", USER));
    assert!(settings.origins.address.contains("the region comes from"));
}

#[test]
fn official_b1_the_second_place_of_the_file_is_looked_at() {
    let machine = Machine::new("");
    fs::create_dir(machine.home.path().join(".oraclebmc")).unwrap();
    fs::write(machine.home.path().join(".oraclebmc/config"), file()).unwrap();
    assert!(machine.resolve(&OciConfig::default()).is_ok());
}

#[test]
fn official_b3_regions_are_where_oracles_sdk_finds_them_and_unknown_ones_are_refused() {
    for case in crate::region::tests::cases() {
        let text = |name: &str| case[name].as_str().unwrap_or_default();
        let variables = ["OCI_REGION_METADATA", "OCI_DEFAULT_REALM"];
        let machine = Machine::new(&file()).set("OCI_CLI_REGION", text("region"));
        let machine = variables.into_iter().fold(machine, |machine, name| machine.set(name, text(name)));
        if case["file"].is_string() {
            fs::write(machine.home.path().join(".oci/regions-config.json"), text("file")).unwrap();
        }
        match machine.resolve(&OciConfig::default()) {
            Ok(settings) => {
                assert_eq!(
                    settings.regions.host("identity", &settings.place.region),
                    text("oracle"),
                    "{}",
                    text("name")
                )
            }
            Err(error) => {
                assert_eq!(text("plugin"), "refuses", "{}: {error}", text("name"));
                let message = error.to_string();
                for part in [
                    "OCI_CLI_REGION",
                    "the domain of its realm",
                    "OCI_REGION_METADATA",
                    "regions-config.json",
                    "OCI_DEFAULT_REALM",
                ] {
                    assert!(message.contains(part), "{part}: {message}");
                }
            }
        }
        assert_eq!(machine.resolve(&OciConfig::default()).is_err(), text("plugin") == "refuses", "{}", text("name"));
    }
}

#[test]
fn official_b3_what_is_wrong_with_a_description_is_told_where_it_is_needed() {
    let machine = Machine::new(&file()).set("OCI_REGION_METADATA", "{");
    assert!(machine.resolve(&OciConfig::default()).is_ok());
    let message = machine.set("OCI_REGION", "us-tacoma-1").fails(&OciConfig::default());
    assert!(message.contains("`OCI_REGION_METADATA` is not JSON such as {\"realmKey\""), "{message}");
    let machine = Machine::new(&file()).set("OCI_REGION", "us-tacoma-1").set("OCI_DEFAULT_REALM", "https://x");
    assert!(machine.fails(&OciConfig::default()).contains("`OCI_DEFAULT_REALM` is not the domain of a realm"));
}

#[test]
fn official_b3_an_endpoint_makes_the_domain_needless() {
    let endpoints = crate::Endpoints { identity: Some("http://127.0.0.1:1/{region}".to_owned()), ..Default::default() };
    let config =
        OciConfig { endpoints: Some(endpoints), region: Some("us-tacoma-1".to_owned()), ..OciConfig::default() };
    let settings = Machine::new(&file()).resolve(&config).map_err(|error| error.to_string()).unwrap();
    assert_eq!(settings.place.region, "us-tacoma-1");
    let short = OciConfig { region: Some("IAD".to_owned()), ..config };
    assert_eq!(Machine::new(&file()).resolve(&short).map_err(drop).unwrap().place.region, "us-ashburn-1");
}
