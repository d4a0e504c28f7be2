//! Sets of lines that take stock together: over items, against lines that are served alone, and against each other.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::stock::allocate::{AllocationChunk, Gain};
use crate::stock::books::StockBooks;
use crate::stock::count::Adjustment;
use crate::stock::queue::QueueChange;
use crate::stock::release::LineUnits;
use crate::stock::ship_set::{SetCover, ShipSet};
use crate::stock::state::StockState;

const ITEMS: [&str; 3] = ["item", "lid", "box"];

fn shelf(stock: [i64; 3]) -> StockBooks {
    let mut books = StockBooks::default();
    for (name, quantity) in ITEMS.into_iter().zip(stock) {
        let mut book = empty_book_of(name);
        if quantity > 0 {
            book.receive(&ctx(1), &receipt("main", quantity)).unwrap();
        }
        books.insert(book);
    }
    books
}

/// The lines `{set}-{item}` of a set, each of one item, at a place in the queue.
fn together(set: &str, key: &str, wanted: &[(&str, i64)]) -> Vec<ReserveLine> {
    let line = |(name, quantity): &(&str, i64)| ReserveLine {
        item: item(name),
        queue_key: key.to_owned(),
        all_or_nothing_group: Some(set.to_owned()),
        ..wants(&format!("{set}-{name}"), *quantity)
    };
    wanted.iter().map(line).collect()
}

fn set_of(lines: &[ReserveLine], days: u16) -> ShipSet {
    let lines = lines.iter().map(|line| (line.item.clone(), line.key.line.clone())).collect();
    ShipSet { lines, days, keep_held: BTreeSet::new(), keeps_part: false }
}

fn of<'a>(books: &'a StockBooks, name: &str) -> &'a ItemBook {
    books.get(&item(name)).unwrap()
}

/// Reserved and waiting units of each line.
fn stand(books: &StockBooks, lines: &[ReserveLine]) -> Vec<(i64, i64)> {
    let claim = |line: &ReserveLine| books.get(&line.item).unwrap().claim(&line.key).unwrap().clone();
    lines.iter().map(claim).map(|claim| (claim.reserved.get(), claim.waiting.get())).collect()
}

fn receive(books: &mut StockBooks, number: u32, name: &str, quantity: i64) {
    books.book_mut(&item(name)).unwrap().receive(&ctx(number), &receipt("main", quantity)).unwrap();
}

fn all_right(books: &StockBooks) {
    books.iter().for_each(assert_books_right);
}

#[test]
fn a_set_that_is_not_all_there_locks_nothing() {
    let mut books = shelf([5, 0, 0]);
    let lines = together("kit", "5", &[("item", 2), ("lid", 1)]);
    books.reserve(&ctx(2), &lines).unwrap();

    assert_eq!(stand(&books, &lines), [(0, 2), (0, 1)]);
    assert_eq!(stock_at(of(&books, "item"), "main"), (5, 0, 0), "neither reserved nor put aside");
    assert_eq!(books.cover_set(&ctx(3), &set_of(&lines, 0)).unwrap(), SetCover::Incomplete);
    let single = ReserveLine { queue_key: "9".to_owned(), ..wants("late", 5) };
    books.reserve(&ctx(4), std::slice::from_ref(&single)).unwrap();
    assert_eq!(stand(&books, &[single]), [(5, 0)]);
    all_right(&books);
}

#[test]
fn what_arrives_is_put_aside_for_a_set_until_it_is_decided_about() {
    let mut books = shelf([2, 0, 0]);
    let lines = together("kit", "5", &[("item", 2), ("lid", 1)]);
    books.reserve(&ctx(2), &lines).unwrap();

    receive(&mut books, 3, "lid", 3);
    assert_eq!(stock_at(of(&books, "lid"), "main"), (2, 0, 1), "a newcomer cannot take it first");
    assert_eq!(books.cover_set(&ctx(4), &set_of(&lines, 0)).unwrap(), SetCover::Complete);
    assert_eq!(stand(&books, &lines), [(2, 0), (1, 0)]);
    assert_eq!(books.cover_set(&ctx(5), &set_of(&lines, 0)).unwrap(), SetCover::Complete, "and again changes nothing");
    all_right(&books);
}

