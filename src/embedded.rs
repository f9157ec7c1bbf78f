//! The catalog that the build script put into the binary.

use crate::loader::{DataSet, Embedded, Embedding};
use crate::model::Frozen;

// All of these are made by the build script.
static EMBEDDING: Embedding = Embedding {
    files: include!(concat!(env!("OUT_DIR"), "/catalog.rs")),
    texts: include_str!(concat!(env!("OUT_DIR"), "/catalog.texts")),
    trees: include_bytes!(concat!(env!("OUT_DIR"), "/catalog.trees")),
    frozen: Frozen {
        bytes: include_bytes!(concat!(env!("OUT_DIR"), "/catalog.frozen")),
        texts: include_str!(concat!(env!("OUT_DIR"), "/catalog.frozen.texts")),
    },
};

impl DataSet {
    /// The catalog that is built into the binary.
    #[must_use]
    pub fn embedded() -> Self {
        DataSet::of(EMBEDDING)
    }
}
