//! Rules that a value can break by itself. All violations of a flush are told at once.

use super::Change;
use crate::entity::ChangeKind;
use crate::error::{Result, Violation};
use crate::schema::{EntitySchema, ResolvedKind};

/// Checks the written properties of one change.
pub(super) fn validate(
    entity: &EntitySchema,
    change: &Change,
    violations: &mut Vec<Violation>,
) -> Result<()> {
    if let (Some((version, _)), ChangeKind::Update) = (entity.row_version, change.kind)
        && change.changed.contains(version)
    {
        violations.push(Violation {
            entity: entity.name,
            key: entity.print_key(&change.key),
            property: entity.fields[version].name,
            problem: "is counted by the flush and can't be assigned; give it the value back that was read"
                .to_owned(),
        });
    }
    for field in change.changed.iter() {
        let property = &entity.fields[field];
        let (Some(most), Some(value_type)) = (property.length, property.value_type()) else {
            continue;
        };
        let stored = match property.kind {
            ResolvedKind::Lazy(_) => change
                .lazies
                .iter()
                .find(|(at, _)| *at == field)
                .map(|(_, stored)| stored.as_slice()),
            _ => change.body.get(property.number),
        };
        let Some(count) = stored
            .map(|stored| value_type.char_count(stored))
            .transpose()?
            .flatten()
        else {
            continue;
        };
        if count > most {
            violations.push(Violation {
                entity: entity.name,
                key: entity.print_key(&change.key),
                property: property.name,
                problem: format!("has {count} characters, and at most {most} are allowed; shorten it, or raise `length`"),
            });
        }
    }
    Ok(())
}
