//! The lines that are still under way, as the services' answers showed them: what can ship, and who waits for what.
//!
//! It only remembers what was answered. After a restart it is made again from the services.

use std::collections::{BTreeMap, BTreeSet};

use backorder_proto::allocation::v1::{ListBackordersRequest, ListOrdersRequest, Order, OrderLine, OrderState};

use jiff::civil::Date;

use super::buyer::civil_date;
use crate::{client::Clients, failure::Failure};

/// The most rows of one answer.
const PAGE_ROWS: i32 = 1_000;

/// The lines that are still under way, by name.
#[derive(Debug, Default)]
pub struct Book {
    /// By item: units of loaded orders that are neither shipped nor cancelled and not on hand. Filled by [`Book::load`].
    open_when_loaded: BTreeMap<String, i64>,
    reserved: BTreeMap<String, i64>,
    /// Orders that are held, by name: nothing of them leaves.
    held: BTreeSet<String>,
    /// By line: the day before which it may not leave, of lines that have one.
    releases: BTreeMap<String, Date>,
    /// By item, then line: units of the line that are neither shipped nor cancelled.
    waiting: BTreeMap<String, BTreeMap<String, i64>>,
}

impl Book {
    /// Makes the book from the open orders of the service.
    ///
    /// # Errors
    /// [`Failure`] when the service cannot answer.
    pub async fn load(clients: &Clients) -> Result<Self, Failure> {
        let mut book = Self::default();
        for state in [OrderState::Open, OrderState::Reserving] {
            let mut request =
                ListOrdersRequest { page_size: PAGE_ROWS, state: state.into(), ..ListOrdersRequest::default() };
            loop {
                let page = clients.orders.clone().list_orders(request.clone()).await?.into_inner();
                page.orders.iter().for_each(|order| book.note_loaded(order));
                if page.next_page_token.is_empty() {
                    break;
                }
                request.page_token = page.next_page_token;
            }
        }
        Ok(book)
    }

    /// Notes how the lines of an order stand.
    pub fn note(&mut self, order: &Order) {
        order.lines.iter().for_each(|line| self.note_line(line));
    }

    fn note_loaded(&mut self, order: &Order) {
        self.note(order);
        for line in &order.lines {
            *self.open_when_loaded.entry(line.item.clone()).or_default() += line.open;
        }
    }

    /// Units that waited per item when the book was loaded.
    pub fn units_open_when_loaded(&self) -> impl Iterator<Item = (&str, i64)> {
        self.open_when_loaded.iter().map(|(item, units)| (item.as_str(), *units))
    }

    fn note_line(&mut self, line: &OrderLine) {
        match civil_date(line.release_date.as_ref()) {
            Some(day) => self.releases.insert(line.name.clone(), day),
            None => self.releases.remove(&line.name),
        };
        if line.reserved > 0 {
            self.reserved.insert(line.name.clone(), line.reserved);
        } else {
            self.reserved.remove(&line.name);
        }
        if line.open > 0 {
            let unshipped = line.ordered - line.shipped - line.cancelled;
            self.waiting.entry(line.item.clone()).or_default().insert(line.name.clone(), unshipped);
        } else if let Some(lines) = self.waiting.get_mut(&line.item) {
            lines.remove(&line.name);
        }
    }

