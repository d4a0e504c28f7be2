//! Connections to PostgreSQL that go from one writer to the next. The pool tests each connection that comes back, which is a
//! round trip; a statement that is a whole transaction leaves nothing behind that would have to be looked for.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sea_orm::{
    DbErr, QueryResult, RuntimeErr, SqlxError, Value,
    sea_query::ArrayType,
    sqlx::{self, Arguments as _, PgPool, Postgres, pool::PoolConnection, postgres::PgArguments},
};

/// Connections kept at most; the pool has the others.
const KEPT_MAX: usize = 4;

/// Connections that nobody uses at the moment.
#[derive(Debug)]
pub(crate) struct KeptConnections {
    /// `None` when none is kept any more, because the pool is closing and waits for all of them.
    idle: Mutex<Option<Vec<PoolConnection<Postgres>>>>,
}

impl Default for KeptConnections {
    fn default() -> Self {
        Self { idle: Mutex::new(Some(Vec::new())) }
    }
}

impl KeptConnections {
    /// Runs a statement, whose placeholders are numbered, and answers its first row when all of it is done. A connection on which it
    /// fails, or whose user goes away meanwhile, is given back to the pool.
    pub(crate) async fn query_one(
        &self,
        pool: &PgPool,
        text: &str,
        values: Vec<Value>,
    ) -> Result<Option<QueryResult>, DbErr> {
        let arguments = arguments(values)?;
        let kept = self.idle().as_mut().and_then(Vec::pop);
        let mut connection = match kept {
            Some(connection) => connection,
            None => pool.acquire().await.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?,
        };
        let query = sqlx::query_with(sqlx::AssertSqlSafe(text), arguments);
        let row = query.fetch_optional(&mut *connection).await.map_err(failed)?;
        if let Some(idle) = self.idle().as_mut().filter(|idle| idle.len() < KEPT_MAX) {
            idle.push(connection);
        }
        Ok(row.map(QueryResult::from))
    }

    /// Gives all back to the pool, and those in use when they are done.
    pub(crate) fn give_back(&self) {
        *self.idle() = None;
    }

    fn idle(&self) -> MutexGuard<'_, Option<Vec<PoolConnection<Postgres>>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failed(error: SqlxError) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

/// The values as the driver sends them. Texts are sent from where they are.
fn arguments(values: Vec<Value>) -> Result<PgArguments, DbErr> {
    let mut arguments = PgArguments::default();
    for value in values {
        add(&mut arguments, value).map_err(|error| failed(SqlxError::Encode(error)))?;
    }
    Ok(arguments)
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the columns of this project have no other types")]
fn add(arguments: &mut PgArguments, value: Value) -> Result<(), sqlx::error::BoxDynError> {
    match value {
        Value::Bool(value) => arguments.add(value),
        Value::Int(value) => arguments.add(value),
        Value::BigInt(value) => arguments.add(value),
        Value::Double(value) => arguments.add(value),
        Value::String(value) => arguments.add(value),
        Value::Bytes(value) => arguments.add(value),
        Value::Array(kind, Some(values)) => add_array(arguments, &kind, &values),
        other => Err(format!("no column of this project holds {other:?}").into()),
    }
}

/// An array without NULL.
#[allow(clippy::wildcard_enum_match_arm, reason = "the columns of this project have no other types")]
fn add_array(arguments: &mut PgArguments, kind: &ArrayType, values: &[Value]) -> Result<(), sqlx::error::BoxDynError> {
    macro_rules! all {
        ($kind:ident as $read:expr) => {{
            let all: Option<Vec<_>> = values
                .iter()
                .map(|value| if let Value::$kind(Some(value)) = value { Some($read(value)) } else { None })
                .collect();
            arguments.add(all.ok_or("an array of two types, or with NULL")?)
        }};
    }
    match kind {
        ArrayType::Bool => all!(Bool as |value: &bool| *value),
        ArrayType::Int => all!(Int as |value: &i32| *value),
        ArrayType::BigInt => all!(BigInt as |value: &i64| *value),
        ArrayType::Double => all!(Double as |value: &f64| *value),
        ArrayType::String => all!(String as String::as_str),
        ArrayType::Bytes => all!(Bytes as Vec::as_slice),
        other => Err(format!("no column of this project holds {other:?}").into()),
    }
}
