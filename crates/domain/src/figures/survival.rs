//! How long lines wait, with those that still wait counted as such: the product-limit estimate.
//!
//! Source: Kaplan and Meier 1958, JASA 53:457. Leaving open lines out would reward whoever lets the slowest wait for
//! ever. The share that still waits is kept as a whole number of 10^-18, cut and never rounded up, so that a quantile
//! at an exact tie is found.

use std::collections::BTreeMap;

use super::ratio::Ratio;

const ONE: u128 = 1_000_000_000_000_000_000;

/// How long one line waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// Days that it waited, at least.
    pub days: i64,
    /// Whether the wait ended with the goods. Else it is censored: it would have lasted longer.
    pub has_ended: bool,
}

/// Within how many days so many lines had everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantile {
    /// Within these days.
    Days(i64),
    /// After more than these days: the longest wait that is known is shorter.
    MoreThan(i64),
}

/// What is known about the waits of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitFigures {
    /// Lines.
    pub lines: u64,
    /// Lines whose wait had not ended.
    pub censored: u64,
    /// Mean days, up to the longest known wait.
    pub mean: Ratio,
    /// Whether the mean is a lower bound, because some lines waited longer than any known wait.
    pub mean_is_at_least: bool,
    /// Half of the lines waited at most so long.
    pub p50: Quantile,
    /// 85 of 100 lines waited at most so long.
    pub p85: Quantile,
    /// 95 of 100 lines waited at most so long.
    pub p95: Quantile,
}

/// Waits as they come in, counted by their days: as large as there are different days, however many lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WaitCounts(BTreeMap<i64, (u64, u64)>);

impl WaitCounts {
    /// Adds a wait.
    pub fn add(&mut self, wait: Wait) {
        let (ended, censored) = self.0.entry(wait.days).or_default();
        *(if wait.has_ended { ended } else { censored }) += 1;
    }

    /// The figures of the waits; `None` when there are none.
    #[must_use]
    pub fn figures(&self) -> Option<WaitFigures> {
        let curve = Curve::of(&self.0);
        let censored = self.0.values().map(|(_, censored)| censored).sum();
        let mean = Ratio::of(i128::try_from(curve.area).ok()?, i128::try_from(ONE).ok()?)?;
        (curve.lines > 0).then(|| WaitFigures {
            lines: curve.lines,
            censored,
            mean,
            mean_is_at_least: curve.steps.last().is_some_and(|(_, waiting)| *waiting > 0),
            p50: curve.quantile(50),
            p85: curve.quantile(85),
            p95: curve.quantile(95),
        })
    }
}

impl WaitFigures {
    /// The figures of these waits; `None` when there are none.
    #[must_use]
    pub fn of(waits: impl IntoIterator<Item = Wait>) -> Option<Self> {
        let mut counts = WaitCounts::default();
        waits.into_iter().for_each(|wait| counts.add(wait));
        counts.figures()
    }
}

/// The share that still waits after each day on which something is known.
struct Curve {
    lines: u64,
    steps: Vec<(i64, u128)>,
    area: u128,
}

impl Curve {
    fn of(by_days: &BTreeMap<i64, (u64, u64)>) -> Self {
        let lines = by_days.values().map(|(ended, censored)| ended + censored).sum();
        let (mut at_risk, mut waiting, mut area, mut last) = (u128::from(lines), ONE, 0, 0);
        let mut steps = Vec::with_capacity(by_days.len());
        for (days, (ended, censored)) in by_days {
            area += waiting * u128::from(days.abs_diff(last));
            waiting = waiting * (at_risk - u128::from(*ended)) / at_risk;
            at_risk -= u128::from(ended + censored);
            last = *days;
            steps.push((*days, waiting));
        }
        Self { lines, steps, area }
    }

    fn quantile(&self, percent: u128) -> Quantile {
        let still_waiting = ONE / 100 * (100 - percent);
        let found = self.steps.iter().find(|(_, waiting)| *waiting <= still_waiting);
        let longest = self.steps.last().map_or(0, |(days, _)| *days);
        found.map_or(Quantile::MoreThan(longest), |(days, _)| Quantile::Days(*days))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn figures(ended: &[i64], censored: &[i64]) -> WaitFigures {
        let wait = |has_ended| move |days: &i64| Wait { days: *days, has_ended };
        WaitFigures::of(ended.iter().map(wait(true)).chain(censored.iter().map(wait(false)))).unwrap()
    }

    #[test]
    fn without_open_lines_the_figures_are_the_plain_ones() {
        let figures = figures(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], &[]);
        assert_eq!((figures.p50, figures.p85, figures.p95), (Quantile::Days(5), Quantile::Days(9), Quantile::Days(10)));
        assert_eq!((figures.mean.scaled(100), figures.mean_is_at_least), (550, false));
    }

    #[test]
    fn open_lines_count_as_longer_than_they_have_waited() {
        // Freireich et al. 1963, the treated group, weeks of remission: the classic sample of the method. The estimate
        // is .807 at 7, .627 at 13, .538 at 22 and .448 at 23 weeks.
        let ended = [6, 6, 6, 7, 10, 13, 16, 22, 23];
        let censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35];
        let figures = figures(&ended, &censored);
        assert_eq!((figures.lines, figures.censored), (21, 12));
        assert_eq!((figures.p50, figures.p85), (Quantile::Days(23), Quantile::MoreThan(35)));
        assert_eq!((figures.mean_is_at_least, figures.mean.scaled(10)), (true, 233));
    }

    #[test]
    fn a_line_that_is_censored_at_once_says_nothing() {
        let (with, without) = (figures(&[2, 4], &[0]), figures(&[2, 4], &[]));
        assert_eq!((with.mean, with.p50), (without.mean, without.p50));
        assert_eq!(WaitFigures::of([]), None);
    }
}
