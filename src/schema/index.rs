//! Secondary indexes, resolved: what the keys of their entries are made of.
//!
//! Knows the order of the parts, and how the stored form of each becomes a part of a key. `keyspace`
//! forms the entries. Invariant: the parts of a key are self-delimiting, so the first ones are the
//! beginning of the keys of all rows that have them.

use super::{ElementType, FieldIndex, FieldSchema, FieldSet, ResolvedKind, ValueType};

/// A secondary index of an entity.
#[derive(Debug)]
pub(crate) struct IndexSchema {
    /// Where it stands among the indexes of its entity.
    pub(crate) position: usize,
    /// What its tree is called; no two indexes of an entity share it.
    pub(crate) name: String,
    /// The parts, as messages name them.
    pub(crate) label: &'static str,
    /// No two rows have the same key. A row with a part that is `None` has no key then.
    pub(crate) unique: bool,
    /// What a key is made of, in this order.
    pub(crate) parts: Vec<IndexPart>,
    /// The properties that a row's keys depend on.
    pub(crate) reads: FieldSet,
}

/// A part of the keys of an index.
#[derive(Debug)]
pub(crate) struct IndexPart {
    pub(crate) field: FieldIndex,
    pub(crate) kind: PartKind,
}

/// How the stored form of a property becomes a part of a key.
#[derive(Debug)]
pub(crate) enum PartKind {
    /// By the order of its values.
    Value(ValueType),
    /// An owning to-one relation: the key that it refers to.
    Reference,
    /// The same, among other parts: a byte says whether it refers to anything.
    OptionalReference,
    /// By each of its elements: a row has as many keys as there are. At most one part is of this kind.
    Each(ElementType),
}

impl IndexPart {
    pub(crate) const fn is_each(&self) -> bool {
        matches!(self.kind, PartKind::Each(_))
    }
}

impl IndexSchema {
    /// Whether it is the index on this one property, by its whole value.
    pub(crate) fn is_on(&self, field: FieldIndex) -> bool {
        matches!(self.parts.as_slice(), [part] if part.field == field && !part.is_each())
    }

    /// Whether a row may have several keys, or none.
    pub(crate) fn has_elements(&self) -> bool {
        self.parts.iter().any(IndexPart::is_each)
    }

    /// How the stored schema names it: by all whose change would change its entries.
    pub(crate) fn declaration(&self, fields: &[FieldSchema]) -> String {
        let part = |part: &IndexPart| {
            let name = fields[part.field].name;
            match (&part.kind, &fields[part.field].kind) {
                (PartKind::OptionalReference, _) => format!("{name}?"),
                // No number of a stored property says what its type is.
                (PartKind::Value(value), ResolvedKind::Derived(_)) => {
                    format!("{name}: {}", value.name())
                }
                (PartKind::Value(_) | PartKind::Reference, _) => name.to_owned(),
                (PartKind::Each(elements), ResolvedKind::Derived(_)) => {
                    format!("each {name}: {}", elements.element.name())
                }
                (PartKind::Each(_), _) => format!("each {name}"),
            }
        };
        let parts: Vec<_> = self.parts.iter().map(part).collect();
        if parts.as_slice() == [self.name.as_str()] {
            return self.name.clone();
        }
        format!("{}({})", self.name, parts.join(", "))
    }

    /// The name in a declaration.
    pub(crate) fn declared_name(declaration: &str) -> &str {
        let (name, _) = declaration.split_once('(').unwrap_or((declaration, ""));
        name
    }
}
