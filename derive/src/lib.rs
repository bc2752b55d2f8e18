//! The derive macros of Musher: [`Entity`], [`BaseEntity`](macro@BaseEntity), and those of the types
//! of properties.
//!
//! Shaped as `serde_derive` is: `attr` reads the attributes, `ast` makes of them what the struct is,
//! `check` reports every rule that it breaks, and `expand` turns what is left into code. A new
//! attribute takes that way, and ends with a compile-fail test in `tests/ui`. Invariant: `expand`
//! sees only structs that `check` let pass.

/// `quote!` whose local variables are invisible to the user's tokens.
macro_rules! generated {
    ($($tokens:tt)*) => {
        ::quote::quote_spanned!(::proc_macro2::Span::mixed_site()=> $($tokens)*)
    };
}

mod ast;
mod attr;
mod check;
mod ctxt;
mod expand;
mod grammar;
mod indexes;
mod mention;
mod ordered_key;
mod shape;
mod suggest;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

use crate::ast::{Container, Derived};
use crate::ctxt::Ctxt;

/// Makes a struct an entity: a thing with identity that the database stores.
///
/// ```ignore
/// use chrono::{DateTime, Utc};
/// use musher::prelude::*;
///
/// #[derive(BaseEntity, Debug)]
/// pub struct Base {
///     #[orm(primary_key)]
///     pub id: Pk,
///     #[orm(default = Utc::now())]
///     pub created_at: DateTime<Utc>,
///     #[orm(default = Utc::now(), on_update = Utc::now())]
///     pub updated_at: DateTime<Utc>,
/// }
///
/// #[derive(Entity, Debug)]
/// #[orm(before_create = Article::check)]
/// pub struct Article {
///     #[orm(base)]
///     pub base: Base,
///     #[orm(unique, default = title.to_lowercase().replace(' ', "-"))]
///     pub slug: String,
///     #[orm(index)]
///     pub title: String,
///     pub text: Lazy<String>,
///     #[orm(many_to_one(inversed_by = articles))]
///     pub author: Id<User>,
///     #[orm(many_to_many(inversed_by = articles))]
///     pub tags: Collection<Tag>,
/// }
///
/// impl Article {
///     fn check(&mut self, _args: &EventArgs<Self>) -> musher::Result<()> {
///         if self.title.is_empty() { Err(musher::Error::other("an article needs a title")) } else { Ok(()) }
///     }
/// }
/// ```
///
/// The struct stays as it is written. Beside it stand, with its visibility:
///
/// | generated | what it is |
/// |---|---|
/// | `Article::build()`, `ArticleBuilder` | a builder; one without a required property does not compile where it is used |
/// | `ArticleView` | what `em.view(id)` gives: it reads the entity, and a method for each relation follows it; with a populate hint, for each that was populated |
/// | `ArticleEdit` | what `em.edit(id)` gives: `set_author(..)`, `tags().add(..)` |
/// | `ArticlePath` | what closures of filters and orders get: a method for each property that they can be about, and each relation |
/// | `ArticleLoadPath` | what closures of populate hints, and of what to serialize or leave out, get: a method for each property |
/// | `ArticlePayload` | what `args.change_set().payload()` gives in hooks: a method for each property |
///
/// With a base, the entity, its paths and its payload dereference to the base's.
///
/// # Types of properties
///
/// A derive sees tokens, so these are recognised by name; a type alias hides them.
///
/// | type | what it is |
/// |---|---|
/// | `Pk`, `Pk<K>` | the primary key, generated; a primary key of another type is set by the program |
/// | `Id<T>`, `Option<Id<T>>` | a to-one relation, required or optional |
/// | `Inverse<T>` | the other side of a one-to-one relation |
/// | `Collection<T>` | a to-many relation |
/// | `Lazy<V>` | a value stored apart from the row, read when a populate hint asks for it |
/// | `Option<V>` | a value that may be absent, and is unless it is set |
/// | any other | a value: `Serialize + DeserializeOwned + Debug + Send + Sync` |
///
/// # Attributes of the struct
///
/// | `#[orm(..)]` | |
/// |---|---|
/// | `name = ".."` | the name that stored data, errors and logs use, instead of the struct's |
/// | `before_create = f`, `before_update = f`, `before_delete = f` | hooks, `fn(&mut Self, &EventArgs<Self>) -> musher::Result<()>`, that may change the entity or refuse the flush |
/// | `after_create = f`, `after_update = f`, `after_delete = f` | hooks, `fn(&Self, &EventArgs<Self>)`, when the commit has succeeded |
/// | `index(a, b)` | rows are found by `a` and `b`, and by `a` alone, without a walk over all; properties of the base and to-one relations may be parts |
/// | `unique(a, b)` | likewise, and no two rows have the same in all of them; with a `None` in one any number may |
/// | `index(c: u8 = expr, ..)` | a part is what `expr` gives, which reads, by name and by reference, properties in the row, and the base; paths have a method `c` |
/// | `index(each(a), ..)` | a part is each element of `a`, a list or set; one at most |
/// | `index(a, b, name = "..")` | the name that stored data use, instead of `a+b` |
/// | `on_init = f`, `on_load = f` | hooks, `fn(&mut Self)`, when an instance becomes managed, and when it was loaded |
/// | `order_by(p, q desc)` | the order of rows where a query names no other |
/// | `computed(full_title = f, ..)` | serialized beside the properties: what `f` makes of a `&Self`; with `groups(A)` in the parentheses, for these groups |
///
/// Each hook takes a path, or several in a list: `before_create = [Self::check, hash]`.
///
/// # Attributes of a property
///
/// | `#[orm(..)]` | |
/// |---|---|
/// | `primary_key` | the identity: one property, here or in the base, or several here, whose tuple is the key |
/// | `unique` | no two rows have the same value; `None` any number may have |
/// | `index` | rows are found by the value without a walk over all |
/// | `index(each)`, `unique(each)` | the same, for each element of a list or set |
/// | `index(name = "..")` | the name that stored data use for the index |
/// | `length = n` | at most so many characters, checked by the flush |
/// | `hidden` | in no serialization and no log |
/// | `default` | not required in builders: the type's own default |
/// | `default = expr` | likewise, this value; `expr` reads, by name and by reference, properties without a default, and properties with one that stand before |
/// | `on_update = expr` | set by every flush that updates another property; `expr` reads any property in the row |
/// | `created_at` | a time, set when the entity is created |
/// | `updated_at` | a time, set when the entity is created, and by every flush that updates another property |
/// | `version` | a `u64`, `u32`, `i64` or `i32` that counts how often the row was written; a flush that finds another one than was read is refused |
/// | `concurrency_check` | a flush that finds another value in the row than was read is refused |
/// | `serialized_name = ".."` | the name in serializations |
/// | `serializer = f` | serialized as what `f` makes of a reference to the value |
/// | `groups(A, B)` | serialized for these groups, each of which is a type; for all, if none is asked for |
/// | `base` | the field holds the base entity |
/// | `embedded` | the property is a struct with [`Embedded`](macro@Embedded), or an `Option` of one |
/// | `skip` | the field is no property: it is not stored, and `Default` where an instance is loaded |
/// | `many_to_one` | the relation of an `Id<T>` or `Option<Id<T>>` |
/// | `one_to_one` | the relation of an `Id<T>` or `Option<Id<T>>` that no two rows share; of an `Inverse<T>`, its other side |
/// | `one_to_many` | the relation of a `Collection<T>` whose items hold the key |
/// | `many_to_many` | the relation of a `Collection<T>` |
///
/// An expression of a `String` or `Lazy<V>` is converted with [`Into`]; a `Lazy<V>` is read as `&V`.
///
/// # Options of a relation
///
/// In parentheses: `#[orm(many_to_one(inversed_by = articles, on_delete = cascade))]`.
///
/// | option | on | |
/// |---|---|---|
/// | `mapped_by = f` | `one_to_many`, `one_to_one` of an `Inverse`, `many_to_many` | the property at the other end that owns the relation; the first two need it |
/// | `inversed_by = f` | `many_to_one`, `one_to_one` of an `Id`, `many_to_many` | the property at the other end that shows the relation |
/// | `on_delete = restrict`, `set_null` or `cascade` | `many_to_one`, `one_to_one` of an `Id` | what happens to this row when the row referred to is removed; if it is not given, `restrict` for an `Id` and `set_null` for an `Option` |
/// | `eager` | any relation | populated whenever the entity is loaded |
/// | `order_by(p, q desc)` | `one_to_many`, `many_to_many` | the order of the items, where a query names no other |
/// | `cascade(remove)` | any relation | what it holds is removed with this entity, loaded or not, and its hooks run |
/// | `fixed_order` | `many_to_many` that owns | the collection keeps its items in an order of its own |
/// | `orphan_removal` | `one_to_many`, `one_to_one` of an `Inverse` | what is released is removed, and what it holds when this entity is removed |
///
/// A property named by `mapped_by` or `inversed_by` that does not exist, or is no relation to this
/// entity, does not compile.
#[proc_macro_derive(Entity, attributes(orm))]
pub fn derive_entity(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    derive(Derived::Entity, &input).into()
}

