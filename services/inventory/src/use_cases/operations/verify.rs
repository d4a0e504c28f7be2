//! `VerifyBooks`: every sum in the books is made again from the rows that it sums.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::stock::state::StockState;
use backorder_proto::{convert::inventory as wire, inventory::v1 as pb};
use backorder_storage::{StorageError, Transaction};

use super::{super::UseCases, digest::LedgerDigest, ledger::Ledger, verify_groups::Days};
use crate::{
    error::Error,
    store::{
        entity::{claim, item_ledger, position},
        movements,
        stock::{complete_claims, position_of, supply_of},
        verify::{self as table, ItemRange, Sum},
        verify_claims::{self as claims, PartSum},
    },
};

/// Items that are proved at once.
const ITEMS_AT_ONCE: u64 = 500;
/// Items whose movements are summed in one reading of the ledger, which bounds the memory of the proof.
const ITEMS_OF_A_READING: u64 = 400 * ITEMS_AT_ONCE;
/// Open claims that are proved at once.
const CLAIMS_AT_ONCE: u32 = 5_000;
/// Differences that are named at most.
const DIFFERENCES_MAX: usize = 1_000;

impl UseCases {
    /// Proves the books on one snapshot.
    ///
    /// # Errors
    /// Those of the store. A difference is an answer, not an error.
    pub async fn verify_books(&self, with_digest: bool) -> Result<pb::VerifyBooksResponse, Error> {
        let places = self.places().await?;
        let days = Days { dates: places.dates_at(self.now()), sum: places.days_at(self.now()) };
        let days = &days;
        self.store()
            .snapshot("verify_books", move |tx| {
                Box::pin(async move {
                    let connection: &Transaction = tx;
                    let mut proof = Proof::default();
                    let mut digest = LedgerDigest::default();
                    let (written, newest) = movements::count_all(connection).await?;
                    let mut read = 0;
                    let mut after = String::new();
                    while let Some(reading) = table::next_items(connection, &after, ITEMS_OF_A_READING).await? {
                        let mut ledger = Ledger::read(connection, &reading, newest).await?;
                        while after != reading.last {
                            let Some(range) = table::next_items(connection, &after, ITEMS_AT_ONCE).await? else {
                                break;
                            };
                            proof.prove(connection, &range, &mut ledger, days).await?;
                            if with_digest {
                                digest.add(connection, &range).await?;
                            }
                            after = range.last;
                        }
                        proof.prove_ledger(&ledger);
                        read += ledger.movements;
                    }
                    proof.movements = read;
                    if read != written {
                        proof.add("ledger", "movements".to_owned(), 0, read, written);
                    }
                    proof.prove_claims(connection).await?;
                    proof.prove_batches(connection).await?;
                    let digest = if with_digest { digest.finish() } else { String::new() };
                    Ok::<_, Error>(proof.answer(digest))
                })
            })
            .await
    }
}

/// By item, a second key and a detail.
type Sums = BTreeMap<(String, String, String), i64>;

#[derive(Default)]
pub(super) struct Proof {
    differences: Vec<pb::BookDifference>,
    positions: i64,
    movements: i64,
    claims: i64,
}

impl Proof {
    fn answer(mut self, digest: String) -> pb::VerifyBooksResponse {
        let balanced = self.differences.is_empty();
        self.differences.truncate(DIFFERENCES_MAX);
        pb::VerifyBooksResponse {
            balanced,
            differences: self.differences,
            positions: self.positions,
            movements: self.movements,
            claims: self.claims,
            digest,
        }
    }

    async fn prove(
        &mut self,
        connection: &Transaction,
        range: &ItemRange,
        ledger: &mut Ledger,
        days: &Days,
    ) -> Result<(), StorageError> {
        let positions = table::positions(connection, range).await?;
        self.positions += i64::try_from(positions.len()).unwrap_or(i64::MAX);
        self.prove_positions(&positions, ledger)?;
        self.prove_newest(table::ledgers(connection, range).await?, ledger);
        self.prove_bound(&positions, summed(table::bound_by_place(connection, range).await?))?;
        self.prove_supplies(connection, range).await?;
        self.prove_receipts(connection, range, &positions).await?;
        self.prove_groups(connection, range).await?;
        let grouped = self.prove_takeable(connection, range, &positions, days).await?;
        self.prove_queue(connection, range, &positions, &grouped).await
    }

    /// Every state of every position is what the movements leave.
    fn prove_positions(&mut self, positions: &[position::Model], ledger: &mut Ledger) -> Result<(), StorageError> {
        for row in positions {
            for (state, booked) in states(row)? {
                let expected = ledger.take(&row.item_id, &row.location_id, state);
                self.compare_position(row, state, booked, expected);
            }
        }
        Ok(())
    }

