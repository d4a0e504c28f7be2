//! What operators and functions take, and what they make of it.
//!
//! A number where an amount is meant counts whole units of currency. A day plus or minus a number is a day, a day minus a
//! day is a number of days.

use cel::common::ast::operators;
use jiff::civil::Date;

use super::{
    expression::{Number, Operation, Relation, Text, TextTest, Truth},
    facts::{MICROS_PER_UNIT, day_number},
    problem::FilterProblem,
};

/// A checked part of an expression, by the kind of its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Typed {
    Truth(Truth),
    Number(Number),
    Amount(Number),
    Date(Number),
    Text(Text),
}

impl Typed {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Truth(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Amount(_) => "an amount",
            Self::Date(_) => "a date",
            Self::Text(_) => "a text",
        }
    }

    /// What is true or false; the value itself when it is something else.
    pub(super) fn truth(self) -> Result<Truth, Self> {
        match self {
            Self::Truth(truth) => Ok(truth),
            Self::Number(_) | Self::Amount(_) | Self::Date(_) | Self::Text(_) => Err(self),
        }
    }

    pub(super) fn is_constant(&self) -> bool {
        match self {
            Self::Truth(truth) => matches!(truth, Truth::Constant(_)),
            Self::Number(number) | Self::Amount(number) | Self::Date(number) => matches!(number, Number::Constant(_)),
            Self::Text(text) => matches!(text, Text::Constant(_)),
        }
    }
}

/// The refusal of what an operator or function was given.
pub(super) fn refused(what: &str, wanted: &'static str, found: &[&Typed]) -> FilterProblem {
    let names: Vec<_> = found.iter().map(|typed| typed.name()).collect();
    FilterProblem::Kinds { what: format!("{what:?}"), wanted, found: names.join(" and ") }
}

/// An amount literal in micro-units, rounded; `None` when it is too large.
pub(super) fn micros(units: f64) -> Option<i64> {
    // By way of the text: it is exact, and a cast would say nothing of what does not fit.
    format!("{units:.6}").replace('.', "").parse().ok()
}

/// A whole number of units as an amount; a literal is computed at once. `None` when it is too large.
fn amount(number: Number) -> Option<Number> {
    if let Number::Constant(units) = number {
        return units.checked_mul(MICROS_PER_UNIT).map(Number::Constant);
    }
    Some(Number::Combine(Operation::Multiply, Box::new([number, Number::Constant(MICROS_PER_UNIT)])))
}

/// Both as amounts when one is an amount and the other a number.
fn levelled(left: Typed, right: Typed) -> Result<(Typed, Typed), FilterProblem> {
    let too_large = || FilterProblem::Literal("the number is too large for an amount".to_owned());
    let raised = |number| amount(number).map(Typed::Amount).ok_or_else(too_large);
    match (left, right) {
        (Typed::Number(left), right @ Typed::Amount(_)) => Ok((raised(left)?, right)),
        (left @ Typed::Amount(_), Typed::Number(right)) => Ok((left, raised(right)?)),
        pair => Ok(pair),
    }
}

/// `date("2026-12-24")`.
pub(super) fn date(literal: &Typed) -> Result<Typed, FilterProblem> {
    let Typed::Text(Text::Constant(text)) = literal else {
        return Err(refused("date", "a text literal", &[literal]));
    };
    let date: Date =
        text.parse().map_err(|_| FilterProblem::Literal(format!("{text:?} is not a date such as 2026-12-24")))?;
    Ok(Typed::Date(Number::Constant(i64::from(day_number(date)))))
}

/// `duration_days(7)`: the number of days, as it is.
pub(super) fn days(number: Typed) -> Result<Typed, FilterProblem> {
    match number {
        Typed::Number(_) => Ok(number),
        Typed::Truth(_) | Typed::Amount(_) | Typed::Date(_) | Typed::Text(_) => {
            Err(refused("duration_days", "a number", &[&number]))
        }
    }
}

