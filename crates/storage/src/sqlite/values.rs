//! Values on their way into statements and out of rows.

use std::collections::BTreeMap;

use rusqlite::{
    Statement,
    types::{ToSqlOutput, ValueRef},
};
use sea_orm::{ProxyRow, Value};

/// The declared type of a column whose numbers are read as `i32`; all others are read as `i64`.
pub(crate) const INT32: &str = "INT4";

/// Binds the values to the placeholders, in their order.
pub(super) fn bind<'v>(
    statement: &mut Statement<'_>,
    values: impl IntoIterator<Item = &'v Value>,
) -> rusqlite::Result<()> {
    for (number, value) in (1..).zip(values) {
        statement.raw_bind_parameter(number, bound(value)?)?;
    }
    Ok(())
}

#[expect(clippy::wildcard_enum_match_arm, reason = "which values there are depends on the crate's features")]
fn bound(value: &Value) -> rusqlite::Result<ToSqlOutput<'_>> {
    let value = match value {
        Value::Bool(value) => value.map(|value| ValueRef::Integer(value.into())),
        Value::Int(value) => value.map(|value| ValueRef::Integer(value.into())),
        Value::BigInt(value) => value.map(ValueRef::Integer),
        Value::Unsigned(value) => value.map(|value| ValueRef::Integer(value.into())),
        Value::BigUnsigned(value) => match value.map(i64::try_from).transpose() {
            Ok(value) => value.map(ValueRef::Integer),
            Err(error) => return Err(rusqlite::Error::ToSqlConversionFailure(error.into())),
        },
        Value::Double(value) => value.map(ValueRef::Real),
        Value::String(value) => value.as_ref().map(|value| ValueRef::Text(value.as_bytes())),
        Value::Bytes(value) => value.as_ref().map(|value| ValueRef::Blob(value)),
        _ => {
            return Err(rusqlite::Error::ToSqlConversionFailure("no column here holds such a value".into()));
        }
    };
    Ok(ToSqlOutput::Borrowed(value.unwrap_or(ValueRef::Null)))
}

/// How the numbers of a column are read.
#[derive(Clone, Copy)]
enum Number {
    Bool,
    Int32,
    Int64,
}

/// Runs a statement whose values are bound; answers at most `limit` rows.
pub(super) fn read_all(statement: &mut Statement<'_>, limit: usize) -> rusqlite::Result<Vec<ProxyRow>> {
    let columns: Vec<(String, Number)> =
        statement.columns().iter().map(|column| (column.name().to_owned(), number(column.decl_type()))).collect();
    let mut found = Vec::new();
    let mut rows = statement.raw_query();
    while found.len() < limit
        && let Some(row) = rows.next()?
    {
        let mut values = BTreeMap::new();
        for (index, (name, number)) in columns.iter().enumerate() {
            values.insert(name.clone(), read(row.get_ref(index)?, *number)?);
        }
        found.push(ProxyRow::new(values));
    }
    Ok(found)
}

fn number(declared: Option<&str>) -> Number {
    match declared {
        Some(declared) if declared.eq_ignore_ascii_case("boolean") => Number::Bool,
        Some(declared) if declared.eq_ignore_ascii_case(INT32) => Number::Int32,
        Some(_) | None => Number::Int64,
    }
}

fn read(value: ValueRef<'_>, number: Number) -> rusqlite::Result<Value> {
    Ok(match (value, number) {
        // A missing value of any type is one.
        (ValueRef::Null, _) => Value::BigInt(None),
        (ValueRef::Integer(value), Number::Bool) => Value::Bool(Some(value != 0)),
        (ValueRef::Integer(value), Number::Int32) => {
            let narrow = i32::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, value))?;
            Value::Int(Some(narrow))
        }
        (ValueRef::Integer(value), Number::Int64) => Value::BigInt(Some(value)),
        (ValueRef::Real(value), _) => Value::Double(Some(value)),
        (ValueRef::Text(text), _) => Value::String(Some(std::str::from_utf8(text)?.to_owned())),
        (ValueRef::Blob(bytes), _) => Value::Bytes(Some(bytes.to_vec())),
    })
}
