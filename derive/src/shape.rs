//! What the tokens of a property's type say of it.
//!
//! A derive sees tokens, not types: `Lazy` is recognised by the last segment of its path, and a type
//! alias hides it. Nothing here judges whether the type is allowed; `check` does.

use syn::{GenericArgument, PathArguments, PathSegment, Type};

/// The shape of a property's type.
pub(crate) enum Shape<'a> {
    /// `Pk` or `Pk<K>`.
    GeneratedKey,
    /// `Id<T>`.
    Id(&'a Type),
    /// `Option<Id<T>>`.
    OptionalId(&'a Type),
    /// `Collection<T>`.
    Collection(&'a Type),
    /// `Inverse<T>`.
    Inverse(&'a Type),
    /// `Lazy<V>`.
    Lazy(&'a Type),
    /// `Option<..>` around something with a role of its own: its name.
    Wrapped(&'static str),
    /// `Option<V>`.
    Optional(&'a Type),
    /// `String`.
    Text,
    /// Anything else.
    Plain,
}

impl<'a> Shape<'a> {
    pub(crate) fn of(ty: &'a Type) -> Self {
        let Some(segment) = last_segment(ty) else {
            return Self::Plain;
        };
        let argument = only_argument(segment);
        match (segment.ident.to_string().as_str(), argument) {
            ("Pk", _) => Self::GeneratedKey,
            ("String", None) => Self::Text,
            ("Id", Some(target)) => Self::Id(target),
            ("Collection", Some(target)) => Self::Collection(target),
            ("Inverse", Some(target)) => Self::Inverse(target),
            ("Lazy", Some(value)) => Self::Lazy(value),
            ("Option", Some(inner)) => match Self::of(inner) {
                Self::Id(target) => Self::OptionalId(target),
                Self::GeneratedKey => Self::Wrapped("Pk"),
                Self::Collection(_) => Self::Wrapped("Collection"),
                Self::Inverse(_) => Self::Wrapped("Inverse"),
                Self::Lazy(_) => Self::Wrapped("Lazy"),
                _ => Self::Optional(inner),
            },
            _ => Self::Plain,
        }
    }

    /// Whether the type can say that there is no value.
    pub(crate) fn is_nullable(&self) -> bool {
        match self {
            Self::Optional(_) | Self::OptionalId(_) => true,
            Self::Lazy(value) => matches!(Self::of(value), Self::Optional(_)),
            _ => false,
        }
    }
}

/// Whether the type is a `Vec`, or an `Option` of one.
pub(crate) fn is_list(ty: &Type) -> bool {
    let Some(segment) = last_segment(ty) else {
        return false;
    };
    match (segment.ident.to_string().as_str(), only_argument(segment)) {
        ("Vec", Some(_)) => true,
        ("Option", Some(inner)) => is_list(inner),
        _ => false,
    }
}

fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        _ => None,
    }
}

fn only_argument(segment: &PathSegment) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    match arguments.args.first() {
        Some(GenericArgument::Type(ty)) if arguments.args.len() == 1 => Some(ty),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_recognised_by_their_last_segment() {
        let is = |tokens: &str, expected: fn(&Shape<'_>) -> bool| {
            let ty: Type = syn::parse_str(tokens).expect("a type");
            assert!(expected(&Shape::of(&ty)), "{tokens}");
        };
        is("Pk", |shape| matches!(shape, Shape::GeneratedKey));
        is("musher::Pk<u32>", |shape| {
            matches!(shape, Shape::GeneratedKey)
        });
        is("Id<User>", |shape| matches!(shape, Shape::Id(_)));
        is("Option<musher::Id<User>>", |shape| {
            matches!(shape, Shape::OptionalId(_))
        });
        is("Option<Lazy<String>>", |shape| {
            matches!(shape, Shape::Wrapped("Lazy"))
        });
        is("std::option::Option<u8>", |shape| {
            matches!(shape, Shape::Optional(_))
        });
        is("Lazy<Option<u8>>", |shape| {
            matches!(shape, Shape::Lazy(_)) && shape.is_nullable()
        });
        is("std::string::String", |shape| matches!(shape, Shape::Text));
        is("Vec<Id<User>>", |shape| matches!(shape, Shape::Plain));
        is("[u8; 4]", |shape| matches!(shape, Shape::Plain));
    }
}