pub(super) fn text_test(name: &str, text: Typed, part: Typed) -> Result<Typed, FilterProblem> {
    let test = match name {
        "startsWith" => TextTest::StartsWith,
        "endsWith" => TextTest::EndsWith,
        _ => TextTest::Contains,
    };
    match (text, part) {
        (Typed::Text(text), Typed::Text(part)) => Ok(Typed::Truth(Truth::Tests(test, Box::new([text, part])))),
        (text, part) => Err(refused(name, "two texts", &[&text, &part])),
    }
}

/// Whether a value is one of a list of literals.
pub(super) fn listed(wanted: Typed, list: Vec<Typed>) -> Result<Typed, FilterProblem> {
    let (mut numbers, mut texts) = (Vec::new(), Vec::new());
    for element in list {
        // The wanted value is left as it is: only the element may have to become an amount.
        let element = match (&wanted, element) {
            (Typed::Amount(_), element @ Typed::Number(_)) => levelled(wanted.clone(), element)?.1,
            (_, element) => element,
        };
        match (&wanted, element) {
            (Typed::Text(_), Typed::Text(Text::Constant(text))) => texts.push(text),
            (Typed::Number(_), Typed::Number(Number::Constant(number)))
            | (Typed::Amount(_), Typed::Amount(Number::Constant(number)))
            | (Typed::Date(_), Typed::Date(Number::Constant(number))) => numbers.push(number),
            (_, element) => return Err(refused("in", "a list of what is looked for", &[&wanted, &element])),
        }
    }
    numbers.sort_unstable();
    texts.sort_unstable();
    match wanted {
        Typed::Text(text) => Ok(Typed::Truth(Truth::TextIn(text, texts.into()))),
        Typed::Number(number) | Typed::Amount(number) | Typed::Date(number) => {
            Ok(Typed::Truth(Truth::NumberIn(number, numbers.into())))
        }
        Typed::Truth(_) => Err(refused("in", "a number, amount, date or text", &[&wanted])),
    }
}

fn relation(name: &str) -> Option<Relation> {
    Some(match name {
        operators::EQUALS => Relation::Equal,
        operators::NOT_EQUALS => Relation::NotEqual,
        operators::LESS => Relation::Less,
        operators::LESS_EQUALS => Relation::LessOrEqual,
        operators::GREATER => Relation::Greater,
        operators::GREATER_EQUALS => Relation::GreaterOrEqual,
        _ => return None,
    })
}

fn operation(name: &str) -> Option<Operation> {
    Some(match name {
        operators::ADD => Operation::Add,
        operators::SUBSTRACT => Operation::Subtract,
        operators::MULTIPLY => Operation::Multiply,
        operators::DIVIDE => Operation::Divide,
        operators::MODULO => Operation::Rest,
        _ => return None,
    })
}

pub(super) fn is_operator(name: &str) -> bool {
    let others = [
        operators::LOGICAL_AND,
        operators::LOGICAL_OR,
        operators::LOGICAL_NOT,
        operators::NEGATE,
        operators::CONDITIONAL,
    ];
    others.contains(&name) || relation(name).is_some() || operation(name).is_some()
}

/// What an operator makes of its operands.
pub(super) fn operated(name: &str, operands: Vec<Typed>) -> Result<Typed, FilterProblem> {
    let sign = name.replace('_', "");
    if matches!(name, operators::LOGICAL_AND | operators::LOGICAL_OR) {
        return joined(name, &sign, operands);
    }
    let mut operands = operands.into_iter();
    match (operands.next(), operands.next(), operands.next()) {
        (Some(Typed::Truth(inner)), None, None) if name == operators::LOGICAL_NOT => {
            Ok(Typed::Truth(Truth::Not(Box::new(inner))))
        }
        (Some(Typed::Number(inner)), None, None) if name == operators::NEGATE => {
            Ok(Typed::Number(Number::Negate(Box::new(inner))))
        }
        (Some(Typed::Amount(inner)), None, None) if name == operators::NEGATE => {
            Ok(Typed::Amount(Number::Negate(Box::new(inner))))
        }
        (Some(left), Some(right), None) => match (relation(name), operation(name)) {
            (Some(relation), _) => related(relation, &sign, left, right),
            (None, Some(operation)) => combined(operation, &sign, left, right),
            (None, None) => Err(refused(&sign, "other operands", &[&left, &right])),
        },
        (Some(condition), Some(then), Some(otherwise)) => conditional(condition, then, otherwise),
        (Some(only), _, _) => Err(refused(&sign, "true or false, or for - a number or an amount", &[&only])),
        (None, _, _) => Err(refused(&sign, "operands", &[])),
    }
}