#[test]
fn lines_before_a_set_keep_their_right_and_lines_behind_it_do_not() {
    for (key, covered) in [("1", SetCover::Incomplete), ("9", SetCover::Complete)] {
        let mut books = shelf([0, 1, 0]);
        let single = ReserveLine { queue_key: key.to_owned(), ..wants("alone", 2) };
        let lines = together("kit", "5", &[("item", 1), ("lid", 1)]);
        books.reserve(&ctx(2), std::slice::from_ref(&single)).unwrap();
        books.reserve(&ctx(3), &lines).unwrap();
        receive(&mut books, 4, "item", 2);
        assert_eq!(stock_at(of(&books, "item"), "main").2, 2);

        assert_eq!(books.cover_set(&ctx(5), &set_of(&lines, 0)).unwrap(), covered);
        all_right(&books);
    }
}

#[test]
fn a_set_that_loses_units_gives_back_what_it_cannot_use() {
    let mut books = shelf([2, 1, 0]);
    let lines = together("kit", "5", &[("item", 2), ("lid", 1)]);
    books.reserve(&ctx(2), &lines).unwrap();
    assert_eq!(stand(&books, &lines), [(2, 0), (1, 0)]);

    let lid = books.book_mut(&item("lid")).unwrap();
    lid.adjust(&ctx(3), &at("main"), StockState::Available, Adjustment::Remove(units(1)), None, "").unwrap();
    assert_eq!(books.cover_set(&ctx(4), &set_of(&lines, 0)).unwrap(), SetCover::Incomplete);

    assert_eq!(stand(&books, &lines), [(0, 2), (0, 1)]);
    assert_eq!(stock_at(of(&books, "item"), "main"), (0, 0, 2), "put aside until a run has decided");
    all_right(&books);
}

#[test]
fn what_the_warehouse_has_in_hands_stays() {
    let mut books = shelf([2, 1, 0]);
    let lines = together("kit", "5", &[("item", 2), ("lid", 1)]);
    books.reserve(&ctx(2), &lines).unwrap();
    let in_hands = LineUnits { line: lines[0].key.line.clone(), part: None, location: None, quantity: units(1) };
    books.book_mut(&item("item")).unwrap().release_to_warehouse(&ctx(3), &in_hands).unwrap();
    let lid = books.book_mut(&item("lid")).unwrap();
    lid.adjust(&ctx(4), &at("main"), StockState::Available, Adjustment::Remove(units(1)), None, "").unwrap();

    assert_eq!(books.cover_set(&ctx(5), &set_of(&lines, 0)).unwrap(), SetCover::Incomplete);
    assert_eq!(stand(&books, &lines), [(1, 1), (0, 1)]);
    all_right(&books);
}

#[test]
fn supply_within_the_days_of_the_set_covers_it() {
    let soon = today().tomorrow().unwrap();
    for (days, covered, held) in [(0, SetCover::Incomplete, 0), (1, SetCover::Expected, 2)] {
        let mut books = shelf([2, 0, 0]);
        let lines = together("kit", "5", &[("item", 2), ("lid", 1)]);
        books.reserve(&ctx(2), &lines).unwrap();
        let lid = books.book_mut(&item("lid")).unwrap();
        lid.create_supply(&ctx(3), &purchase("po", 4, soon)).unwrap();

        assert_eq!(books.cover_set(&ctx(4), &set_of(&lines, days)).unwrap(), covered);
        assert_eq!(stand(&books, &lines)[0].0, held);
        all_right(&books);
    }
}

