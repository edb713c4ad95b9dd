use super::*;

/// A crate of these files; each circle as the files that it goes through.
fn circles(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let source = |path: &Path| {
        let found = files.iter().find(|(name, _)| Path::new(name) == path);
        found.map(|(_, text)| (*text).to_owned())
    };
    let circles = of_crate(Path::new("lib.rs"), &source).unwrap();
    let files = |circle: &Circle| circle.iter().map(|(file, _)| file.display().to_string()).collect();
    circles.iter().map(files).collect()
}

#[test]
fn two_files_that_import_each_other_are_a_circle() {
    let found = circles(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::B; pub struct A(B);"),
        ("b.rs", "use super::a::A; pub struct B(Box<A>);"),
    ]);
    assert_eq!(found, [["a.rs", "b.rs"]]);
}

#[test]
fn a_circle_goes_through_re_exports_and_folders_to_where_a_name_is_defined() {
    let found = circles(&[
        ("lib.rs", "mod a; mod b; pub use a::*;"),
        ("a/mod.rs", "mod inner; pub use inner::A;"),
        ("a/inner.rs", "pub struct A; fn f() { crate::b::deep::g(); }"),
        ("b.rs", "pub mod deep;"),
        ("b/deep.rs", "pub fn g() -> Vec<u8> { vec![crate::A::size()] }"),
    ]);
    assert_eq!(found, [["a/inner.rs", "b/deep.rs"]]);
}

#[test]
fn a_parent_that_works_with_a_child_that_needs_it_is_a_circle() {
    let child = ("child.rs", "use super::Parent; pub struct Child; impl Child { fn f(_: Parent) {} }");
    for parent in [
        "mod child; use child::Child; pub struct Parent(Child);",
        "mod child; pub use child::Child; pub struct Parent(Child);",
        "mod child; pub struct Parent; fn f() { let _ = child::Child; }",
        "mod child; pub struct Parent; fn f() { use child::Child as Other; }",
    ] {
        assert_eq!(circles(&[("lib.rs", parent), child]), [["child.rs", "lib.rs"]], "{parent}");
    }
}

#[test]
fn a_parent_that_only_declares_and_passes_on_is_in_no_circle() {
    let found = circles(&[
        ("lib.rs", "mod a; mod b; pub use a::{A, make}; pub(crate) use b::B; pub struct Shared;"),
        ("a.rs", "use crate::{B, Shared}; pub struct A(B, Shared); pub fn make() {}"),
        ("b.rs", "use super::Shared; pub struct B(Shared); fn f(make: u8) -> u8 { make }"),
    ]);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn what_is_for_tests_alone_does_not_count() {
    let found = circles(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "pub struct A; #[cfg(test)] mod tests { use crate::b::B; } #[cfg(test)] fn f() { crate::b::g() }"),
        ("b.rs", "use crate::a::A; pub struct B(A); pub fn g() {}"),
    ]);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn each_group_of_files_is_told_once_by_its_shortest_way_round() {
    let found = circles(&[
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "use crate::b::B; pub struct A(B);"),
        ("b.rs", "use crate::c::C; pub struct B(C);"),
        ("c.rs", "use crate::{a::A, b::B}; pub struct C(A, B);"),
        ("d.rs", "use crate::a::A; pub struct D(A);"),
    ]);
    assert_eq!(found, [["a.rs", "b.rs", "c.rs"]]);
}

#[test]
fn a_folder_is_exempt_while_it_has_circles() {
    let circle = |files: [&str; 2]| files.map(|file| (Path::new(file).to_owned(), "X".to_owned())).to_vec();
    let known = circle(["old/a.rs", "old/b.rs"]);
    assert_eq!(complaints(std::slice::from_ref(&known), &["old"]), Vec::<String>::new());
    let told = complaints(&[known, circle(["new/a.rs", "old/b.rs"])], &["old"]);
    assert_eq!(told, ["import circle: new/a.rs needs `X` of old/b.rs needs `X` of new/a.rs"]);
    let told = complaints(&[], &["old"]);
    assert!(told.len() == 1 && told[0].starts_with("old has no import circle any more"), "{told:?}");
}