    /// Every item's newest movement stands in its ledger.
    fn prove_newest(&mut self, ledgers: Vec<item_ledger::Model>, ledger: &mut Ledger) {
        for item_ledger::Model { item_id: item, last_movement: booked, group_version: _ } in ledgers {
            let expected = ledger.take_newest(&item);
            if booked != expected {
                self.add("ledger", format!("items/{item}"), 0, booked, expected);
            }
        }
    }

    /// Every movement names the one before it of its item, and nothing was moved to a place that has no position.
    fn prove_ledger(&mut self, ledger: &Ledger) {
        for (number, booked, expected) in &ledger.broken {
            self.add("ledger", format!("movements/{number}"), 0, *booked, *expected);
        }
        for (item, newest) in ledger.newest_left() {
            self.add("ledger", format!("items/{item}"), 0, 0, newest);
        }
        for (item, location, state, expected) in ledger.units_left() {
            let state = i32::from(wire::stock_state(state));
            self.add("position", format!("positions/{item}/{location}"), state, 0, expected);
        }
    }

    /// The units of each batch and owner are what the movements leave, their sum stands on the position, and no reservation
    /// is bound to units that are not there.
    async fn prove_batches(&mut self, connection: &Transaction) -> Result<(), StorageError> {
        for row in table::batch_differences(connection).await? {
            let name = format!("positions/{}/{}", row.item_id, row.location_id);
            self.add("batch", name, 0, row.booked, row.expected);
        }
        Ok(())
    }

    /// RESERVED and RELEASED are the sums of the reservations, HELD is that of the holds, IN_TRANSIT that of the open
    /// transfers.
    fn prove_bound(&mut self, positions: &[position::Model], mut bound: Sums) -> Result<(), StorageError> {
        for row in positions {
            for (state, booked) in states(row)? {
                let is_bound = matches!(
                    state,
                    StockState::Reserved | StockState::Released | StockState::Held | StockState::InTransit
                );
                if is_bound {
                    let key = (row.item_id.clone(), row.location_id.clone(), state.as_str().to_owned());
                    let expected = bound.remove(&key).unwrap_or_default();
                    self.compare_position(row, state, booked, expected);
                }
            }
        }
        for ((item, location, state), expected) in bound.into_iter().filter(|(_, quantity)| *quantity != 0) {
            let kind = if state == StockState::Held.as_str() { "hold" } else { "position" };
            let state = state.parse().ok().map(wire::stock_state).unwrap_or_default();
            self.add(kind, format!("positions/{item}/{location}"), i32::from(state), 0, expected);
        }
        Ok(())
    }

    fn compare_position(&mut self, row: &position::Model, state: StockState, booked: i64, expected: i64) {
        if booked != expected {
            let name = format!("positions/{}/{}", row.item_id, row.location_id);
            self.add("position", name, i32::from(wire::stock_state(state)), booked, expected);
        }
    }

    /// A claim is for an item that is there, and its reserved and pegged units are the sums of its reservations and pegs.
    async fn prove_claims(&mut self, connection: &Transaction) -> Result<(), StorageError> {
        self.claims = claims::count_claims(connection).await?;
        let of_items = claims::count_claims_of_items(connection).await?;
        if self.claims != of_items {
            self.add("claim", "claims".to_owned(), 0, self.claims, of_items);
        }
        let mut range = claims::next_lines(connection, String::new(), CLAIMS_AT_ONCE).await?;
        loop {
            let mut reserved = parts(claims::reserved(connection, &range).await?);
            let mut pegged = parts(claims::pegged(connection, &range).await?);
            for row in claims::open_claims(connection, &range).await? {
                let key = (row.line_id, row.part);
                let sums = [
                    (row.reserved, reserved.remove(&key).unwrap_or_default()),
                    (row.pegged, pegged.remove(&key).unwrap_or_default()),
                ];
                for (booked, expected) in sums.into_iter().filter(|(booked, expected)| booked != expected) {
                    self.add("claim", claim_name(&key.0, key.1), 0, booked, expected);
                }
            }
            for ((line, part), expected) in reserved.into_iter().chain(pegged) {
                self.add("claim", claim_name(&line, part), 0, 0, expected);
            }
            let Some(last) = range.last else { return Ok(()) };
            range = claims::next_lines(connection, last, CLAIMS_AT_ONCE).await?;
        }
    }

    /// A supply's pegged units are the sum of its pegs, and its open units follow from the others.
    async fn prove_supplies(&mut self, connection: &Transaction, range: &ItemRange) -> Result<(), StorageError> {
        let mut pegged = summed(table::pegged_by_supply(connection, range).await?);
        for row in table::supplies(connection, range).await? {
            let key = (row.item_id.clone(), row.supply_id.clone(), String::new());
            let expected = pegged.remove(&key).unwrap_or_default();
            let open = supply_of(&row)?.open().get();
            for (booked, expected) in [(row.pegged, expected), (row.open, open)] {
                if booked != expected {
                    self.add("supply", format!("supplies/{}", row.supply_id), 0, booked, expected);
                }
            }
        }
        for ((_, supply, _), expected) in pegged {
            self.add("supply", format!("supplies/{supply}"), 0, 0, expected);
        }
        Ok(())
    }

