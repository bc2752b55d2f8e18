//! Attributes that do not go with the kind of the property, or with each other.

use proc_macro2::Span;

use super::embedded;
use crate::ast::{Field, Kind};
use crate::attr::{FieldAttrs, Given};
use crate::ctxt::Ctxt;

/// Attributes that do not go with the kind of the property.
pub(super) fn check(cx: &Ctxt, field: &Field<'_>) {
    for (attribute, span) in given(&field.attrs) {
        let with_version = || {
            field
                .is_version()
                .then(|| beside_version(attribute))
                .flatten()
        };
        let with_key = || field.is_key_part.then(|| beside_key(attribute)).flatten();
        let with_stamp = || field.is_stamp().then(|| beside_stamp(attribute)).flatten();
        let problem = refusal(field.kind(), attribute)
            .or_else(with_version)
            .or_else(with_key)
            .or_else(with_stamp);
        if let Some(problem) = problem {
            cx.error(span, problem);
        }
    }
}

fn given(attrs: &FieldAttrs) -> impl Iterator<Item = (&'static str, Span)> {
    fn one<T>(name: &'static str, slot: Option<&Given<T>>) -> Option<(&'static str, Span)> {
        slot.map(|given| (name, given.span))
    }
    let relation = attrs
        .relation
        .as_ref()
        .map(|given| (given.value.kind.name(), given.span));
    [
        one("base", attrs.base.as_ref()),
        one("embedded", attrs.embedded.as_ref()),
        one("skip", attrs.skip.as_ref()),
        one("primary_key", attrs.primary_key.as_ref()),
        one("unique", attrs.unique.as_ref()),
        one("index", attrs.index.as_ref()),
        one("length", attrs.length.as_ref()),
        one("hidden", attrs.hidden.as_ref()),
        one("default", attrs.default.as_ref()),
        one("on_update", attrs.on_update.as_ref()),
        one("serialized_name", attrs.serialization.name.as_ref()),
        one("serializer", attrs.serialization.serializer.as_ref()),
        one("groups", attrs.serialization.groups.as_ref()),
        one("version", attrs.version.as_ref()),
        one("created_at", attrs.created_at.as_ref()),
        one("updated_at", attrs.updated_at.as_ref()),
        one("concurrency_check", attrs.concurrency_check.as_ref()),
        relation,
    ]
    .into_iter()
    .flatten()
}

