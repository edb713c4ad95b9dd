//! Which items of a module are public, and what is shown of each.

use std::collections::BTreeSet;

use syn::{
    Attribute, Block, Field, Fields, FieldsNamed, FieldsUnnamed, ImplItem, Item, ItemImpl, ItemMod, TraitItem, Type,
    Visibility, parse_quote,
};

use crate::rust_source::is_for_tests;

/// Attributes that callers depend on.
const KEPT: [&str; 5] = ["cfg", "derive", "non_exhaustive", "must_use", "async_trait"];

/// The names of the types and traits with `pub`.
pub(super) fn public_types<'a>(items: impl Iterator<Item = &'a Item>) -> BTreeSet<String> {
    let name = |item: &Item| match item {
        Item::Enum(item) if is_public(&item.vis) => Some(item.ident.to_string()),
        Item::Struct(item) if is_public(&item.vis) => Some(item.ident.to_string()),
        Item::Trait(item) if is_public(&item.vis) => Some(item.ident.to_string()),
        Item::Type(item) if is_public(&item.vis) => Some(item.ident.to_string()),
        _ => None,
    };
    items.filter_map(name).collect()
}

/// The public items, in their order. `named` are the public types, whose implementations count.
pub(super) fn shown(items: &[Item], named: &BTreeSet<String>) -> Vec<Item> {
    items.iter().filter_map(|item| bare(item.clone(), named)).collect()
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn keep(attributes: &mut Vec<Attribute>) {
    attributes.retain(|attribute| KEPT.iter().any(|name| attribute.path().is_ident(name)));
}

fn nothing() -> Block {
    parse_quote!({})
}

fn bare(mut item: Item, named: &BTreeSet<String>) -> Option<Item> {
    let (visibility, attributes) = match &mut item {
        Item::Const(item) => (&item.vis, &mut item.attrs),
        Item::Enum(item) => (&item.vis, &mut item.attrs),
        Item::Fn(item) => (&item.vis, &mut item.attrs),
        Item::Mod(item) => (&item.vis, &mut item.attrs),
        Item::Struct(item) => (&item.vis, &mut item.attrs),
        Item::Trait(item) => (&item.vis, &mut item.attrs),
        Item::Type(item) => (&item.vis, &mut item.attrs),
        Item::Use(item) => (&item.vis, &mut item.attrs),
        Item::Impl(item) => return implementation(item.clone(), named).map(Item::Impl),
        _ => return None,
    };
    if !is_public(visibility) {
        return None;
    }
    keep(attributes);
    strip(&mut item);
    Some(item)
}

/// Takes out what callers do not see.
fn strip(item: &mut Item) {
    match item {
        Item::Fn(item) => *item.block = nothing(),
        Item::Mod(ItemMod { content, semi, .. }) => {
            *content = None;
            *semi = Some(Default::default());
        }
        Item::Struct(item) => fields(&mut item.fields),
        Item::Enum(item) => item.variants.iter_mut().for_each(|variant| {
            keep(&mut variant.attrs);
            each(&mut variant.fields, |field| keep(&mut field.attrs));
        }),
        Item::Trait(item) => item.items.iter_mut().for_each(method),
        _ => {}
    }
}

/// A default body is shown as an empty one: it says that the method may be left out.
fn method(item: &mut TraitItem) {
    match item {
        TraitItem::Fn(item) => {
            keep(&mut item.attrs);
            item.default = item.default.as_ref().map(|_| nothing());
        }
        TraitItem::Type(item) => keep(&mut item.attrs),
        TraitItem::Const(item) => keep(&mut item.attrs),
        _ => {}
    }
}

fn each(fields: &mut Fields, change: impl FnMut(&mut Field)) {
    fields.iter_mut().for_each(change);
}

/// Private fields become one, because a struct with any cannot be written by its fields.
fn fields(fields: &mut Fields) {
    each(fields, |field| keep(&mut field.attrs));
    match fields {
        Fields::Named(FieldsNamed { named, .. }) => {
            let all = named.len();
            *named = std::mem::take(named).into_iter().filter(|field| is_public(&field.vis)).collect();
            if named.len() < all {
                named.push(parse_quote!(_private: _));
            }
        }
        Fields::Unnamed(FieldsUnnamed { unnamed, .. }) => {
            for field in unnamed.iter_mut().filter(|field| !is_public(&field.vis)) {
                field.vis = Visibility::Inherited;
                field.ty = parse_quote!(_);
            }
        }
        Fields::Unit => {}
    }
}

/// An implementation for a public type: of a trait its head and types, of the type itself its public items.
fn implementation(mut item: ItemImpl, named: &BTreeSet<String>) -> Option<ItemImpl> {
    if is_for_tests(&item.attrs) || !is_named(&item.self_ty, named) {
        return None;
    }
    keep(&mut item.attrs);
    let of_trait = item.trait_.is_some();
    item.items.retain_mut(|item| member(item, of_trait));
    (of_trait || !item.items.is_empty()).then_some(item)
}

fn member(item: &mut ImplItem, of_trait: bool) -> bool {
    match item {
        ImplItem::Fn(item) => {
            keep(&mut item.attrs);
            item.block = nothing();
            !of_trait && is_public(&item.vis)
        }
        ImplItem::Const(item) => !of_trait && is_public(&item.vis),
        ImplItem::Type(_) => of_trait,
        _ => false,
    }
}

fn is_named(kind: &Type, named: &BTreeSet<String>) -> bool {
    match kind {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| named.contains(&last.ident.to_string())),
        _ => false,
    }
}
