//! What people read: for every cause the line of the preview and the line of the run, and every sentence of what is blocked, deferred or failed.

use jiff::{SignedDuration, Timestamp};

use crate::act::run::actor::stopped;
use crate::testing::Life;
use crate::{
    Ask, Blocked, Capability, Cause, Goal, Key, KeyId, KeyState, Phase, Plan, Retirement, Retiring, RotationArgs,
    Schedule, Step, Target, Trigger, UnrecordedKey, Verification, Want, plan, schedule,
};

const NOW: Timestamp = Timestamp::constant(1_767_225_600, 0);
const DAY: SignedDuration = SignedDuration::from_hours(24);

fn id() -> KeyId {
    KeyId("AKIA1".to_owned())
}

fn store() -> Target {
    let label = "Secrets Manager secret ci/key (`deliveries[0]`)".to_owned();
    Target {
        identity: String::new(),
        label,
        shape: String::new(),
        reads_back: true,
        keeps_secrets: true,
        holds_staged: true,
    }
}

/// The steps that are taken for a cause. A new cause must be told here what it is for.
fn steps(cause: Cause) -> Vec<Step> {
    match cause {
        Cause::Created | Cause::KeepersChanged | Cause::PeriodBegan | Cause::CurrentEnds | Cause::SecretUnknown => {
            vec![Step::Mint]
        }
        Cause::SecretLost => vec![Step::LoseSecret(id()), Step::Mint, Step::Discard(id())],
        Cause::SecretWanted => vec![Step::Recall(store(), String::new(), id())],
        Cause::StateBehind => vec![Step::Mint, Step::ReadBack(store(), id())],
        Cause::CurrentGone => vec![Step::Mint, Step::Forget(id())],
        Cause::CurrentDisabled => vec![Step::Mint, Step::Retire(id())],
        Cause::Revoked => vec![Step::Mint, Step::Retire(id()), Step::MakeRoom(id())],
        Cause::Orphan | Cause::UnansweredMint | Cause::Rival => vec![Step::Discard(id())],
        Cause::Unwanted | Cause::NeverAccepted => vec![Step::Unstage(store(), id()), Step::Discard(id())],
        Cause::QuotaFull | Cause::Unrecorded => vec![Step::MakeRoom(id())],
        Cause::OverlapOver => vec![Step::Disable(id()), Step::Unlist(id()), Step::Retire(id())],
        Cause::Ends => vec![Step::Renew(id())],
        Cause::Bookkeeping => vec![Step::Record, Step::Close],
        Cause::Unsettled => vec![Step::Settle(NOW)],
        Cause::Untried => vec![Step::Verify],
        Cause::NotDelivered => vec![Step::Publish(store(), id()), Step::PromoteIn(store(), id())],
        Cause::NoDelivery => vec![Step::Withdraw(store())],
        Cause::Deleting => vec![Step::Discard(id())],
    }
}

const CAUSES: [Cause; 26] = [
    Cause::Created,
    Cause::KeepersChanged,
    Cause::PeriodBegan,
    Cause::CurrentGone,
    Cause::CurrentDisabled,
    Cause::CurrentEnds,
    Cause::Orphan,
    Cause::UnansweredMint,
    Cause::Unwanted,
    Cause::NeverAccepted,
    Cause::Rival,
    Cause::QuotaFull,
    Cause::SecretUnknown,
    Cause::SecretLost,
    Cause::SecretWanted,
    Cause::StateBehind,
    Cause::Unrecorded,
    Cause::Revoked,
    Cause::OverlapOver,
    Cause::Ends,
    Cause::Bookkeeping,
    Cause::Unsettled,
    Cause::Untried,
    Cause::NotDelivered,
    Cause::NoDelivery,
    Cause::Deleting,
];

/// The preview of a run that takes this step alone.
fn previewed(step: &Step, cause: Cause) -> Vec<String> {
    let mut plan = Plan::default();
    match step {
        Step::Mint => plan.mint = Some(cause),
        Step::Discard(id) => plan.discard.push((id.clone(), cause)),
        Step::Disable(id) => plan.disable.push((id.clone(), cause)),
        Step::Retire(id) | Step::MakeRoom(id) => plan.retire.push((id.clone(), cause)),
        Step::Unlist(id) => plan.withdraw.push(id.clone()),
        Step::Renew(id) => plan.renew.push(id.clone()),
        Step::Recall(target, _, id) => plan.recall.push((id.clone(), target.label.clone())),
        Step::PromoteIn(target, _) => plan.deliver.push((target.label.clone(), cause)),
        Step::Withdraw(target) => plan.leave.push(target.label.clone()),
        _ => {}
    }
    plan.lines(&KeyState::new("i".to_owned()))
}

