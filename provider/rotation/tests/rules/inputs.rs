//! What inputs mean, and which are refused.

use rotation::testing::Life;
use rotation::{
    Adopt, Capability, Retirement, RetirementInputs, RotationArgs, RotationInputs, VerificationInputs, WhenInUse,
};

use super::*;

fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

fn parsed(inputs: &RotationInputs, capability: &Capability) -> Result<RotationArgs, Vec<String>> {
    let told = |problems: Vec<rotation::Problem>| problems.into_iter().map(|problem| problem.property).collect();
    inputs.clone().parse(capability).map_err(told)
}

fn retiring(retirement: RetirementInputs) -> RotationInputs {
    RotationInputs { retirement: Some(retirement), ..RotationInputs::default() }
}

#[test]
fn what_a_retirement_waits_for_is_as_the_inputs_say() {
    let aws = Capability::default();
    let given = RetirementInputs {
        quiet_period: text("6h"),
        soak: text("2h"),
        deadline: text("3d"),
        when_in_use: Some(WhenInUse::Delete),
        confirmed_generation: Some(7),
    };
    let expected = Retirement {
        quiet_period: Some(HOUR * 6),
        soak: HOUR * 2,
        deadline: Some(DAY * 3),
        when_in_use: WhenInUse::Delete,
        confirmed_generation: Some(7),
    };
    assert_eq!(parsed(&retiring(given), &aws).unwrap().retirement, expected);
}

#[test]
fn without_inputs_a_key_is_quiet_after_half_its_overlap_where_use_is_told() {
    let (tells, silent) = (Capability::default(), Capability { tells_last_use: false, ..Capability::default() });
    let inputs = RotationInputs { overlap: text("10h"), ..RotationInputs::default() };
    let half = Retirement { quiet_period: Some(HOUR * 5), ..Retirement::default() };
    assert_eq!(parsed(&inputs, &tells).unwrap().retirement, half);
    assert_eq!(parsed(&inputs, &silent).unwrap().retirement, Retirement::default());
    let never = retiring(RetirementInputs { quiet_period: text("0s"), ..RetirementInputs::default() });
    assert_eq!(parsed(&never, &tells).unwrap().retirement.quiet_period, None, "use does not matter");
}

#[test]
fn a_retirement_that_cannot_be_is_refused_by_its_property() {
    let aws = Capability::default();
    let oci = Capability { tells_last_use: false, disables: false, ..aws };
    let quiet = RetirementInputs { quiet_period: text("1h"), ..RetirementInputs::default() };
    let soak = RetirementInputs { soak: text("1h"), ..RetirementInputs::default() };
    assert_eq!(parsed(&retiring(quiet.clone()), &oci).unwrap_err(), ["retirement.quietPeriod"]);
    assert_eq!(parsed(&retiring(soak.clone()), &oci).unwrap_err(), ["retirement.soak"]);
    assert!(parsed(&retiring(quiet), &aws).is_ok() && parsed(&retiring(soak), &aws).is_ok());
    let zero = RetirementInputs { quiet_period: text("0s"), ..RetirementInputs::default() };
    for more in [
        RetirementInputs { deadline: text("1d"), ..zero.clone() },
        RetirementInputs { when_in_use: Some(WhenInUse::Wait), ..zero },
    ] {
        assert_eq!(parsed(&retiring(more), &aws).unwrap_err(), ["retirement.quietPeriod"]);
    }
    let wrong = |text: &str| Some(text.to_owned());
    let all = RetirementInputs {
        quiet_period: wrong("x"),
        soak: wrong("y"),
        deadline: wrong("z"),
        ..RetirementInputs::default()
    };
    let named = ["retirement.quietPeriod", "retirement.soak", "retirement.deadline"];
    assert_eq!(parsed(&retiring(all), &aws).unwrap_err(), named);
}

