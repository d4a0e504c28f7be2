//! The lines of an order as its customer ordered them: each kit is one, what stands for something else or replaces what came
//! back is none.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use backorder_domain::figures::{
    demand::{Demand, Ending, EndingKind},
    kits::{self as kit_rules, KitLine, KitPart},
};
use backorder_storage::StorageError;
use jiff::{Timestamp, civil::Date};

use super::line::{Happened, Line, LineReader, company};
use crate::{
    order::kits::{self, Kit},
    store::figures::{CohortPage, LineRow, OrderRow},
};

/// A line as the customer ordered it.
pub struct CountedLine {
    /// What is known of it.
    pub demand: Demand,
    /// The customer's number of it.
    pub number: i32,
    /// The item's id; of a kit, the kit's.
    pub item: String,
    /// The location's id; empty when it has none.
    pub location: String,
    /// The requested day.
    pub requested_on: Date,
}

/// Reads the lines of orders.
pub struct Reader {
    lines: LineReader,
    currency: Option<String>,
    currencies_differ: bool,
}

impl Reader {
    /// A reader that sees nothing later.
    pub fn new(as_of: Timestamp) -> Self {
        Self { lines: LineReader::new(as_of), currency: None, currencies_differ: false }
    }

    /// The company's currency, as the costs of the lines name it; empty when none does, or they differ.
    pub fn currency(&self) -> &str {
        self.currency.as_deref().filter(|_| !self.currencies_differ).unwrap_or_default()
    }

    /// The lines of an order of the page, as its customer ordered them.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] for rows that were not written here.
    pub fn lines(&mut self, order: &OrderRow, page: &CohortPage) -> Result<Vec<CountedLine>, StorageError> {
        let rows = page.lines.get(&order.id).map(Vec::as_slice).unwrap_or_default();
        let mut happened = happened(&order.id, page);
        let nothing = Happened::default();
        let mut lines: BTreeMap<i32, Line<'_>> = BTreeMap::new();
        for row in rows {
            self.note_currency(row);
            let own = happened.remove(&row.line_number);
            lines.insert(row.line_number, self.lines.line(order, row, own.as_ref().unwrap_or(&nothing))?);
        }
        send_instead(&mut lines);
        lines.retain(|_, line| line.row.substitutes_line.is_none() && line.row.replaces_line.is_none());
        let (in_kits, own): (Vec<Line<'_>>, Vec<Line<'_>>) =
            lines.into_values().partition(|line| line.row.kit_line.is_some());
        let mut counted: Vec<CountedLine> = own.into_iter().map(counted).collect();
        if !in_kits.is_empty() {
            counted.extend(
                kits::of_text(&order.id, &order.kits)?.iter().filter_map(|kit| counted_kit(order, kit, &in_kits)),
            );
        }
        Ok(counted)
    }

    fn note_currency(&mut self, row: &LineRow) {
        if row.cost_currency.is_empty() {
            return;
        }
        match &self.currency {
            None => self.currency = Some(row.cost_currency.clone()),
            Some(known) => self.currencies_differ |= *known != row.cost_currency,
        }
    }
}

fn happened<'a>(order: &str, page: &'a CohortPage) -> HashMap<i32, Happened<'a>> {
    let mut found: HashMap<i32, Happened<'a>> = HashMap::new();
    for part in page.parts.get(order).into_iter().flatten() {
        found.entry(part.line_number).or_default().parts.push(part);
    }
    for ended in page.ended.get(order).into_iter().flatten() {
        found.entry(ended.line_number).or_default().ended.push(ended);
    }
    for promise in page.promises.get(order).into_iter().flatten() {
        found.entry(promise.line_number).or_default().promises.push(promise);
    }
    found
}

/// What became of substitutes happens to the lines for which they stand, in units of those.
fn send_instead(lines: &mut BTreeMap<i32, Line<'_>>) {
    let mut endings: Vec<(i32, Vec<Ending>)> = Vec::new();
    for line in lines.values() {
        let Some(original) = line.row.substitutes_line else { continue };
        let (all, stands_for) = (line.row.ordered.max(1), line.row.substitutes_units);
        let left = line.demand.history.parts.iter().map(|part| (part.on, part.units.get()));
        let cancelled = line.demand.endings.iter().map(|ending| (ending.on, ending.units));
        let mut found = in_units_of(left, all, stands_for, EndingKind::SentInstead);
        found.extend(in_units_of(cancelled, all, stands_for, EndingKind::Cancelled));
        endings.push((original, found));
    }
    for (original, found) in endings {
        if let Some(line) = lines.get_mut(&original) {
            line.demand.endings.extend(found);
        }
    }
}

/// Units of which `all` stand for so many of another line, so that all of them are exactly these.
fn in_units_of(events: impl Iterator<Item = (Date, i64)>, all: i64, stands_for: i64, kind: EndingKind) -> Vec<Ending> {
    let (mut so_far, mut before, mut found) = (0_i64, 0_i64, Vec::new());
    for (on, units) in events {
        so_far = so_far.saturating_add(units);
        let now = i128::from(so_far) * i128::from(stands_for) / i128::from(all);
        let now = i64::try_from(now).unwrap_or(stands_for);
        if now > before {
            found.push(Ending { on, units: now - before, kind });
            before = now;
        }
    }
    found
}

fn counted(line: Line<'_>) -> CountedLine {
    CountedLine {
        number: line.row.line_number,
        item: line.row.item_id.clone(),
        location: line.location,
        requested_on: line.requested_on,
        demand: line.demand,
    }
}

fn counted_kit(order: &OrderRow, kit: &Kit, components: &[Line<'_>]) -> Option<CountedLine> {
    let own: Vec<&Line<'_>> = components.iter().filter(|line| line.row.kit_line == Some(kit.number)).collect();
    let first = own.first()?;
    let parts: Vec<KitPart> =
        own.iter().map(|line| KitPart { per_kit: line.row.kit_units, demand: line.demand.clone() }).collect();
    let line = KitLine {
        line: Arc::from(kit.number.to_string().as_str()),
        price_nanos: kit.price_nanos.map(|price| company(price, order.company_rate_nanos)),
        promised: promised(&own),
    };
    Some(CountedLine {
        number: kit.number,
        item: kit.item.clone(),
        location: first.location.clone(),
        requested_on: first.requested_on,
        demand: kit_rules::demand(line, &parts)?,
    })
}

/// What was promised for all components together: the latest of their days, none while one has none.
fn promised(components: &[&Line<'_>]) -> Vec<Option<Date>> {
    let mut by_time: BTreeMap<i64, Vec<(usize, Option<Date>)>> = BTreeMap::new();
    for (place, line) in components.iter().enumerate() {
        for (at, day) in &line.told {
            by_time.entry(*at).or_default().push((place, *day));
        }
    }
    let mut days = vec![None; components.len()];
    let promise = |told: Vec<(usize, Option<Date>)>| {
        for (place, day) in told {
            days[place] = day;
        }
        let all: Option<Vec<Date>> = days.iter().copied().collect();
        all.and_then(|days| days.into_iter().max())
    };
    by_time.into_values().map(promise).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_substitute_that_leaves_in_parts_stands_for_exactly_its_units() {
        let events = [(date(2026, 1, 3), 4), (date(2026, 1, 4), 4), (date(2026, 1, 5), 2)];
        let found = in_units_of(events.into_iter(), 10, 3, EndingKind::SentInstead);
        let units: Vec<(i8, i64)> = found.iter().map(|ending| (ending.on.day(), ending.units)).collect();
        assert_eq!(units, [(3, 1), (4, 1), (5, 1)]);
    }
}
