//! Whatever a filter says: its answers are those of the CEL crate's own interpreter, and remembering them by tuples
//! changes nothing.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::HashMap;

use proptest::{collection::vec, prelude::*};

use super::{
    facts::{Column, MICROS_PER_UNIT, NO_DAY, NO_NUMBER, day_number},
    *,
};

const TODAY: i32 = 20_785;

/// A line as plain values. Amounts are in halves of a unit, which a binary fraction holds exactly.
#[derive(Debug, Clone)]
struct Line {
    texts: [Option<&'static str>; 2],
    days: [Option<i32>; 2],
    numbers: [Option<i64>; 2],
    halves: [Option<i64>; 2],
}

const TEXTS: [Attribute; 2] = [Attribute::CustomerTier, Attribute::ItemCategory];
const DAYS: [Attribute; 2] = [Attribute::LineRequestedDate, Attribute::LinePromisedDate];
const NUMBERS: [Attribute; 2] = [Attribute::LineOpen, Attribute::LineOrdered];
const AMOUNTS: [Attribute; 2] = [Attribute::LineValue, Attribute::LineMargin];
const WORDS: [&str; 5] = ["", "a", "b", "ab", "é"];

fn place(of: [Attribute; 2], attribute: Attribute) -> Option<usize> {
    of.iter().position(|known| *known == attribute)
}

impl Line {
    fn value(&self, attribute: Attribute) -> Value<'static> {
        let number = if let Some(place) = place(DAYS, attribute) {
            self.days[place].map(i64::from)
        } else if let Some(place) = place(NUMBERS, attribute) {
            self.numbers[place]
        } else if let Some(place) = place(AMOUNTS, attribute) {
            self.halves[place].map(|halves| halves * MICROS_PER_UNIT / 2)
        } else {
            return place(TEXTS, attribute).and_then(|place| self.texts[place]).map_or(Value::Missing, Value::Text);
        };
        number.map_or(Value::Missing, Value::Number)
    }
}

fn line() -> impl Strategy<Value = Line> {
    let text = || prop::option::of(prop::sample::select(WORDS.to_vec()));
    let day = || prop::option::of(TODAY - 5..TODAY + 6);
    let number = || prop::option::of(prop_oneof![4 => -3..13_i64, 1 => Just(i64::MAX)]);
    let halves = || prop::option::of(-6..40_i64);
    let texts = [text(), text()];
    (texts, [day(), day()], [number(), number()], [halves(), halves()])
        .prop_map(|(texts, days, numbers, halves)| Line { texts, days, numbers, halves })
}

fn facts(lines: &[Line]) -> Facts<'static> {
    let mut facts = Facts::try_new(lines.len()).unwrap();
    for (place, attribute) in TEXTS.into_iter().enumerate() {
        facts = facts.with(attribute, Column::of_texts(lines.iter().map(|line| line.texts[place]))).unwrap();
    }
    for (place, attribute) in DAYS.into_iter().enumerate() {
        let days: Vec<_> = lines.iter().map(|line| line.days[place].unwrap_or(NO_DAY)).collect();
        facts = facts.with(attribute, Column::Days(days.into())).unwrap();
    }
    for attribute in NUMBERS.into_iter().chain(AMOUNTS) {
        let numbers: Vec<_> = lines
            .iter()
            .map(|line| match line.value(attribute) {
                Value::Number(number) => number,
                Value::Missing | Value::Text(_) => NO_NUMBER,
            })
            .collect();
        facts = facts.with(attribute, Column::Numbers(numbers.into())).unwrap();
    }
    facts
}

/// Writes a well-formed expression out of drawn choices; without choices left, the shortest one.
struct Writer<'a> {
    choices: std::slice::Iter<'a, u8>,
}

