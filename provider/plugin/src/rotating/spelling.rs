//! One spelling for each duration and instant, so that another one of the same is no change.

use jiff::Timestamp;
use pulumi_provider::{Object, Value};
use rotation::{format_duration, parse_duration};

const DURATIONS: [&str; 4] = ["rotationPeriod", "overlap", "maxAge", "runEvery"];
const NESTED: [(&str, &[&str]); 2] =
    [("verification", &["timeout"]), ("retirement", &["quietPeriod", "soak", "deadline"])];

/// The inputs with every duration, instant and time of day in its normal form. What cannot be read stays as it is.
pub(super) fn normalized(inputs: &Object) -> Object {
    let mut inputs = inputs.clone();
    DURATIONS.iter().for_each(|name| respell(&mut inputs, name, duration));
    respell(&mut inputs, "rotationAnchor", instant);
    for (name, fields) in NESTED {
        change(&mut inputs, name, |object| fields.iter().for_each(|field| respell(object, field, duration)));
    }
    change(&mut inputs, "rotationWindow", |window| {
        ["start", "end"].into_iter().for_each(|field| respell(window, field, time_of_day));
    });
    inputs
}

fn change(inputs: &mut Object, name: &str, work: impl FnOnce(&mut Object)) {
    if let Some(Value::Object(object)) = inputs.get_mut(name) {
        work(object);
    }
}

fn respell(inputs: &mut Object, name: &str, form: fn(&str) -> Option<String>) {
    if let Some(text) = inputs.get(name).and_then(Value::as_str).and_then(form) {
        inputs.insert(name.to_owned(), Value::String(text));
    }
}

fn duration(text: &str) -> Option<String> {
    parse_duration(text).ok().map(format_duration)
}

fn instant(text: &str) -> Option<String> {
    text.parse::<Timestamp>().ok().map(|at| at.to_string())
}

/// `"2:00"` and `"02:00"` are the same.
fn time_of_day(text: &str) -> Option<String> {
    let (hours, minutes) = text.trim().split_once(':')?;
    Some(format!("{:0>2}:{:0>2}", hours, minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object<const N: usize>(entries: [(&str, Value); N]) -> Object {
        entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    #[test]
    fn time_4_another_spelling_is_the_same() {
        let one = object([
            ("rotationPeriod", "90d".into()),
            ("rotationAnchor", "2026-01-01T00:00:00Z".into()),
            ("retirement", object([("soak", "1d".into())]).into()),
            ("rotationWindow", object([("start", "2:00".into())]).into()),
        ]);
        let other = object([
            ("rotationPeriod", "P90D".into()),
            ("rotationAnchor", "2026-01-01T01:00:00+01:00".into()),
            ("retirement", object([("soak", "24h".into())]).into()),
            ("rotationWindow", object([("start", "02:00".into())]).into()),
        ]);
        assert_eq!(normalized(&one), normalized(&other));
        let longer = object([("rotationPeriod", "91d".into())]);
        assert_ne!(normalized(&longer), normalized(&object([("rotationPeriod", "90d".into())])));
        let unreadable = object([("rotationPeriod", "soon".into()), ("overlap", Value::Unknown)]);
        assert_eq!(normalized(&unreadable), unreadable);
    }
}
