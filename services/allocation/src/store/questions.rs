//! Questions to customers, and the lines that the clock of waits looks at.

use std::collections::BTreeSet;

use backorder_storage::{Batch, StorageError, WriteTx, bulk, columns};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, FromQueryResult, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};

use super::entity::{customer_question, order_line};

#[derive(FromQueryResult)]
struct LineName {
    order_id: String,
    line_number: i32,
}

/// Lines at which the clock is to look by now, the longest due first, at most `limit`.
pub async fn lines_due(
    connection: &impl ConnectionTrait,
    now: Timestamp,
    limit: u64,
) -> Result<BTreeSet<(String, i32)>, StorageError> {
    use order_line::Column as C;
    let lines: Vec<LineName> = order_line::Entity::find()
        .select_only()
        .columns([C::OrderId, C::LineNumber])
        .filter(C::WaitDueAt.lte(columns::micros(now)))
        .order_by_asc(C::WaitDueAt)
        .limit(limit)
        .into_model()
        .all(connection)
        .await?;
    Ok(lines.into_iter().map(|line| (line.order_id, line.line_number)).collect())
}

/// One question.
pub async fn find(
    connection: &impl ConnectionTrait,
    order: &str,
    line: i32,
    number: i32,
) -> Result<Option<customer_question::Model>, StorageError> {
    Ok(customer_question::Entity::find_by_id((order.to_owned(), line, number)).one(connection).await?)
}

/// The number of the next question about a line, whose order is locked.
pub async fn next_number_in_tx(tx: &WriteTx<'_>, order: &str, line: i32) -> Result<i32, StorageError> {
    use customer_question::Column as C;
    let last: Option<customer_question::Model> = customer_question::Entity::find()
        .filter(C::OrderId.eq(order))
        .filter(C::LineNumber.eq(line))
        .order_by_desc(C::Number)
        .limit(1)
        .one(tx)
        .await?;
    Ok(last.map_or(0, |question| question.number) + 1)
}

/// Which questions are listed.
#[derive(Debug, Clone, Default)]
pub struct QuestionFilter {
    /// Only in this state.
    pub state: Option<&'static str>,
    /// Only about this line or kit.
    pub line: Option<(String, i32)>,
}

/// The place of a question in a list: time of asking, order, line, number.
pub type QuestionPlace<'a> = (i64, &'a str, i32, i32);

/// Questions by the time at which they were asked, after a place in this order.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &QuestionFilter,
    after: Option<QuestionPlace<'_>>,
    limit: u64,
) -> Result<Vec<customer_question::Model>, StorageError> {
    use customer_question::Column as C;
    let mut query = customer_question::Entity::find();
    if let Some(state) = filter.state {
        query = query.filter(C::State.eq(state));
    }
    if let Some((order, line)) = &filter.line {
        let of_line = Condition::all().add(C::LineNumber.eq(*line)).add(C::KitLine.is_null());
        let about = Condition::any().add(of_line).add(C::KitLine.eq(*line));
        query = query.filter(C::OrderId.eq(order.as_str())).filter(about);
    }
    if let Some((time, order, line, number)) = after {
        let at = |condition: Condition| condition.add(C::AskedAt.eq(time));
        let of_order = |condition: Condition| at(condition).add(C::OrderId.eq(order));
        let later = Condition::any()
            .add(C::AskedAt.gt(time))
            .add(at(Condition::all()).add(C::OrderId.gt(order)))
            .add(of_order(Condition::all()).add(C::LineNumber.gt(line)))
            .add(of_order(Condition::all()).add(C::LineNumber.eq(line)).add(C::Number.gt(number)));
        // The bound alone lets the index begin where the page does.
        query = query.filter(C::AskedAt.gte(time)).filter(later);
    }
    let ordered = query
        .order_by_asc(C::AskedAt)
        .order_by_asc(C::OrderId)
        .order_by_asc(C::LineNumber)
        .order_by_asc(C::Number)
        .limit(limit);
    Ok(ordered.all(connection).await?)
}

/// Writes questions, over those that are there.
pub fn put(batch: &mut Batch, questions: Vec<customer_question::Model>) {
    use customer_question::Column as C;
    let rows = questions.into_iter().map(customer_question::Model::into_active_model).collect();
    let changing = [C::State, C::AnsweredAt, C::ConsentUntil, C::Actor, C::ReasonCode, C::Note, C::Version];
    batch.upsert(rows, &bulk::replacing([C::OrderId, C::LineNumber, C::Number], changing));
}
