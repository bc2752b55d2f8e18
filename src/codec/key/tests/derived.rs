//! What `#[derive(OrderedKey)]` gives sorts as what `#[derive(PartialOrd, Ord)]` gives.

use super::*;

#[derive(musher_derive::OrderedKey, Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Nothing,
    Said(String, i64),
    Moved { to: (i8, i8), slowly: bool },
    Pair(Box2<String>, Unit),
}

#[derive(musher_derive::OrderedKey, Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Unit;

#[derive(musher_derive::OrderedKey, Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Box2<T> {
    first: T,
    second: Option<T>,
}

#[derive(musher_derive::OrderedKey, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Low = -5,
    Middle,
    High = 9,
}

fn event() -> impl Strategy<Value = Event> {
    let pair = (text(), prop::option::of(text()));
    prop_oneof![
        Just(Event::Nothing),
        (text(), signed()).prop_map(|(text, number)| Event::Said(text, number)),
        any::<((i8, i8), bool)>().prop_map(|(to, slowly)| Event::Moved { to, slowly }),
        pair.prop_map(|(first, second)| Event::Pair(Box2 { first, second }, Unit)),
    ]
}

proptest! {
    #[test]
    fn derived_keys_sort_as_derived_orders_do(a in event(), b in event(), number in signed()) {
        check(&a, &b);
        check(&(a.clone(), number), &(b, number));
        check(&Some(a), &None);
    }

    #[test]
    fn arbitrary_bytes_are_no_derived_keys_or_are_theirs(bytes in bytes(), variant in 0u8..6) {
        check_arbitrary::<Event>(&bytes);
        check_arbitrary::<Event>(&[&[variant][..], &bytes].concat());
        check_arbitrary::<Level>(&bytes);
    }
}

#[test]
fn a_variant_is_one_byte_and_a_newtype_none() {
    let levels = [Level::Low, Level::Middle, Level::High];
    assert_eq!(levels.map(|level| encoded(&level)), [[0], [1], [2]]);
    for a in levels {
        for b in levels {
            check(&a, &b);
        }
    }
    assert!(encoded(&Unit).is_empty());
    let error = Level::decode_key(&mut &[3][..]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the key cannot be read as Level: there is no variant 3"
    );
}
