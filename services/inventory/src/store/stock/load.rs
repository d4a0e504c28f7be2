//! From tables to books, under the locks of the items.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use backorder_domain::{
    ids::{ItemId, LocationId, SupplyId},
    quantity::Quantity,
    stock::{
        awaited::Awaited,
        batch::BatchScope,
        book::{ItemBook, ItemScope, LocationScope},
        books::StockBooks,
        claim::{Claim, ClaimKey},
        error::StockError,
        groups::GroupScope,
        hold::Hold,
        position::Position,
        receipt::ReceivedLine,
        supply::Supply,
    },
};
use backorder_storage::{Reads, StorageError, WriteTx, columns, idempotency::RequestKey};
use jiff::civil::Date;
use sea_orm::{DbBackend, DbErr, RuntimeErr};

use super::{
    Scope, Times,
    batch_rows::batches_of,
    group_rows::group_scopes,
    query,
    receipt_rows::{lines_in_review, lines_of_receipts, received_line_of},
    rows::{claim_of, hold_of, item_id, location_id, peg_of, position_of, reservation_of, supply_id, supply_of},
};
use crate::store::{
    catalog::{UnitsOfItem, units_of_items},
    entity::{claim, receipt_line, supply},
    lock::{Look, Question, ledgers_of, lock_and_look_in_tx, lock_items_in_tx},
};

/// Items at most that are locked and looked up in one statement.
const ITEMS_LOOKED_UP_MAX: usize = 2_000;

/// Books, with what the domain does not know of their rows.
pub struct Loaded {
    /// The books.
    pub books: StockBooks,
    /// When the rows were written.
    pub times: Times,
    /// The newest movement of each item, 0 where there is none; empty where no item was locked.
    pub last_movements: HashMap<ItemId, i64>,
    /// The item of each claim.
    pub holders: HashMap<ClaimKey, ItemId>,
    /// The units of the items, where the commands name any.
    pub units: HashMap<ItemId, UnitsOfItem>,
    /// What was looked up with the locks, where the commands allow it.
    pub look: Option<Look>,
}

/// Why books could not be loaded.
#[derive(Debug)]
pub enum LoadError {
    /// The store failed.
    Storage(StorageError),
    /// The rows of an item contradict each other.
    Stock(ItemId, StockError),
}

impl From<StorageError> for LoadError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

/// Locks the items of a scope and loads their books. `dates` are the civil dates now, by location: every location has
/// one. `requests` want it; they are looked up with the locks where the commands allow it, see [`Loaded::look`].
///
/// # Errors
/// [`LoadError`].
pub async fn load_in_tx(
    tx: &WriteTx<'_>,
    mut scope: Scope,
    requests: Vec<&RequestKey>,
    dates: &BTreeMap<LocationId, Date>,
) -> Result<Loaded, LoadError> {
    if tx.backend() == DbBackend::Postgres && scope.names_items && scope.items.len() <= ITEMS_LOOKED_UP_MAX {
        let question = Question { lines: scope.lines.iter().collect(), requests, movements: scope.movements };
        let look = lock_and_look_in_tx(tx, &scope.items.iter().collect::<Vec<_>>(), &question).await?;
        refuse_missing(scope.items.len(), look.last_movements.len())?;
        if !look.knows_lines {
            scope.lines.clear();
        }
        let last_movements = scope.items.iter().cloned().zip(look.last_movements.iter().copied()).collect();
        let grouped = look.grouped.iter().map(|item| item_id(item, "item_ledger")).collect::<Result<_, _>>()?;
        return Ok(Loaded { look: Some(look), last_movements, ..load_with(tx, scope, dates, Some(grouped)).await? });
    }
    if tx.backend() == DbBackend::Sqlite {
        return load(tx, scope, dates).await;
    }
    // The item of a line or supply never changes, so it may be read before the lock; the rows are read after.
    if !scope.names_items {
        find_items(tx, &mut scope).await?;
    }
    let (items, may_know_more) = (scope.items.clone(), scope.names_items);
    let locked = lock_items_in_tx(tx, &items.iter().collect::<Vec<_>>()).await?;
    refuse_missing(items.len(), locked.len())?;
    let last_movements = locked.iter().map(|locked| (locked.item.clone(), locked.last_movement)).collect();
    let grouped = locked.iter().filter(|locked| locked.is_grouped).map(|locked| locked.item.clone()).collect();
    let loaded = load_with(tx, scope, dates, Some(grouped)).await?;
    // A line or supply that was made since then names an item that is not locked. Run again, its item is found first.
    if !may_know_more && loaded.books.iter().count() > items.len() {
        let lost = RuntimeErr::Internal("another transaction made a line or supply that is named".to_owned());
        return Err(LoadError::Storage(StorageError::Serialization(DbErr::Exec(lost))));
    }
    Ok(Loaded { last_movements, ..loaded })
}

