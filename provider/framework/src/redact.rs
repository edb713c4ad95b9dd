//! Takes secrets out of texts.

use zeroize::Zeroizing;

use crate::resource::Error;
use crate::value::{Object, Output, Value};

/// Shorter texts are part of too many words to be taken out of a message.
const SHORTEST: usize = 4;

/// The secrets of a call, to take out of its messages. The last line of defence: messages should not
/// hold them.
#[derive(Clone, Default)]
pub(crate) struct Redactor(Vec<Zeroizing<String>>);

impl Redactor {
    pub(crate) fn of<'a>(objects: impl IntoIterator<Item = &'a Object>) -> Self {
        let mut redactor = Self::default();
        redactor.learn(objects);
        redactor
    }

    pub(crate) fn learn<'a>(&mut self, objects: impl IntoIterator<Item = &'a Object>) {
        for object in objects {
            object.values().for_each(|value| self.collect(value, false));
        }
        self.0.sort_by_key(|text| std::cmp::Reverse(text.len()));
    }

    pub(crate) fn redact(&self, message: &str) -> String {
        self.0.iter().fold(message.to_owned(), |message, secret| message.replace(secret.as_str(), "[secret]"))
    }

    pub(crate) fn error(&self, error: &Error) -> Error {
        Error::new(error.code, self.redact(&error.message))
    }

    fn collect(&mut self, value: &Value, secret: bool) {
        match value {
            Value::Secret(inner) => self.collect(inner.value(), true),
            Value::Output(Output { value: Some(inner), secret: own, .. }) => self.collect(inner, secret || *own),
            Value::Array(elements) => elements.iter().for_each(|element| self.collect(element, secret)),
            Value::Object(entries) => entries.values().for_each(|entry| self.collect(entry, secret)),
            Value::String(text) if secret && text.len() >= SHORTEST => self.0.push(text.clone().into()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_any_depth_are_taken_out_and_nothing_else() {
        let nested: Object = [("key".to_owned(), Value::secret(vec!["inner-secret", "abc"]))].into();
        let output = Output { value: Some(Box::new("of-output".into())), secret: true, dependencies: vec![] };
        let object: Object = [
            ("a".to_owned(), nested.into()),
            ("b".to_owned(), "in-clear".into()),
            ("c".to_owned(), Value::Output(output)),
            ("d".to_owned(), Value::secret("inner-secret-and-more")),
        ]
        .into();
        let redactor = Redactor::of([&object]);
        let message = "abc in-clear of-output inner-secret inner-secret-and-more";
        assert_eq!(redactor.redact(message), "abc in-clear [secret] [secret] [secret]");
    }
}
