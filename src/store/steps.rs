//! Names of the steps that a crash can fall between. Nothing happens at them, unless a test asks for it.

use std::sync::OnceLock;

static WATCHER: OnceLock<fn(&'static str)> = OnceLock::new();

/// Calls this function at every step from now on, for the life of the process: how a test dies where it wants to.
#[doc(hidden)]
pub fn watch(watcher: fn(&'static str)) {
    let _ = WATCHER.set(watcher);
}

/// Says that a step was reached.
pub(super) fn reached(step: &'static str) {
    if let Some(watcher) = WATCHER.get() {
        watcher(step);
    }
}