/// The table of what does not go with what. `None`: it goes, or another rule judges it.
fn refusal(kind: Kind<'_>, attribute: &'static str) -> Option<String> {
    let message = match (kind, attribute) {
        (Kind::Embedded { .. }, attribute) => return embedded::refusal(attribute),
        (Kind::EmbeddedList, attribute) => return embedded::refusal_of_list(attribute),
        (Kind::Base, "base") | (Kind::Skip, "skip") => return None,
        (Kind::Base, _) => format!(
            "a base stands alone: remove `{attribute}`, or give it to a property of the base"
        ),
        (Kind::Skip, _) => {
            format!("a skipped field is no property: remove `{attribute}` or `skip`")
        }
        (Kind::Key { generated }, attribute) => return refusal_of_key(generated, attribute),
        (Kind::Lazy(_), "concurrency_check") => "`concurrency_check` compares what is in the row, and a lazy property is stored apart: write the type without `Lazy`".to_owned(),
        (Kind::Collection(_) | Kind::Inverse(_), "concurrency_check") => {
            "`concurrency_check` compares what is in the row, and this relation is stored at the other end: remove it".to_owned()
        }
        (Kind::Lazy(_), "unique" | "index") => format!(
            "`{attribute}` needs the value in the row, and a lazy property is stored apart: write the type without `Lazy`"
        ),
        (
            Kind::Lazy(_) | Kind::ToOne { .. } | Kind::Collection(_) | Kind::Inverse(_),
            "version",
        ) => "a version is a number in the row: write `u64`".to_owned(),
        (
            Kind::Lazy(_) | Kind::ToOne { .. } | Kind::Collection(_) | Kind::Inverse(_),
            "created_at" | "updated_at",
        ) => format!(
            "`{attribute}` is a time in the row: give it a property such as `{attribute}: DateTime<Utc>`"
        ),
        (Kind::ToOne { .. }, "index") => {
            "a to-one relation is indexed as it is: remove `index`".to_owned()
        }
        (Kind::ToOne { .. }, "unique") => {
            "a unique reference is a `one_to_one` relation: write that instead".to_owned()
        }
        (Kind::Collection(_) | Kind::Inverse(_), "unique" | "index") => {
            format!(
                "`{attribute}` goes on a property in the row, and this one is stored at the other end: remove it"
            )
        }
        (Kind::ToOne { .. } | Kind::Collection(_) | Kind::Inverse(_), "serializer") => {
            "a relation is serialized as its key, or as the entities that are populated: remove `serializer`"
                .to_owned()
        }
        (Kind::ToOne { .. } | Kind::Collection(_) | Kind::Inverse(_), "length") => {
            "`length` counts the characters of a text, and this is a relation: remove it".to_owned()
        }
        (Kind::ToOne { .. }, "default") => {
            "a relation has no `default`: write `Option<Id<..>>` for one that may be absent"
                .to_owned()
        }
        (Kind::Collection(_) | Kind::Inverse(_), "default") => {
            "a relation has no `default`: it is empty unless it is set".to_owned()
        }
        (Kind::ToOne { .. } | Kind::Collection(_) | Kind::Inverse(_), "on_update") => {
            "a relation has no `on_update`: set it in a `before_update` hook".to_owned()
        }
        _ => return None,
    };
    Some(message)
}

/// What a primary key can't be.
fn refusal_of_key(generated: bool, attribute: &str) -> Option<String> {
    let message = match attribute {
        "unique" | "index" => {
            format!("a primary key is unique and indexed as it is: remove `{attribute}`")
        }
        "hidden" => "a primary key can't be hidden: references and messages show it".to_owned(),
        "length" => "`length` does not go with a primary key".to_owned(),
        "on_update" => "a primary key never changes: remove `on_update`".to_owned(),
        "default" if generated => {
            "a `Pk` is generated: remove `default`, or write the key's type without `Pk`".to_owned()
        }
        "concurrency_check" => "a primary key never changes: remove `concurrency_check`".to_owned(),
        "created_at" | "updated_at" => format!(
            "`{attribute}` is no key: rows of one moment would have the same; give the time a property of its own"
        ),
        "version" => {
            "a primary key never changes: give the version a property of its own".to_owned()
        }
        "many_to_one" | "one_to_one" | "one_to_many" | "many_to_many" => {
            format!(
                "`{attribute}` needs the type `Id<..>`, and so does a primary key that is a relation"
            )
        }
        _ => return None,
    };
    Some(message)
}

/// What a version can't be beside.
fn beside_version(attribute: &'static str) -> Option<String> {
    match attribute {
        "unique" | "index" | "length" | "default" | "on_update" => Some(format!(
            "a version is counted by the flush: remove `{attribute}`"
        )),
        "concurrency_check" => {
            Some("a version is compared as it is: remove `concurrency_check`".to_owned())
        }
        _ => None,
    }
}

/// What a part of a primary key can't be beside.
fn beside_key(attribute: &'static str) -> Option<String> {
    match attribute {
        "hidden" => {
            Some("a primary key can't be hidden: references and messages show it".to_owned())
        }
        "on_update" | "version" | "updated_at" => {
            Some(format!("a primary key never changes: remove `{attribute}`"))
        }
        _ => None,
    }
}

/// What a stamp can't be beside: it is set to the time.
fn beside_stamp(attribute: &str) -> Option<String> {
    match attribute {
        "default" | "on_update" | "version" | "length" => Some(format!(
            "a time stamp is set by the unit of work: remove `{attribute}`, or write `default` and `on_update` instead of the stamp"
        )),
        _ => None,
    }
}
