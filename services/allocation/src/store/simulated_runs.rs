//! Allocation runs and their lines, as they are simulated. What is committed of them is in [`super::committed_runs`].
//!
//! A run's row is changed only while it is in the state of that work, so whoever ends it stops whoever works on it. Lines are
//! written once.

use backorder_storage::{
    Batch, StorageError, WriteTx,
    sql::{self, statement},
};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, FromQueryResult, IntoActiveModel as _,
    PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Value,
    sea_query::{Expr, ExprTrait as _},
};

use super::entity::{allocation_run, allocation_run_line};

/// Runs that are RUNNING at once at most.
const RUNNING_MAX: u64 = 10;

/// The run works.
pub const RUNNING: &str = "RUNNING";
/// All items are done.
pub const DONE: &str = "DONE";
/// Somebody ended it.
pub const CANCELLED: &str = "CANCELLED";
/// It cannot go on.
pub const FAILED: &str = "FAILED";
/// It is being committed.
pub const COMMITTING: &str = "COMMITTING";
/// It was committed.
pub const COMMITTED: &str = "COMMITTED";

/// Whether all lines of a run in this state are there.
#[must_use]
pub fn is_whole(state: &str) -> bool {
    [DONE, COMMITTING, COMMITTED].contains(&state)
}

/// One run.
pub async fn find(connection: &impl ConnectionTrait, id: &str) -> Result<Option<allocation_run::Model>, StorageError> {
    Ok(allocation_run::Entity::find_by_id(id).one(connection).await?)
}

/// Runs, newest first, after a place in this order.
pub async fn list(
    connection: &impl ConnectionTrait,
    after: Option<(i64, &str)>,
    limit: u64,
) -> Result<Vec<allocation_run::Model>, StorageError> {
    use allocation_run::Column as C;
    let mut query = allocation_run::Entity::find().order_by_desc(C::CreatedAt).order_by_desc(C::Id).limit(limit);
    if let Some((time, id)) = after {
        let same_time = Condition::all().add(C::CreatedAt.eq(time)).add(C::Id.lt(id));
        query = query.filter(Condition::any().add(C::CreatedAt.lt(time)).add(same_time));
    }
    Ok(query.all(connection).await?)
}

/// How many runs are in a state.
pub async fn count(connection: &impl ConnectionTrait, state: &str) -> Result<u64, StorageError> {
    Ok(allocation_run::Entity::find().filter(allocation_run::Column::State.eq(state)).count(connection).await?)
}

/// Whether as many runs are RUNNING as may be.
pub async fn is_full(connection: &impl ConnectionTrait) -> Result<bool, StorageError> {
    Ok(count(connection, RUNNING).await? >= RUNNING_MAX)
}

/// The oldest run in a state.
pub async fn next(
    connection: &impl ConnectionTrait,
    state: &str,
) -> Result<Option<allocation_run::Model>, StorageError> {
    use allocation_run::Column as C;
    let query = allocation_run::Entity::find().filter(C::State.eq(state));
    Ok(query.order_by_asc(C::CreatedAt).order_by_asc(C::Id).one(connection).await?)
}

/// Runs that have ended and of which so many newer ones are kept.
pub async fn outlived(connection: &impl ConnectionTrait, kept: u64) -> Result<Vec<String>, StorageError> {
    use allocation_run::Column as C;
    let query =
        allocation_run::Entity::find().select_only().column(C::Id).filter(C::State.is_not_in([RUNNING, COMMITTING]));
    let query = query.order_by_desc(C::CreatedAt).order_by_desc(C::Id).offset(kept).limit(1_000);
    Ok(query.into_tuple().all(connection).await?)
}

/// Writes a new run.
pub fn insert(batch: &mut Batch, run: allocation_run::Model) {
    batch.insert(vec![run.into_active_model()]);
}

/// Notes how far a run is; answers false when it is not RUNNING any more, and nothing was noted.
pub async fn advance_in_tx(
    tx: &WriteTx<'_>,
    id: &str,
    cursor_item: &str,
    progress: Vec<u8>,
) -> Result<bool, StorageError> {
    let text = "UPDATE allocation_run SET cursor_item = ?, progress = ?, version = version + 1 \
                WHERE id = ? AND state = 'RUNNING'";
    let values = [Value::from(cursor_item), Value::from(progress), Value::from(id)];
    Ok(sql::execute(tx, text, values).await? == 1)
}