    /// Units in review are in quality control, and a supply received at least what its receipts have left: what came before
    /// receipts were kept has none.
    async fn prove_receipts(
        &mut self,
        connection: &Transaction,
        range: &ItemRange,
        positions: &[position::Model],
    ) -> Result<(), StorageError> {
        let mut in_review = summed(table::in_review_by_place(connection, range).await?);
        for row in positions {
            let key = (row.item_id.clone(), row.location_id.clone(), String::new());
            let expected = in_review.remove(&key).unwrap_or_default();
            if row.quality_control < expected {
                self.compare_position(row, StockState::QualityControl, row.quality_control, expected);
            }
        }
        for ((item, location, _), expected) in in_review {
            self.add("position", format!("positions/{item}/{location}"), 0, 0, expected);
        }
        let mut left = summed(table::left_by_supply(connection, range).await?);
        for row in table::supplies(connection, range).await? {
            let key = (row.item_id, row.supply_id, String::new());
            let expected = left.remove(&key).unwrap_or_default();
            if row.received < expected {
                self.add("supply", format!("supplies/{}", key.1), 0, row.received, expected);
            }
        }
        for ((_, supply, _), expected) in left {
            self.add("supply", format!("supplies/{supply}"), 0, 0, expected);
        }
        Ok(())
    }

    /// The rows by which arriving stock finds the queue agree with the claims, and nothing is free beside the queue.
    async fn prove_queue(
        &mut self,
        connection: &Transaction,
        range: &ItemRange,
        positions: &[position::Model],
        grouped: &BTreeSet<String>,
    ) -> Result<(), StorageError> {
        let waiting: Vec<claim::Model> = table::waiting_claims(connection, range).await?;
        let mut wanted: BTreeSet<(String, String, i32, String, i64)> = BTreeSet::new();
        let mut awaited: BTreeMap<(String, String), i64> = BTreeMap::new();
        for (row, claim) in complete_claims(connection, waiting).await? {
            let quantity = if claim.eligible { claim.waiting.get() } else { 0 };
            for location in claim.waits_at().iter().filter(|_| quantity > 0) {
                let place = location.as_str().to_owned();
                // What is free is not put aside for sets.
                *awaited.entry((row.item_id.clone(), place.clone())).or_default() += claim.eligible_waiting().get();
                wanted.insert((row.item_id.clone(), row.line_id.clone(), row.part, place, quantity));
            }
        }
        for row in table::claim_locations(connection, range).await? {
            let key = (row.item_id, row.line_id, row.part, row.location_id, row.quantity);
            if !wanted.remove(&key) {
                self.add("claim", claim_name(&key.1, key.2), 0, key.4, 0);
            }
        }
        for (_, line, part, _, quantity) in wanted {
            self.add("claim", claim_name(&line, part), 0, 0, quantity);
        }
        for row in positions.iter().filter(|row| row.available > 0 && !grouped.contains(&row.item_id)) {
            let key = (row.item_id.clone(), row.location_id.clone());
            if awaited.get(&key).is_some_and(|awaited| *awaited > row.held) {
                let name = format!("positions/{}/{}", row.item_id, row.location_id);
                let state = i32::from(pb::StockState::Available);
                self.add("starved", name, state, row.available, 0);
            }
        }
        Ok(())
    }

    pub(super) fn add(&mut self, kind: &str, name: String, state: i32, booked: i64, expected: i64) {
        // One more than can be named is enough to know that there are too many.
        if self.differences.len() <= DIFFERENCES_MAX {
            self.differences.push(pb::BookDifference { kind: kind.to_owned(), name, state, booked, expected });
        }
    }
}

pub(super) fn claim_name(line: &str, part: i32) -> String {
    format!("claims/{line}/parts/{part}")
}

fn parts(sums: Vec<PartSum>) -> BTreeMap<(String, i32), i64> {
    sums.into_iter().map(|sum| ((sum.line_id, sum.part), sum.quantity)).collect()
}

fn summed(sums: Vec<Sum>) -> Sums {
    sums.into_iter().map(|sum| ((sum.item_id, sum.key, sum.detail), sum.quantity)).collect()
}

/// Every state that a position has a column for, with its units.
fn states(row: &position::Model) -> Result<Vec<(StockState, i64)>, StorageError> {
    let position = position_of(row)?;
    let states = StockState::ALL.into_iter();
    Ok(states.filter_map(|state| position.in_state(state).map(|units| (state, units.get()))).collect())
}
