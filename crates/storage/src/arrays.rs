//! Rows for PostgreSQL as one array per column.
//!
//! A statement with a placeholder per value has another text for each number of rows, and PostgreSQL reads and plans each
//! text of each connection anew. With an array per column one text serves any number of rows and stays prepared.

use std::fmt::Write as _;

use sea_orm::{DbBackend, Value, sea_query::ArrayType};

use crate::{shapes::Columns, sql::rows_of_placeholders};

/// Rows as a source for INSERT, UPDATE … FROM and IN.
#[derive(Debug, PartialEq)]
pub(crate) struct RowSource {
    /// A query whose columns are `column1`, `column2` …, as those of VALUES are; each `?` stands for the next value.
    pub(crate) text: String,
    /// The values of the placeholders.
    pub(crate) values: Vec<Value>,
}

/// What an array holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Int,
    BigInt,
    Double,
    Text,
    Bytes,
}

impl Kind {
    #[allow(clippy::wildcard_enum_match_arm, reason = "the columns of this project have no other types")]
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(_) => Some(Self::Bool),
            Value::Int(_) => Some(Self::Int),
            Value::BigInt(_) => Some(Self::BigInt),
            Value::Double(_) => Some(Self::Double),
            Value::String(_) => Some(Self::Text),
            Value::Bytes(_) => Some(Self::Bytes),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int4",
            Self::BigInt => "int8",
            Self::Double => "float8",
            Self::Text => "text",
            Self::Bytes => "bytea",
        }
    }

    const fn array(self) -> ArrayType {
        match self {
            Self::Bool => ArrayType::Bool,
            Self::Int => ArrayType::Int,
            Self::BigInt => ArrayType::BigInt,
            Self::Double => ArrayType::Double,
            Self::Text => ArrayType::String,
            Self::Bytes => ArrayType::Bytes,
        }
    }
}

/// Which rows of a column have a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filled {
    All,
    None,
    Some,
}

/// Whether rows of `width` values each can be sent as arrays: each column has one type, and one that arrays are made of.
pub(crate) fn fit(width: usize, values: &[Value]) -> bool {
    let kinds: Option<Vec<Kind>> = values.iter().take(width).map(Kind::of).collect();
    let Some(kinds) = kinds else { return false };
    values.iter().zip(kinds.iter().cycle()).all(|(value, kind)| Kind::of(value) == Some(*kind))
}

/// The rows of `values`, `width` columns each, row after row, which [`fit`]. Columns that are the `same` in all rows are sent
/// once; unless there is one row, one column is not.
pub(crate) fn row_source(width: usize, values: Vec<Value>, same: Columns) -> RowSource {
    // The driver knows no arrays with NULL in them, so a column with some has a second one that says where.
    // Each text ends with a separator, which is cut in the end.
    let (mut text, mut names, mut arrays) = (String::with_capacity(64 * width), String::new(), String::new());
    let (mut bound, mut in_arrays) = (Vec::new(), Vec::new());
    text.push_str("SELECT ");
    // Writing to a String cannot fail.
    for (values, number) in columns_of(width, values, same).into_iter().zip(1..) {
        let Some(kind) = values.first().and_then(Kind::of) else { continue };
        let name = kind.name();
        if same.contains(number - 1) {
            let _ = write!(text, "CAST(? AS {name}) AS column{number}, ");
            bound.extend(values);
            continue;
        }
        match filled(&values) {
            // The first array says how many rows there are.
            Filled::None if !arrays.is_empty() => {
                let _ = write!(text, "CAST(NULL AS {name}) AS column{number}, ");
                continue;
            }
            Filled::All => {
                let _ = write!(text, "v.c{number} AS column{number}, ");
            }
            Filled::None | Filled::Some => {
                let is_there = values.iter().map(|value| Value::Bool(Some(value.is_some()))).collect();
                let _ = write!(text, "CASE WHEN v.f{number} THEN v.c{number} END AS column{number}, ");
                let _ = write!(names, "f{number}, ");
                arrays.push_str("CAST(? AS bool[]), ");
                in_arrays.push(Value::Array(ArrayType::Bool, Some(Box::new(is_there))));
            }
        }
        let _ = write!(names, "c{number}, ");
        let _ = write!(arrays, "CAST(? AS {name}[]), ");
        let values = values.into_iter().map(|value| if value.is_some() { value } else { value.dummy_value() });
        in_arrays.push(Value::Array(kind.array(), Some(Box::new(values.collect()))));
    }
    bound.extend(in_arrays);
    let cut = |text: &str| text.strip_suffix(", ").map_or(text.len(), str::len);
    text.truncate(cut(&text));
    if !arrays.is_empty() {
        let _ = write!(text, " FROM unnest({}) AS v({})", &arrays[..cut(&arrays)], &names[..cut(&names)]);
    }
    RowSource { text, values: bound }
}

