use super::*;
use crate::ocid::fingerprint_problem;

const USER: &str = "ocid1.user.oc1..aaaaaaaa2345";
const KEY: &str = "12:34:56:78:90:ab:cd:ef:12:34:56:78:90:ab:cd:ef";

fn args(user: &str, key_bits: Option<u32>) -> ApiKeyArgs {
    ApiKeyArgs { user_id: user.to_owned(), key_bits }
}

fn credential(name: &str, description: Option<&str>) -> CredentialArgs {
    CredentialArgs { user_id: USER.to_owned(), name: name.to_owned(), description: description.map(str::to_owned) }
}

fn place() -> Place {
    Place { tenancy: "ocid1.tenancy.oc1..aaaa".to_owned(), region: "eu-frankfurt-1".to_owned() }
}

fn properties(problems: Vec<Problem>) -> Vec<String> {
    problems.into_iter().map(|problem| problem.property).collect()
}

#[test]
fn a_key_has_the_fields_that_its_schema_promises() {
    let pair = Pair::generate(KeyBits::B2048).unwrap();
    let fields = args(USER, None).material(&place(), &pair).unwrap();
    let schema = schemars::schema_for!(ApiKey);
    let promised = schema.as_value()["properties"].as_object().unwrap();
    assert!(fields.keys().eq(promised.keys().collect::<std::collections::BTreeSet<_>>()));
    for (name, field) in &fields {
        let marked = promised[name].get("x-secret").is_some();
        assert_eq!(marked, matches!(field, Field::Secret(_)), "{name}");
    }
    let id = format!("ocid1.tenancy.oc1..aaaa/{USER}/{}", pair.fingerprint());
    assert_eq!(fields["keyId"], Field::Plain(id));
}

#[test]
fn a_key_is_taken_over_with_its_own_private_half_only() {
    let pair = Pair::generate(KeyBits::B2048).unwrap();
    let id = KeyId(pair.fingerprint().to_owned());
    let given = || Some(pair.private_pem().unwrap());
    let known = args(USER, None).imported(&place(), &id, given());
    assert_eq!(known, args(USER, None).material(&place(), &pair).unwrap());
    for (id, secret) in [(KeyId(KEY.to_owned()), given()), (id.clone(), None), (id, Some("x".into()))] {
        let fields = args(USER, None).imported(&place(), &id, secret);
        assert_eq!(fields[PRIVATE_KEY_PEM], Field::Secret(SecretString::default()));
        assert_eq!(fields[FINGERPRINT], Field::Plain(id.0));
    }
}

#[test]
fn wrong_inputs_are_named() {
    for user in ["", "ci", "ocid1.tenancy.oc1..aaaa", "ocid1.user.oc1..", "ocid1.user.oc1..a b", "ocid1.user.oc1"] {
        assert_eq!(properties(args(user, None).problems()), ["userId"], "{user:?}");
    }
    for bits in [0, 1024, 2047, 8192] {
        assert_eq!(properties(args(USER, Some(bits)).problems()), ["keyBits"]);
    }
    for bits in [2048, 3072, 4096] {
        assert!(args(USER, Some(bits)).problems().is_empty());
    }
    for name in ["", "a b", "é", "a]", &"x".repeat(33)] {
        assert_eq!(properties(credential(name, None).problems()), ["name"], "{name:?}");
    }
    for text in ["a\nb", &"x".repeat(101)] {
        assert_eq!(properties(credential("ci", Some(text)).problems()), ["description"]);
    }
    assert!(credential("ci-1_x", Some("what it is for [really]")).problems().is_empty());
}

#[test]
fn identities_are_marked_to_replace() {
    let schema = schemars::schema_for!(CredentialArgs);
    let properties = &schema.as_value()["properties"];
    assert_eq!((&properties["userId"]["x-replace"], &properties["name"]["x-replace"]), (&true.into(), &true.into()));
    assert_eq!(properties["description"].get("x-replace"), None);
}

#[test]
fn fingerprints_have_a_form() {
    assert_eq!(fingerprint_problem(KEY), None);
    for wrong in ["", "12:34", &KEY.to_uppercase(), &KEY.replace(':', "-"), &format!("{KEY}:00")] {
        assert!(fingerprint_problem(wrong).is_some(), "{wrong}");
    }
}