impl Writer<'_> {
    fn choose(&mut self, of: usize) -> usize {
        self.choices.next().map_or(0, |choice| usize::from(*choice) % of)
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.choose(of.len())]
    }

    fn truth(&mut self) -> String {
        let relation = self.one(&["==", "!=", "<", "<=", ">", ">="]);
        match self.choose(11) {
            0 => format!("has({})", self.one(&[TEXTS, DAYS, NUMBERS, AMOUNTS].concat())),
            1 => format!("({} && {})", self.truth(), self.truth()),
            2 => format!("({} || {})", self.truth(), self.truth()),
            3 => format!("!({})", self.truth()),
            4 => format!("({} ? {} : {})", self.truth(), self.truth(), self.truth()),
            5 => format!("{} {relation} {}", self.number(), self.number()),
            6 => format!("{} {relation} {}", self.day(), self.day()),
            7 => format!("{} {relation} {}", self.amount(), self.amount_or_number()),
            8 => format!("{} {relation} {}", self.text(), self.text()),
            9 => format!("{} in [{}, {}]", self.text(), self.word(), self.word()),
            _ => {
                let test = self.one(&["startsWith", "endsWith", "contains"]);
                format!("{}.{test}({})", self.text(), self.text())
            }
        }
    }

    fn number(&mut self) -> String {
        let operator = self.one(&["+", "-", "*", "/", "%"]);
        match self.choose(6) {
            0 => self.one(&["0", "1", "3", "-2"]).to_owned(),
            1 | 2 => self.one(&NUMBERS).to_string(),
            3 => format!("({} - {})", self.day(), self.day()),
            4 => format!("({} {operator} {})", self.number(), self.number()),
            _ => format!("({} ? {} : {})", self.truth(), self.number(), self.number()),
        }
    }

    fn day(&mut self) -> String {
        match self.choose(5) {
            0 => "today".to_owned(),
            1 | 2 => self.one(&DAYS).to_string(),
            3 => "date('2026-11-30')".to_owned(),
            _ => format!("({} + duration_days({}))", self.day(), self.number()),
        }
    }

    fn amount(&mut self) -> String {
        match self.choose(4) {
            0 => self.one(&["0.0", "1.5", "-2.5"]).to_owned(),
            1 | 2 => self.one(&AMOUNTS).to_string(),
            _ => format!("({} - {})", self.amount(), self.amount()),
        }
    }

    fn amount_or_number(&mut self) -> String {
        if self.choose(3) == 0 { self.one(&["0", "7", "-1"]).to_owned() } else { self.amount() }
    }

    fn word(&mut self) -> String {
        format!("'{}'", self.one(&WORDS))
    }

    fn text(&mut self) -> String {
        if self.choose(3) == 0 { self.word() } else { self.one(&TEXTS).to_string() }
    }
}

fn expression() -> impl Strategy<Value = String> {
    vec(any::<u8>(), 2..40).prop_map(|choices| Writer { choices: choices.iter() }.truth())
}

/// Pieces that are put together without any sense.
const PIECES: [&str; 48] = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "!",
    "-",
    "+",
    "*",
    "/",
    "%",
    "<",
    ">=",
    "==",
    "&&",
    "||",
    "?",
    ":",
    ",",
    ".",
    " in ",
    "has(",
    "line.open",
    "customer.tier",
    "today",
    "date(",
    "duration_days(",
    "1",
    "1.5",
    "1u",
    "0x",
    "'x'",
    "\"",
    "'",
    "b'z'",
    "r'",
    "\\",
    "null",
    "true",
    "`",
    "=",
    "é",
    "\n",
    "//",
    ".map(x,",
    "9223372036854775808",
    "\u{0}",
];

