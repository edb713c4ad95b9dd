//! The texts in one source.

use anyhow::Result;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Expr, File, ImplItemFn, ItemConst, ItemFn, ItemMod, ItemStatic, LitStr, Macro, Token, TraitItemFn,
};

use crate::rust_source::is_for_tests;

/// The texts, in their order, each after the function or constant that says it.
///
/// # Errors
/// The source is not Rust.
pub(super) fn of(source: &str) -> Result<Vec<String>> {
    let file: File = syn::parse_file(source)?;
    let mut texts = Texts::default();
    texts.visit_file(&file);
    Ok(texts.found)
}

#[derive(Default)]
struct Texts {
    found: Vec<String>,
    within: String,
}

impl Texts {
    fn inside(&mut self, name: String, visit: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.within, name);
        visit(self);
        self.within = outer;
    }
}

/// Whether a string holds at least two words, the way people write them.
fn is_text(text: &str) -> bool {
    let is_word = |word: &&str| word.trim_matches(|c: char| !c.is_alphanumeric()).chars().any(char::is_lowercase);
    text.split_whitespace().filter(is_word).count() > 1
}

impl<'a> Visit<'a> for Texts {
    fn visit_lit_str(&mut self, literal: &'a LitStr) {
        let text = literal.value();
        if is_text(&text) {
            let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
            self.found.push(format!("{}: {line}", self.within));
        }
    }

    /// Documentation and reasons of lints are no part of the program.
    fn visit_attribute(&mut self, _: &'a Attribute) {}

    fn visit_item_mod(&mut self, module: &'a ItemMod) {
        if !is_for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'a ItemFn) {
        if !is_for_tests(&function.attrs) {
            self.inside(function.sig.ident.to_string(), |texts| visit::visit_item_fn(texts, function));
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'a ImplItemFn) {
        if !is_for_tests(&function.attrs) {
            self.inside(function.sig.ident.to_string(), |texts| visit::visit_impl_item_fn(texts, function));
        }
    }

    fn visit_trait_item_fn(&mut self, function: &'a TraitItemFn) {
        self.inside(function.sig.ident.to_string(), |texts| visit::visit_trait_item_fn(texts, function));
    }

    fn visit_item_const(&mut self, constant: &'a ItemConst) {
        self.inside(constant.ident.to_string(), |texts| visit::visit_item_const(texts, constant));
    }

    fn visit_item_static(&mut self, constant: &'a ItemStatic) {
        self.inside(constant.ident.to_string(), |texts| visit::visit_item_static(texts, constant));
    }

    /// What stands in a macro counts where it is a list of expressions, as in `format!` and `write!`.
    fn visit_macro(&mut self, call: &'a Macro) {
        let list = Punctuated::<Expr, Token![,]>::parse_terminated;
        if let Ok(arguments) = call.parse_body_with(list) {
            let mut inner = Self { found: Vec::new(), within: self.within.clone() };
            arguments.iter().for_each(|argument| inner.visit_expr(argument));
            self.found.append(&mut inner.found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_in_calls_macros_and_constants_and_not_in_documentation_or_tests() {
        let source = r#"
            //! Not this one.
            const HINT: &str = "run it again";
            /// Nor this one.
            #[expect(dead_code, reason = "nor this reason")]
            fn failed(name: &str) -> String {
                let code = "NoSuchEntity";
                say("the key is gone", format!("{name} does\n  not exist"));
                "user".to_owned()
            }
            impl Issuer { fn list(&self) { match 1 { 1 => "is one of them", _ => "" }; } }
            #[cfg(test)]
            mod tests { fn it() { "a text of a test"; } }
        "#;
        let expected =
            ["HINT: run it again", "failed: the key is gone", "failed: {name} does not exist", "list: is one of them"];
        assert_eq!(of(source).unwrap(), expected);
    }
}
