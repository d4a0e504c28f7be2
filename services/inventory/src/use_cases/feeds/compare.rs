//! The daily stock comparison of a warehouse, shaped like X12 846: differences are kept and listed, nothing is booked.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::{
    ids::{ItemId, LocationId, derived_uuid},
    quantity::Quantity,
    stock::{
        compare::{Difference, Figures, differences},
        state::StockState,
    },
};
use backorder_proto::{common::v1 as common, convert::encode, inventory::v1 as pb};
use backorder_service_kit::paging::{PageBinding, PageRequest};
use backorder_storage::{Batch, StorageError, WriteTx, columns};
use jiff::Timestamp;
use prost::Message as _;

use super::{Document, refused, refused_missing, taken};
use crate::{
    error::{Error, Kind},
    store::{
        catalog::units_of_items,
        differences::{self as table, BOOKED, Newer, OPEN, SUPERSEDED},
        entity::{stock_comparison, stock_difference},
    },
    use_cases::{UseCases, listing::Page, page_token_invalid, stock::NamedUnit, stored_answer},
    write::Write,
};

/// What a warehouse says is there.
#[derive(Debug, Clone)]
pub struct Compare {
    /// The document.
    pub document: Document,
    /// The warehouse.
    pub location: LocationId,
    /// Its figures, each item and state once.
    pub lines: Vec<ComparedLine>,
    /// Whether these are all.
    pub is_whole: bool,
    /// When it took them; `None` means now.
    pub as_of: Option<Timestamp>,
}

/// Units of an item in one state.
#[derive(Debug, Clone)]
pub struct ComparedLine {
    /// Its place in the document.
    pub number: i32,
    /// The item.
    pub item: ItemId,
    /// The state: AVAILABLE, QUALITY_CONTROL or DAMAGED.
    pub state: StockState,
    /// Units.
    pub quantity: Quantity,
    /// The unit of the quantity.
    pub unit: NamedUnit,
}

/// What was refused, by line.
type Refusals = BTreeMap<i32, common::DocumentLineResult>;

/// The lines that can be compared, by item, and what became of each.
struct Theirs {
    figures: BTreeMap<ItemId, Figures>,
    results: Vec<common::DocumentLineResult>,
}

impl UseCases {
    /// Compares a warehouse's figures with the books and keeps what differs.
    ///
    /// # Errors
    /// Those of the contract.
    pub async fn compare_stock(self, write: Write<Compare>) -> Result<pb::CompareStockResponse, Error> {
        let location = &write.command.location;
        self.check_master_data(&[], &[(location, "location".to_owned())]).await?;
        let unknown = self.of_unknown_items(&write.command.lines).await?;
        let (use_cases, write, unknown) = (&self, &write, &unknown);
        self.store()
            .write("compare_stock", move |tx| {
                Box::pin(async move {
                    if let Some(answer) = use_cases.begin_in_tx(tx, write).await? {
                        return Ok(answer);
                    }
                    let mut batch = Batch::new(tx);
                    let outcome = match use_cases.known_in_tx(tx, &write.command.document).await? {
                        Some(outcome) => outcome,
                        None => {
                            let theirs = theirs_in_tx(tx, &write.command.lines, unknown).await?;
                            let answer = use_cases.compare_in_tx(tx, &mut batch, &write.command, &theirs).await?;
                            let outcome = answer.encode_to_vec();
                            batch.end_document(&write.command.document.key, &outcome);
                            outcome
                        }
                    };
                    write.key.iter().for_each(|key| batch.answer(key, &outcome));
                    batch.run(tx).await?;
                    Ok(stored_answer(&outcome)?)
                })
            })
            .await
    }

    /// The refusals of lines of items that are not known, by line.
    async fn of_unknown_items(&self, lines: &[ComparedLine]) -> Result<Refusals, Error> {
        let items: Vec<(&ItemId, String)> = lines.iter().map(|line| (&line.item, line.number.to_string())).collect();
        let mut refusals = Refusals::new();
        for missing in self.missing_items(&items).await? {
            let line = missing.field.parse().unwrap_or_default();
            refusals.insert(line, refused_missing(line, missing)?);
        }
        Ok(refusals)
    }

    async fn compare_in_tx(
        &self,
        tx: &WriteTx<'_>,
        batch: &mut Batch,
        compare: &Compare,
        theirs: &Theirs,
    ) -> Result<pb::CompareStockResponse, Error> {
        let now = self.now();
        let as_of = compare.as_of.unwrap_or(now);
        let ours = table::figures_at(tx, &compare.location).await?;
        let newer = table::newer(tx, &compare.location, as_of).await?;
        let named: Vec<&str> = theirs.figures.keys().map(ItemId::as_str).collect();
        let superseded = if compare.is_whole { None } else { Some(named.as_slice()) };
        table::supersede_in_tx(tx, &compare.location, superseded, as_of, now).await?;
        let mut items: BTreeSet<&ItemId> = theirs.figures.keys().collect();
        if compare.is_whole {
            items.extend(ours.keys());
        }
        let (mut rows, mut items_equal) = (Vec::new(), 0);
        for item in items {
            let (books, released) = ours.get(item).copied().unwrap_or_default();
            let found = differences(&books, released, &theirs.figures.get(item).copied().unwrap_or_default());
            items_equal += i64::from(found.is_empty());
            let is_superseded = match &newer {
                Newer::Whole => true,
                Newer::Items(items) => items.contains(item.as_str()),
            };
            let state = if is_superseded { SUPERSEDED } else { OPEN };
            rows.extend(found.iter().map(|one| row(compare, item, one, state, as_of, now)));
        }
        let differences = rows.iter().map(message).collect::<Result<_, _>>()?;
        let comparison = stock_comparison::Model {
            sender: compare.document.key.sender.clone(),
            number: compare.document.key.number.clone(),
            location_id: compare.location.to_string(),
            as_of: columns::micros(as_of),
            whole: compare.is_whole,
        };
        table::insert(batch, comparison, rows);
        Ok(pb::CompareStockResponse { results: theirs.results.clone(), differences, items_equal })
    }