/// A condition that is true for rows whose `columns` have one of the keys, with its values; each `?` stands for the next. As
/// few keys as one statement may ask for, whatever the database and their types.
pub(crate) fn is_one_of(backend: DbBackend, columns: &[&str], keys: Vec<Value>) -> (String, Vec<Value>) {
    let width = columns.len().max(1);
    if backend == DbBackend::Postgres && fit(width, &keys) {
        if let ([column], Some(kind)) = (columns, keys.first().and_then(Kind::of)) {
            let array = Value::Array(kind.array(), Some(Box::new(keys)));
            return (format!("{column} = ANY(CAST(? AS {}[]))", kind.name()), vec![array]);
        }
        let RowSource { text, values } = row_source(width, keys, Columns::NONE);
        return (format!("({}) IN ({text})", columns.join(", ")), values);
    }
    let rows = rows_of_placeholders(keys.len() / width, width);
    (format!("({}) IN (VALUES {rows})", columns.join(", ")), keys)
}

/// The values by column; of a column that is the `same` in all rows there is one.
fn columns_of(width: usize, values: Vec<Value>, same: Columns) -> Vec<Vec<Value>> {
    let rows = values.len() / width.max(1);
    let of_column = |number| Vec::with_capacity(if same.contains(number) { 1 } else { rows });
    let mut columns: Vec<Vec<Value>> = (0..width).map(of_column).collect();
    for (value, place) in values.into_iter().zip((0..width).cycle()) {
        if columns[place].is_empty() || !same.contains(place) {
            columns[place].push(value);
        }
    }
    columns
}

fn filled(values: &[Value]) -> Filled {
    match values.iter().filter(|value| value.is_some()).count() {
        0 => Filled::None,
        all if all == values.len() => Filled::All,
        _ => Filled::Some,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(kind: ArrayType, values: Vec<Value>) -> Value {
        Value::Array(kind, Some(Box::new(values)))
    }

    #[test]
    fn the_text_does_not_depend_on_the_number_of_rows() {
        let rows = |count: i64| (0..count).flat_map(|row| [Value::from(row), Value::from("a")]).collect();
        let (one, many) = (row_source(2, rows(1), Columns::NONE), row_source(2, rows(9), Columns::NONE));
        assert_eq!(one.text, many.text);
        assert_eq!(
            one.text,
            "SELECT v.c1 AS column1, v.c2 AS column2 FROM unnest(CAST(? AS int8[]), CAST(? AS text[])) AS v(c1, c2)"
        );
        assert_eq!(
            one.values,
            [array(ArrayType::BigInt, vec![0_i64.into()]), array(ArrayType::String, vec!["a".into()])]
        );
    }

    #[test]
    fn a_column_with_some_nulls_says_where_and_one_of_nulls_is_not_sent() {
        let values = vec![Value::from(1_i64), Value::BigInt(None), Value::from(7_i64)];
        let all = vec![Value::String(None); 3];
        let keys = vec![Value::from("k"); 3];
        let rows = keys.into_iter().zip(values).zip(all).flat_map(|((key, value), none)| [key, value, none]).collect();
        let source = row_source(3, rows, Columns::NONE);
        assert_eq!(
            source.text,
            "SELECT v.c1 AS column1, CASE WHEN v.f2 THEN v.c2 END AS column2, CAST(NULL AS text) AS column3 \
             FROM unnest(CAST(? AS text[]), CAST(? AS bool[]), CAST(? AS int8[])) AS v(c1, f2, c2)"
        );
        assert_eq!(source.values[1], array(ArrayType::Bool, vec![true.into(), false.into(), true.into()]));
        assert_eq!(source.values[2], array(ArrayType::BigInt, vec![1_i64.into(), 0_i64.into(), 7_i64.into()]));
    }

    #[test]
    fn the_first_column_says_how_many_rows_there_are_even_when_it_is_empty() {
        let source = row_source(1, vec![Value::BigInt(None), Value::BigInt(None)], Columns::NONE);
        assert_eq!(source.values[1], array(ArrayType::BigInt, vec![0_i64.into(), 0_i64.into()]));
    }

    #[test]
    fn a_column_that_is_the_same_in_all_rows_is_sent_once() {
        let row = |key: i64| [Value::from("a"), Value::from(key), Value::BigInt(None), Value::BigInt(None)];
        let rows: Vec<Value> = [1, 2].into_iter().flat_map(row).collect();
        let source = row_source(4, rows, Columns::of(&[0, 2]));
        assert_eq!(
            source.text,
            "SELECT CAST(? AS text) AS column1, v.c2 AS column2, CAST(? AS int8) AS column3, \
             CAST(NULL AS int8) AS column4 FROM unnest(CAST(? AS int8[])) AS v(c2)"
        );
        let keys = array(ArrayType::BigInt, vec![1_i64.into(), 2_i64.into()]);
        assert_eq!(source.values, [Value::from("a"), Value::BigInt(None), keys], "in the order of their placeholders");
    }

    #[test]
    fn a_single_row_is_sent_without_arrays() {
        let source = row_source(2, vec![Value::from("a"), Value::from(1_i64)], Columns::of(&[0, 1]));
        assert_eq!(source.text, "SELECT CAST(? AS text) AS column1, CAST(? AS int8) AS column2");
        assert_eq!(source.values, [Value::from("a"), Value::from(1_i64)]);
    }

    #[test]
    fn what_no_array_is_made_of_is_told() {
        assert!(!fit(1, &[Value::from('c')]));
        assert!(!fit(1, &[Value::from(1_i64), Value::from("a")]), "two types in one column");
        assert!(fit(2, &[Value::from(1_i64), Value::from("a"), Value::BigInt(None), Value::from("b")]));
    }
}