/// Makes a struct a base: properties that several entities share, in a field of theirs marked
/// `#[orm(base)]`.
///
/// ```ignore
/// #[derive(BaseEntity, Debug)]
/// pub struct Base {
///     #[orm(primary_key)]
///     pub id: Pk,
///     #[orm(default = Utc::now())]
///     pub created_at: DateTime<Utc>,
///     #[orm(default = *created_at, on_update = Utc::now())]
///     pub updated_at: DateTime<Utc>,
///     pub remark: Option<String>,
/// }
/// ```
///
/// It implements [`Default`] from the attributes, so the struct does not derive it: `Base::default()`
/// has an unset key and the defaults of its properties. Every property therefore is a `Pk`, an
/// `Option`, or has a `default`.
///
/// The attributes of properties are those of [`Entity`], without relations and `base`; types are
/// the same without `Lazy`. The struct itself takes `computed` only: names and hooks are the entities'.
#[proc_macro_derive(BaseEntity, attributes(orm))]
pub fn derive_base_entity(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    derive(Derived::Base, &input).into()
}

/// Makes a struct or enum a value whose stored keys sort as it does: such a value can be indexed,
/// compared by less and greater, ordered by, and part of a primary key.
///
/// ```ignore
/// use musher::prelude::*;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(OrderedKey, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
/// enum Status {
///     Draft,
///     Scheduled(NaiveDate),
///     Published,
/// }
/// ```
///
/// A struct sorts by its fields, an enum by its variant and then by that variant's fields, in the
/// order of declaration: what `#[derive(PartialOrd, Ord)]` gives. Every field has to be an
/// `OrderedKey`. Explicit discriminants have to ascend.
///
/// The number of a variant and the order of fields are stored. New variants come last; to change
/// the order of variants or fields changes what stored values mean.
#[proc_macro_derive(OrderedKey)]
pub fn derive_ordered_key(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let tokens = ordered_key::ordered_key(&input).unwrap_or_else(|error| {
        let mut tokens = error.to_compile_error();
        tokens.extend(ordered_key::ordered_key_stub(&input));
        tokens
    });
    tokens.into()
}

