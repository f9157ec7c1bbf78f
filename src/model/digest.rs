//! SHA-256 over texts, as lower-case hexadecimal digits. The only user of sha2; the build script has it too.

use sha2::{Digest as _, Sha256};

/// A digest in the making.
#[derive(Debug, Clone, Default)]
pub struct Digest(Sha256);

impl Digest {
    /// The digest of one text.
    #[must_use]
    pub fn of(text: &str) -> String {
        let mut digest = Digest::default();
        digest.feed(text);
        digest.finish()
    }

    /// Adds one text; where it ends counts, so `ab` and `c` differ from `a` and `bc`.
    pub fn feed(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text);
    }

    /// Adds bytes as they are.
    pub fn feed_bytes(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all that was added.
    #[must_use]
    pub fn finish(self) -> String {
        use std::fmt::Write as _;
        self.0.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}
