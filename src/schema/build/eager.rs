//! Eager relations must come to an end: a circle of them would load for ever.

use crate::schema::{EntityIndex, EntitySchema, FieldIndex};

/// The first circle of eager relations, as a problem.
pub(super) fn circle(entities: &[EntitySchema]) -> Option<String> {
    let mut starts = entities.iter();
    starts.find_map(|entity| circle_from(entities, entity.index))
}

/// The circle of eager relations that leads back to where it begins, by a walk in depth.
fn circle_from(entities: &[EntitySchema], start: EntityIndex) -> Option<String> {
    let entity = |index: EntityIndex| &entities[usize::from(index.0)];
    let steps_from = |depth: usize, index: EntityIndex| {
        let fields = entity(index).eager.iter();
        fields.map(move |field| (depth, index, *field))
    };
    let mut seen = vec![false; entities.len()];
    let mut path: Vec<(EntityIndex, FieldIndex)> = Vec::new();
    let mut open: Vec<_> = steps_from(0, start).collect();
    while let Some((depth, index, field)) = open.pop() {
        path.truncate(depth);
        path.push((index, field));
        let target = entity(index).relation(field).target;
        if target == start {
            let step = |(index, field): &(EntityIndex, FieldIndex)| {
                let entity = entity(*index);
                format!("{}.{}", entity.name, entity.fields[*field].name)
            };
            let steps: Vec<String> = path.iter().map(step).collect();
            return Some(format!(
                "eager relations lead in a circle, and loading would have no end: {}; remove `eager` from one of them, \
                 and populate it where it is needed",
                steps.join(", ")
            ));
        }
        if !std::mem::replace(&mut seen[usize::from(target.0)], true) {
            open.extend(steps_from(depth + 1, target));
        }
    }
    None
}
