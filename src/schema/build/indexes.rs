//! Which indexes an entity has: those of single properties, one for every owning to-one relation,
//! since inverse sides and removals need it, and those that are declared on the struct.

use super::Builder;
use crate::schema::entity::RelationKind;
use crate::schema::{
    DescribedPart, EntityDescription, FieldSchema, FieldSet, IndexDescription, IndexPart,
    IndexSchema, PartDescription, PartKind, RelationSchema, ResolvedKind,
};

impl Builder {
    /// All indexes of an entity. Those that share a name are reported.
    pub(super) fn indexes(
        &mut self,
        description: &EntityDescription,
        fields: &[FieldSchema],
    ) -> Vec<IndexSchema> {
        let own = (0..fields.len()).filter_map(|field| of_property(description, fields, field));
        let declared = description.indexes.iter().map(|index| of(index, fields));
        let mut indexes: Vec<_> = own.chain(declared).collect();
        for at in 0..indexes.len() {
            indexes[at].position = at;
            let (before, index) = (&indexes[..at], &indexes[at]);
            if let Some(other) = before.iter().find(|other| other.name == index.name) {
                self.problems.push(format!(
                    "{} has two indexes named `{}`, on `{}` and on `{}`; remove one, or name it with `name = \"..\"`",
                    description.name, index.name, other.label, index.label
                ));
            }
        }
        indexes
    }
}

/// The index on a single property.
fn of_property(
    description: &EntityDescription,
    fields: &[FieldSchema],
    field: usize,
) -> Option<IndexSchema> {
    let (described, name) = (&description.fields[field], fields[field].name);
    let (unique, kind) = match &fields[field].kind {
        ResolvedKind::Relation(RelationSchema {
            kind: RelationKind::ToOne { one_to_one, .. },
            ..
        }) => (*one_to_one, PartKind::Reference),
        ResolvedKind::Scalar(value) if described.unique || described.index => {
            let kind = described
                .each
                .map_or(PartKind::Value(*value), PartKind::Each);
            (described.unique, kind)
        }
        _ => return None,
    };
    let parts = vec![IndexPart { field, kind }];
    Some(index(
        described.index_name.unwrap_or(name),
        name,
        unique,
        parts,
        fields,
    ))
}

/// The key as an index, where it is made of properties: the keys of the rows are those of its entries.
pub(super) fn of_key(
    description: &EntityDescription,
    fields: &[FieldSchema],
) -> Option<IndexSchema> {
    let described = description.fields.iter().zip(fields).enumerate();
    let parts = described.filter(|(_, (described, _))| described.is_key_part);
    let parts = parts.filter_map(|(field, (_, schema))| {
        let kind = match &schema.kind {
            ResolvedKind::Relation(_) => PartKind::Reference,
            ResolvedKind::Scalar(value) => PartKind::Value(*value),
            _ => return None,
        };
        Some(IndexPart { field, kind })
    });
    let parts: Vec<_> = parts.collect();
    (!parts.is_empty()).then(|| index("", "the key", true, parts, fields))
}

/// An index that is declared on the struct.
fn of(described: &IndexDescription, fields: &[FieldSchema]) -> IndexSchema {
    let part = |part: &PartDescription| IndexPart {
        field: part.field,
        kind: match part.kind {
            DescribedPart::Value(value) => PartKind::Value(value),
            DescribedPart::Reference if fields[part.field].nullable => PartKind::OptionalReference,
            DescribedPart::Reference => PartKind::Reference,
            DescribedPart::Each(elements) => PartKind::Each(elements),
        },
    };
    let parts: Vec<_> = described.parts.iter().map(part).collect();
    let names: Vec<_> = parts.iter().map(|part| fields[part.field].name).collect();
    let name = described
        .name
        .map_or_else(|| names.join("+"), str::to_owned);
    index(&name, described.label, described.unique, parts, fields)
}

fn index(
    name: &str,
    label: &'static str,
    unique: bool,
    parts: Vec<IndexPart>,
    fields: &[FieldSchema],
) -> IndexSchema {
    let reads = |part: &IndexPart| match &fields[part.field].kind {
        ResolvedKind::Derived(derived) => derived.reads,
        _ => FieldSet::from_iter([part.field]),
    };
    IndexSchema {
        position: 0,
        name: name.to_owned(),
        label,
        unique,
        reads: parts.iter().flat_map(|part| reads(part).iter()).collect(),
        parts,
    }
}
