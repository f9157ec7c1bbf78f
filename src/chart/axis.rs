//! An axis: where a value stands, and which values are labelled.

use crate::model::format_duration;

/// About how many labels an axis has.
const LABELS: f64 = 5.0;

/// Steps between the labels of durations, in milliseconds.
const DURATIONS: [f64; 22] = [
    1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4, 1.5e4, 3e4, 6e4, 1.2e5, 3e5, 6e5, 9e5,
    1.8e6, 3.6e6,
];

/// What an axis has.
#[derive(Debug, Clone)]
pub struct Axis {
    /// What it counts.
    pub label: String,
    /// Whether its values are milliseconds of durations.
    pub duration: bool,
    /// Whether its values are only off (0) and on (1).
    pub switch: bool,
    /// Whether equal distances are equal factors.
    pub log: bool,
}

impl Axis {
    /// Where a value stands between the ends: 0 to 1.
    #[must_use]
    pub fn place(&self, value: f64, low: f64, high: f64) -> f64 {
        let scale = |value: f64| if self.log { value.max(f64::MIN_POSITIVE).ln() } else { value };
        let (low, high) = (scale(low), scale(high));
        if high > low { ((scale(value) - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 }
    }

    /// The values that are labelled, with their text.
    #[must_use]
    pub fn ticks(&self, low: f64, high: f64) -> Vec<(f64, String)> {
        if self.switch {
            return [(0.0, "off"), (1.0, "on")].map(|(value, text)| (value, text.to_owned())).to_vec();
        }
        if high <= low {
            return vec![(low, self.text(low, 1.0))];
        }
        if self.log && low > 0.0 {
            return self.powers(low, high);
        }
        let step = self.step((high - low) / LABELS);
        let first = (low / step).ceil() as i64;
        let last = (high / step + 1e-9).floor() as i64;
        (first..=last).map(|index| index as f64 * step).map(|value| (value, self.text(value, step))).collect()
    }

    /// Powers of ten; with few of them, their doubles and halves too.
    fn powers(&self, low: f64, high: f64) -> Vec<(f64, String)> {
        let factors: &[f64] = if (high / low).log10() < 3.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
        let all = (first..=last).flat_map(|power| factors.iter().map(move |factor| factor * 10_f64.powi(power)));
        all.filter(|value| *value >= low * (1.0 - 1e-9) && *value <= high * (1.0 + 1e-9))
            .map(|value| (value, self.text(value, value)))
            .collect()
    }

    /// The next round step that is not below a rough one.
    fn step(&self, rough: f64) -> f64 {
        const HOUR: f64 = 3.6e6;
        if self.duration && rough <= HOUR {
            return DURATIONS.into_iter().find(|step| *step >= rough).unwrap_or(HOUR);
        }
        let rough = if self.duration { rough / HOUR } else { rough };
        let power = 10_f64.powf(rough.log10().floor());
        let step =
            [1.0, 2.0, 5.0, 10.0].into_iter().find(|step| step * power >= rough * (1.0 - 1e-9)).unwrap_or(10.0) * power;
        if self.duration { step * HOUR } else { step }
    }

    fn text(&self, value: f64, step: f64) -> String {
        if self.duration {
            return format_duration(value.round() as i64);
        }
        let decimals = (-step.abs().log10().floor()).clamp(0.0, 9.0) as usize;
        grouped(&format!("{value:.decimals$}"))
    }
}

/// Digits before the point in groups of three.
fn grouped(text: &str) -> String {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut grouped = sign.to_owned();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if let Some(fraction) = fraction {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis, low: f64, high: f64) -> Vec<String> {
        axis.ticks(low, high).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn labels_are_round() {
        let plain = Axis { label: String::new(), duration: false, switch: false, log: false };
        assert_eq!(texts(&plain, 0.0, 10_000.0), ["0", "2,000", "4,000", "6,000", "8,000", "10,000"]);
        assert_eq!(texts(&plain, 0.1, 0.5), ["0.1", "0.2", "0.3", "0.4", "0.5"]);
        assert_eq!(texts(&plain, -3.0, -3.0), ["-3"]);
        let log = Axis { log: true, ..plain.clone() };
        assert_eq!(texts(&log, 1.0, 100.0), ["1", "2", "5", "10", "20", "50", "100"]);
        assert_eq!(texts(&log, 1.0, 1e6), ["1", "10", "100", "1,000", "10,000", "100,000", "1,000,000"]);
        let duration = Axis { duration: true, ..plain.clone() };
        assert_eq!(texts(&duration, 0.0, 300_000.0), ["0s", "1m", "2m", "3m", "4m", "5m"]);
        assert_eq!(texts(&duration, 0.0, 360_000_000.0), ["0s", "20h", "40h", "60h", "80h", "100h"]);
        assert_eq!(log.place(10.0, 1.0, 100.0), 0.5);
        assert_eq!(plain.place(5.0, 5.0, 5.0), 0.5);
    }
}
