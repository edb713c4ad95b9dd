use std::cell::RefCell;
use std::collections::BTreeSet;

use super::*;
use crate::setting::ALL;
use crate::settings::Settings;

const DOCS: &str = include_str!("../../../../../docs/settings/oci.md");

/// A setting as a row of the documentation's table.
fn row(setting: &Setting) -> String {
    let list = |names: &[&str]| match names {
        [] => "-".to_owned(),
        names => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    };
    let property = setting.property.map(|name| vec![name]).unwrap_or_default();
    let Setting { name, variables, options, files, .. } = setting;
    format!("| {name} | {} | {} | {} | {} |", list(&property), list(variables), list(options), list(files))
}

#[test]
fn official_b1_the_documentation_has_every_place_and_no_other() {
    let table = DOCS.lines().skip_while(|line| !line.starts_with("| setting |"));
    let rows: Vec<_> = table.take_while(|line| line.starts_with('|')).skip(2).collect();
    let known: Vec<_> = ALL.map(row).into_iter().collect();
    assert_eq!(rows, known, "\n{}\n", known.join("\n"));
}

#[test]
fn official_b1_every_property_of_the_configuration_is_in_the_list() {
    let schema = serde_json::to_value(schemars::schema_for!(OciConfig)).unwrap();
    let names = schema["properties"].as_object().unwrap().keys().map(|name| match name.as_str() {
        "endpoints" => "endpoints.identity".to_owned(),
        name => name.to_owned(),
    });
    let names: BTreeSet<_> = names.collect();
    let known: BTreeSet<_> = ALL.iter().filter_map(|setting| setting.property).map(str::to_owned).collect();
    assert_eq!(names, known);
    let all = serde_json::json!({
        "auth": "x", "tenancyOcid": "x", "userOcid": "x", "fingerprint": "x", "privateKey": "x", "privateKeyPath": "x", "privateKeyPassword": "x",
        "region": "x", "configFileProfile": "x", "endpoints": {"identity": "x"},
    });
    let config: OciConfig = serde_json::from_value(all).unwrap();
    for name in known {
        assert_eq!(config.text(&name).as_ref().map(exposed), Some("x"), "{name}");
    }
}

/// The variables that are asked for, on machines that lack one thing after the other.
#[test]
fn official_b1_every_variable_that_is_read_is_in_the_list() {
    let asked = RefCell::new(BTreeSet::new());
    let encrypted = include_str!("../keypair/tests/encrypted.pem");
    let given = [
        ("OCI_CLI_TENANCY", "ocid1.tenancy.oc1..aaaa"),
        ("OCI_CLI_REGION", "us-tacoma-1"),
        ("OCI_DEFAULT_REALM", "oraclecloud.com"),
        ("OCI_CLI_KEY_CONTENT", encrypted),
        ("OCI_CLI_PASSPHRASE", "for this test"),
        ("OCI_CLI_USER", "ocid1.user.oc1..aaaa"),
    ];
    let home = tempfile::TempDir::new().unwrap();
    for count in 0..=given.len() {
        let env = |name: &str| {
            asked.borrow_mut().insert(name.to_owned());
            let found = given[..count].iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            found.or_else(|| (name == "USERPROFILE").then(|| home.path().to_str().unwrap().to_owned()))
        };
        let settings = Settings::resolve(&OciConfig::default(), &env);
        assert_eq!(settings.is_ok(), count == given.len(), "{count}");
        Settings::place(&OciConfig::default(), &env);
    }
    for (auth, version) in [("instance_principal", ""), ("resource_principal", "2.2"), ("oke_workload_identity", "2.2")]
    {
        let env = |name: &str| {
            asked.borrow_mut().insert(name.to_owned());
            let given = [
                ("OCI_CLI_AUTH", auth),
                ("OCI_RESOURCE_PRINCIPAL_VERSION", version),
                ("OCI_RESOURCE_PRINCIPAL_REGION", "us-ashburn-1"),
                ("OCI_RESOURCE_PRINCIPAL_RPST", "a.b.c"),
                ("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", "/key"),
                ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
            ];
            given.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Settings::resolve(&OciConfig::default(), &env).map_err(|error| error.message).map(drop).unwrap();
    }
    let env = |name: &str| {
        asked.borrow_mut().insert(name.to_owned());
        let given =
            [("OCI_CLI_AUTH", "security_token"), ("OCI_CLI_REGION", "us-ashburn-1"), ("OCI_CLI_KEY_FILE", "/no/key")];
        given.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    assert!(Settings::resolve(&OciConfig::default(), &env).is_err());
    let known: BTreeSet<_> = ALL.iter().flat_map(|setting| setting.variables).map(|name| (*name).to_owned()).collect();
    assert_eq!(asked.into_inner(), known);
}
