//! What benches measure with.

use std::time::{Duration, Instant};

/// The median time of a run, after a few that warm up.
pub(crate) fn median(runs: usize, mut work: impl FnMut()) -> Duration {
    for _ in 0..runs / 10 + 1 {
        work();
    }
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}
