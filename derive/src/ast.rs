//! The struct as the expansions see it: its properties, each with its kind and position.
//!
//! Invariant: a field has a position exactly if it is a property of its own, which base and skipped
//! fields are not; positions count from 0 in the order of declaration.

use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Data, DataStruct, DeriveInput, Expr, Fields, Ident, Type, Visibility};

use crate::attr::{ContainerAttrs, FieldAttrs, RelationAttr};
use crate::ctxt::Ctxt;
use crate::indexes;
use crate::shape::{Shape, is_list};

/// Which derive is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Derived {
    Entity,
    Base,
    Embedded,
}

impl Derived {
    /// With its article, to begin a sentence.
    pub(crate) const fn a_name(self) -> &'static str {
        match self {
            Self::Entity => "an entity",
            Self::Base => "a base entity",
            Self::Embedded => "an embedded value",
        }
    }
}

/// The struct under the derive.
pub(crate) struct Container<'a> {
    pub(crate) derived: Derived,
    pub(crate) ident: &'a Ident,
    pub(crate) vis: &'a Visibility,
    pub(crate) attrs: ContainerAttrs,
    pub(crate) fields: Vec<Field<'a>>,
}

/// One field of the struct.
pub(crate) struct Field<'a> {
    pub(crate) ident: &'a Ident,
    /// The identifier without `r#`.
    pub(crate) name: String,
    pub(crate) ty: &'a Type,
    pub(crate) shape: Shape<'a>,
    pub(crate) attrs: FieldAttrs,
    /// Whether the primary key is made of this property, which is stored like any other.
    pub(crate) is_key_part: bool,
    /// The position among the struct's own properties; of no meaning for base and skipped fields.
    pub(crate) position: usize,
}

/// What a field is.
#[derive(Clone, Copy)]
pub(crate) enum Kind<'a> {
    /// The field that holds the base.
    Base,
    /// No property.
    Skip,
    /// The primary key; generated: its type is `Pk`.
    Key { generated: bool },
    /// A value in the row.
    Scalar,
    /// A struct whose properties are in the row.
    Embedded { ty: &'a Type, optional: bool },
    /// A list of such structs, which is a value in the row.
    EmbeddedList,
    /// A value apart from the row, of this type.
    Lazy(&'a Type),
    /// A key of another entity.
    ToOne { target: &'a Type, optional: bool },
    /// The many end of a relation.
    Collection(&'a Type),
    /// The inverse side of a one-to-one relation.
    Inverse(&'a Type),
}

impl<'a> Container<'a> {
    /// Reads the input. `None`: it is no struct with named fields, which was reported.
    pub(crate) fn parse(cx: &Ctxt, derived: Derived, input: &'a DeriveInput) -> Option<Self> {
        let what = derived.a_name();
        if let (Some(first), Some(last)) =
            (input.generics.params.first(), input.generics.params.last())
        {
            let span = first
                .span()
                .join(last.span())
                .unwrap_or_else(|| first.span());
            cx.error(
                span,
                format_args!(
                    "{what} can't be generic: each entity is one type with one name in the store"
                ),
            );
        }
        let attrs = ContainerAttrs::parse(cx, &input.attrs);
        let fields = match &input.data {
            Data::Struct(DataStruct {
                fields: Fields::Named(fields),
                ..
            }) => &fields.named,
            Data::Struct(_) => {
                cx.error(
                    input.ident.span(),
                    format_args!(
                        "{what} is a struct with named fields: `struct {} {{ .. }}`",
                        input.ident
                    ),
                );
                return None;
            }
            Data::Enum(_) | Data::Union(_) => {
                cx.error(
                    input.ident.span(),
                    format_args!("{what} is a struct; an enum may be the type of a property"),
                );
                return None;
            }
        };
        let mut next = 0;
        let fields = fields.iter().filter_map(|field| {
            let field = Field::parse(cx, field, next)?;
            next += usize::from(field.is_property());
            Some(field)
        });
        let mut fields: Vec<_> = fields.collect();
        if derived == Derived::Entity {
            mark_key_parts(&mut fields);
        }
        Some(Self {
            derived,
            ident: &input.ident,
            vis: &input.vis,
            attrs,
            fields,
        })
    }

    /// The name that stored data, errors and logs use.
    pub(crate) fn name(&self) -> String {
        self.attrs
            .name
            .as_ref()
            .map_or_else(|| self.ident.unraw().to_string(), |name| name.value.value())
    }

    /// The field that holds the base.
    pub(crate) fn base(&self) -> Option<&Field<'a>> {
        self.fields
            .iter()
            .find(|field| matches!(field.kind(), Kind::Base))
    }

    /// The primary key, where it is not the base's.
    pub(crate) fn key(&self) -> Option<&Field<'a>> {
        self.fields
            .iter()
            .find(|field| matches!(field.kind(), Kind::Key { .. }))
    }

    /// The properties that the primary key is made of, where it is no property of its own.
    pub(crate) fn key_parts(&self) -> impl Iterator<Item = &Field<'a>> {
        self.fields.iter().filter(|field| field.is_key_part)
    }

    /// Whether the primary key is made of properties.
    pub(crate) fn has_composed_key(&self) -> bool {
        self.key_parts().next().is_some()
    }

    /// What indexes derive, in the order of declaration.
    pub(crate) fn derived(&self) -> impl Iterator<Item = &indexes::Derived> {
        let parts = self.attrs.indexes.iter().flat_map(|index| &index.parts);
        parts.filter_map(|part| part.derived.as_ref())
    }

    /// The embedded values, by position: the property, its struct, and whether it may be absent.
    pub(crate) fn embedded(&self) -> impl DoubleEndedIterator<Item = (&Field<'a>, &'a Type, bool)> {
        self.fields.iter().filter_map(|field| match field.kind() {
            Kind::Embedded { ty, optional } => Some((field, ty, optional)),
            _ => None,
        })
    }

    /// The struct's own properties, by position.
    pub(crate) fn properties(&self) -> impl Iterator<Item = &Field<'a>> {
        self.fields.iter().filter(|field| field.is_property())
    }
}

