use super::*;

fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    crate::testing::object(entries).into()
}

#[test]
fn a_secret_is_redacted_at_every_depth() {
    let value = object([("a", Value::from(vec![Value::secret("hunter2")]))]);
    assert_eq!(format!("{value:?}"), r#"{"a": [[secret]]}"#);
    let output = Output { value: Some(Box::new("hunter2".into())), secret: true, dependencies: vec![] };
    assert!(!format!("{:?}", Value::Output(output)).contains("hunter2"));
    assert!(!format!("{:?}", SecretString::new("hunter2")).contains("hunter2"));
}

#[test]
fn sameness_looks_below_wrappers_and_past_nulls() {
    let plain = object([("a", "x".into()), ("n", Value::Null)]);
    let wrapped = Value::secret(object([("a", Value::secret("x"))]));
    assert!(plain.same(&wrapped) && wrapped.same(&plain));
    assert!(!plain.same(&object([("a", "y".into())])));
    assert!(!plain.same(&object([("a", "x".into()), ("b", "z".into())])));
    assert_ne!(plain, wrapped);
}

#[test]
fn unknowns_and_secrets_are_found_at_any_depth() {
    let nothing = Output { value: None, secret: false, dependencies: vec![] };
    assert!(Value::Output(nothing.clone()).is_unknown());
    assert!(object([("a", vec![Value::secret(Value::Output(nothing))].into())]).contains_unknown());
    assert!(object([("a", vec![Value::secret("x")].into())]).contains_secret());
    assert!(!object([("a", "x".into())]).contains_secret());
}

#[test]
fn a_secret_string_reaches_no_foreign_serializer() {
    let refused = serde_json::to_string(&SecretString::new("hunter2"));
    assert!(refused.is_err_and(|error| !error.to_string().contains("hunter2")));
}
