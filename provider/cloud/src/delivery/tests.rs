use std::collections::BTreeMap;

use rotation::{Field, Material};
use secrecy::ExposeSecret;

use super::*;

fn aws() -> (Material, Deliverable) {
    let material = [
        ("accessKeyId".to_owned(), Field::Plain("AKIA1".to_owned())),
        ("secretAccessKey".to_owned(), Field::Secret("se/cr=et+".into())),
    ];
    let names = vec!["accessKeyId".to_owned(), "secretAccessKey".to_owned(), "sesSmtpPassword".to_owned()];
    (
        material.into(),
        Deliverable {
            ordinary: names.clone(),
            secrets: names[1..].to_vec(),
            optional: names[2..].to_vec(),
            names,
            ..Deliverable::default()
        },
    )
}

fn lease() -> (Material, Deliverable) {
    let data = [("username".to_owned(), "u".into()), ("password".to_owned(), "it's \"$x\"\n".into())];
    let material = [
        ("leaseId".to_owned(), Field::Plain("lease/1".to_owned())),
        ("data".to_owned(), Field::SecretMap(data.into())),
    ];
    let names = vec!["leaseId".to_owned(), "data".to_owned()];
    let (ordinary, map) = (vec!["data".to_owned()], Some("data".to_owned()));
    (material.into(), Deliverable { ordinary, names, open: true, map, ..Deliverable::default() })
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn shape(format: DeliveryFormat) -> DeliveryShape {
    DeliveryShape { format, ..DeliveryShape::default() }
}

#[expect(clippy::disallowed_methods, reason = "the test compares what consumers read")]
fn written(shape: &DeliveryShape, (material, of): &(Material, Deliverable)) -> String {
    shape.render(material, of).unwrap().expose_secret().to_owned()
}

fn properties(shape: &DeliveryShape, of: &Deliverable) -> Vec<String> {
    shape.problems(of).into_iter().map(|problem| problem.property).collect()
}

#[test]
fn json_is_the_fields_under_their_own_names_or_those_chosen_and_constants() {
    let plain = shape(DeliveryFormat::Json);
    assert_eq!(written(&plain, &aws()), r#"{"accessKeyId":"AKIA1","secretAccessKey":"se/cr=et+"}"#);
    assert_eq!(written(&plain, &lease()), "{\"password\":\"it's \\\"$x\\\"\\n\",\"username\":\"u\"}");
    let chosen = DeliveryShape {
        fields: Some(map(&[("accessKeyId", "AWS_ACCESS_KEY_ID")])),
        extra: map(&[("region", "eu-central-1")]),
        ..plain
    };
    assert_eq!(written(&chosen, &aws()), r#"{"AWS_ACCESS_KEY_ID":"AKIA1","region":"eu-central-1"}"#);
    assert!(chosen.problems(&aws().1).is_empty());
}

#[test]
fn every_format_is_written_as_its_readers_expect() {
    let raw = DeliveryShape { fields: Some(map(&[("secretAccessKey", "value")])), ..shape(DeliveryFormat::Raw) };
    assert_eq!(written(&raw, &aws()), "se/cr=et+");
    let dotenv = shape(DeliveryFormat::Dotenv);
    assert_eq!(written(&dotenv, &aws()), "accessKeyId=AKIA1\nsecretAccessKey=se/cr=et+\n");
    assert_eq!(written(&dotenv, &lease()), "password=\"it's \\\"\\$x\\\"\\n\"\nusername=u\n");
    let java = DeliveryShape { extra: map(&[("a b", " ä:x")]), ..shape(DeliveryFormat::Properties) };
    let expected = "a\\ b=\\ \\u00e4\\:x\naccessKeyId=AKIA1\nsecretAccessKey=se/cr\\=et+\n";
    assert_eq!(written(&java, &aws()), expected);
    let profile = DeliveryShape { extra: map(&[("region", "eu-west-1")]), ..shape(DeliveryFormat::AwsCredentials) };
    let expected = "[default]\naws_access_key_id = AKIA1\nregion = eu-west-1\naws_secret_access_key = se/cr=et+\n";
    assert_eq!(written(&profile, &aws()), expected);
    let oci = ("configProfile".to_owned(), Field::Secret("[DEFAULT]\nuser=u\n\n".into()));
    let names = vec!["configProfile".to_owned()];
    let oci = (Material::from([oci]), Deliverable { ordinary: names.clone(), names, ..Deliverable::default() });
    let config = DeliveryShape { extra: map(&[("region", "x")]), ..shape(DeliveryFormat::OciConfig) };
    assert_eq!(written(&config, &oci), "[DEFAULT]\nuser=u\nregion=x\n");
}

#[test]
fn what_cannot_be_written_is_named_by_its_property() {
    let of = aws().1;
    let with = |format, fields: &[(&str, &str)], extra: &[(&str, &str)]| DeliveryShape {
        format,
        fields: (!fields.is_empty()).then(|| map(fields)),
        extra: map(extra),
    };
    use DeliveryFormat::{AwsCredentials, Dotenv, Json, OciConfig, Raw};
    assert_eq!(properties(&with(Json, &[("secret", "x")], &[]), &of), ["fields.secret"]);
    assert_eq!(properties(&with(Json, &[("accessKeyId", "")], &[]), &of), ["fields.accessKeyId"]);
    let twice = [("accessKeyId", "x"), ("secretAccessKey", "x")];
    assert_eq!(properties(&with(Json, &twice, &[]), &of), ["fields.secretAccessKey"]);
    assert_eq!(properties(&with(Json, &[], &[("accessKeyId", "x")]), &of), ["extra.accessKeyId"]);
    let none = DeliveryShape { fields: Some(BTreeMap::new()), ..DeliveryShape::default() };
    assert_eq!(properties(&none, &of), ["fields"]);
    assert_eq!(properties(&with(Raw, &[], &[]), &of), ["fields"]);
    assert_eq!(properties(&with(Raw, &[("accessKeyId", "x")], &[("a", "b")]), &of), ["extra"]);
    assert_eq!(
        properties(&with(Dotenv, &[("accessKeyId", "a-b")], &[("1", "b")]), &of),
        ["fields.accessKeyId", "extra.1"]
    );
    assert_eq!(properties(&with(OciConfig, &[("accessKeyId", "x")], &[]), &of), ["format", "fields"]);
    assert!(properties(&with(AwsCredentials, &[], &[]), &of).is_empty());
    let other = Deliverable { names: vec!["token".to_owned()], ..Deliverable::default() };
    assert_eq!(properties(&with(AwsCredentials, &[], &[]), &other), ["format"]);
    assert!(properties(&with(Json, &[("username", "x")], &[]), &lease().1).is_empty());
}

#[test]
fn a_secret_that_nobody_knows_is_not_handed_over() {
    let (mut material, of) = aws();
    material.insert("secretAccessKey".to_owned(), Field::Secret(String::new().into()));
    let error = shape(DeliveryFormat::Json).render(&material, &of).unwrap_err();
    assert!(error.message.contains("secretAccessKey") && error.message.contains("import"), "{error}");
    let chosen = DeliveryShape { fields: Some(map(&[("accessKeyId", "id")])), ..DeliveryShape::default() };
    assert_eq!(written(&chosen, &(material, of)), r#"{"id":"AKIA1"}"#);
}

#[test]
fn a_shape_that_keeps_the_whole_key_gives_it_back() {
    let (material, of) = aws();
    let renamed = map(&[("accessKeyId", "id"), ("secretAccessKey", "secret"), ("sesSmtpPassword", "smtp")]);
    for fields in [None, Some(renamed)] {
        let extra = map(&[("region", "x")]);
        // A field that the key does not have cannot be chosen.
        let mut material = material.clone();
        material.insert("sesSmtpPassword".to_owned(), Field::Secret("p".into()));
        let whole = DeliveryShape { fields, extra, ..DeliveryShape::default() };
        let text = whole.render(&material, &of).unwrap();
        assert_eq!(whole.read(&text, &of), Some(material));
    }
    let without_optional = map(&[("accessKeyId", "id"), ("secretAccessKey", "secret")]);
    let whole = DeliveryShape { fields: Some(without_optional), ..DeliveryShape::default() };
    assert_eq!(whole.read(&whole.render(&material, &of).unwrap(), &of), Some(material.clone()));
    let part = DeliveryShape { fields: Some(map(&[("accessKeyId", "id")])), ..DeliveryShape::default() };
    let text = part.render(&material, &of).unwrap();
    assert_eq!(part.read(&text, &of), None);
    let dotenv = shape(DeliveryFormat::Dotenv);
    assert_eq!(dotenv.read(&dotenv.render(&material, &of).unwrap(), &of), None);
    assert_eq!(DeliveryShape::default().read(&"by hand".into(), &of), None);
}

#[test]
fn another_shape_is_another_text_and_the_same_one_the_same() {
    let one = DeliveryShape { fields: Some(map(&[("b", "x"), ("a", "y")])), ..DeliveryShape::default() };
    let same = DeliveryShape { fields: Some(map(&[("a", "y"), ("b", "x")])), ..DeliveryShape::default() };
    assert_eq!(one.normal(), same.normal());
    assert_ne!(one.normal(), DeliveryShape::default().normal());
    assert_ne!(shape(DeliveryFormat::Raw).normal(), DeliveryShape::default().normal());
}

#[test]
fn a_shape_that_keeps_every_secret_gives_those_back() {
    let (material, of) = aws();
    let with = |format, fields: &[(&str, &str)]| DeliveryShape {
        format,
        fields: Some(map(fields)),
        extra: if format == DeliveryFormat::Json { map(&[("region", "x")]) } else { BTreeMap::new() },
    };
    for shape in [
        with(DeliveryFormat::Json, &[("secretAccessKey", "value")]),
        with(DeliveryFormat::Raw, &[("secretAccessKey", "value")]),
    ] {
        assert!(shape.keeps_secrets(&of) && !shape.keeps_all(&of));
        let read = shape.read(&shape.render(&material, &of).unwrap(), &of).unwrap();
        assert_eq!(read, [("secretAccessKey".to_owned(), material["secretAccessKey"].clone())].into());
    }
    for shape in [
        with(DeliveryFormat::Json, &[("accessKeyId", "id")]),
        with(DeliveryFormat::Raw, &[("accessKeyId", "id")]),
        with(DeliveryFormat::Dotenv, &[("secretAccessKey", "SECRET")]),
    ] {
        assert!(!shape.keeps_secrets(&of), "{shape:?}");
    }
    let (material, of) = lease();
    let plain = DeliveryShape { extra: map(&[("region", "x")]), ..DeliveryShape::default() };
    let read = plain.read(&plain.render(&material, &of).unwrap(), &of).unwrap();
    assert_eq!(read, [("data".to_owned(), material["data"].clone())].into());
    let chosen = with(DeliveryFormat::Json, &[("username", "user"), ("password", "word")]);
    assert!(plain.keeps_secrets(&of) && !plain.keeps_all(&of) && !chosen.keeps_secrets(&of));
}
