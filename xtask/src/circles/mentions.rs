//! The paths that an item mentions.

use std::collections::BTreeSet;

use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ItemUse, Macro, Path, Token};

/// What was met on the way through an item.
#[derive(Default)]
pub(super) struct Mentions {
    pub(super) paths: BTreeSet<Vec<String>>,
    /// `use` lines inside of functions.
    pub(super) uses: Vec<ItemUse>,
}

impl<'a> Visit<'a> for Mentions {
    fn visit_path(&mut self, path: &'a Path) {
        let written = segments(path);
        // A lone name in lower case is nearly always a variable.
        let is_type = |name: &String| name.starts_with(char::is_uppercase);
        if written.len() > 1 || written.first().is_some_and(is_type) {
            self.paths.insert(written);
        }
        visit::visit_path(self, path);
    }

    fn visit_expr_call(&mut self, call: &'a ExprCall) {
        if let Expr::Path(function) = &*call.func {
            self.paths.insert(segments(&function.path));
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_item_use(&mut self, line: &'a ItemUse) {
        self.uses.push(line.clone());
    }

    /// What stands in a macro counts where it is a list of expressions, as in `format!` and `vec!`.
    fn visit_macro(&mut self, call: &'a Macro) {
        let list = Punctuated::<Expr, Token![,]>::parse_terminated;
        let Ok(arguments) = call.parse_body_with(list) else { return };
        let mut inner = Self::default();
        arguments.iter().for_each(|argument| inner.visit_expr(argument));
        self.paths.extend(inner.paths);
        self.uses.extend(inner.uses);
    }
}

fn segments(path: &Path) -> Vec<String> {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect()
}