/// Claims and movements refer to items that are locked, and on PostgreSQL no foreign key says so again (docs/adr/0041). Items
/// are never deleted; one that memory knows and the database does not is a fault.
fn refuse_missing(items: usize, locked: usize) -> Result<(), StorageError> {
    if locked == items {
        return Ok(());
    }
    Err(StorageError::InvalidRow { table: "item", detail: format!("{} of {items} are not there", items - locked) })
}

async fn find_items(connection: &impl Reads, scope: &mut Scope) -> Result<(), StorageError> {
    let lines: Vec<_> = scope.lines.iter().collect();
    let found = query::items_of_lines(connection, &lines).await?;
    let supplies: Vec<_> = scope.supplies.iter().collect();
    for row in query::supplies_and_parents(connection, &supplies).await? {
        scope.items.insert(item_id(&row.item_id, "supply")?);
    }
    for row in lines_of_receipts(connection, &scope.receipts).await? {
        scope.items.insert(item_id(&row.item_id, "receipt_line")?);
    }
    scope.items.extend(found.into_iter().map(|(item, _)| item));
    Ok(())
}

/// Loads books as they are, without a lock: for answers that change nothing, on a snapshot, and where the writing transaction is
/// alone.
///
/// # Errors
/// [`LoadError`].
pub async fn load(
    connection: &impl Reads,
    scope: Scope,
    dates: &BTreeMap<LocationId, Date>,
) -> Result<Loaded, LoadError> {
    load_with(connection, scope, dates, None).await
}

/// `grouped` are those of the scope's items that have groups, where that was told with the locks.
async fn load_with(
    connection: &impl Reads,
    mut scope: Scope,
    dates: &BTreeMap<LocationId, Date>,
    grouped: Option<BTreeSet<ItemId>>,
) -> Result<Loaded, LoadError> {
    let named_receipts = lines_of_receipts(connection, &scope.receipts).await?;
    for row in &named_receipts {
        scope.items.insert(item_id(&row.item_id, "receipt_line")?);
        scope.locations.insert(location_id(&row.location_id, "receipt_line")?);
        scope.supplies.extend(row.supply_id.as_deref().map(|id| supply_id(id, "receipt_line")).transpose()?);
    }
    let named_claims = query::claims_of_lines(connection, &scope.lines.iter().collect::<Vec<_>>()).await?;
    let named_supplies = query::supplies_and_parents(connection, &scope.supplies.iter().collect::<Vec<_>>()).await?;
    for item in named_claims.iter().map(|row| &row.item_id).chain(named_supplies.iter().map(|row| &row.item_id)) {
        scope.items.insert(item_id(item, "item")?);
    }
    if scope.pegs_anew && !scope.waiting_claims {
        let items: Vec<&ItemId> = scope.items.iter().collect();
        scope.waiting_claims = !query::open_supplies(connection, &items).await?.is_empty();
    }
    let mut last_movements = HashMap::new();
    let grouped = match grouped {
        Some(grouped) => grouped,
        None => {
            let ledgers = ledgers_of(connection, scope.items.iter().map(ItemId::as_str)).await?;
            let with_ids = ledgers.iter().map(|row| Ok((item_id(&row.item_id, "item_ledger")?, row)));
            let with_ids = with_ids.collect::<Result<Vec<_>, StorageError>>()?;
            last_movements = with_ids.iter().map(|(item, row)| (item.clone(), row.last_movement)).collect();
            with_ids.into_iter().filter(|(_, row)| row.group_version.is_some()).map(|(item, _)| item).collect()
        }
    };
    let mut rows = read_rows(connection, &scope, &grouped, named_claims, named_supplies).await?;
    rows.receipts = read_receipts(connection, &scope, named_receipts, &mut rows.times).await?;
    let with_batches: Vec<&ItemId> =
        scope.items.iter().filter(|item| scope.batches || has_named(item, &rows)).collect();
    if !with_batches.is_empty() {
        rows.batches = batches_of(connection, &with_batches).await?;
    }
    if scope.units {
        rows.units = units_of_items(connection, &scope.items.iter().collect::<Vec<_>>()).await?;
    }
    Ok(Loaded { last_movements, ..assemble(scope, rows, dates)? })
}

