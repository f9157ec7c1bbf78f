//! Samples of a window → their statistics.

/// A value at an instant, in seconds of the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// When.
    pub at: f64,
    /// What; may be NaN or infinite, as sources send it.
    pub value: f64,
}

/// The statistics of the finite values of a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aggregate {
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
    /// The arithmetic mean.
    pub mean: f64,
    /// The median.
    pub p50: f64,
    /// The 95th percentile over the steps.
    pub p95: f64,
    /// The 99th percentile over the steps.
    pub p99: f64,
    /// How many values went into it.
    pub values: usize,
    /// How many were no number or infinite, and were left out.
    pub dropped: usize,
}

/// The statistics of the finite values among samples; none where there are none.
///
/// Percentiles interpolate linearly between the closest ranks (rank `p * (n - 1)`), as `quantile_over_time` does.
#[must_use]
pub fn aggregate(samples: &[Sample]) -> Option<Aggregate> {
    let mut values: Vec<f64> = samples.iter().map(|sample| sample.value).filter(|value| value.is_finite()).collect();
    values.sort_unstable_by(f64::total_cmp);
    let (min, max) = (*values.first()?, *values.last()?);
    // A running mean stays finite where a sum would not.
    let mean = values.iter().zip(1u32..).fold(0.0, |mean, (value, count)| {
        let count = f64::from(count);
        mean + (value / count - mean / count)
    });
    Some(Aggregate {
        min,
        max,
        mean: mean.clamp(min, max),
        p50: percentile(&values, 0.50),
        p95: percentile(&values, 0.95),
        p99: percentile(&values, 0.99),
        values: values.len(),
        dropped: samples.len() - values.len(),
    })
}

/// A percentile of sorted values, of which there is at least one.
fn percentile(sorted: &[f64], p: f64) -> f64 {
    let rank = p * (sorted.len() - 1) as f64;
    let below = rank.floor();
    let (low, high) = (sorted[below as usize], sorted[(rank.ceil() as usize).min(sorted.len() - 1)]);
    let share = rank - below;
    // Weighted, not `low + share * (high - low)`: the difference of two large values of opposite sign overflows.
    if share == 0.0 { low } else { (low * (1.0 - share) + high * share).clamp(low, high) }
}
