//! Takes of suppliers' stock.

use backorder_storage::{Batch, StorageError, WriteTx, bulk, columns, sql::statement};
use jiff::{Timestamp, civil::Date};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Value,
};

use super::entity::{
    drop_ship_take::{Column as C, Entity, Model},
    order_line,
};

/// The supplier has not answered.
pub const PENDING: &str = "PENDING";
/// It has confirmed, and not shipped all of that.
pub const CONFIRMED: &str = "CONFIRMED";
/// It has refused.
pub const REFUSED: &str = "REFUSED";
/// It did not answer in time.
pub const EXPIRED: &str = "EXPIRED";
/// It was taken back, or not needed any more.
pub const CANCELLED: &str = "CANCELLED";
/// All that was confirmed has left.
pub const SHIPPED: &str = "SHIPPED";

/// One take.
pub async fn find(connection: &impl ConnectionTrait, id: &str) -> Result<Option<Model>, StorageError> {
    Ok(Entity::find_by_id(id).one(connection).await?)
}

/// The item of a line.
pub async fn item_of_line(
    connection: &impl ConnectionTrait,
    order: &str,
    line: i32,
) -> Result<Option<String>, StorageError> {
    let found = order_line::Entity::find_by_id((order.to_owned(), line)).one(connection).await?;
    Ok(found.map(|line| line.item_id))
}

/// The takes of the orders from `first` to `last`.
pub async fn between(connection: &impl ConnectionTrait, first: &str, last: &str) -> Result<Vec<Model>, StorageError> {
    Ok(Entity::find().filter(C::OrderId.between(first, last)).all(connection).await?)
}

/// Takes that the supplier has not answered in time, the longest overdue first.
pub async fn overdue(
    connection: &impl ConnectionTrait,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<Model>, StorageError> {
    let query = Entity::find().filter(C::State.eq(PENDING)).filter(C::AnswerBy.lte(columns::micros(now)));
    Ok(query.order_by_asc(C::AnswerBy).order_by_asc(C::Id).limit(limit).all(connection).await?)
}

/// Takes that suppliers declined since an instant, the longest ago first: the last ones of lines of which units wait that
/// nobody is asked for.
pub async fn declined(
    connection: &impl ConnectionTrait,
    since: Timestamp,
    limit: u64,
) -> Result<Vec<Model>, StorageError> {
    let text = "SELECT take.* FROM drop_ship_take take JOIN order_line line \
                ON line.order_id = take.order_id AND line.line_number = take.line_number \
                WHERE take.state IN ('REFUSED', 'EXPIRED') AND take.answered_at >= ? \
                AND line.open > line.drop_ship_pending + line.drop_ship_confirmed \
                AND NOT EXISTS (SELECT 1 FROM drop_ship_take later WHERE later.order_id = take.order_id \
                AND later.line_number = take.line_number AND (later.asked_at, later.id) > (take.asked_at, take.id)) \
                ORDER BY take.answered_at, take.id LIMIT ?";
    let values = [Value::from(columns::micros(since)), Value::from(limit.cast_signed())];
    Ok(Entity::find().from_raw_sql(statement(connection, text, values)).all(connection).await?)
}

/// Takes that suppliers confirmed for a day before `today`, or without a day before `answered`, the longest ago first.
pub async fn confirmed_for_before(
    connection: &impl ConnectionTrait,
    today: Date,
    answered: Timestamp,
    limit: u64,
) -> Result<Vec<Model>, StorageError> {
    let without_day = Condition::all().add(C::ShipDate.is_null()).add(C::AnsweredAt.lte(columns::micros(answered)));
    let query = Entity::find()
        .filter(C::State.eq(CONFIRMED))
        .filter(Condition::any().add(C::ShipDate.lt(columns::date_text(today))).add(without_day));
    Ok(query.order_by_asc(C::AnsweredAt).order_by_asc(C::Id).limit(limit).all(connection).await?)
}

/// Units of what a supplier reported at `as_of` that are asked for already: those that it has still to ship, and those
/// that it shipped of takes since then.
pub async fn asked_of_in_tx(tx: &WriteTx<'_>, item: &str, supplier: &str, as_of: i64) -> Result<i64, StorageError> {
    let text = "SELECT CAST(COALESCE(SUM(CASE WHEN state = 'PENDING' THEN quantity \
                WHEN state = 'CONFIRMED' THEN confirmed - (CASE WHEN asked_at >= ? THEN 0 ELSE shipped END) \
                WHEN asked_at >= ? THEN shipped ELSE 0 END), 0) AS BIGINT) AS asked \
                FROM drop_ship_take WHERE item_id = ? AND supplier = ?";
    let values = [Value::from(as_of), Value::from(as_of), Value::from(item), Value::from(supplier)];
    let row = tx.query_one_raw(statement(tx, text, values)).await?;
    row.map_or(Ok(0), |row| Ok(row.try_get("", "asked")?))
}

/// Takes by the time at which they were asked, after a place in this order.
pub async fn list(
    connection: &impl ConnectionTrait,
    (state, supplier): (Option<&str>, &str),
    after: Option<(i64, &str)>,
    limit: u64,
) -> Result<Vec<Model>, StorageError> {
    let mut query = Entity::find().order_by_asc(C::AskedAt).order_by_asc(C::Id).limit(limit);
    if let Some(state) = state {
        query = query.filter(C::State.eq(state));
    }
    if !supplier.is_empty() {
        query = query.filter(C::Supplier.eq(supplier));
    }
    if let Some((time, id)) = after {
        let same_time = Condition::all().add(C::AskedAt.eq(time)).add(C::Id.gt(id));
        query = query.filter(Condition::any().add(C::AskedAt.gt(time)).add(same_time));
    }
    Ok(query.all(connection).await?)
}

/// Writes takes, over those that are there.
pub fn put(batch: &mut Batch, takes: Vec<Model>) {
    let rows = takes.into_iter().map(Model::into_active_model).collect();
    let columns = [C::Confirmed, C::Shipped, C::State, C::AnsweredAt, C::ShipDate, C::Version];
    batch.upsert(rows, &bulk::replacing([C::Id], columns));
}
