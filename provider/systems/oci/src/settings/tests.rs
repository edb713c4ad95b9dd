use std::collections::BTreeMap;
use std::fs;

use pulumi_provider::SecretString as Property;
use tempfile::TempDir;

use super::*;
use crate::keypair::KeyBits;
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
        exposed(settings.signer.key_id()).to_owned()
    }

    fn fails(&self, config: &OciConfig) -> String {
        self.resolve(config).err().unwrap().to_string()
    }
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
    assert_eq!(exposed(settings.signer.key_id()), "ST$a.b.c");
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
fn what_is_missing_is_named_with_all_its_names() {
    let mut machine = Machine::new("");
    let message = machine.fails(&OciConfig::default());
    for part in ["keyrotation:oci.tenancyOcid", "OCI_CLI_TENANCY", "TF_VAR_tenancy_ocid", "`tenancy`"] {
        assert!(message.contains(part), "{message}");
    }
    for (name, value, next) in [
        ("OCI_CLI_TENANCY", TENANCY, "keyrotation:oci.region"),
        ("OCI_CLI_REGION", "eu-frankfurt-1", "keyrotation:oci.privateKey"),
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
    assert!(message.contains("\"NONE\"") && message.contains("configFileProfile"), "{message}");
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
    assert!(machine.fails(&key("x")).contains("keyrotation:oci.privateKey is not PEM"));
    assert!(machine.fails(&key(include_str!("../keypair/tests/elliptic.pem"))).contains("not an RSA key"));
    let message = machine.fails(&key(encrypted));
    assert!(message.contains("no passphrase") && message.contains("privateKeyPassword"), "{message}");
    let with = |word: &str| OciConfig { private_key_password: Some(Property::new(word)), ..key(encrypted) };
    assert!(machine.fails(&with("wrong")).contains("cannot be decrypted"));
    assert!(machine.resolve(&with("for this test")).is_ok());
}

#[test]
fn a_fingerprint_of_another_key_is_noticed_before_any_call() {
    let machine = Machine::new(&file());
    let fingerprint = Some(machine.keys[1].fingerprint().to_owned());
    let message = machine.fails(&OciConfig { fingerprint, ..OciConfig::default() });
    assert!(message.contains("fingerprint does not belong"), "{message}");
    assert!(message.contains(machine.keys[0].fingerprint()), "{message}");
}