/// Whether units of the item are of a named batch or consigned; items without any are not asked for batches.
fn has_named(item: &ItemId, rows: &RowsRead) -> bool {
    rows.positions.get(item).is_some_and(|positions| positions.iter().any(|position| !position.named.is_zero()))
}

/// The rows of all items together, by item.
struct RowsRead {
    times: Times,
    positions: HashMap<ItemId, Vec<Position>>,
    claims: HashMap<ItemId, Vec<Claim>>,
    holds: HashMap<ItemId, Vec<Hold>>,
    supplies: HashMap<ItemId, Vec<Supply>>,
    receipts: HashMap<ItemId, Vec<ReceivedLine>>,
    awaited: BTreeMap<(ItemId, LocationId), Awaited>,
    total_waiting: BTreeMap<ItemId, Quantity>,
    units: HashMap<ItemId, UnitsOfItem>,
    batches: HashMap<ItemId, BatchScope>,
    groups: HashMap<ItemId, GroupScope>,
}

async fn read_rows(
    connection: &impl Reads,
    scope: &Scope,
    grouped: &BTreeSet<ItemId>,
    named_claims: Vec<claim::Model>,
    named_supplies: Vec<supply::Model>,
) -> Result<RowsRead, StorageError> {
    let items: Vec<&ItemId> = scope.items.iter().collect();
    let mut times = Times::default();
    let mut positions: HashMap<ItemId, Vec<Position>> = HashMap::new();
    for row in query::positions(connection, &items).await? {
        let (item, position) = (item_id(&row.item_id, "position")?, position_of(&row)?);
        let updated = columns::instant(row.updated_at, "position")?;
        times.note_position(&item, &position, updated);
        positions.entry(item).or_default().push(position);
    }
    let mut holds: HashMap<ItemId, Vec<Hold>> = HashMap::new();
    if scope.holds {
        for row in query::holds(connection, &items).await? {
            holds.entry(item_id(&row.item_id, "hold")?).or_default().push(hold_of(&row)?);
        }
    }
    let (claims, groups) = read_claims(connection, scope, &items, grouped, named_claims).await?;
    // What one group takes changes what others may take, so the queue of an item with groups is always looked at.
    let has_queue = |item: &&ItemId| grouped.contains(*item) || !is_covered(scope, item, &positions, &claims);
    let queued: Vec<&ItemId> = items.into_iter().filter(has_queue).collect();
    let supplies = read_supplies(connection, scope, &queued, named_supplies, &claims, &mut times).await?;
    // Where all claims that wait are loaded, or nobody asks, the sum is that of the loaded claims.
    let total_waiting = if scope.total_waiting && !scope.waiting_claims {
        query::total_waiting(connection, &queued).await?
    } else {
        BTreeMap::new()
    };
    let awaited = if scope.serves_named && grouped.is_empty() && claims.values().flatten().all(takes_what_it_waits_for)
    {
        awaited_by(&claims)
    } else {
        query::awaited(connection, &queued).await?
    };
    let (receipts, units, batches) = (HashMap::new(), HashMap::new(), HashMap::new());
    Ok(RowsRead { times, positions, claims, holds, supplies, receipts, awaited, total_waiting, units, batches, groups })
}

/// Whether units that the claim gets are units that it was held for: of one that is not eligible, others lose them.
fn takes_what_it_waits_for(claim: &Claim) -> bool {
    claim.eligible || claim.waiting.is_zero()
}

/// What the loaded claims wait for, per item and location.
fn awaited_by(claims: &HashMap<ItemId, Vec<Claim>>) -> BTreeMap<(ItemId, LocationId), Awaited> {
    let mut sums: BTreeMap<(ItemId, LocationId), Awaited> = BTreeMap::new();
    for (item, claim) in claims.iter().flat_map(|(item, claims)| claims.iter().map(move |claim| (item, claim))) {
        for location in claim.waits_at() {
            let sum = sums.entry((item.clone(), location.clone())).or_default();
            sum.add(claim);
        }
    }
    sums
}