/// What the CEL crate's own interpreter says: days are its whole numbers, amounts its binary fractions.
fn interpreted(source: &str, line: &Line) -> Option<bool> {
    let mut context = cel::Context::default();
    let mut objects: HashMap<&str, HashMap<String, cel::Value>> = HashMap::new();
    for attribute in [TEXTS, DAYS, NUMBERS, AMOUNTS].concat() {
        let (object, field) = attribute.path().split_once('.').unwrap();
        let value = match line.value(attribute) {
            Value::Missing => continue,
            Value::Text(text) => text.into(),
            Value::Number(_) if AMOUNTS.contains(&attribute) => {
                let halves = line.halves[place(AMOUNTS, attribute).unwrap()].unwrap();
                cel::Value::Float(f64::from(i32::try_from(halves).unwrap()) / 2.0)
            }
            Value::Number(number) => cel::Value::Int(number),
        };
        objects.entry(object).or_default().insert(field.to_owned(), value);
    }
    for object in ["customer", "item", "line"] {
        context.add_variable_from_value(object, objects.remove(object).unwrap_or_default());
    }
    context.add_variable_from_value("today", i64::from(TODAY));
    context.add_function("duration_days", |days: i64| days).unwrap();
    context.add_function("date", |_: std::sync::Arc<String>| i64::from(TODAY) + 2).unwrap();
    let answer = cel::Program::compile(source).unwrap().execute(&context).ok()?;
    assert!(matches!(answer, cel::Value::Bool(_)), "{source} is {answer:?}");
    Some(answer == cel::Value::Bool(true))
}

#[test]
fn the_day_of_the_literal_is_that_of_the_interpreter() {
    assert_eq!(day_number(jiff::civil::date(2026, 11, 30)), TODAY + 2);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: backorder_testkit::counts::cases("allocation_filters"),
        rng_seed: proptest::test_runner::RngSeed::Fixed(backorder_testkit::seed()),
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_is_written_is_a_filter_or_refused_at_a_place_in_it(pieces in vec(prop::sample::select(PIECES.to_vec()), 0..24)) {
        let source = pieces.concat();
        match Filter::try_new(&source) {
            Ok(filter) => prop_assert!(filter.reads().len() <= FILTER_ATTRIBUTES_MAX),
            Err(error) => {
                let line = source.split('\n').nth(error.at.line - 1);
                let characters = line.map(|line| line.chars().count());
                prop_assert!(characters.is_some_and(|count| error.at.column <= count + 1), "{} of {:?}", error, source);
            }
        }
    }

    #[test]
    fn a_filter_answers_as_the_interpreter_of_the_language_does(source in expression(), line in line()) {
        let Ok(filter) = Filter::try_new(&source) else {
            // Only what is nested too deep or reads too much is refused of what the writer writes.
            return Err(TestCaseError::reject("too deep"));
        };
        prop_assert_eq!(
            filter.evaluate(|attribute| line.value(attribute), TODAY).ok(),
            interpreted(&source, &line),
            "{}", source
        );
    }

    #[test]
    fn remembering_the_answers_by_tuples_changes_none(source in expression(), lines in vec(line(), 1..40), copies in 1..4_usize, room in 0..99_usize) {
        let Ok(filter) = Filter::try_new(&source) else { return Err(TestCaseError::reject("too deep")) };
        let lines: Vec<_> = std::iter::repeat_n(lines, copies).flatten().collect();
        let facts = facts(&lines);
        let mut failed = 0;
        let mut expected = Vec::new();
        for line in &lines {
            expected.push(match filter.evaluate(|attribute| line.value(attribute), TODAY) {
                Ok(true) => Verdict::Matched,
                Ok(false) => Verdict::NotMatched,
                Err(failure) => {
                    failed += 1;
                    Verdict::Failed(failure)
                }
            });
        }
        let numbers: Vec<_> = (0..u32::try_from(lines.len()).unwrap()).collect();
        let mut matcher = Matcher::try_new(&filter, |attribute| facts.view(attribute), room, TODAY).unwrap();
        let (mut verdicts, mut some) = (Vec::new(), Vec::new());
        for part in numbers.chunks(7) {
            matcher.verdicts(part, &mut some);
            verdicts.append(&mut some);
        }
        prop_assert_eq!(verdicts, expected, "{} of {:?}", source, lines);
        prop_assert_eq!(matcher.failures().map_or(0, |failures| failures.lines), failed);
    }
}
