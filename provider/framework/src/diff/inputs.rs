use super::{ChangeKind, PropertyChange};
use crate::path::PropertyPath;
use crate::schema::{ObjectSchema, ObjectType, Shape};
use crate::value::{Object, Value};

/// Compares the inputs of the last run with those of this run, by the marks of the schema.
///
/// - Secret and output wrappers do not count, and null counts as unset.
/// - Maps and structs are compared entry by entry, lists element by element.
/// - A value that is not known yet counts as changed.
/// - A change replaces the resource if its field, or a field around it, has the mark
///   `x-replace`.
/// - A field with the mark `x-ignored` is not compared.
///
/// ```
/// use pulumi_provider::{ChangeKind, Object, ObjectSchema, Value, diff};
///
/// #[derive(schemars::JsonSchema)]
/// #[expect(dead_code, reason = "only its schema is used")]
/// struct Args {
///     #[schemars(extend("x-replace" = true))]
///     user: String,
///     path: Option<String>,
/// }
///
/// let schema = ObjectSchema::of::<Args>();
/// let old: Object = [("user".into(), Value::from("ann"))].into();
/// let new: Object = [("user".into(), Value::from("bob")), ("path".into(), Value::from("/x/"))].into();
///
/// let mut changes = diff::inputs(&old, &new, &schema);
/// changes.sort_by_key(|change| change.path.clone());
/// assert_eq!((changes[0].kind, changes[0].replace), (ChangeKind::Add, false));
/// assert_eq!((changes[1].kind, changes[1].replace), (ChangeKind::Update, true));
/// ```
pub fn inputs(old: &Object, new: &Object, schema: &ObjectSchema) -> Vec<PropertyChange> {
    let mut comparison = Comparison { schema, changes: Vec::new() };
    let root = Side { path: PropertyPath::root(), replace: false };
    comparison.entries(&root, old, new, Kinds::Struct(schema.root()));
    comparison.changes
}

struct Comparison<'a> {
    schema: &'a ObjectSchema,
    changes: Vec<PropertyChange>,
}

/// Where the comparison stands, and whether a change there replaces.
struct Side {
    path: PropertyPath,
    replace: bool,
}

/// What is known of the entries of an object.
#[derive(Clone, Copy)]
enum Kinds<'a> {
    Struct(&'a ObjectType),
    Map(&'a Shape),
    Anything,
}

impl<'a> Comparison<'a> {
    fn entries(&mut self, side: &Side, old: &Object, new: &Object, kinds: Kinds<'a>) {
        let added = new.keys().filter(|key| !old.contains_key(*key));
        for key in old.keys().chain(added) {
            let (old, new) = (present(old.get(key)), present(new.get(key)));
            if let (Some(old), Some(new)) = (old, new)
                && is_settled(old, new)
            {
                continue;
            }
            let field = if let Kinds::Struct(object) = kinds { object.field(key) } else { None };
            if field.is_some_and(|field| field.ignored) {
                continue;
            }
            let shape = match kinds {
                Kinds::Map(shape) => shape,
                _ => field.map_or(&Shape::Any, |field| &field.shape),
            };
            let replace = field.is_some_and(|field| field.replace);
            let here = Side { path: side.path.key(key.as_str()), replace: side.replace || replace };
            self.values(&here, old, new, shape);
        }
    }

    fn values(&mut self, side: &Side, old: Option<&Value>, new: Option<&Value>, shape: &'a Shape) {
        match (old.map(Value::unwrapped), new.map(Value::unwrapped)) {
            (None, None) => {}
            (None, Some(_)) => self.note(side, ChangeKind::Add),
            (Some(_), None) => self.note(side, ChangeKind::Delete),
            (Some(_), Some(Value::Unknown)) => self.note(side, ChangeKind::Update),
            (Some(Value::Object(old)), Some(Value::Object(new))) => self.entries(side, old, new, self.kinds(shape)),
            (Some(Value::Array(old)), Some(Value::Array(new))) => self.elements(side, old, new, shape),
            (Some(old), Some(new)) if !is_settled(old, new) => self.note(side, ChangeKind::Update),
            (Some(_), Some(_)) => {}
        }
    }

    fn elements(&mut self, side: &Side, old: &[Value], new: &[Value], shape: &'a Shape) {
        let shape = if let Shape::List(items) = shape { items } else { &Shape::Any };
        for index in 0..old.len().max(new.len()) {
            let here = Side { path: side.path.index(index), replace: side.replace };
            let (old, new) = (old.get(index), new.get(index));
            match (old.map(Value::is_null), new.map(Value::is_null)) {
                (Some(true), Some(true)) => {}
                (Some(true), Some(false)) | (Some(false), Some(true)) => self.note(&here, ChangeKind::Update),
                _ => self.values(&here, old, new, shape),
            }
        }
    }

    fn kinds(&self, shape: &'a Shape) -> Kinds<'a> {
        match shape {
            Shape::Map(values) => Kinds::Map(values),
            named => self.schema.object(named).map_or(Kinds::Anything, Kinds::Struct),
        }
    }

    fn note(&mut self, side: &Side, kind: ChangeKind) {
        self.changes.push(PropertyChange { path: side.path.clone(), kind, replace: side.replace, input: true });
    }
}

fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}

/// Whether the new value is wholly known and the same as the old one.
fn is_settled(old: &Value, new: &Value) -> bool {
    old.same(new) && !new.contains_unknown()
}