/// Ends a run that is in the state `from`; answers false when it is not any more, and nothing was done.
pub async fn end_in_tx(
    tx: &WriteTx<'_>,
    id: &str,
    (from, to): (&str, &str),
    failure: &str,
    now: i64,
) -> Result<bool, StorageError> {
    let text = "UPDATE allocation_run SET state = ?, failure = ?, ended_at = ?, version = version + 1 \
                WHERE id = ? AND state = ?";
    let values = [Value::from(to), Value::from(failure), Value::from(now), Value::from(id), Value::from(from)];
    Ok(sql::execute(tx, text, values).await? == 1)
}

/// Writes lines, of a run that is RUNNING; answers false when it is not any more, and nothing was written.
pub async fn write_lines_in_tx(
    tx: &WriteTx<'_>,
    run: &str,
    lines: Vec<allocation_run_line::Model>,
) -> Result<bool, StorageError> {
    let text = "UPDATE allocation_run SET version = version + 1 WHERE id = ? AND state = 'RUNNING'";
    if sql::execute(tx, text, [Value::from(run)]).await? == 0 {
        return Ok(false);
    }
    let mut batch = Batch::new(tx);
    batch.insert(lines.into_iter().map(allocation_run_line::Model::into_active_model).collect());
    batch.run(tx).await?;
    Ok(true)
}

/// Deletes some lines of items after an item; answers how many.
pub async fn forget_lines_in_tx(
    tx: &WriteTx<'_>,
    run: &str,
    after_item: Option<&str>,
    limit: i64,
) -> Result<u64, StorageError> {
    let after = if after_item.is_some() { " AND item_id > ?" } else { "" };
    let text = format!(
        "DELETE FROM allocation_run_line WHERE (run_id, item_id, order_id, line_number, part) IN \
         (SELECT run_id, item_id, order_id, line_number, part FROM allocation_run_line WHERE run_id = ?{after} LIMIT ?)"
    );
    let values = [Some(Value::from(run)), after_item.map(Value::from), Some(Value::from(limit))];
    sql::execute(tx, text, values.into_iter().flatten()).await
}

/// Deletes a run, of which no line is left.
pub async fn forget_in_tx(tx: &WriteTx<'_>, run: &str) -> Result<(), StorageError> {
    super::committed_runs::forget_calls_in_tx(tx, run).await?;
    allocation_run::Entity::delete_by_id(run).exec(tx).await?;
    Ok(())
}

/// A place in the order of a run's lines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinePlace {
    /// The item.
    pub item: String,
    /// The order.
    pub order: String,
    /// The line.
    pub line: i32,
    /// Its part.
    pub part: i32,
}

impl LinePlace {
    /// The place of a row.
    #[must_use]
    pub fn of(row: &allocation_run_line::Model) -> Self {
        Self { item: row.item_id.clone(), order: row.order_id.clone(), line: row.line_number, part: row.part }
    }

    /// The place as text, for a page token. Ids hold no blanks.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{} {} {} {}", self.item, self.order, self.line, self.part)
    }

    /// The place of a text.
    #[must_use]
    pub fn of_text(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split(' ').collect();
        let [item, order, line, part] = fields.as_slice() else { return None };
        Some(Self {
            item: (*item).to_owned(),
            order: (*order).to_owned(),
            line: line.parse().ok()?,
            part: part.parse().ok()?,
        })
    }
}

/// Which lines of a run are listed.
#[derive(Debug, Clone, Default)]
pub struct LineFilter {
    /// Only those that would be confirmed otherwise.
    pub changed_only: bool,
    /// Only those whose strategy could not be kept.
    pub exceptions_only: bool,
    /// Only those of this item; empty means all.
    pub item: String,
    /// Only those of items after this one.
    pub items_after: String,
}

