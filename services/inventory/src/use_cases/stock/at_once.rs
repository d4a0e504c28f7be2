//! Reservations of free units in one round trip: decided on what is known of the positions, and written if that is still so.
//!
//! What only takes units that its first location has free depends on nothing but that position: not on the queue, which takes no
//! free units, nor on supply, nor on what else the item has. So it need not be locked before it is decided on. That a line has no
//! claim yet and a request was not done before is said by the keys of the rows that are inserted. Whatever is otherwise than it
//! was known ends the statement, nothing of it stays, and the calls are done the long way, under locks (docs/adr/0045).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use backorder_domain::{
    ids::{ItemId, LocationId},
    quantity::Quantity,
};
use backorder_service_kit::group::Turn;
use backorder_storage::{AtOnce, StorageError, row_ids};
use jiff::civil::Date;
use prost::Message as _;

use super::{
    Causes, Desk, Reserve, StockCommand, UseCases, group::Together, moved_by, movements_in, notes, stock_written,
};
use crate::{
    catalog::Places,
    error::Error,
    store::{
        audit::append_notes,
        stock::{KnownStock, Loaded, MovementNumbers, flush_unchanged, loaded_of, read_known},
    },
    write::Write,
};

type Answer = <Reserve as StockCommand>::Answer;

/// By item, what lines take of which location.
type Takes = BTreeMap<ItemId, Vec<(LocationId, Quantity)>>;

impl UseCases {
    /// Makes those reservations that only take free units, and answers them; `None` for the others, or nothing at all when
    /// anything is not as it was known.
    ///
    /// As soon as they are decided, what they will have done is known, and the next may be decided on it.
    pub(super) async fn reserve_at_once(
        &self,
        writes: &[Write<Reserve>],
        turn: Turn<'_, Together<Reserve>>,
    ) -> Vec<Option<Answer>> {
        let known = self.known();
        if !known.reading.is_there() {
            known.reading.gain();
            return Vec::new();
        }
        self.try_reserve_at_once(writes, turn).await.unwrap_or_else(|error| {
            tracing::debug!(error = &error as &dyn std::error::Error, "reservations go the long way");
            metrics::counter!("backorder_inventory_reserve_at_once_failed_total").increment(1);
            Vec::new()
        })
    }

    async fn try_reserve_at_once(
        &self,
        writes: &[Write<Reserve>],
        turn: Turn<'_, Together<Reserve>>,
    ) -> Result<Vec<Option<Answer>>, Error> {
        let places = self.places().await?;
        // That an item is there and no kit need not be asked: its position is found, or it goes the long way.
        let is_known = |write: &Write<Reserve>| {
            let mut named = write.command.lines.iter().flat_map(|line| &line.candidates);
            named.all(|location| places.get(location).is_some())
        };
        let mut taking = Taking::of(writes, &places, is_known);
        let remembers = self.known().remembering.is_there();
        if !remembers {
            // What is read now must have in it what the calls before have done.
            turn.comes(&[]).await;
        }
        let mut stocks = self.stocks_for(&taking.wanted(), remembers).await?;
        taking.leave_out_uncovered(&stocks);
        if taking.places.is_empty() {
            return Ok(Vec::new());
        }
        let items: BTreeSet<&ItemId> = taking.items().collect();
        stocks.retain(|item, _| items.contains(item));
        let chosen: Vec<usize> = taking.places.keys().copied().collect();
        let taken = chosen.iter().map(|place| &writes[*place]).collect::<Vec<_>>();
        let decided = if remembers { &*chosen } else { &[] };
        let done = self.take_at_once(&taken, stocks, &places, turn.comes(decided)).await;
        self.learn_from(&done, remembers, items);
        let mut answers: Vec<Option<Answer>> = vec![None; writes.len()];
        for (place, answer) in taking.places.keys().zip(done?) {
            answers[*place] = Some(answer);
        }
        Ok(answers)
    }

