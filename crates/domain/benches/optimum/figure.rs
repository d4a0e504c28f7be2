//! A figure beside its baseline, in the shape of `backorder bench`, so that one script reads them all.

use serde_json::{Value, json};

/// What a figure should reach, as a ratio to its baseline or, without one, as a value.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    pub floor: f64,
    pub goal: f64,
}

/// One measured figure.
#[derive(Debug, Clone)]
pub struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    baseline: Option<(&'static str, f64)>,
    lower_is_better: bool,
    target: Option<Target>,
}

impl Figure {
    /// A figure that only informs.
    pub fn new(name: String, value: f64, unit: &'static str) -> Self {
        Self { name, value, unit, baseline: None, lower_is_better: false, target: None }
    }

    /// The same beside a baseline.
    pub fn against(mut self, name: &'static str, baseline: f64) -> Self {
        self.baseline = Some((name, baseline));
        self
    }

    /// The same as a figure of which less is better.
    pub fn lower_is_better(mut self) -> Self {
        self.lower_is_better = true;
        self
    }

    /// The same with what it should reach.
    pub fn with_target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    fn ratio(&self) -> Option<f64> {
        self.baseline.filter(|(_, baseline)| *baseline > 0.0).map(|(_, baseline)| self.value / baseline)
    }

    fn verdict(&self) -> &'static str {
        let Some(target) = self.target else { return "" };
        let Some(measured) = (if self.baseline.is_some() { self.ratio() } else { Some(self.value) }) else {
            return "not measured";
        };
        let reaches = |bound: f64| if self.lower_is_better { measured <= bound } else { measured >= bound };
        match (reaches(target.goal), reaches(target.floor)) {
            (true, _) => "goal",
            (false, true) => "floor",
            (false, false) => "missed",
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "baseline": self.baseline.map(|(_, baseline)| baseline),
            "baseline_name": self.baseline.map_or("", |(name, _)| name),
            "ratio": self.ratio(),
            "lower_is_better": self.lower_is_better,
            "floor": self.target.map(|target| target.floor),
            "goal": self.target.map(|target| target.goal),
            "verdict": self.verdict(),
        })
    }
}

/// The figures for programs.
pub fn to_json(figures: &[Figure]) -> Value {
    figures.iter().map(Figure::to_json).collect()
}

/// The figures for people, one row each.
pub fn to_text(figures: &[Figure]) -> String {
    let heads = ["figure", "value", "unit", "baseline", "of", "ratio", "floor", "goal", ""].map(str::to_owned);
    let rows: Vec<[String; 9]> = std::iter::once(heads).chain(figures.iter().map(cells)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..9).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn cells(figure: &Figure) -> [String; 9] {
    let shown = |value: Option<f64>| value.map(number).unwrap_or_default();
    [
        figure.name.clone(),
        number(figure.value),
        figure.unit.to_owned(),
        shown(figure.baseline.map(|(_, baseline)| baseline)),
        figure.baseline.map_or("", |(name, _)| name).to_owned(),
        shown(figure.ratio()),
        shown(figure.target.map(|target| target.floor)),
        shown(figure.target.map(|target| target.goal)),
        figure.verdict().to_owned(),
    ]
}

/// Three digits that count.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 || size == 0.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        size if size >= 0.01 => format!("{value:.4}"),
        _ => format!("{value:.5}"),
    }
}

/// A count as a figure's value. Beyond 2^53 it is not exact, which no verdict depends on.
#[expect(clippy::cast_precision_loss, reason = "a figure is read by people")]
pub fn approximate(count: u128) -> f64 {
    count as f64
}

/// The middle one of the values; the mean of the two in the middle of an even number. Nothing of nothing is 0.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}