/// Makes a type that is an [`OrderedKey`](macro@OrderedKey) one that primary keys can have, and ids
/// be made of.
///
/// ```ignore
/// #[derive(EntityKey, OrderedKey, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
/// struct Isbn(String);
/// ```
///
/// A key is `Clone + Debug + Eq + Ord + Hash + Serialize + Deserialize` besides, and `Copy` where
/// ids shall be.
#[proc_macro_derive(EntityKey)]
pub fn derive_entity_key(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    ordered_key::entity_key(&input).into()
}

/// Makes a struct an embedded value: properties that belong together, and are stored in the rows of
/// the entities that have such a value.
///
/// ```ignore
/// #[derive(Embedded, Debug, Clone, PartialEq)]
/// struct Address {
///     #[orm(length = 200)]
///     street: String,
///     #[orm(index)]
///     city: String,
///     #[orm(hidden)]
///     door_code: Option<String>,
///     #[orm(embedded)]
///     position: Option<Position>,
/// }
///
/// #[derive(Entity, Debug)]
/// struct User {
///     #[orm(primary_key)]
///     id: Pk,
///     #[orm(embedded)]
///     home: Address,
///     #[orm(embedded)]
///     office: Option<Address>,
/// }
/// ```
///
/// Paths go through it: `|user| user.home().city().eq("Graz")`. Behind an absent value everything is
/// `None`; `office().is_none()` asks for the value itself.
///
/// The attributes of properties are those of [`Entity`], without the primary key, relations, `base`,
/// `on_update`, `version` and `concurrency_check`, and there are no lazy ones. The struct itself takes
/// none.
#[proc_macro_derive(Embedded, attributes(orm))]
pub fn derive_embedded(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    derive(Derived::Embedded, &input).into()
}

/// Reads, checks and expands; every error is found before any is reported.
fn derive(derived: Derived, input: &DeriveInput) -> proc_macro2::TokenStream {
    expanded(derived, input).unwrap_or_else(|error| {
        let mut tokens = error.to_compile_error();
        tokens.extend(expand::stub(derived, input));
        tokens
    })
}

fn expanded(derived: Derived, input: &DeriveInput) -> syn::Result<proc_macro2::TokenStream> {
    let cx = Ctxt::new();
    let container = Container::parse(&cx, derived, input);
    if let Some(container) = &container {
        check::check(&cx, container);
    }
    cx.check()?;
    Ok(container.as_ref().map(expand::expand).unwrap_or_default())
}
