//! Books of positions that are known, with nothing locked: for commands that only take free units.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use backorder_domain::{
    ids::{ItemId, LocationId},
    quantity::Quantity,
    stock::{
        awaited::Awaited,
        batch::BatchScope,
        book::{ItemBook, ItemScope, LocationScope},
        books::StockBooks,
        position::Position,
    },
};
use backorder_storage::{StorageError, columns, sql};
use jiff::{Timestamp, civil::Date};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult as _, Value};

use super::{
    LoadError, Loaded, Times,
    rows::{item_id, position_of},
};
use crate::store::entity::position;

/// What is known of an item's stock: of one moment, and not of all its positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownStock {
    /// The number of the item's newest movement, 0 when it has none.
    pub last_movement: i64,
    /// Positions, each once, with when they were changed last.
    pub positions: Vec<(Position, Timestamp)>,
    /// Whether the item has groups: then free units are not for everybody.
    pub is_grouped: bool,
}

impl KnownStock {
    /// The position at a location, if it is known.
    #[must_use]
    pub fn position(&self, location: &LocationId) -> Option<&Position> {
        self.positions.iter().map(|(position, _)| position).find(|position| position.location == *location)
    }
}

const OF_POSTGRES: &str = "SELECT p.*, l.last_movement, l.group_version FROM unnest(CAST(? AS text[]), CAST(? AS text[])) AS w(item_id, location_id) \
     JOIN position p ON p.item_id = w.item_id AND p.location_id = w.location_id \
     JOIN item_ledger l ON l.item_id = w.item_id";
/// The joins in this order: each is a row found by its key.
const OF_SQLITE: &str = "SELECT p.*, l.last_movement, l.group_version FROM json_each(?) AS w \
     CROSS JOIN position p ON p.item_id = w.value ->> 0 AND p.location_id = w.value ->> 1 \
     CROSS JOIN item_ledger l ON l.item_id = p.item_id";

/// Reads positions with the newest movements of their items. Those that are not there are left out.
///
/// # Errors
/// [`StorageError`] of the query, or of rows that hold what they must never hold.
pub async fn read_known(
    connection: &impl ConnectionTrait,
    wanted: &[(&ItemId, &LocationId)],
) -> Result<HashMap<ItemId, KnownStock>, StorageError> {
    let (text, values) = if connection.get_database_backend() == DbBackend::Postgres {
        let items = sql::texts(wanted.iter().map(|(item, _)| item.as_str()));
        (OF_POSTGRES, vec![items, sql::texts(wanted.iter().map(|(_, location)| location.as_str()))])
    } else {
        let pairs: Vec<[&str; 2]> = wanted.iter().map(|(item, location)| [item.as_str(), location.as_str()]).collect();
        let pairs = serde_json::to_string(&pairs).map_err(|error| StorageError::Settings(error.to_string()))?;
        (OF_SQLITE, vec![Value::from(pairs)])
    };
    let mut known: HashMap<ItemId, KnownStock> = HashMap::new();
    for row in connection.query_all_raw(sql::statement(connection, text, values)).await? {
        let last_movement = row.try_get("", "last_movement")?;
        let is_grouped = row.try_get::<Option<i64>>("", "group_version")?.is_some();
        let row = position::Model::from_query_result(&row, "")?;
        let stock = known.entry(item_id(&row.item_id, "position")?);
        let stock = stock.or_insert_with(|| KnownStock { last_movement, positions: Vec::new(), is_grouped });
        stock.positions.push((position_of(&row)?, columns::instant(row.updated_at, "position")?));
    }
    Ok(known)
}

/// Books of what is known, each with the places that the commands name; a place that is not known has no free unit here. The
/// commands may take units at known places alone, and let nothing wait.
///
/// # Errors
/// [`LoadError::Stock`] for rows that contradict each other.
pub fn loaded_of(
    stocks: HashMap<ItemId, KnownStock>,
    places: &BTreeMap<&ItemId, BTreeSet<&LocationId>>,
    date_at: impl Fn(&LocationId) -> Date,
) -> Result<Loaded, LoadError> {
    let mut books = StockBooks::default();
    let mut times = Times::default();
    let mut last_movements = HashMap::with_capacity(stocks.len());
    for (item, KnownStock { last_movement, positions, is_grouped: _ }) in stocks {
        let empty = places.get(&item).into_iter().flatten().map(|location| Position::empty((*location).clone()));
        let mut scopes: BTreeMap<LocationId, Position> =
            empty.map(|position| (position.location.clone(), position)).collect();
        for (position, updated_at) in positions {
            times.note_position(&item, &position, updated_at);
            scopes.insert(position.location.clone(), position);
        }
        let scope = |(location, position): (LocationId, Position)| LocationScope {
            position,
            awaited: Awaited::default(),
            today: date_at(&location),
        };
        let book = ItemBook::load(ItemScope {
            item: item.clone(),
            locations: scopes.into_iter().map(scope).collect(),
            claims: Vec::new(),
            holds: Vec::new(),
            supplies: Vec::new(),
            receipts: Vec::new(),
            batches: BatchScope::default(),
            total_waiting: Quantity::ZERO,
            all_waiting_loaded: false,
            // Who knows of groups goes the long way.
            groups: None,
        });
        books.insert(book.map_err(|error| LoadError::Stock(item.clone(), error))?);
        last_movements.insert(item, last_movement);
    }
    let (holders, units) = (HashMap::new(), HashMap::new());
    Ok(Loaded { books, times, last_movements, holders, units, look: None })
}