#[test]
fn a_set_of_which_a_line_may_not_take_stock_takes_none() {
    let mut books = shelf([2, 1, 0]);
    let mut lines = together("kit", "5", &[("item", 2), ("lid", 1)]);
    lines[1].eligible = false;
    books.reserve(&ctx(2), &lines).unwrap();
    assert_eq!(stand(&books, &lines), [(0, 2), (0, 1)]);
    assert_eq!(books.cover_set(&ctx(3), &set_of(&lines, 0)).unwrap(), SetCover::Incomplete);

    let change = QueueChange {
        line: lines[1].key.line.clone(),
        part: None,
        eligible: Some(true),
        in_set: None,
        queue_key: None,
        queue_time: None,
    };
    books.book_mut(&item("lid")).unwrap().change_queue(&ctx(4), &change).unwrap();
    assert_eq!(books.cover_set(&ctx(5), &set_of(&lines, 0)).unwrap(), SetCover::Complete);
    all_right(&books);
}

#[test]
fn a_line_that_leaves_its_set_finds_free_stock_put_aside_for_it() {
    let mut books = shelf([2, 0, 0]);
    let lines = together("kit", "5", &[("item", 2), ("lid", 1)]);
    books.reserve(&ctx(2), &lines).unwrap();
    let leaves = QueueChange {
        line: lines[0].key.line.clone(),
        part: None,
        eligible: None,
        in_set: Some(false),
        queue_key: None,
        queue_time: None,
    };
    books.book_mut(&item("item")).unwrap().change_queue(&ctx(3), &leaves).unwrap();
    assert_eq!(stock_at(of(&books, "item"), "main"), (0, 0, 2));
    all_right(&books);
}

/// A wish: a single line, or a set of lines of several items. Quantities by item; 0 means not wanted.
#[derive(Debug, Clone)]
enum Op {
    Single { name: usize, quantity: i64, key: u8 },
    Set { wanted: [i64; 3], key: u8 },
    Arrive { name: usize, quantity: i64 },
    Lose { name: usize, quantity: i64 },
}

fn any_op() -> impl Strategy<Value = Op> {
    let name = 0..ITEMS.len();
    prop_oneof![
        2 => (name.clone(), 1..4_i64, 0..3_u8).prop_map(|(name, quantity, key)| Op::Single { name, quantity, key }),
        3 => ([0..3_i64, 0..3_i64, 0..3_i64], 0..3_u8).prop_map(|(wanted, key)| Op::Set { wanted, key }),
        4 => (name.clone(), 1..5_i64).prop_map(|(name, quantity)| Op::Arrive { name, quantity }),
        1 => (name, 1..3_i64).prop_map(|(name, quantity)| Op::Lose { name, quantity }),
    ]
}

/// Books with the sets and lines that were ordered, and a run after each command, as `allocation` does it.
struct Desk {
    books: StockBooks,
    sets: Vec<Vec<ReserveLine>>,
    number: u32,
}

impl Desk {
    fn ctx(&mut self) -> CommandContext {
        self.number += 1;
        ctx(self.number)
    }

    fn run(&mut self, op: &Op) {
        let ctx = self.ctx();
        let name = format!("n{}", self.number);
        match op {
            Op::Single { name: of, quantity, key } => {
                let (item, queue_key) = (item(ITEMS[*of]), key.to_string());
                let line = ReserveLine { item, queue_key, ..wants(&name, *quantity) };
                self.books.reserve(&ctx, &[line]).unwrap();
            }
            Op::Set { wanted, key } => {
                let wanted: Vec<(&str, i64)> =
                    ITEMS.into_iter().zip(*wanted).filter(|(_, quantity)| *quantity > 0).collect();
                if !wanted.is_empty() {
                    let lines = together(&name, &key.to_string(), &wanted);
                    self.books.reserve(&ctx, &lines).unwrap();
                    self.sets.push(lines);
                }
            }
            Op::Arrive { name, quantity } => {
                let book = self.books.book_mut(&item(ITEMS[*name])).unwrap();
                book.receive(&ctx, &receipt("main", *quantity)).unwrap();
            }
            Op::Lose { name, quantity } => {
                let book = self.books.book_mut(&item(ITEMS[*name])).unwrap();
                let lost = Adjustment::Remove(units(*quantity));
                drop(book.adjust(&ctx, &at("main"), StockState::Available, lost, None, ""));
            }
        }
        self.decide(matches!(op, Op::Lose { .. }));
    }

