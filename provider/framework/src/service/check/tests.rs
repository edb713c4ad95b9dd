use super::*;
use crate::diff::PropertyChange;
use crate::path::PropertyPath;

fn change(path: PropertyPath, replace: bool) -> PropertyChange {
    PropertyChange { path, kind: ChangeKind::Update, replace, input: true }
}

#[test]
fn nothing_to_do_says_so_and_names_nothing() {
    let wire = diff_on_wire(&Diff::default());
    assert!(wire.changes() == rpc::diff_response::DiffChanges::DiffNone);
    assert!(wire.diffs.is_empty() && wire.replaces.is_empty() && !wire.has_detailed_diff);
}

#[test]
fn changes_are_named_at_the_top_and_detailed_with_escaped_paths() {
    let keeper = PropertyPath::from("keepers").key("a.b");
    let wire = diff_on_wire(&Diff::of(vec![change(keeper, false), change("user".into(), true)]));
    assert_eq!(wire.diffs, ["keepers", "user"]);
    assert_eq!(wire.replaces, ["user"]);
    assert!(wire.has_detailed_diff);
    let detail = &wire.detailed_diff["keepers[\"a.b\"]"];
    assert!(detail.kind() == rpc::property_diff::Kind::Update && detail.input_diff);
    assert!(wire.detailed_diff["user"].kind() == rpc::property_diff::Kind::UpdateReplace);
}

#[test]
fn causes_that_are_no_inputs_are_some_without_detail() {
    let update = diff_on_wire(&Diff { force_update: true, ..Diff::default() });
    assert!(update.changes() == rpc::diff_response::DiffChanges::DiffSome && !update.has_detailed_diff);
    let replace =
        diff_on_wire(&Diff { force_replace: vec!["keyId".into()], ..Diff::of(vec![change("user".into(), false)]) });
    assert_eq!(
        (replace.replaces, replace.diffs),
        (vec!["keyId".to_owned()], vec!["keyId".to_owned(), "user".to_owned()])
    );
    assert!(!replace.has_detailed_diff && replace.detailed_diff.is_empty());
}

#[test]
fn two_changes_whose_paths_are_written_alike_are_one_update() {
    let keepers = PropertyPath::from("keepers");
    let unwritable = |key: &str, replace| PropertyChange { kind: ChangeKind::Add, ..change(keepers.key(key), replace) };
    let wire = diff_on_wire(&Diff::of(vec![unwritable("a.\\", true), unwritable("b.\\", false)]));
    assert!(wire.detailed_diff["keepers"].kind() == rpc::property_diff::Kind::UpdateReplace);
}

#[test]
fn deleting_first_is_only_said_of_a_replacement() {
    let first = |diff| diff_on_wire(&Diff { delete_before_replace: true, ..diff }).delete_before_replace;
    assert!(first(Diff::of(vec![change("user".into(), true)])));
    assert!(!first(Diff::of(vec![change("user".into(), false)])));
}
