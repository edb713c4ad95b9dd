use std::collections::BTreeMap;

use serde::Serialize;

use super::*;
use crate::SecretString;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Key {
    key_id: String,
    secret_value: SecretString,
    retired_at: Option<String>,
    uses: Vec<u32>,
    kind: Kind,
    labels: BTreeMap<String, SecretString>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Kind {
    Short,
    Long { days: u8 },
}

fn key(kind: Kind) -> Key {
    Key {
        key_id: "k1".into(),
        secret_value: SecretString::new("hunter2"),
        retired_at: None,
        uses: vec![1, 2],
        kind,
        labels: [("a".to_owned(), SecretString::new("hunter3"))].into(),
    }
}

#[test]
fn secrets_become_secrets_at_any_depth_and_none_is_left_out() {
    let object = to_object(&key(Kind::Short)).unwrap();
    assert_eq!(object["secretValue"], Value::secret("hunter2"));
    assert_eq!(object["labels"].as_object().unwrap()["a"], Value::secret("hunter3"));
    assert_eq!(object["kind"], "short".into());
    assert!(!object.contains_key("retiredAt"));
    let long = to_object(&key(Kind::Long { days: 3 })).unwrap();
    assert_eq!(format!("{:?}", long["kind"]), r#"{"long": {"days": 3.0}}"#);
}

#[test]
fn what_a_number_cannot_hold_is_refused_with_its_path() {
    let bad = BTreeMap::from([("a", vec![(1_u64 << 53) + 1])]);
    assert_eq!(to_object(&bad).unwrap_err().path.to_string(), "a[0]");
    assert!(to_object(&BTreeMap::from([("a", f64::NAN)])).is_err());
    assert!(to_object(&BTreeMap::from([("a", i64::MIN)])).is_err());
    assert!(to_object(&BTreeMap::from([("a", 1_u64 << 53)])).is_ok());
}

#[test]
fn a_buffering_enum_gets_an_error_and_not_the_secret() {
    #[derive(Serialize)]
    #[serde(tag = "kind")]
    enum Tagged {
        One { secret: SecretString },
    }
    #[derive(Serialize)]
    struct Holder {
        tagged: Tagged,
    }
    let holder = Holder { tagged: Tagged::One { secret: SecretString::new("hunter2") } };
    let written = to_object(&holder).unwrap();
    assert_eq!(written["tagged"].as_object().unwrap()["secret"], Value::secret("hunter2"));
    assert!(serde_json::to_value(&holder).is_err());
    assert!(to_object(&5).is_err());
}
