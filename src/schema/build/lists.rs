//! Lists of embedded values: the properties of their elements, and what these can't be.

use super::{Builder, resolve_embedded};
use crate::schema::{EntityIndex, FieldDescription, ListDescription, ListSchema};

impl Builder {
    /// Resolves the list that a property holds.
    pub(super) fn list(
        &mut self,
        entity: EntityIndex,
        property: &'static str,
        list: ListDescription,
    ) -> ListSchema {
        let ListDescription { of, type_id, .. } = list;
        let is_within_itself = self.lists.iter().any(|(_, above)| *above == type_id);
        self.lists.push((property, type_id));
        let mut fields = Vec::new();
        if is_within_itself {
            let remedy = format!("a list of {of} has lists of {of} within; make {of} an entity");
            self.list_problem(entity, "", &remedy);
        } else {
            let described = (list.fields)();
            for field in described.iter().filter(|field| field.unique) {
                let remedy = format!(
                    "`unique` does not hold among the elements of a list; remove it from {of}, or make {of} an entity"
                );
                self.list_problem(entity, &format!(".{}", field.name), &remedy);
            }
            let numbered = described.iter().enumerate();
            let resolved =
                numbered.map(|(at, field): (_, &FieldDescription)| self.field(entity, at, field));
            fields.extend(resolved);
            resolve_embedded(&mut fields);
        }
        self.lists.pop();
        ListSchema {
            of,
            fields,
            pack: list.pack,
        }
    }

    fn list_problem(&mut self, entity: EntityIndex, property: &str, problem: &str) {
        let name = self.descriptions[usize::from(entity.0)].name;
        let path: Vec<_> = self
            .lists
            .iter()
            .map(|(list, _)| format!("{list}[]"))
            .collect();
        let path = path.join(".");
        self.problems
            .push(format!("{name}.{path}{property}: {problem}"));
    }
}