    /// How it went tells whether the next may be decided likewise.
    fn learn_from<'i>(
        &self,
        done: &Result<Vec<Answer>, Error>,
        remembers: bool,
        items: impl IntoIterator<Item = &'i ItemId>,
    ) {
        let known = self.known();
        if done.is_err() {
            known.forget(items);
        }
        match done {
            Err(Error::Storage(StorageError::Serialization(_))) => {
                if remembers {
                    known.remembering.lose()
                } else {
                    known.reading.lose()
                }
            }
            _ => {
                known.remembering.gain();
                known.reading.gain();
            }
        }
    }

    /// What is known of the positions that are wanted, or read now. Those that are not there are left out.
    async fn stocks_for(
        &self,
        wanted: &BTreeMap<&ItemId, BTreeMap<&LocationId, Quantity>>,
        remembers: bool,
    ) -> Result<HashMap<ItemId, KnownStock>, StorageError> {
        let (mut stocks, mut missing) = (HashMap::with_capacity(wanted.len()), Vec::new());
        for (item, locations) in wanted {
            let places = locations.keys().copied();
            match remembers.then(|| self.known().find(item, places.clone())).flatten() {
                Some(stock) => {
                    stocks.insert((*item).clone(), stock);
                }
                None => missing.extend(places.map(|location| (*item, location))),
            }
        }
        if !missing.is_empty() {
            for (item, stock) in read_known(self.store().reader(), &missing).await? {
                self.known().learn(item.clone(), stock.clone());
                stocks.insert(item, stock);
            }
        }
        Ok(stocks)
    }

    async fn take_at_once(
        &self,
        writes: &[&Write<Reserve>],
        stocks: HashMap<ItemId, KnownStock>,
        places: &Places,
        turn: impl Future<Output = ()>,
    ) -> Result<Vec<Answer>, Error> {
        let now = self.now();
        let date_at = |location: &LocationId| places.date_at(location, now).unwrap_or(Date::MIN);
        let mut loaded = loaded_of(stocks, &candidates_of(writes, places), date_at)?;
        let mut answers = Vec::with_capacity(writes.len());
        for write in writes {
            let answer = write.command.apply(&mut Desk::new(&mut loaded, write, places, now))?;
            refuse_shortage(&answer)?;
            answers.push(answer);
        }
        let Loaded { books, times, last_movements: last, .. } = loaded;
        let mut changes = books.into_changes();
        let traceparent = writes.first().and_then(|write| write.traceparent.clone());
        let causes = Causes::all(&writes.first().map(|write| write.command.cause()).unwrap_or_default());
        let events = self.events_of(&changes, &BTreeMap::new(), &times, now, &causes, traceparent);
        let moved = moved_by(&changes);
        let count = movements_in(&changes);
        let ids = self.movement_numbers(count, last.values().copied().max().unwrap_or_default()).await?;
        let before = last.clone();
        let mut numbers = MovementNumbers { ids: ids.into(), last };
        let mut at_once = AtOnce::new(self.store());
        flush_unchanged(&mut at_once, &mut changes, &mut numbers, &times, now);
        let rest = at_once.rest();
        append_notes(rest, writes.iter().flat_map(|write| notes(write, &moved, now)).collect());
        let answered = writes.iter().zip(&answers);
        let answered = answered
            .filter_map(|(write, answer)| Some((write.key.as_ref()?, write.hash.as_slice(), answer.encode_to_vec())));
        rest.answered_all(answered, now);
        rest.append(events.into_new())?;
        at_once.draw("movement", self.known().numbers_to_draw(count));
        let done = stock_written(changes, &before, &numbers);
        done.iter().for_each(|stock| self.known().note(stock, now));
        turn.await;
        // Forgotten, when those were not done on which these were decided.
        if !done.iter().all(|stock| self.known().is_known(stock)) {
            return Err(StorageError::Settings("what this was decided on was not done".to_owned()).into());
        }
        let written = self.store().write_at_once(Reserve::NAME, at_once).await?;
        self.known().put_numbers(written.drawn);
        self.remember_written(&done, now);
        Ok(answers)
    }

    /// Numbers for movements of items whose newest has at most the number `newest`.
    async fn movement_numbers(&self, count: usize, newest: i64) -> Result<Vec<i64>, StorageError> {
        if let Some(numbers) = self.known().take_numbers(count, newest) {
            return Ok(numbers);
        }
        let mut drawn = row_ids::draw(self.store(), "movement", 2 * count).await?;
        self.known().put_numbers(drawn.split_off(count));
        Ok(drawn)
    }
}

