//! A figure beside its baseline. Every benchmark shows the same shape, so that a script can read them all.

use serde_json::{Value, json};

use crate::output::table::{
    Column::{Number, Words},
    render,
};

/// What a figure should reach, as a ratio to its baseline or, without one, as a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// Worse than this is a fault.
    pub floor: f64,
    /// What it is built for.
    pub goal: f64,
}

/// One measured figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What was measured, as words with slashes, from the general to the special.
    pub name: String,
    /// The median over the rounds.
    pub value: f64,
    /// Of the value and the baseline.
    pub unit: &'static str,
    /// The same measured on the baseline; `None` where nothing is comparable.
    pub baseline: Option<f64>,
    /// What the baseline is; empty without one.
    pub baseline_name: &'static str,
    /// Whether a smaller value is a better one.
    pub lower_is_better: bool,
    /// What it should reach. `None` for figures that only inform.
    pub target: Option<Target>,
}

impl Figure {
    /// A figure without baseline and target.
    #[must_use]
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, baseline: None, baseline_name: "", lower_is_better: false, target: None }
    }

    /// The same beside a baseline.
    #[must_use]
    pub fn against(mut self, name: &'static str, baseline: f64) -> Self {
        (self.baseline_name, self.baseline) = (name, Some(baseline));
        self
    }

    /// The same as a figure of which less is better.
    #[must_use]
    pub const fn lower_is_better(mut self) -> Self {
        self.lower_is_better = true;
        self
    }

    /// The same with what it should reach.
    #[must_use]
    pub const fn with_target(mut self, target: Option<Target>) -> Self {
        self.target = target;
        self
    }

    /// The value in units of the baseline; `None` without one, or when it measured nothing.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        self.baseline.filter(|baseline| *baseline > 0.0).map(|baseline| self.value / baseline)
    }

    /// How it stands to its target, in one word; empty without a target.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        let measured = if self.baseline.is_some() { self.ratio() } else { Some(self.value) };
        match (self.target, measured) {
            (None, _) => "",
            (Some(_), None) => "not measured",
            (Some(target), Some(value)) if reaches(value, target.goal, self.lower_is_better) => "goal",
            (Some(target), Some(value)) if reaches(value, target.floor, self.lower_is_better) => "floor",
            (Some(_), Some(_)) => "missed",
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "baseline": self.baseline,
            "baseline_name": self.baseline_name,
            "ratio": self.ratio(),
            "lower_is_better": self.lower_is_better,
            "floor": self.target.map(|target| target.floor),
            "goal": self.target.map(|target| target.goal),
            "verdict": self.verdict(),
        })
    }
}

fn reaches(value: f64, bound: f64, lower_is_better: bool) -> bool {
    if lower_is_better { value <= bound } else { value >= bound }
}

/// The figures as a table for people.
#[must_use]
pub fn to_text(figures: &[Figure]) -> String {
    let columns = [
        Words("figure"),
        Number("value"),
        Words("unit"),
        Number("baseline"),
        Words("of"),
        Number("ratio"),
        Number("floor"),
        Number("goal"),
        Words(""),
    ];
    let bound = |figure: &Figure, bound: fn(Target) -> f64| figure.target.map(bound).map(number).unwrap_or_default();
    render(
        &columns,
        figures.iter().map(|figure| {
            vec![
                figure.name.clone(),
                number(figure.value),
                figure.unit.to_owned(),
                figure.baseline.map(number).unwrap_or_default(),
                figure.baseline_name.to_owned(),
                figure.ratio().map(number).unwrap_or_default(),
                bound(figure, |target| target.floor),
                bound(figure, |target| target.goal),
                figure.verdict().to_owned(),
            ]
        }),
    )
}

/// The figures as JSON for programs.
#[must_use]
pub fn to_json(figures: &[Figure]) -> Value {
    figures.iter().map(Figure::to_json).collect()
}

/// Three digits that count, and no more.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 || size == 0.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// The middle one of the values; the mean of the two in the middle of an even number. Nothing of nothing is 0.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_held_against_its_target_in_the_right_direction() {
        let target = Some(Target { floor: 2.0, goal: 4.0 });
        let figure = |value| Figure::new("x", value, "/s").against("base", 10.0).with_target(target);
        assert_eq!(figure(40.0).verdict(), "goal");
        assert_eq!(figure(39.9).verdict(), "floor");
        assert_eq!(figure(19.0).verdict(), "missed");
        let slow = |value| {
            let target = Some(Target { floor: 0.5, goal: 0.25 });
            Figure::new("x", value, "ms").against("base", 10.0).lower_is_better().with_target(target)
        };
        assert_eq!(slow(2.5).verdict(), "goal");
        assert_eq!(slow(5.0).verdict(), "floor");
        assert_eq!(slow(5.1).verdict(), "missed");
    }

    #[test]
    fn a_figure_without_baseline_is_held_against_its_value_and_one_without_measure_says_so() {
        let none = Some(Target { floor: 0.0, goal: 0.0 });
        assert_eq!(Figure::new("lost", 0.0, "units").lower_is_better().with_target(none).verdict(), "goal");
        assert_eq!(Figure::new("lost", 1.0, "units").lower_is_better().with_target(none).verdict(), "missed");
        assert_eq!(Figure::new("x", 1.0, "/s").against("base", 0.0).with_target(none).verdict(), "not measured");
    }

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median(vec![4.0, 1.0]) - 2.5).abs() < f64::EPSILON);
        assert!(median(Vec::new()).abs() < f64::EPSILON);
    }
}
