//! Keys made of other keys, and those of a single byte or less.
//!
//! Owns `()`, `bool`, `char`, `Option`, tuples and `Uuid`. A tuple has no bytes of its own: its
//! components follow one another, each of which knows where it ends. So the bytes of a tuple's
//! first components are a prefix of the bytes of all tuples that begin with them, and of no other.

use super::{KeyError, OrderedKey, take_array};

impl OrderedKey for () {
    fn encode_key(&self, _out: &mut Vec<u8>) {}

    fn decode_key(_input: &mut &[u8]) -> Result<Self, KeyError> {
        Ok(())
    }
}

impl OrderedKey for bool {
    fn encode_key(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn decode_key(input: &mut &[u8]) -> Result<Self, KeyError> {
        match take_array(input, "bool")? {
            [0] => Ok(false),
            [1] => Ok(true),
            [_] => Err(KeyError::NotCanonical { kind: "bool" }),
        }
    }
}

impl OrderedKey for char {
    fn encode_key(&self, out: &mut Vec<u8>) {
        u32::from(*self).encode_key(out);
    }

    fn decode_key(input: &mut &[u8]) -> Result<Self, KeyError> {
        let code = u32::decode_key(input)?;
        Self::from_u32(code)
            .ok_or_else(|| KeyError::invalid("char", format!("{code} is no character")))
    }
}

impl<T: OrderedKey> OrderedKey for Option<T> {
    const SERIALIZES_UNIQUELY: bool = T::SERIALIZES_UNIQUELY;

    fn encode_key(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.is_some()));
        if let Some(value) = self {
            value.encode_key(out);
        }
    }

    fn decode_key(input: &mut &[u8]) -> Result<Self, KeyError> {
        match take_array(input, "Option")? {
            [0] => Ok(None),
            [1] => T::decode_key(input).map(Some),
            [_] => Err(KeyError::NotCanonical { kind: "Option" }),
        }
    }
}

#[cfg(feature = "uuid")]
impl OrderedKey for uuid::Uuid {
    fn encode_key(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    fn decode_key(input: &mut &[u8]) -> Result<Self, KeyError> {
        take_array(input, "Uuid").map(Self::from_bytes)
    }
}

macro_rules! tuple {
    ($($component:ident $index:tt),*) => {
        impl<$($component: OrderedKey),*> OrderedKey for ($($component,)*) {
            const SERIALIZES_UNIQUELY: bool = $($component::SERIALIZES_UNIQUELY)&&*;

            fn encode_key(&self, out: &mut Vec<u8>) {
                $(self.$index.encode_key(out);)*
            }

            fn decode_key(input: &mut &[u8]) -> Result<Self, KeyError> {
                Ok(($($component::decode_key(input)?,)*))
            }
        }
    };
}

tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
