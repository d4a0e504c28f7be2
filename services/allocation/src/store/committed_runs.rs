//! Runs that are committed: what is asked of inventory, how far it is, and what became of lines.
//!
//! The calls about some items are written before the first of them is sent, and `calls_item`, the last of the items, says that
//! all of them are. So who goes on after a crash sends what was sent before, under the same ids.

use backorder_storage::{
    Batch, StorageError, WriteTx,
    sql::{self, statement},
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, FromQueryResult, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Value,
};

use super::{
    entity::{allocation_run, allocation_run_call},
    simulated_runs::LinePlace,
};
use crate::write::Who;

/// What became of a line.
#[derive(Debug, Clone)]
pub struct LineOutcome {
    /// The line in its run.
    pub line: LinePlace,
    /// What became of it, as on the wire.
    pub outcome: i32,
    /// Reserved units that it gave.
    pub units_taken: i64,
    /// Units that it got.
    pub units_given: i64,
}

/// Who commits a run, and when.
#[derive(Debug, Clone)]
pub struct Committer {
    /// When it was asked for.
    pub at: i64,
    /// Who acts.
    pub actor: String,
    /// The reason as a short code.
    pub reason_code: String,
    /// A note for people.
    pub note: String,
}

impl Committer {
    /// Somebody at a time.
    #[must_use]
    pub fn new(who: Who, at: i64) -> Self {
        Self { at, actor: who.actor, reason_code: who.reason_code, note: who.note }
    }
}

/// Begins the commit of a run that is in the state `from`; answers false when it is not, and nothing was done.
pub async fn begin_in_tx(tx: &WriteTx<'_>, id: &str, from: &str, committer: &Committer) -> Result<bool, StorageError> {
    let text = "UPDATE allocation_run SET state = 'COMMITTING', ended_at = NULL, commit_at = ?, commit_actor = ?, \
                commit_reason_code = ?, commit_note = ?, version = version + 1 WHERE id = ? AND state = ?";
    let Committer { at, actor, reason_code, note } = committer;
    let texts = [actor, reason_code, note].map(|text| Value::from(text.as_str()));
    let values = std::iter::once(Value::from(*at)).chain(texts).chain([Value::from(id), Value::from(from)]);
    Ok(sql::execute(tx, text, values).await? == 1)
}

/// Has a commit end after the items that it is at; answers false when it is not COMMITTING, and nothing was done.
pub async fn request_cancel_in_tx(tx: &WriteTx<'_>, id: &str) -> Result<bool, StorageError> {
    let text = "UPDATE allocation_run SET cancel_requested = ?, version = version + 1 \
                WHERE id = ? AND state = 'COMMITTING'";
    Ok(sql::execute(tx, text, [Value::from(true), Value::from(id)]).await? == 1)
}

#[derive(FromQueryResult)]
struct Count {
    count: i64,
}

/// Of how many items a line would be confirmed otherwise.
pub async fn count_items(connection: &impl ConnectionTrait, run: &str) -> Result<i64, StorageError> {
    let text = "SELECT COUNT(DISTINCT item_id) AS count FROM allocation_run_line WHERE run_id = ? AND is_changed = ?";
    let query = statement(connection, text, [Value::from(run), Value::from(true)]);
    Ok(Count::find_by_statement(query).one(connection).await?.map_or(0, |found| found.count))
}

/// Takes part of a run that goes on; answers false when somebody ended it or wants it to end.
pub async fn goes_on_in_tx(tx: &WriteTx<'_>, id: &str) -> Result<bool, StorageError> {
    let text = "UPDATE allocation_run SET version = version + 1 \
                WHERE id = ? AND state = 'COMMITTING' AND cancel_requested = ?";
    Ok(sql::execute(tx, text, [Value::from(id), Value::from(false)]).await? == 1)
}

/// Notes how far a commit is.
pub async fn advance_in_tx(tx: &WriteTx<'_>, run: &allocation_run::Model) -> Result<(), StorageError> {
    let text = "UPDATE allocation_run SET commit_cursor = ?, calls_item = ?, progress = ?, version = version + 1 \
                WHERE id = ? AND state = 'COMMITTING'";
    let values = [
        Value::from(run.commit_cursor.as_str()),
        Value::from(run.calls_item.as_str()),
        Value::from(run.progress.clone()),
        Value::from(run.id.as_str()),
    ];
    sql::execute(tx, text, values).await?;
    Ok(())
}

/// Writes calls of a run.
pub fn insert_calls(batch: &mut Batch, calls: Vec<allocation_run_call::Model>) {
    batch.insert(calls.into_iter().map(allocation_run_call::Model::into_active_model).collect());
}

/// The first calls of a run that have no answer.
pub async fn next_calls(
    connection: &impl ConnectionTrait,
    run: &str,
    limit: u64,
) -> Result<Vec<allocation_run_call::Model>, StorageError> {
    use allocation_run_call::Column as C;
    let query = allocation_run_call::Entity::find().filter(C::RunId.eq(run)).order_by_asc(C::Number);
    Ok(query.limit(limit).all(connection).await?)
}

/// Takes off calls of a run that are answered.
pub async fn answered_in_tx(tx: &WriteTx<'_>, run: &str, numbers: Vec<i64>) -> Result<(), StorageError> {
    use allocation_run_call::Column as C;
    let calls = allocation_run_call::Entity::delete_many().filter(C::RunId.eq(run));
    calls.filter(C::Number.is_in(numbers)).exec(tx).await?;
    Ok(())
}

/// Deletes the calls of a run.
pub async fn forget_calls_in_tx(tx: &WriteTx<'_>, run: &str) -> Result<(), StorageError> {
    use allocation_run_call::Column as C;
    allocation_run_call::Entity::delete_many().filter(C::RunId.eq(run)).exec(tx).await?;
    Ok(())
}

/// Notes what became of lines.
pub fn note_outcomes(batch: &mut Batch, run: &str, outcomes: &[LineOutcome]) {
    let values = outcomes.iter().flat_map(|one| {
        let LinePlace { item, order, line, part } = &one.line;
        [
            Value::from(run),
            Value::from(item.as_str()),
            Value::from(order.as_str()),
            Value::from(*line),
            Value::from(*part),
            Value::from(one.outcome),
            Value::from(one.units_taken),
            Value::from(one.units_given),
        ]
    });
    let key = ["run_id", "item_id", "order_id", "line_number", "part"];
    batch.update("allocation_run_line", &key, &["outcome", "units_taken", "units_given"], values.collect());
}