#[test]
fn a_verification_is_accepted_up_to_its_limits() {
    let with = |successes, timeout: &str| {
        let verification =
            VerificationInputs { successes: Some(successes), timeout: text(timeout), ..VerificationInputs::default() };
        parsed(
            &RotationInputs { verification: Some(verification), ..RotationInputs::default() },
            &Capability::default(),
        )
    };
    for (successes, timeout, took) in [(1, "1s", SECOND), (100, "1h", HOUR)] {
        let verification = with(successes, timeout).unwrap().verification.unwrap();
        assert_eq!((verification.successes, verification.timeout), (successes, took));
    }
    assert_eq!(with(101, "1h").unwrap_err(), ["verification.successes"]);
    assert_eq!(with(1, "3601s").unwrap_err(), ["verification.timeout"]);
    let off = VerificationInputs { enabled: Some(false), ..VerificationInputs::default() };
    let inputs = RotationInputs { verification: Some(off), ..RotationInputs::default() };
    assert_eq!(parsed(&inputs, &Capability::default()).unwrap().verification, None);
}

#[test]
fn periods_overlaps_and_ages_are_accepted_up_to_their_limits() {
    let with = |period: &str, overlap: &str, soak: &str, max_age: &str| {
        let retirement = RetirementInputs { soak: text(soak), deadline: text("1d"), ..RetirementInputs::default() };
        let inputs = RotationInputs {
            rotation_period: text(period),
            overlap: text(overlap),
            max_age: text(max_age),
            run_every: text("12h"),
            ..retiring(retirement)
        };
        let args = parsed(&inputs, &Capability::default())?;
        args.age_problem().map_or(Ok(()), |problem| Err(vec![problem.property]))
    };
    assert_eq!(with("1h", "10m", "49m", "60h"), Ok(()), "an hour is long enough");
    assert_eq!(with("10d", "4d", "5d", "25d"), Ok(()), "10 + 4 + 4 + 5 + 1 + 1");
    assert_eq!(with("10d", "4d", "5d", "24d"), Err(vec!["maxAge".to_owned()]));
    assert_eq!(with("10d", "5d", "5d", "90d"), Err(vec!["overlap".to_owned()]), "its sum with the soak is the period");
}

#[test]
fn an_overlap_of_none_and_a_system_of_one_key_need_a_permission() {
    let none = RotationInputs { overlap: text("0s"), ..RotationInputs::default() };
    let permitted = RotationInputs { allow_outage: Some(true), ..none.clone() };
    let one = Capability { holds_two: false, ..Capability::default() };
    assert_eq!(parsed(&none, &Capability::default()).unwrap_err(), ["overlap"]);
    assert_eq!(parsed(&RotationInputs::default(), &one).unwrap_err(), ["allowOutage"]);
    assert!(parsed(&permitted, &Capability::default()).is_ok() && parsed(&permitted, &one).is_ok());
}

#[test]
fn a_day_is_no_short_time() {
    let daily = RotationArgs { overlap: DAY, period: Some(DAY), ..Life::inputs("1", false) };
    assert_eq!(created(&daily, "2026-01-01T00:59:59Z").rotated_at, at("2026-01-01T00:00:00Z"), "to the hour");
    let shorter = RotationArgs { period: Some(DAY - SECOND), ..daily.clone() };
    assert_eq!(created(&shorter, "2026-01-01T00:01:59Z").rotated_at, at("2026-01-01T00:01:00Z"), "to the minute");
    let overlap = RotationArgs { overlap: DAY - SECOND, ..daily };
    assert_eq!(created(&overlap, "2026-01-01T00:01:59Z").rotated_at, at("2026-01-01T00:01:00Z"), "to the minute");
}

#[test]
fn a_key_is_adopted_only_where_lists_show_what_others_made() {
    let lists = Capability::default();
    let silent = Capability { lists_all: false, ..lists };
    let adopt = Some(Adopt { id: "AKIA1".to_owned(), secret: None });
    let adopting = RotationInputs { adopt, ..RotationInputs::default() };
    assert_eq!(parsed(&adopting, &silent).unwrap_err(), ["adopt"]);
    assert!(parsed(&adopting, &lists).is_ok() && parsed(&RotationInputs::default(), &silent).is_ok());
}