/// Whether the commands neither make units of an item free nor let anything wait for it, so that its queue is not needed.
fn is_covered(
    scope: &Scope,
    item: &ItemId,
    positions: &HashMap<ItemId, Vec<Position>>,
    claims: &HashMap<ItemId, Vec<Claim>>,
) -> bool {
    let waits = claims.get(item).is_some_and(|claims| claims.iter().any(|claim| !claim.waiting.is_zero()));
    let here = positions.get(item).map_or(&[][..], Vec::as_slice);
    let available = |location: &LocationId| {
        here.iter().find(|position| position.location == *location).map(|p| p.available).unwrap_or_default()
    };
    !waits && (scope.ships_only || scope.is_covered(item, available))
}

async fn read_claims(
    connection: &impl Reads,
    scope: &Scope,
    items: &[&ItemId],
    grouped: &BTreeSet<ItemId>,
    named: Vec<claim::Model>,
) -> Result<(HashMap<ItemId, Vec<Claim>>, HashMap<ItemId, GroupScope>), StorageError> {
    let mut rows = named;
    if scope.waiting_claims {
        rows.extend(query::waiting_claims(connection, items).await?);
    }
    if scope.reserved_claims {
        let locations: Vec<&LocationId> = scope.locations.iter().collect();
        rows.extend(query::reserved_claims(connection, items, &locations).await?);
    }
    rows.extend(query::claims_bound_to(connection, &scope.bound_to).await?);
    let groups = group_scopes(connection, grouped, &rows).await?;
    let mut claims: HashMap<ItemId, Vec<Claim>> = HashMap::new();
    for (row, claim) in complete_claims(connection, rows).await? {
        claims.entry(item_id(&row.item_id, "claim")?).or_default().push(claim);
    }
    Ok((claims, groups))
}

/// Claims with their reservations and pegs, each once, in the order of line and part.
///
/// # Errors
/// [`StorageError`] of the queries, or of rows that hold what they must never hold.
pub async fn complete_claims(
    connection: &impl Reads,
    mut rows: Vec<claim::Model>,
) -> Result<Vec<(claim::Model, Claim)>, StorageError> {
    rows.sort_by(|a, b| (&a.line_id, a.part).cmp(&(&b.line_id, b.part)));
    rows.dedup_by(|a, b| a.line_id == b.line_id && a.part == b.part);
    let reserved: Vec<&claim::Model> = rows.iter().filter(|row| row.reserved > 0).collect();
    let pegged: Vec<&claim::Model> = rows.iter().filter(|row| row.pegged > 0).collect();
    let mut reservations: HashMap<(String, i32), Vec<_>> = HashMap::new();
    for row in query::reservations_of(connection, &reserved).await? {
        reservations.entry((row.line_id.clone(), row.part)).or_default().push(reservation_of(&row)?);
    }
    let mut pegs: HashMap<(String, i32), Vec<_>> = HashMap::new();
    for row in query::pegs_of(connection, &pegged).await? {
        pegs.entry((row.line_id.clone(), row.part)).or_default().push(peg_of(&row)?);
    }
    rows.into_iter()
        .map(|row| {
            let key = (row.line_id.clone(), row.part);
            let mut claim = claim_of(&row)?;
            claim.reservations = reservations.remove(&key).unwrap_or_default();
            claim.pegs = pegs.remove(&key).unwrap_or_default();
            Ok((row, claim))
        })
        .collect()
}

async fn read_supplies(
    connection: &impl Reads,
    scope: &Scope,
    items: &[&ItemId],
    named: Vec<supply::Model>,
    claims: &HashMap<ItemId, Vec<Claim>>,
    times: &mut Times,
) -> Result<HashMap<ItemId, Vec<Supply>>, StorageError> {
    let mut rows: BTreeMap<String, supply::Model> = named.into_iter().map(|row| (row.supply_id.clone(), row)).collect();
    if scope.open_supplies || scope.waiting_claims {
        let open = query::open_supplies(connection, items).await?;
        rows.extend(open.into_iter().map(|row| (row.supply_id.clone(), row)));
    }
    let pegged = claims.values().flatten().flat_map(|claim| &claim.pegs).map(|peg| &peg.supply);
    let absent: BTreeSet<&SupplyId> = pegged.filter(|id| !rows.contains_key(id.as_str())).collect();
    let absent: Vec<&SupplyId> = absent.into_iter().collect();
    let more = query::supplies_and_parents(connection, &absent).await?;
    rows.extend(more.into_iter().map(|row| (row.supply_id.clone(), row)));
    let mut supplies: HashMap<ItemId, Vec<Supply>> = HashMap::new();
    for row in rows.into_values() {
        let supply = supply_of(&row)?;
        let instant = |micros| columns::instant(micros, "supply");
        let known = (row.version, instant(row.created_at)?, instant(row.updated_at)?);
        times.supplies.insert(supply.id.clone(), known);
        supplies.entry(item_id(&row.item_id, "supply")?).or_default().push(supply);
    }
    Ok(supplies)
}