    /// Differences, newest first.
    ///
    /// # Errors
    /// Those of the store, or of a page token.
    pub async fn list_stock_differences(
        &self,
        page: &PageRequest,
        binding: &PageBinding,
        location: Option<&LocationId>,
        state: Option<&str>,
    ) -> Result<Page<pb::StockDifference>, Error> {
        let after = page.after.as_deref().map(place).transpose()?;
        let mut rows = table::list(self.store().reader(), location, state, after, page.query_limit()).await?;
        let token = page.cut(&mut rows, binding, |row| format!("{} {}", row.recorded_at, row.id));
        Ok((rows.iter().map(message).collect::<Result<_, _>>()?, token))
    }
}

/// The figures in base units: a unit is that of the item as it is now.
async fn theirs_in_tx(tx: &WriteTx<'_>, lines: &[ComparedLine], unknown: &Refusals) -> Result<Theirs, Error> {
    let named = lines.iter().filter(|line| line.unit.is_named());
    let items: BTreeSet<&ItemId> = named.map(|line| &line.item).collect();
    let units = units_of_items(tx, &items.into_iter().collect::<Vec<_>>()).await?;
    let mut theirs = Theirs { figures: BTreeMap::new(), results: Vec::with_capacity(lines.len()) };
    for line in lines {
        if let Some(refusal) = unknown.get(&line.number) {
            theirs.results.push(refusal.clone());
            continue;
        }
        let unit = line.unit.find(&line.item, &units);
        let quantity = match unit.and_then(|unit| unit.base(line.quantity, &line.unit.field)) {
            Ok(quantity) => quantity,
            Err(error) => {
                theirs.results.push(refused(line.number, error)?);
                continue;
            }
        };
        let figures = theirs.figures.entry(line.item.clone()).or_default();
        match line.state {
            StockState::QualityControl => figures.quality_control = quantity,
            StockState::Damaged => figures.damaged = quantity,
            StockState::Available
            | StockState::External
            | StockState::Reserved
            | StockState::Released
            | StockState::Held
            | StockState::InTransit => figures.sellable = quantity,
        }
        theirs.results.push(taken(line.number));
    }
    Ok(theirs)
}

fn place(key: &str) -> Result<(i64, &str), Error> {
    let (time, id) = key.split_once(' ').ok_or_else(page_token_invalid)?;
    Ok((time.parse().map_err(|_| page_token_invalid())?, id))
}

fn row(
    compare: &Compare,
    item: &ItemId,
    difference: &Difference,
    state: &str,
    as_of: Timestamp,
    now: Timestamp,
) -> stock_difference::Model {
    let key = &compare.document.key;
    let named = [&key.sender, &key.number, item.as_str(), difference.state.as_str()].join("\u{1f}");
    stock_difference::Model {
        id: derived_uuid(uuid::Uuid::NAMESPACE_OID, &named).to_string(),
        sender: key.sender.clone(),
        number: key.number.clone(),
        location_id: compare.location.to_string(),
        item_id: item.to_string(),
        stock_state: difference.state.to_string(),
        kind: difference.kind.as_str().to_owned(),
        ours: difference.ours.get(),
        theirs: difference.theirs.get(),
        in_flight: difference.in_flight.get(),
        unexplained: difference.unexplained,
        state: state.to_owned(),
        as_of: columns::micros(as_of),
        recorded_at: columns::micros(now),
        closed_at: (state != OPEN).then_some(columns::micros(now)),
    }
}

/// A difference.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a row that was not written here.
pub(super) fn message(row: &stock_difference::Model) -> Result<pb::StockDifference, StorageError> {
    const TABLE: &str = "stock_difference";
    let invalid = |detail: String| StorageError::InvalidRow { table: TABLE, detail };
    let time = |micros| columns::instant(micros, TABLE).map(encode::timestamp);
    let named = |prefix: &str, name: &str| format!("{prefix}_{name}");
    let state = pb::StockState::from_str_name(&named("STOCK_STATE", &row.stock_state));
    let kind = pb::StockDifferenceKind::from_str_name(&named("STOCK_DIFFERENCE_KIND", &row.kind));
    let difference_state = match row.state.as_str() {
        OPEN => pb::StockDifferenceState::Open,
        BOOKED => pb::StockDifferenceState::Booked,
        SUPERSEDED => pb::StockDifferenceState::Superseded,
        other => return Err(invalid(format!("{other:?} is no state"))),
    };
    Ok(pb::StockDifference {
        name: difference_name(&row.id),
        document: Some(common::DocumentRef { sender: row.sender.clone(), number: row.number.clone() }),
        location: format!("locations/{}", row.location_id),
        item: format!("items/{}", row.item_id),
        state: state.ok_or_else(|| invalid(format!("{:?} is no stock state", row.stock_state)))?.into(),
        kind: kind.ok_or_else(|| invalid(format!("{:?} is no kind", row.kind)))?.into(),
        ours: row.ours,
        theirs: row.theirs,
        in_flight: row.in_flight,
        unexplained: row.unexplained,
        difference_state: difference_state.into(),
        as_of_time: Some(time(row.as_of)?),
        close_time: row.closed_at.map(time).transpose()?,
    })
}

pub(super) fn difference_name(id: &str) -> String {
    format!("stockDifferences/{id}")
}

/// The error for a difference that is not there.
pub(super) fn no_difference(id: &str, field: String) -> Error {
    Error::missing(Kind::StockDifference, difference_name(id), field)
}
