//! Values as bytes: the build script links the embedded catalog and freezes it, a process that starts thaws it.
//!
//! Not serde: the forms that it gives these types are the JSON contract, and a thawed text is to stay where it stands in
//! the binary. Numbers have the least significant byte first, lengths are 32 bits, a choice is a byte. Both sides are of
//! one build, so that the bytes say nothing of what they are; what cannot be read all the same is `None`.

use super::behaviour::Section;
use super::{Scalar, Text, ThroughputRange};
use crate::diag::{At, FileId, Severity, Span};
use semver::{Version, VersionReq};
use std::collections::BTreeMap;

/// A value that can be frozen.
pub(crate) trait Freeze: Sized {
    /// Appends the value.
    #[allow(dead_code, reason = "the build script freezes, the program thaws")]
    fn freeze(&self, out: &mut Freezer);

    /// Takes the value off the front.
    fn thaw(from: &mut Frozen) -> Option<Self>;
}

/// What is left to be thawed. Texts stand apart, so that nobody has to look whether they are UTF-8.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Frozen {
    pub(crate) bytes: &'static [u8],
    pub(crate) texts: &'static str,
}

impl Frozen {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(*taken)
    }

    fn length(&mut self) -> Option<usize> {
        u32::thaw(self).map(|length| length as usize)
    }

    fn text(&mut self) -> Option<&'static str> {
        let length = self.length()?;
        let (text, rest) = self.texts.split_at_checked(length)?;
        self.texts = rest;
        Some(text)
    }

    /// What [`Freezer::part`] wrote, to be thawed when it is needed.
    pub(crate) fn part(&mut self) -> Option<Frozen> {
        let (bytes, texts) = (self.length()?, self.text()?);
        let (bytes, rest) = self.bytes.split_at_checked(bytes)?;
        self.bytes = rest;
        Some(Frozen { bytes, texts })
    }
}

/// What was frozen so far.
#[derive(Debug, Default)]
pub(crate) struct Freezer {
    pub(crate) bytes: Vec<u8>,
    pub(crate) texts: String,
}

#[allow(dead_code, reason = "the build script freezes, the program thaws")]
impl Freezer {
    fn length(&mut self, length: usize) {
        u32::try_from(length).expect("the catalog is far smaller").freeze(self);
    }

    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.texts.push_str(text);
    }

    /// Appends a value that can be stepped over.
    pub(crate) fn part(&mut self, value: &impl Freeze) {
        let mut part = Freezer::default();
        value.freeze(&mut part);
        self.length(part.bytes.len());
        self.text(&part.texts);
        self.bytes.extend(part.bytes);
    }
}

/// Freezes one of several words, or a struct field by field. What stands behind `default` is no part of it: it thaws as nothing.
macro_rules! freeze {
    ($type:ident: $($variant:ident),+) => {
        impl $crate::model::Freeze for $type {
            fn freeze(&self, out: &mut $crate::model::Freezer) {
                match self {
                    $($type::$variant => $crate::model::Freeze::freeze(&($type::$variant as u8), out),)+
                }
            }

            fn thaw(from: &mut $crate::model::Frozen) -> Option<Self> {
                let word: u8 = $crate::model::Freeze::thaw(from)?;
                [$($type::$variant),+].into_iter().find(|variant| *variant as u8 == word)
            }
        }
    };
    ($type:ident { $($field:ident),+ $(,)? } $(default { $($empty:ident),+ })?) => {
        impl $crate::model::Freeze for $type {
            fn freeze(&self, out: &mut $crate::model::Freezer) {
                let $type { $($field,)+ $($($empty: _,)+)? } = self;
                $($crate::model::Freeze::freeze($field, out);)+
            }

            fn thaw(from: &mut $crate::model::Frozen) -> Option<Self> {
                $(let $field = $crate::model::Freeze::thaw(from)?;)+
                Some($type { $($field,)+ $($($empty: Default::default(),)+)? })
            }
        }
    };
}
pub(crate) use freeze;

macro_rules! numbers {
    ($($type:ty),+) => {
        $(impl Freeze for $type {
            fn freeze(&self, out: &mut Freezer) {
                out.bytes.extend(self.to_le_bytes());
            }

            fn thaw(from: &mut Frozen) -> Option<Self> {
                from.take().map(<$type>::from_le_bytes)
            }
        })+
    };
}
numbers!(u8, u16, u32, u64, i64, f64);

impl Freeze for usize {
    fn freeze(&self, out: &mut Freezer) {
        (*self as u64).freeze(out);
    }

    fn thaw(from: &mut Frozen) -> Option<Self> {
        usize::try_from(u64::thaw(from)?).ok()
    }
}

impl Freeze for bool {
    fn freeze(&self, out: &mut Freezer) {
        u8::from(*self).freeze(out);
    }