/// Lines of receipts: the named ones, and those in review where they are asked for.
async fn read_receipts(
    connection: &impl Reads,
    scope: &Scope,
    named: Vec<receipt_line::Model>,
    times: &mut Times,
) -> Result<HashMap<ItemId, Vec<ReceivedLine>>, StorageError> {
    let mut rows = named;
    if scope.receipts_in_review {
        rows.extend(lines_in_review(connection, &scope.items.iter().collect::<Vec<_>>()).await?);
    }
    rows.sort_by(|a, b| (&a.receipt_id, a.line).cmp(&(&b.receipt_id, b.line)));
    rows.dedup_by(|a, b| a.receipt_id == b.receipt_id && a.line == b.line);
    let mut receipts: HashMap<ItemId, Vec<ReceivedLine>> = HashMap::new();
    for row in rows {
        let line = received_line_of(&row)?;
        times.receipts.insert(line.key.clone(), columns::instant(row.recorded_at, "receipt_line")?);
        receipts.entry(item_id(&row.item_id, "receipt_line")?).or_default().push(line);
    }
    Ok(receipts)
}

fn assemble(scope: Scope, mut rows: RowsRead, dates: &BTreeMap<LocationId, Date>) -> Result<Loaded, LoadError> {
    let mut books = StockBooks::default();
    let mut holders = HashMap::new();
    for item in &scope.items {
        let mut positions: BTreeMap<LocationId, Position> = BTreeMap::new();
        for position in rows.positions.remove(item).unwrap_or_default() {
            positions.insert(position.location.clone(), position);
        }
        let mut claims = rows.claims.remove(item).unwrap_or_default();
        holders.extend(claims.iter().map(|claim| (claim.key.clone(), item.clone())));
        let supplies = rows.supplies.remove(item).unwrap_or_default();
        sort_pegs(&mut claims, &supplies.iter().collect::<Vec<_>>());
        let candidates = claims.iter().flat_map(|claim| &claim.candidates);
        let reserved_at = claims.iter().flat_map(|claim| &claim.reservations).map(|r| &r.location);
        let supplied = supplies.iter().map(|supply| &supply.location);
        let touched: BTreeSet<&LocationId> =
            scope.locations.iter().chain(candidates).chain(reserved_at).chain(supplied).collect();
        for location in touched {
            positions.entry(location.clone()).or_insert_with_key(|location| Position::empty(location.clone()));
        }
        let location_scope = |(location, position): (LocationId, Position)| LocationScope {
            awaited: rows.awaited.get(&(item.clone(), location.clone())).copied().unwrap_or_default(),
            today: dates.get(&location).copied().unwrap_or(Date::MIN),
            position,
        };
        let loaded_waiting =
            claims.iter().fold(Quantity::ZERO, |sum, claim| sum.checked_add(claim.waiting).unwrap_or(sum));
        let book = ItemBook::load(ItemScope {
            item: item.clone(),
            locations: positions.into_iter().map(location_scope).collect(),
            claims,
            holds: rows.holds.remove(item).unwrap_or_default(),
            supplies,
            receipts: rows.receipts.remove(item).unwrap_or_default(),
            batches: rows.batches.remove(item).unwrap_or_default(),
            total_waiting: rows.total_waiting.get(item).copied().unwrap_or_default().max(loaded_waiting),
            all_waiting_loaded: scope.waiting_claims,
            groups: rows.groups.remove(item),
        });
        books.insert(book.map_err(|error| LoadError::Stock(item.clone(), error))?);
    }
    let last_movements = HashMap::new();
    Ok(Loaded { books, times: rows.times, last_movements, holders, units: rows.units, look: None })
}

/// Puts the pegs of claims in their order: earliest expected first.
pub fn sort_pegs<'a>(claims: impl IntoIterator<Item = &'a mut Claim>, supplies: &[&Supply]) {
    let dates: HashMap<&SupplyId, Date> =
        supplies.iter().map(|supply| (&supply.id, supply.expected_date.unwrap_or(Date::MAX))).collect();
    for claim in claims {
        claim.pegs.sort_by_key(|peg| (dates.get(&peg.supply).copied().unwrap_or(Date::MAX), peg.supply.clone()));
    }
}