#[test]
fn time_6_every_cause_has_its_lines() {
    let mut text = String::new();
    for cause in CAUSES {
        text.push_str(&format!("{cause:?}: {cause}\n"));
        for step in steps(cause) {
            previewed(&step, cause).iter().for_each(|line| text.push_str(&format!("  preview: {line}\n")));
            let line = step.act().line(cause);
            line.into_iter().for_each(|line| text.push_str(&format!("  up:      {line}\n")));
        }
    }
    insta::assert_snapshot!("causes", text);
}

#[test]
fn time_6_every_reason_that_blocks_has_its_error() {
    let other = || "dev/shop/other".to_owned();
    let keys = vec![
        "AKIA1 (current, created 3d ago, active)".to_owned(),
        "AKIA2 (not ours, created 9d ago, disabled)".to_owned(),
    ];
    let all = [
        Blocked::QuotaFull { quota: 2, keys },
        Blocked::Claimed { by: other() },
        Blocked::Managed { by: other(), hash: "0123456789abcdef".to_owned() },
        Blocked::Configured(id()),
    ];
    let lines = all.iter().map(|why| format!("user deployer: {why}"));
    let lines = lines.chain([stopped().to_string()]).collect::<Vec<_>>();
    insta::assert_snapshot!("blocked", lines.join("\n\n"));
}

#[test]
fn time_6_every_verification_that_fails_has_its_error() {
    let rules = Verification { successes: 3, timeout: SignedDuration::from_mins(5) };
    let lines = super::verify::errors(rules, NOW + DAY).map(|(why, error)| format!("{why}\n  user deployer: {error}"));
    insta::assert_snapshot!("unverified", lines.join("\n\n"));
}

fn of_schedule(args: &RotationArgs) -> Schedule {
    schedule(None, Ask { args, keepers_unknown: false, suspended: false }, NOW).schedule
}

/// A resource with two keys of two, whose keepers changed.
fn full(change: impl FnOnce(&mut KeyState, &mut RotationArgs, &mut Schedule)) -> Option<String> {
    let mut args = Life::inputs("2", false);
    let mut schedule = of_schedule(&args);
    let mut state = KeyState::new("i".to_owned());
    let key = |id: &str, generation| {
        let trigger =
            Some(Trigger::new("i", &Life::inputs("1", false).keepers, &of_schedule(&Life::inputs("1", false))));
        Key { trigger, material: Some([].into()), ..Key::new(KeyId(id.to_owned()), generation, NOW) }
    };
    state.generation = 2;
    state.current = Some(key("AKIA2", 2));
    state.retiring = vec![Retiring::new(key("AKIA1", 1), NOW)];
    change(&mut state, &mut args, &mut schedule);
    let want = Want::Current(Goal::new("i", &args, &schedule));
    let capability = Capability { quota: Some(2), ..Capability::default() };
    plan(&state, &want, &capability, NOW + DAY / 2).deferred
}

#[test]
fn time_6_every_reason_that_defers_has_its_sentence() {
    let unrecorded = |noted_at| UnrecordedKey {
        id: KeyId("AKIA3".to_owned()),
        generation: 3,
        created_at: NOW,
        promoted_at: Some(NOW),
        noted_at,
    };
    let all = [
        ("in its overlap", full(|_, _, _| ())),
        (
            "in use",
            full(|state, args, schedule| {
                args.retirement.quiet_period = Some(DAY);
                state.retiring[0].superseded_at = NOW - DAY * 2;
                state.retiring[0].last_used_at = Some(NOW + DAY / 4);
                schedule.phase = Phase::Retire;
            }),
        ),
        (
            "not confirmed",
            full(|state, args, _| {
                args.retirement = Retirement { confirmed_generation: Some(1), ..Retirement::default() };
                state.retiring[0].superseded_at = NOW - DAY * 2;
            }),
        ),
        (
            "an unrecorded key",
            full(|state, _, _| {
                state.retiring.clear();
                state.unrecorded = vec![unrecorded(NOW + DAY / 3)];
            }),
        ),
        (
            "keys appear again and again",
            full(|state, args, _| {
                args.keepers = Life::inputs("1", false).keepers;
                state.retiring.clear();
                state.unrecorded = vec![unrecorded(NOW)];
                state.behind_at = Some(NOW + DAY / 4);
            }),
        ),
    ];
    let lines: Vec<_> = all
        .into_iter()
        .map(|(why, told)| format!("{why}\n  {}", told.unwrap_or_else(|| panic!("{why} defers nothing"))))
        .collect();
    insta::assert_snapshot!("deferred", lines.join("\n\n"));
}