/// A line that gets less than it wants depends on more than what is known here.
fn refuse_shortage(answer: &Answer) -> Result<(), Error> {
    let is_short = answer
        .results
        .iter()
        .any(|result| result.refused > 0 || result.claim.as_ref().is_none_or(|claim| claim.waiting > 0));
    if is_short {
        return Err(StorageError::Settings("a line is not covered by what is known".to_owned()).into());
    }
    Ok(())
}

/// All locations that may serve the lines, by item.
fn candidates_of<'a>(
    writes: &[&'a Write<Reserve>],
    places: &'a Places,
) -> BTreeMap<&'a ItemId, BTreeSet<&'a LocationId>> {
    let mut candidates: BTreeMap<&ItemId, BTreeSet<&LocationId>> = BTreeMap::new();
    for line in writes.iter().flat_map(|write| &write.command.lines) {
        let named = if line.candidates.is_empty() { places.default_candidates() } else { &line.candidates };
        candidates.entry(&line.item).or_default().extend(named);
    }
    candidates
}

/// The commands of a batch that only take free units.
struct Taking<'w> {
    /// What each takes, by its place in the batch.
    places: BTreeMap<usize, Takes>,
    writes: &'w [Write<Reserve>],
}

impl<'w> Taking<'w> {
    fn of(writes: &'w [Write<Reserve>], places: &Places, is_known: impl Fn(&Write<Reserve>) -> bool) -> Self {
        let takes = |write: &Write<Reserve>| {
            let takes = write.command.takes(places);
            (is_known(write) && write.command.only_takes(&takes)).then_some(takes)
        };
        let chosen = writes.iter().enumerate().filter_map(|(place, write)| Some((place, takes(write)?)));
        let mut taking = Self { places: chosen.collect(), writes };
        let left_out = (0..writes.len()).filter(|place| !taking.places.contains_key(place)).collect();
        taking.leave_out_after(left_out);
        taking
    }

    fn items(&self) -> impl Iterator<Item = &ItemId> {
        self.places.values().flat_map(BTreeMap::keys)
    }

    /// The units wanted, by item and location.
    fn wanted(&self) -> BTreeMap<&ItemId, BTreeMap<&LocationId, Quantity>> {
        let mut wanted: BTreeMap<&ItemId, BTreeMap<&LocationId, Quantity>> = BTreeMap::new();
        for (item, takes) in self.places.values().flatten() {
            let sums = wanted.entry(item).or_default();
            for (location, quantity) in takes {
                let sum = sums.entry(location).or_default();
                // More than a number can tell is refused when it is reserved.
                *sum = sum.checked_add(*quantity).unwrap_or(*sum);
            }
        }
        wanted
    }

    /// Leaves out what is about items of which the locations do not have all that is wanted, of which units are named, or
    /// that have groups.
    fn leave_out_uncovered(&mut self, stocks: &HashMap<ItemId, KnownStock>) {
        let has = |item: &ItemId, location: &LocationId, wanted: Quantity| {
            let position =
                stocks.get(item).filter(|stock| !stock.is_grouped).and_then(|stock| stock.position(location));
            position.is_some_and(|position| position.named.is_zero() && wanted <= position.available)
        };
        let wanted = self.wanted();
        let is_uncovered = |(item, locations): &(&ItemId, &BTreeMap<&LocationId, Quantity>)| {
            locations.iter().any(|(location, quantity)| !has(item, location, *quantity))
        };
        let uncovered = wanted.iter().map(|(item, locations)| (*item, locations)).filter(is_uncovered);
        let uncovered: BTreeSet<ItemId> = uncovered.map(|(item, _)| item.clone()).collect();
        let of_them = |takes: &Takes| takes.keys().any(|item| uncovered.contains(item));
        let left_out = self.places.iter().filter(|(_, takes)| of_them(takes)).map(|(place, _)| *place).collect();
        self.leave_out_after(left_out);
    }

    /// Leaves out the commands at these places, and with them all that are about their items: none may overtake another.
    fn leave_out_after(&mut self, mut left_out: Vec<usize>) {
        let mut seen: BTreeSet<&ItemId> = BTreeSet::new();
        while !left_out.is_empty() {
            for place in left_out {
                self.places.remove(&place);
                seen.extend(self.writes[place].command.lines.iter().map(|line| &line.item));
            }
            let is_about_them = |takes: &Takes| takes.keys().any(|item| seen.contains(item));
            left_out = self.places.iter().filter(|(_, takes)| is_about_them(takes)).map(|(place, _)| *place).collect();
        }
    }
}
