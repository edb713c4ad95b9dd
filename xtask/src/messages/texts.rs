//! The texts in one source.

use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Expr, ExprCall, File, ImplItemFn, ItemConst, ItemFn, ItemMod, ItemStatic, LitStr, Macro, Token,
    TraitItemFn,
};

use crate::rust_source::is_for_tests;

/// The texts, in their order, each after the function or constant that says it.
pub(super) fn of(file: &File) -> Vec<String> {
    let mut texts = Texts::default();
    texts.visit_file(file);
    texts.found
}

/// The texts that are given to what makes an error and have no code, each after what makes it. One that ends with another text has that
/// one's code.
pub(super) fn uncoded(file: &File) -> Vec<String> {
    let mut errors = Errors::default();
    errors.visit_file(file);
    errors.found.into_iter().filter(|text| !text.contains("[KR-") && !text.ends_with('}')).collect()
}

/// What makes an error, by the end of its path: the last argument is its text.
const MAKERS: [&str; 3] = ["Error::new", "CheckFailure::new", "problem"];

#[derive(Default)]
struct Errors {
    found: Vec<String>,
}

impl<'a> Visit<'a> for Errors {
    fn visit_expr_call(&mut self, call: &'a ExprCall) {
        let Expr::Path(callee) = &*call.func else { return visit::visit_expr_call(self, call) };
        let names: Vec<String> = callee.path.segments.iter().map(|part| part.ident.to_string()).collect();
        let name = names.join("::");
        if MAKERS.iter().any(|maker| name == *maker || name.ends_with(&format!("::{maker}"))) {
            let mut texts = Texts { found: Vec::new(), within: name };
            call.args.last().into_iter().for_each(|text| texts.visit_expr(text));
            self.found.append(&mut texts.found);
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_item_mod(&mut self, module: &'a ItemMod) {
        if !is_for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }
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

/// Whether a string holds at least two words, the way people write them, or the code of an error.
fn is_text(text: &str) -> bool {
    let is_word = |word: &&str| word.trim_matches(|c: char| !c.is_alphanumeric()).chars().any(char::is_lowercase);
    text.split_whitespace().filter(is_word).count() > 1 || text.contains("[KR-")
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
        assert_eq!(of(&syn::parse_file(source).unwrap()), expected);
    }

    #[test]
    fn a_text_that_makes_an_error_has_a_code() {
        let source = r#"
            fn failed(user: &str) -> Error {
                let _ = rotation::Error::new(ErrorKind::Denied, "iam:TagUser", format!("{user} may not do it"));
                let _ = problem("user", "must not be empty [KR-AWS-002]");
                let _ = problem("path", "is not a path");
                let _ = problem("path", format!("cannot be read: {why}"));
                let _ = io::Error::other("is no error of ours");
                note("a line of the log");
            }
        "#;
        assert_eq!(
            uncoded(&syn::parse_file(source).unwrap()),
            ["rotation::Error::new: {user} may not do it", "problem: is not a path"]
        );
    }
}
