use std::collections::BTreeSet;

use super::*;

/// Regions and descriptions of regions, and where Oracle's SDK for Python finds them. The lane `oci-python` asks the SDK again.
const CASES: &str = include_str!("tests/oracle.json");

fn known(name: &str) -> String {
    let (name, regions) = Regions::find(name, Described::default());
    regions.host("identity", &name)
}

#[test]
fn official_b3_every_realm_has_its_domain() {
    for (region, domain) in [
        ("eu-frankfurt-1", "oraclecloud.com"),
        ("us-langley-1", "oraclegovcloud.com"),
        ("us-gov-phoenix-1", "oraclegovcloud.com"),
        ("uk-gov-london-1", "oraclegovcloud.uk"),
        ("ap-chiyoda-1", "oraclecloud8.com"),
        ("me-dcc-muscat-1", "oraclecloud9.com"),
        ("ap-dcc-canberra-1", "oraclecloud10.com"),
        ("eu-dcc-milan-2", "oraclecloud14.com"),
        ("ap-dcc-gazipur-1", "oraclecloud15.com"),
        ("eu-madrid-2", "oraclecloud.eu"),
        ("eu-jovanovac-1", "oraclecloud20.com"),
        ("me-dcc-doha-1", "oraclecloud21.com"),
        ("us-somerset-1", "oraclecloud23.com"),
        ("eu-dcc-zurich-1", "oraclecloud24.com"),
        ("me-abudhabi-3", "oraclecloud26.com"),
        ("me-abudhabi-2", "oraclecloud29.com"),
        ("ap-seoul-2", "oraclecloud35.com"),
        ("us-newark-1", "oraclecloud42.com"),
        ("eu-budapest-1", "oraclecloud51.com"),
        ("sa-riodejaneiro-1", "oraclecloud52.com"),
    ] {
        assert_eq!(known(region), format!("https://identity.{region}.oci.{domain}"));
    }
    assert_eq!((known("iad"), known("STR")), (known("us-ashburn-1"), known("eu-frankfurt-2")));
}

#[test]
fn official_b3_the_table_is_whole() {
    let rows: Vec<_> = table().collect();
    let lines = TABLE.lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!((rows.len(), lines >= 85), (lines, true));
    let names: BTreeSet<_> = rows.iter().flat_map(|region| [&region.key, &region.name]).collect();
    assert_eq!(names.len(), 2 * rows.len());
    for region in rows {
        assert!(is_region(&region.name) && is_region(&region.key) && is_domain(&region.domain), "{region:?}");
    }
}

#[test]
fn official_b3_the_home_region_is_read_from_the_refusal() {
    let message = "Please go to your home region phx to execute CREATE, UPDATE and DELETE operations.";
    let regions = Regions::default();
    assert_eq!(home_in(message).and_then(|key| regions.named(key)).as_deref(), Some("us-phoenix-1"));
    assert_eq!(home_in("The user lacks the capability canUseApiKeys."), None);
    assert_eq!(home_in("Please go to your home region"), None);
    assert_eq!(regions.named("XXX"), None);
}

#[test]
fn names_of_regions_have_a_shape() {
    for wrong in
        ["", "eu", "eu-1", "EU-frankfurt-1", "eu-frankfurt", "eu--1", "https://x", "eu-frankfurt-1a", "ia", "iadx"]
    {
        assert!(!is_region(wrong), "{wrong}");
    }
    assert!(region_problem("IAD").is_none() && region_problem("US-ASHBURN-1").is_none());
}

#[test]
fn official_b3_a_description_of_regions_is_read_or_its_fault_told() {
    for (text, many, fault) in [
        ("{", false, "x is not JSON"),
        ("[]", false, "x is not JSON such as {"),
        ("{}", true, "x is not a list"),
        ("{", true, "x is not JSON such as [{"),
        ("[1]", true, "x has no text for `realmKey`"),
        (r#"{"realmKey":"a","realmDomainComponent":1}"#, false, "x has no text for `realmDomainComponent`"),
        (
            r#"{"realmKey":"a","realmDomainComponent":"b/c","regionKey":"d","regionIdentifier":"e"}"#,
            false,
            "domain of a realm",
        ),
        (
            r#"{"realmKey":"a","realmDomainComponent":"b","regionKey":"d","regionIdentifier":"e@f"}"#,
            false,
            "name of a region",
        ),
    ] {
        let mut described = Described::default();
        described.add(text, "x", many);
        assert!(described.faults.len() == 1 && described.faults[0].contains(fault), "{:?}", described.faults);
    }
}

/// The cases, for the tests of settings, which look into files and variables.
pub(crate) fn cases() -> Vec<Value> {
    serde_json::from_str(CASES).unwrap()
}