/// A key of several properties, and one that is a relation, is made of them: each stays the scalar or
/// the relation that it is.
fn mark_key_parts(fields: &mut [Field<'_>]) {
    let is_part = |field: &Field<'_>| {
        let attrs = &field.attrs;
        attrs.primary_key.is_some() && attrs.base.is_none() && attrs.skip.is_none()
    };
    let is_relation =
        |field: &Field<'_>| matches!(field.shape, Shape::Id(_) | Shape::OptionalId(_));
    let is_composed = fields.iter().filter(|field| is_part(field)).count() > 1
        || fields
            .iter()
            .any(|field| is_part(field) && is_relation(field));
    for field in fields {
        field.is_key_part = is_composed && is_part(field);
    }
}

impl<'a> Field<'a> {
    fn parse(cx: &Ctxt, field: &'a syn::Field, position: usize) -> Option<Self> {
        let ident = field.ident.as_ref()?;
        Some(Self {
            ident,
            name: ident.unraw().to_string(),
            ty: &field.ty,
            shape: Shape::of(&field.ty),
            attrs: FieldAttrs::parse(cx, &field.attrs),
            is_key_part: false,
            position,
        })
    }

    /// What the field is. Where attributes contradict each other, `check` has said so.
    pub(crate) fn kind(&self) -> Kind<'a> {
        match self.shape {
            _ if self.attrs.base.is_some() => Kind::Base,
            _ if self.attrs.skip.is_some() => Kind::Skip,
            _ if self.attrs.primary_key.is_some() && !self.is_key_part => Kind::Key {
                generated: matches!(self.shape, Shape::GeneratedKey),
            },
            _ if self.attrs.embedded.is_some() && is_list(self.ty) => Kind::EmbeddedList,
            Shape::Optional(ty) if self.attrs.embedded.is_some() => {
                Kind::Embedded { ty, optional: true }
            }
            _ if self.attrs.embedded.is_some() => Kind::Embedded {
                ty: self.ty,
                optional: false,
            },
            Shape::Id(target) => Kind::ToOne {
                target,
                optional: false,
            },
            Shape::OptionalId(target) => Kind::ToOne {
                target,
                optional: true,
            },
            Shape::Collection(target) => Kind::Collection(target),
            Shape::Inverse(target) => Kind::Inverse(target),
            Shape::Lazy(value) => Kind::Lazy(value),
            Shape::GeneratedKey
            | Shape::Wrapped(_)
            | Shape::Optional(_)
            | Shape::Text
            | Shape::Plain => Kind::Scalar,
        }
    }

    pub(crate) fn is_property(&self) -> bool {
        !matches!(self.kind(), Kind::Base | Kind::Skip)
    }

    pub(crate) fn is_relation(&self) -> bool {
        matches!(
            self.kind(),
            Kind::ToOne { .. } | Kind::Collection(_) | Kind::Inverse(_)
        )
    }

    pub(crate) fn is_lazy(&self) -> bool {
        matches!(self.kind(), Kind::Lazy(_))
    }

    /// The name in serializations.
    pub(crate) fn serialized_name(&self) -> String {
        let given = self.attrs.serialization.name.as_ref();
        given.map_or_else(|| self.name.clone(), |name| name.value.value())
    }

    pub(crate) fn is_version(&self) -> bool {
        self.attrs.version.is_some()
    }

    /// Whether the unit of work gives it the time.
    pub(crate) fn is_stamp(&self) -> bool {
        self.attrs.created_at.is_some() || self.attrs.updated_at.is_some()
    }

    /// A version has its type's own: it counts from there. A stamp has the time.
    pub(crate) fn has_default(&self) -> bool {
        self.attrs.default.is_some() || self.is_version() || self.is_stamp()
    }

    /// The expression of `default`, unless it is the type's own default or there is none.
    pub(crate) fn default_expr(&self) -> Option<&Expr> {
        self.attrs.default.as_ref()?.value.as_ref()
    }

    pub(crate) fn relation(&self) -> Option<&RelationAttr> {
        self.attrs.relation.as_ref().map(|given| &given.value)
    }

    /// Whether a program that creates the entity has to give the property.
    pub(crate) fn is_required(&self) -> bool {
        match self.kind() {
            Kind::Base
            | Kind::Skip
            | Kind::Key { generated: true }
            | Kind::Collection(_)
            | Kind::Inverse(_) => false,
            Kind::ToOne { optional, .. } => !optional,
            Kind::Embedded { optional, .. } => !optional && !self.has_default(),
            Kind::Key { generated: false } | Kind::Scalar | Kind::EmbeddedList | Kind::Lazy(_) => {
                !self.has_default() && !self.shape.is_nullable()
            }
        }
    }
}