    /// Runs until nothing is held: sets first, in the order of the queue, then the lines that are served alone. Only after
    /// a loss, of which its claims tell, sets are looked at though nothing became free.
    fn decide(&mut self, is_loss: bool) {
        if is_loss {
            self.cover_sets();
        }
        for _ in 0..20 {
            let Some(name) = ITEMS.into_iter().find(|name| stock_at(of(&self.books, name), "main").2 > 0) else {
                return;
            };
            self.cover_sets();
            let ctx = self.ctx();
            let book = self.books.book_mut(&item(name)).unwrap();
            let mut waiting: Vec<&Claim> = book.claims().filter(|claim| !claim.eligible_waiting().is_zero()).collect();
            waiting.sort_by(|a, b| a.queue_place().cmp(&b.queue_place()));
            let mut left = book.position(&at("main")).unwrap().held;
            let mut gains = Vec::new();
            for claim in waiting {
                let quantity = claim.waiting.min(left);
                left = left.saturating_sub(quantity);
                if !quantity.is_zero() {
                    gains.push(Gain { key: claim.key.clone(), expected_version: claim.version, quantity });
                }
            }
            let holds = book.holds().map(|hold| hold.id.clone()).collect();
            let chunk =
                AllocationChunk { location: at("main"), holds, gains, passed_over: Vec::new(), final_chunk: true };
            book.apply_allocation(&ctx, &chunk).unwrap();
        }
        unreachable!("runs come to rest");
    }

    fn cover_sets(&mut self) {
        let mut order: Vec<usize> = (0..self.sets.len()).collect();
        order.sort_by_key(|index| (self.sets[*index][0].queue_key.clone(), *index));
        for index in order {
            let ctx = self.ctx();
            let set = set_of(&self.sets[index], 0);
            self.books.cover_set(&ctx, &set).unwrap();
        }
    }

    fn check(&self) -> Result<(), TestCaseError> {
        all_right(&self.books);
        for lines in &self.sets {
            let stand = stand(&self.books, lines);
            let waits = stand.iter().any(|(_, waiting)| *waiting > 0);
            prop_assert!(!waits || stand.iter().all(|(reserved, _)| *reserved == 0), "{stand:?} is half a set");
            let mut again = self.books.clone();
            let cover = again.cover_set(&ctx(1_000_000), &set_of(lines, 0)).unwrap();
            prop_assert_eq!(cover == SetCover::Incomplete, waits, "a set that could be covered waits");
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: backorder_testkit::counts::cases("ship_sets"),
        rng_seed: proptest::test_runner::RngSeed::Fixed(backorder_testkit::seed()),
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_set_never_holds_what_it_cannot_use_and_none_starves(ops in vec(any_op(), 1..30)) {
        let mut desk = Desk { books: shelf([0; 3]), sets: Vec::new(), number: 1 };
        for op in &ops {
            desk.run(op);
            desk.check()?;
        }
        // Enough for everybody arrives, a unit of one item after the other: sets that compete do not keep each other waiting.
        let missing: BTreeMap<usize, i64> =
            (0..ITEMS.len()).map(|name| (name, of(&desk.books, ITEMS[name]).total_waiting().get())).collect();
        for round in 0..missing.values().copied().max().unwrap_or(0) {
            for (name, _) in missing.iter().filter(|(_, missing)| **missing > round) {
                desk.run(&Op::Arrive { name: *name, quantity: 1 });
            }
        }
        desk.check()?;
        for name in ITEMS {
            prop_assert!(of(&desk.books, name).total_waiting().is_zero(), "somebody still waits for {}", name);
        }
    }
}