fn joined(name: &str, sign: &str, operands: Vec<Typed>) -> Result<Typed, FilterProblem> {
    let truths: Result<Vec<_>, _> = operands
        .into_iter()
        .map(|operand| operand.truth().map_err(|other| refused(sign, "true or false on each side", &[&other])))
        .collect();
    let truths = truths?.into_boxed_slice();
    Ok(Typed::Truth(if name == operators::LOGICAL_AND { Truth::All(truths) } else { Truth::Any(truths) }))
}

fn related(relation: Relation, sign: &str, left: Typed, right: Typed) -> Result<Typed, FilterProblem> {
    let truth = match levelled(left, right)? {
        (Typed::Number(left), Typed::Number(right))
        | (Typed::Amount(left), Typed::Amount(right))
        | (Typed::Date(left), Typed::Date(right)) => Truth::Numbers(relation, Box::new([left, right])),
        (Typed::Text(left), Typed::Text(right)) => Truth::Texts(relation, Box::new([left, right])),
        (Typed::Truth(left), Typed::Truth(right)) if matches!(relation, Relation::Equal | Relation::NotEqual) => {
            Truth::Truths(relation, Box::new([left, right]))
        }
        (left, right) => return Err(refused(sign, "two values of one kind that can be compared", &[&left, &right])),
    };
    Ok(Typed::Truth(truth))
}

fn combined(operation: Operation, sign: &str, left: Typed, right: Typed) -> Result<Typed, FilterProblem> {
    use Operation::{Add, Divide, Multiply, Rest, Subtract};
    let both = |left, right| Number::Combine(operation, Box::new([left, right]));
    let pair = if matches!(operation, Add | Subtract) { levelled(left, right)? } else { (left, right) };
    match (operation, pair) {
        (Add | Subtract | Multiply | Divide | Rest, (Typed::Number(left), Typed::Number(right))) => {
            Ok(Typed::Number(both(left, right)))
        }
        (Add | Subtract, (Typed::Amount(left), Typed::Amount(right)))
        | (Multiply, (Typed::Amount(left), Typed::Number(right)) | (Typed::Number(left), Typed::Amount(right))) => {
            Ok(Typed::Amount(both(left, right)))
        }
        (Add | Subtract, (Typed::Date(left), Typed::Number(right)))
        | (Add, (Typed::Number(left), Typed::Date(right))) => Ok(Typed::Date(both(left, right))),
        (Subtract, (Typed::Date(left), Typed::Date(right))) => Ok(Typed::Number(both(left, right))),
        (_, (left, right)) => Err(refused(sign, "numbers, amounts, or a date and days", &[&left, &right])),
    }
}

fn conditional(condition: Typed, then: Typed, otherwise: Typed) -> Result<Typed, FilterProblem> {
    let Typed::Truth(condition) = condition else {
        return Err(refused("?:", "true or false before the ?", &[&condition]));
    };
    let number = |condition, then, otherwise| Number::If(Box::new((condition, then, otherwise)));
    Ok(match levelled(then, otherwise)? {
        (Typed::Truth(then), Typed::Truth(otherwise)) => {
            Typed::Truth(Truth::If(Box::new([condition, then, otherwise])))
        }
        (Typed::Number(then), Typed::Number(otherwise)) => Typed::Number(number(condition, then, otherwise)),
        (Typed::Amount(then), Typed::Amount(otherwise)) => Typed::Amount(number(condition, then, otherwise)),
        (Typed::Date(then), Typed::Date(otherwise)) => Typed::Date(number(condition, then, otherwise)),
        (Typed::Text(then), Typed::Text(otherwise)) => Typed::Text(Text::If(Box::new((condition, then, otherwise)))),
        (then, otherwise) => return Err(refused("?:", "two values of one kind", &[&then, &otherwise])),
    })
}
