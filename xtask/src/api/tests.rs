use super::*;

fn shown(source: &str) -> String {
    let items = syn::parse_file(source).unwrap().items;
    rendered(&[("a".to_owned(), items)]).lines().skip(3).map(str::trim).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_private_is_not_shown() {
    assert_eq!(shown("fn a() {} pub(crate) struct B; use c::D; impl B { pub fn e() {} }"), "");
}

#[test]
fn every_kind_of_public_item_is_shown_without_its_body() {
    assert_eq!(shown("/// Doc.\npub fn a(b: u8) -> u8 { b }"), "pub fn a(b: u8) -> u8 {}");
    assert_eq!(shown("pub struct A { pub b: u8, c: u8 }"), "pub struct A { pub b: u8, _private: _, }");
    assert_eq!(shown("pub struct A(u8);"), "pub struct A(_);");
    assert_eq!(
        shown("pub struct A; impl A { pub fn b(&self) { c() } fn d() {} }"),
        "pub struct A; impl A { pub fn b(&self) {} }"
    );
    assert_eq!(
        shown("pub struct A; impl B for A { type C = u8; fn d() {} }"),
        "pub struct A; impl B for A { type C = u8; }"
    );
    assert_eq!(shown("#[non_exhaustive]\npub enum A { B(u8) }"), "#[non_exhaustive] pub enum A { B(u8), }");
    assert_eq!(
        shown("pub trait A { fn b(&self); fn c(&self) { d() } }"),
        "pub trait A { fn b(&self); fn c(&self) {} }"
    );
    assert_eq!(shown("pub use b::C;"), "pub use b::C;");
}

#[test]
fn a_changed_signature_is_a_difference_and_a_changed_body_is_none() {
    let one = shown("pub fn a(b: u8) { c() }");
    assert_eq!(one, shown("pub fn a(b: u8) { d() }"));
    assert_ne!(one, shown("pub fn a(b: u16) { c() }"));
}

#[test]
fn a_difference_names_the_line() {
    assert_eq!(difference("a\nb\n", "a\nc\n"), "line 2 is `b`, and should be `c`");
    assert_eq!(difference("a\n", "a\nc\n"), "line 2 is `(the end)`, and should be `c`");
}

#[test]
fn the_committed_text_is_the_public_interface() {
    assert_eq!(stale().unwrap(), None);
}