    /// Asks how the waiting lines of an item stand, after stock of it became free and the services came to rest.
    ///
    /// # Errors
    /// [`Failure`] when the service cannot answer.
    pub async fn refresh(&mut self, clients: &Clients, item: &str) -> Result<(), Failure> {
        let Some(known) = self.waiting.get(item).filter(|lines| !lines.is_empty()) else { return Ok(()) };
        let mut served = known.clone();
        let mut request =
            ListBackordersRequest { page_size: PAGE_ROWS, item: item.to_owned(), ..ListBackordersRequest::default() };
        loop {
            let page = clients.backlog.clone().list_backorders(request.clone()).await?.into_inner();
            for line in page.backorders.iter().filter_map(|backorder| backorder.line.as_ref()) {
                served.remove(&line.name);
                self.note_line(line);
            }
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        // A line that waits no more has everything reserved that is neither shipped nor cancelled.
        for (line, unshipped) in served {
            self.waiting.entry(item.to_owned()).or_default().remove(&line);
            self.reserved.insert(line, unshipped);
        }
        Ok(())
    }

    /// Nothing of the order leaves from now on.
    pub fn hold(&mut self, order: &str) {
        self.held.insert(order.to_owned());
    }

    /// The order leaves again.
    pub fn let_go(&mut self, order: &str) {
        self.held.remove(order);
    }

    /// Takes everything that can ship on a day, in the order of the lines' names.
    pub fn take_reserved(&mut self, day: Date) -> Vec<(String, i64)> {
        let is_released = |line: &String| self.releases.get(line).is_none_or(|release| *release <= day);
        let order_of = |line: &str| line.rsplit_once("/lines/").map_or_else(String::new, |(order, _)| order.to_owned());
        let may_leave =
            |line: &String| is_released(line) && (self.held.is_empty() || !self.held.contains(&order_of(line)));
        let shipping: Vec<(String, i64)> = self.reserved.extract_if(.., |line, _| may_leave(line)).collect();
        let units: BTreeMap<&String, i64> = shipping.iter().map(|(line, units)| (line, *units)).collect();
        for lines in self.waiting.values_mut() {
            for (line, unshipped) in lines.iter_mut() {
                *unshipped -= units.get(line).copied().unwrap_or(0);
            }
        }
        shipping
    }

    /// Lines that wait.
    #[must_use]
    pub fn lines_waiting(&self) -> usize {
        self.waiting.values().map(BTreeMap::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use backorder_proto::convert::encode;

    use super::*;

    const DAY: Date = jiff::civil::date(2011, 1, 5);

    fn line(name: &str, open: i64, reserved: i64, shipped: i64) -> OrderLine {
        let ordered = open + reserved + shipped;
        let (name, item) = (name.to_owned(), "items/X".to_owned());
        OrderLine { name, item, ordered, open, reserved, shipped, ..OrderLine::default() }
    }

    #[test]
    fn what_is_reserved_ships_once_and_what_waits_is_remembered() {
        let mut book = Book::default();
        book.note_line(&line("a", 3, 2, 0));
        book.note_line(&line("b", 0, 4, 0));
        assert_eq!(book.take_reserved(DAY), [("a".to_owned(), 2), ("b".to_owned(), 4)]);
        assert_eq!(book.take_reserved(DAY), []);
        assert_eq!((book.lines_waiting(), book.waiting["items/X"]["a"]), (1, 3));
    }

    #[test]
    fn nothing_of_a_held_order_leaves() {
        let mut book = Book::default();
        book.note_line(&line("orders/A/lines/1", 0, 2, 0));
        book.hold("orders/A");
        assert_eq!(book.take_reserved(DAY), []);
        book.let_go("orders/A");
        assert_eq!(book.take_reserved(DAY), [("orders/A/lines/1".to_owned(), 2)]);
    }

    #[test]
    fn a_line_whose_item_is_not_released_stays() {
        let mut book = Book::default();
        let release_date = Some(encode::date(jiff::civil::date(2011, 1, 6)));
        book.note_line(&OrderLine { release_date, ..line("a", 0, 2, 0) });
        assert_eq!(book.take_reserved(DAY), []);
        assert_eq!(book.take_reserved(jiff::civil::date(2011, 1, 6)), [("a".to_owned(), 2)]);
    }

    #[test]
    fn a_cancelled_line_neither_ships_nor_waits() {
        let mut book = Book::default();
        book.note_line(&line("a", 3, 2, 0));
        book.note_line(&line("a", 0, 0, 0));
        assert_eq!((book.lines_waiting(), book.take_reserved(DAY).len()), (0, 0));
    }
}
