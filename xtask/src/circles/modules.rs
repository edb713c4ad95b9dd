//! The modules of one crate: which file defines which names, and what each module imports, re-exports and mentions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use syn::visit::Visit;
use syn::{Attribute, Item, ItemMod, ItemUse, UseTree, Visibility};

use super::mentions::Mentions;
use crate::rust_source::{is_for_tests, module_file};

/// A path as it is written, such as `super::config::Config`.
pub(super) type Written = Vec<String>;

/// One module; several share a file where some stand inside of others.
#[derive(Default)]
pub(super) struct Module {
    pub(super) file: PathBuf,
    pub(super) parent: Option<usize>,
    pub(super) children: BTreeMap<String, usize>,
    pub(super) defined: BTreeSet<String>,
    pub(super) imports: Vec<Import>,
    pub(super) globs: Vec<Written>,
    pub(super) mentioned: BTreeSet<Written>,
}

/// One name of a `use` line.
pub(super) struct Import {
    pub(super) name: String,
    pub(super) path: Written,
    /// Whether others see it too: then it is passed on, which is no use of it.
    pub(super) is_passed_on: bool,
}

/// How the text of a file is had.
pub(super) type Source<'a> = &'a dyn Fn(&Path) -> Option<String>;

/// Every module of the crate whose first file this is; the crate itself comes first.
///
/// # Errors
/// A file is missing or is not Rust.
pub(super) fn load(root: &Path, source: Source<'_>) -> Result<Vec<Module>> {
    let mut loader = Loader { modules: vec![Module { file: root.to_owned(), ..Module::default() }], source };
    let folder = root.parent().map(Path::to_path_buf).unwrap_or_default();
    loader.file(0, root, &folder)?;
    Ok(loader.modules)
}

struct Loader<'a> {
    modules: Vec<Module>,
    source: Source<'a>,
}

impl Loader<'_> {
    /// `folder` is where the files of the module's children stand.
    fn file(&mut self, module: usize, file: &Path, folder: &Path) -> Result<()> {
        let text = (self.source)(file).with_context(|| format!("cannot read {}", file.display()))?;
        let parsed = syn::parse_file(&text).with_context(|| format!("cannot parse {}", file.display()))?;
        self.items(module, &parsed.items, folder)
    }

    fn items(&mut self, module: usize, items: &[Item], folder: &Path) -> Result<()> {
        for item in items.iter().filter(|item| !is_for_tests(attributes(item))) {
            self.modules[module].defined.extend(name(item));
            match item {
                Item::Mod(child) => self.child(module, child, folder)?,
                Item::Use(line) => self.import(module, line),
                other => self.mentions(module, other),
            }
        }
        Ok(())
    }

    fn child(&mut self, module: usize, item: &ItemMod, folder: &Path) -> Result<()> {
        let name = item.ident.to_string();
        let (child, inner) = (self.modules.len(), folder.join(&name));
        let file = match item.content {
            Some(_) => self.modules[module].file.clone(),
            None => module_file(folder, &name, |file| (self.source)(file).is_some()),
        };
        self.modules.push(Module { file: file.clone(), parent: Some(module), ..Module::default() });
        self.modules[module].children.insert(name, child);
        match &item.content {
            Some((_, items)) => self.items(child, items, &inner),
            None => self.file(child, &file, &inner),
        }
    }

    fn import(&mut self, module: usize, line: &ItemUse) {
        let is_passed_on = !matches!(line.vis, Visibility::Inherited);
        let into = &mut self.modules[module];
        for (name, path) in leaves(&line.tree) {
            match name {
                Some(name) => into.imports.push(Import { name, path, is_passed_on }),
                None => into.globs.push(path),
            }
        }
    }

    fn mentions(&mut self, module: usize, item: &Item) {
        let mut mentions = Mentions::default();
        mentions.visit_item(item);
        for line in &mentions.uses {
            self.import(module, line);
        }
        self.modules[module].mentioned.extend(mentions.paths);
    }
}

/// What a `use` line names: the name that it gives and the path; no name where it takes everything.
fn leaves(tree: &UseTree) -> Vec<(Option<String>, Written)> {
    let leaf = |name: String, path: String| vec![(Some(name), vec![path])];
    match tree {
        UseTree::Name(name) => leaf(name.ident.to_string(), name.ident.to_string()),
        UseTree::Rename(renamed) => leaf(renamed.rename.to_string(), renamed.ident.to_string()),
        UseTree::Glob(_) => vec![(None, Vec::new())],
        UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
        UseTree::Path(path) => {
            let head = path.ident.to_string();
            leaves(&path.tree).into_iter().map(|(name, rest)| join(&head, name, rest)).collect()
        }
    }
}

/// `a::{self}` gives the name `a`.
fn join(head: &str, name: Option<String>, rest: Written) -> (Option<String>, Written) {
    let is_itself = rest.first().is_some_and(|first| first == "self");
    let name = if is_itself && name.as_deref() == Some("self") { Some(head.to_owned()) } else { name };
    let rest = rest.into_iter().filter(|segment| segment != "self");
    (name, std::iter::once(head.to_owned()).chain(rest).collect())
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}