    fn thaw(from: &mut Frozen) -> Option<Self> {
        Some(u8::thaw(from)? != 0)
    }
}

/// Thaws to where it stands.
impl Freeze for Text {
    fn freeze(&self, out: &mut Freezer) {
        out.text(self);
    }

    fn thaw(from: &mut Frozen) -> Option<Self> {
        from.text().map(Text::Borrowed)
    }
}

impl Freeze for String {
    fn freeze(&self, out: &mut Freezer) {
        out.text(self);
    }

    fn thaw(from: &mut Frozen) -> Option<Self> {
        from.text().map(str::to_owned)
    }
}

impl Freeze for Version {
    fn freeze(&self, out: &mut Freezer) {
        out.text(&self.to_string());
    }

    fn thaw(from: &mut Frozen) -> Option<Self> {
        Version::parse(from.text()?).ok()
    }
}

impl Freeze for VersionReq {
    fn freeze(&self, out: &mut Freezer) {
        out.text(&self.to_string());
    }

    fn thaw(from: &mut Frozen) -> Option<Self> {
        VersionReq::parse(from.text()?).ok()
    }
}

impl<T: Freeze> Freeze for Option<T> {
    fn freeze(&self, out: &mut Freezer) {
        self.is_some().freeze(out);
        self.iter().for_each(|value| value.freeze(out));
    }

    fn thaw(from: &mut Frozen) -> Option<Self> {
        Some(if bool::thaw(from)? { Some(T::thaw(from)?) } else { None })
    }
}

impl<T: Freeze> Freeze for Vec<T> {
    fn freeze(&self, out: &mut Freezer) {
        out.length(self.len());
        self.iter().for_each(|value| value.freeze(out));
    }

    fn thaw(from: &mut Frozen) -> Option<Self> {
        let length = from.length()?;
        // Nothing takes less than a byte.
        let mut values = Vec::with_capacity(length.min(from.bytes.len()));
        for _ in 0..length {
            values.push(T::thaw(from)?);
        }
        Some(values)
    }
}

impl<T: Freeze> Freeze for Box<[T]> {
    fn freeze(&self, out: &mut Freezer) {
        out.length(self.len());
        self.iter().for_each(|value| value.freeze(out));
    }

    fn thaw(from: &mut Frozen) -> Option<Self> {
        Vec::thaw(from).map(Vec::into_boxed_slice)
    }
}

impl<K: Freeze + Ord, V: Freeze> Freeze for BTreeMap<K, V> {
    fn freeze(&self, out: &mut Freezer) {
        out.length(self.len());
        for (key, value) in self {
            key.freeze(out);
            value.freeze(out);
        }
    }

    fn thaw(from: &mut Frozen) -> Option<Self> {
        Some(Vec::<(K, V)>::thaw(from)?.into_iter().collect())
    }
}

impl<A: Freeze, B: Freeze> Freeze for (A, B) {
    fn freeze(&self, out: &mut Freezer) {
        self.0.freeze(out);
        self.1.freeze(out);
    }

    fn thaw(from: &mut Frozen) -> Option<Self> {
        Some((A::thaw(from)?, B::thaw(from)?))
    }
}

impl<T: Freeze> Freeze for At<T> {
    fn freeze(&self, out: &mut Freezer) {
        self.value.freeze(out);
        self.span.freeze(out);
    }

    fn thaw(from: &mut Frozen) -> Option<Self> {
        Some(At { value: T::thaw(from)?, span: Span::thaw(from)? })
    }
}

impl Freeze for FileId {
    fn freeze(&self, out: &mut Freezer) {
        self.0.freeze(out);
    }

    fn thaw(from: &mut Frozen) -> Option<Self> {
        u32::thaw(from).map(FileId)
    }
}

freeze!(Span { file, start, end });
freeze!(Severity: Error, Warning, Note);
freeze!(Section: Throughput, Latency, Matching, DsqlPool, Errors, Resources);
freeze!(ThroughputRange { min_st_per_sec, max_st_per_sec, description });

impl Freeze for Scalar {
    fn freeze(&self, out: &mut Freezer) {
        match self {
            Scalar::Int(value) => (0_u8, *value).freeze(out),
            Scalar::Float(value) => (1_u8, *value).freeze(out),
            Scalar::Bool(value) => (2_u8, *value).freeze(out),
            Scalar::Str(value) => {
                3_u8.freeze(out);
                value.freeze(out);
            }
        }
    }

    fn thaw(from: &mut Frozen) -> Option<Self> {
        Some(match u8::thaw(from)? {
            0 => Scalar::Int(i64::thaw(from)?),
            1 => Scalar::Float(f64::thaw(from)?),
            2 => Scalar::Bool(bool::thaw(from)?),
            3 => Scalar::Str(String::thaw(from)?),
            _ => return None,
        })
    }
}
