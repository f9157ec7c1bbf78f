//! Texts of data files.

use std::borrow::Cow;

/// A text of a data file: borrowed where it stands in the binary, so that a start copies none of the embedded catalog's.
pub type Text = Cow<'static, str>;
