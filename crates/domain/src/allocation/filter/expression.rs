//! A checked expression, and its value for one line.
//!
//! Each kind of value has a tree of its own, so that an expression that mixes kinds cannot be built. Numbers, amounts and
//! days are all whole numbers here: what they mean was settled when the expression was checked. The rules of evaluation
//! are those of the CEL specification: `&&` and `||` give an answer when one side suffices, whatever the other side
//! fails on; every other failure passes upwards.

use super::{attribute::Attribute, problem::EvaluationFailure};

/// The value of an attribute of one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// There is none.
    Missing,
    /// A number, a day number, or micro-units.
    Number(i64),
    /// A text.
    Text(&'a str),
}

/// What an expression reads of one line: the values of the attributes of the filter in the order of their slots.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) attributes: &'a [Attribute],
    pub(super) values: &'a [Value<'a>],
    pub(super) today: i64,
}

impl<'a> Row<'a> {
    fn number(&self, slot: usize) -> Result<i64, EvaluationFailure> {
        match self.values[slot] {
            Value::Number(number) => Ok(number),
            Value::Missing | Value::Text(_) => Err(EvaluationFailure::Missing(self.attributes[slot])),
        }
    }

    fn text(&self, slot: usize) -> Result<&'a str, EvaluationFailure> {
        match self.values[slot] {
            Value::Text(text) => Ok(text),
            Value::Missing | Value::Number(_) => Err(EvaluationFailure::Missing(self.attributes[slot])),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Relation {
    fn holds<T: Ord + ?Sized>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Rest,
}

impl Operation {
    fn of(self, left: i64, right: i64) -> Result<i64, EvaluationFailure> {
        let result = match self {
            Self::Add => left.checked_add(right),
            Self::Subtract => left.checked_sub(right),
            Self::Multiply => left.checked_mul(right),
            Self::Divide | Self::Rest if right == 0 => return Err(EvaluationFailure::DivisionByZero),
            Self::Divide => left.checked_div(right),
            Self::Rest => left.checked_rem(right),
        };
        result.ok_or(EvaluationFailure::Overflow)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextTest {
    StartsWith,
    EndsWith,
    Contains,
}

/// True or false.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Truth {
    Constant(bool),
    Has(usize),
    Not(Box<Self>),
    All(Box<[Self]>),
    Any(Box<[Self]>),
    If(Box<[Self; 3]>),
    Truths(Relation, Box<[Self; 2]>),
    Numbers(Relation, Box<[Number; 2]>),
    Texts(Relation, Box<[Text; 2]>),
    /// The numbers are sorted.
    NumberIn(Number, Box<[i64]>),
    /// The texts are sorted.
    TextIn(Text, Box<[String]>),
    Tests(TextTest, Box<[Text; 2]>),
}

/// A number, a day or an amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Number {
    Constant(i64),
    Today,
    Read(usize),
    Negate(Box<Self>),
    Combine(Operation, Box<[Self; 2]>),
    If(Box<(Truth, Self, Self)>),
}

/// A text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Text {
    Constant(String),
    Read(usize),
    If(Box<(Truth, Self, Self)>),
}

impl Truth {
    pub(super) fn of(&self, row: &Row<'_>) -> Result<bool, EvaluationFailure> {
        match self {
            Self::Constant(value) => Ok(*value),
            Self::Has(slot) => Ok(row.values[*slot] != Value::Missing),
            Self::Not(inner) => inner.of(row).map(|value| !value),
            Self::All(parts) => decided(parts, row, false),
            Self::Any(parts) => decided(parts, row, true),
            Self::If(parts) => {
                let [condition, then, otherwise] = &**parts;
                if condition.of(row)? { then.of(row) } else { otherwise.of(row) }
            }
            Self::Truths(relation, sides) => Ok(relation.holds(&sides[0].of(row)?, &sides[1].of(row)?)),
            Self::Numbers(relation, sides) => Ok(relation.holds(&sides[0].of(row)?, &sides[1].of(row)?)),
            Self::Texts(relation, sides) => Ok(relation.holds(sides[0].of(row)?, sides[1].of(row)?)),
            Self::NumberIn(number, list) => Ok(list.binary_search(&number.of(row)?).is_ok()),
            Self::TextIn(text, list) => {
                let text = text.of(row)?;
                Ok(list.binary_search_by(|known| known.as_str().cmp(text)).is_ok())
            }
            Self::Tests(test, sides) => {
                let (text, part) = (sides[0].of(row)?, sides[1].of(row)?);
                Ok(match test {
                    TextTest::StartsWith => text.starts_with(part),
                    TextTest::EndsWith => text.ends_with(part),
                    TextTest::Contains => text.contains(part),
                })
            }
        }
    }
}

/// `decisive` when a part has that value, whatever the others fail on; else the first failure; else the opposite.
fn decided(parts: &[Truth], row: &Row<'_>, decisive: bool) -> Result<bool, EvaluationFailure> {
    let mut failure = None;
    for part in parts {
        match part.of(row) {
            Ok(value) if value == decisive => return Ok(decisive),
            Ok(_) => {}
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    failure.map_or(Ok(!decisive), Err)
}

impl Number {
    fn of(&self, row: &Row<'_>) -> Result<i64, EvaluationFailure> {
        match self {
            Self::Constant(value) => Ok(*value),
            Self::Today => Ok(row.today),
            Self::Read(slot) => row.number(*slot),
            Self::Negate(inner) => inner.of(row)?.checked_neg().ok_or(EvaluationFailure::Overflow),
            Self::Combine(operation, sides) => operation.of(sides[0].of(row)?, sides[1].of(row)?),
            Self::If(parts) => {
                let (condition, then, otherwise) = &**parts;
                if condition.of(row)? { then.of(row) } else { otherwise.of(row) }
            }
        }
    }
}

impl Text {
    fn of<'a>(&'a self, row: &Row<'a>) -> Result<&'a str, EvaluationFailure> {
        match self {
            Self::Constant(text) => Ok(text),
            Self::Read(slot) => row.text(*slot),
            Self::If(parts) => {
                let (condition, then, otherwise) = &**parts;
                if condition.of(row)? { then.of(row) } else { otherwise.of(row) }
            }
        }
    }
}
