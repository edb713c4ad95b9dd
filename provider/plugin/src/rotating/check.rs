//! Check: the inputs are read as they would be at work, everything wrong with them is told, and the schedule is computed.

use jiff::Timestamp;
use pulumi_provider::{
    CheckFailure, CheckRequest, Checked, Code, Error, Object, Value, decode, decode_both, to_object,
};
use rotation::{Ask, Capability, Clock, Phase, Problem, RotationArgs, Scheduled, schedule, schedule_of};

use super::inputs::{self, Names, Rules, SCHEDULE, known};
use super::outputs::{from_outputs, is_ours};
use crate::codes::must_have_code;
use crate::delivery::DeliveryInputs;

/// `wrong` is what was found wrong with inputs that neither the rotation model nor the system reads.
pub(crate) fn check<R: Rules>(
    rules: &R,
    names: &Names,
    clock: &dyn Clock,
    request: &CheckRequest,
    wrong: Vec<CheckFailure>,
) -> Result<Checked, Error> {
    let suspended = match request.inputs.get(SCHEDULE) {
        None => false,
        Some(given) if is_old_schedule(request, given) => true,
        Some(_) => return Ok(refuse_schedule(&request.inputs)),
    };
    let given = known(&request.inputs);
    let own = decode::<R::Own>(&names.split(&given).1).value;
    let mut failures = failures(rules, (names, own.as_ref()), &given, &request.inputs);
    failures.extend(wrong);
    let capability = rules.capability(own.as_ref());
    let args = inputs::common::<R>(names, &given).map(|common| common.parse(&capability));
    let args = match args {
        Some(Ok(args)) if failures.is_empty() => args,
        Some(Err(problems)) if given.len() == request.inputs.len() => return Ok(failed(request, failures, problems)),
        // What is not known yet may make good what looks wrong now.
        Some(Err(_)) if failures.is_empty() => return Ok(unscheduled(request)),
        _ => return Ok(failed(request, failures, Vec::new())),
    };
    let keepers_unknown = request.inputs.get("keepers").is_some_and(Value::contains_unknown);
    let now = clock.now();
    let ask = Ask { args: &args, keepers_unknown, suspended };
    let age = args.age_problem().filter(|_| given.len() == request.inputs.len());
    if let Some(problem) = age.as_ref().filter(|_| !is_recorded::<R>(request, names, &args)) {
        return Ok(failed(request, failures, vec![problem.clone()]));
    }
    let Scheduled { mut schedule, mut warnings } = scheduled::<R>(request, names, ask, now);
    warnings.extend(age.map(|problem| format!("`{}` {}", problem.property, problem.reason)));
    schedule = schedule.with_reading(&capability, now);
    if !R::RETIRES {
        schedule.phase = Phase::Overlap;
    }
    let mut inputs = request.inputs.clone();
    let schedule = to_object(&schedule).map_err(|error| Error::new(Code::Internal, error.to_string()))?;
    inputs.insert(SCHEDULE.to_owned(), Value::Object(schedule));
    Ok(Checked { inputs, failures: Vec::new(), warnings })
}

fn scheduled<R: Rules>(request: &CheckRequest, names: &Names, ask: Ask<'_>, now: Timestamp) -> Scheduled {
    let Some(old) = &request.old_inputs else { return schedule(None, ask, now) };
    let before = inputs::schedule(old);
    let common = inputs::common::<R>(names, old);
    let state = request.state.as_ref().filter(|state| R::RETIRES && is_ours(state));
    let state = state.and_then(|state| from_outputs(&names.key, state).ok());
    let old = common.as_ref().map(|common| common.old_schedule(before.as_ref()));
    schedule_of(old, ask, state.as_ref(), now)
}

/// Whether the last run was made with the same plan for the age of keys: a later version of the plugin may find it too long, and its runs
/// go on.
fn is_recorded<R: Rules>(request: &CheckRequest, names: &Names, args: &RotationArgs) -> bool {
    let recorded = request.old_inputs.as_ref().filter(|old| inputs::schedule(old).is_some());
    let any = Capability { quota: Some(usize::MAX), ..Capability::default() };
    let recorded = recorded.and_then(|old| inputs::common::<R>(names, old)?.parse(&any).ok());
    recorded.is_some_and(|recorded| recorded.has_same_plan(args))
}

/// `ignoreChanges: ["schedule"]` makes the engine hand back what stood there.
fn is_old_schedule(request: &CheckRequest, given: &Value) -> bool {
    request.old_inputs.as_ref().and_then(|old| old.get(SCHEDULE)).is_some_and(|old| old.same(given))
}

fn refuse_schedule(inputs: &Object) -> Checked {
    let reason = "is computed by the plugin and cannot be set; to stop rotation by time, put it into ignoreChanges [KR-PLUGIN-021]";
    let failures = vec![CheckFailure::new(SCHEDULE, reason)];
    Checked { inputs: inputs.clone(), failures, ..Checked::default() }
}

/// What the types say, and what the system says; properties that are not known yet are not missed.
fn failures<R: Rules>(
    rules: &R,
    (names, own): (&Names, Option<&R::Own>),
    given: &Object,
    all: &Object,
) -> Vec<CheckFailure> {
    let types = decode_both::<R::Common, R::Own>(&read_here(names, given)).failures;
    let mut failures: Vec<_> = types.into_iter().filter(|failure| !is_unknown(all, &failure.property)).collect();
    if let Some(own) = own {
        failures.extend(rules.problems(own).into_iter().map(failure));
    }
    failures
}

fn is_unknown(all: &Object, property: &str) -> bool {
    all.get(property).is_some_and(Value::contains_unknown)
}

/// Without those that are read elsewhere.
fn read_here(names: &Names, inputs: &Object) -> Object {
    let mut inputs = inputs.clone();
    inputs.remove(SCHEDULE);
    if names.can_deliver() {
        inputs.retain(|name, _| !DeliveryInputs::NAMES.contains(&name.as_str()));
    }
    inputs
}

fn unscheduled(request: &CheckRequest) -> Checked {
    let mut inputs = request.inputs.clone();
    inputs.insert(SCHEDULE.to_owned(), Value::Unknown);
    Checked { inputs, ..Checked::default() }
}

fn failed(request: &CheckRequest, mut failures: Vec<CheckFailure>, problems: Vec<Problem>) -> Checked {
    failures.extend(problems.into_iter().map(failure));
    Checked { inputs: request.inputs.clone(), failures, ..Checked::default() }
}

fn failure(problem: Problem) -> CheckFailure {
    must_have_code(&problem.reason);
    CheckFailure::new(problem.property, problem.reason)
}
