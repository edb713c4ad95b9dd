use jiff::{SignedDuration, Span};

/// Reads a duration such as `"90d"`, `"12h"`, `"1d12h"`, `"P90D"` or `"PT30M"`. A day is 24 hours, a week seven days.
///
/// # Errors
/// A sentence that says what is wrong: not a duration, a calendar unit (month, year), or a negative one.
pub fn parse_duration(text: &str) -> Result<SignedDuration, String> {
    let span: Span = text.trim().parse().map_err(|_| {
        "is not a duration: write one such as \"90d\", \"12h\", \"1d12h\" or ISO 8601 \"P90D\" [KR-ROTATION-027]"
            .to_owned()
    })?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return Err(
            "uses months or years, which have no fixed length: write days, such as \"30d\" or \"365d\" [KR-ROTATION-028]".to_owned()
        );
    }
    if span.is_negative() {
        return Err("must not be negative [KR-ROTATION-029]".to_owned());
    }
    let days = i64::from(span.get_weeks()) * 7 + i64::from(span.get_days());
    let whole_days = days.checked_mul(24).and_then(SignedDuration::try_from_hours);
    let rest = SignedDuration::try_from(span.weeks(0).days(0)).ok();
    whole_days
        .zip(rest)
        .and_then(|(days, rest)| days.checked_add(rest))
        .filter(|sum| *sum <= LONGEST)
        .ok_or_else(|| "is longer than 100 years [KR-ROTATION-030]".to_owned())
}

const LONGEST: SignedDuration = SignedDuration::from_hours(100 * 366 * 24);

/// Writes a duration as [`parse_duration`] reads it, in its largest whole units: `"1d12h"`, `"0s"`.
pub fn format_duration(duration: SignedDuration) -> String {
    let mut rest = duration.as_secs();
    let mut text = String::new();
    for (unit, seconds) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
        let count = rest / seconds;
        rest %= seconds;
        if count > 0 {
            text.push_str(&format!("{count}{unit}"));
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_both_notations() {
        for (text, hours) in
            [("90d", 2160), ("12h", 12), ("P90D", 2160), ("PT12H", 12), ("1w", 168), ("1d12h", 36), ("0s", 0)]
        {
            assert_eq!(parse_duration(text), Ok(SignedDuration::from_hours(hours)), "{text}");
        }
        assert_eq!(parse_duration("90s"), Ok(SignedDuration::from_secs(90)));
    }

    #[test]
    fn refuses_what_has_no_length() {
        for text in
            ["", "soon", "1mo", "P1M", "P1Y", "1y", "-1d", "-P1D", "90", "99999999999w", "P999999D", "1d banana"]
        {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(seconds in 0_i64..3_000_000_000) {
            let duration = SignedDuration::from_secs(seconds);
            prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
        }

        #[test]
        fn never_panics(text in ".*") {
            let _ = parse_duration(&text);
        }
    }
}