/// Lines of a run by item, order, line and part, after a place in this order.
pub async fn lines(
    connection: &impl ConnectionTrait,
    run: &str,
    filter: &LineFilter,
    after: Option<&LinePlace>,
    limit: u64,
) -> Result<Vec<allocation_run_line::Model>, StorageError> {
    use allocation_run_line::Column as C;
    let mut query = allocation_run_line::Entity::find()
        .filter(C::RunId.eq(run))
        .order_by_asc(C::ItemId)
        .order_by_asc(C::OrderId)
        .order_by_asc(C::LineNumber)
        .order_by_asc(C::Part)
        .limit(limit);
    if filter.changed_only {
        query = query.filter(C::IsChanged.eq(true));
    }
    if filter.exceptions_only {
        query = query.filter(C::IsException.eq(true));
    }
    if !filter.item.is_empty() {
        query = query.filter(C::ItemId.eq(filter.item.as_str()));
    }
    if !filter.items_after.is_empty() {
        query = query.filter(C::ItemId.gt(filter.items_after.as_str()));
    }
    if let Some(place) = after {
        // Compared as rows, so that the index is entered at the place.
        let here = Expr::tuple([C::ItemId, C::OrderId, C::LineNumber, C::Part].map(Expr::col));
        let passed = Expr::tuple([
            Expr::val(place.item.as_str()),
            Expr::val(place.order.as_str()),
            Expr::val(place.line),
            Expr::val(place.part),
        ]);
        query = query.filter(here.gt(passed));
    }
    Ok(query.all(connection).await?)
}

/// What a run does for a tier.
#[derive(Debug, Clone, FromQueryResult)]
pub struct TierSums {
    /// The tier.
    pub tier: String,
    /// Parts of lines.
    pub lines: i64,
    /// Units that were decided about.
    pub units: i64,
    /// Units on their due date.
    pub on_time: i64,
    /// Units on any day.
    pub confirmed: i64,
    /// Units times days after the due date.
    pub unit_days_late: i64,
}

/// What a run does for each tier, by tier.
pub async fn tier_sums(connection: &impl ConnectionTrait, run: &str) -> Result<Vec<TierSums>, StorageError> {
    let text = "SELECT tier, COUNT(*) AS lines, CAST(SUM(quantity) AS BIGINT) AS units, \
                CAST(SUM(on_time) AS BIGINT) AS on_time, CAST(SUM(confirmed) AS BIGINT) AS confirmed, \
                CAST(SUM(unit_days_late) AS BIGINT) AS unit_days_late \
                FROM allocation_run_line WHERE run_id = ? GROUP BY tier ORDER BY tier";
    Ok(TierSums::find_by_statement(statement(connection, text, [Value::from(run)])).all(connection).await?)
}

#[derive(FromQueryResult)]
struct Id {
    item_id: String,
}

#[derive(FromQueryResult)]
struct Count {
    count: i64,
}

/// The items for which a line waits, ascending, after an item.
pub async fn waiting_items(
    connection: &impl ConnectionTrait,
    after: &str,
    limit: usize,
) -> Result<Vec<String>, StorageError> {
    let text = "SELECT DISTINCT item_id FROM order_line WHERE open > 0 AND version > 0 AND item_id > ? \
                ORDER BY item_id LIMIT ?";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = statement(connection, text, [Value::from(after), Value::from(limit)]);
    Ok(Id::find_by_statement(found).all(connection).await?.into_iter().map(|row| row.item_id).collect())
}

/// For how many items a line waits.
pub async fn count_waiting_items(connection: &impl ConnectionTrait) -> Result<i64, StorageError> {
    let text = "SELECT COUNT(DISTINCT item_id) AS count FROM order_line WHERE open > 0 AND version > 0";
    let found = Count::find_by_statement(statement(connection, text, [])).one(connection).await?;
    Ok(found.map_or(0, |found| found.count))
}

/// The items of which lines of a customer are open or reserved, or of an order; ascending, at most `limit`.
pub async fn items_of(
    connection: &impl ConnectionTrait,
    column: &str,
    value: &str,
    limit: usize,
) -> Result<Vec<String>, StorageError> {
    let text = format!(
        "SELECT DISTINCT item_id FROM order_line JOIN customer_order ON customer_order.id = order_line.order_id \
         WHERE customer_order.{column} = ? AND customer_order.state = 'OPEN' AND open + reserved > 0 \
         ORDER BY item_id LIMIT ?"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = statement(connection, text, [Value::from(value), Value::from(limit)]);
    Ok(Id::find_by_statement(found).all(connection).await?.into_iter().map(|row| row.item_id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_from_its_text() {
        let place = LinePlace { item: "cup".to_owned(), order: "A-17".to_owned(), line: 3, part: 2 };
        assert_eq!(LinePlace::of_text(&place.text()), Some(place));
        assert_eq!(LinePlace::of_text("cup A-17 x 1"), None);
    }
}
