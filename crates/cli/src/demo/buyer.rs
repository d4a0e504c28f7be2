//! The modelled buyer at work: what it ordered, what is due, and what it orders next. The services hold the stock and the
//! supply; after a restart the buyer is made again from them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use backorder_proto::inventory::v1::{ListPositionsRequest, ListSuppliesRequest, Position, Supply, SupplyState};
use jiff::civil::Date;

use crate::{
    client::Clients,
    failure::Failure,
    model::supply::{PlannedSupply, SupplyModel},
    output::text,
};

const PAGE_ROWS: i32 = 1_000;

/// The buyer's knowledge.
#[derive(Debug)]
pub struct Buyer {
    model: SupplyModel,
    index: HashMap<Arc<str>, usize>,
    /// Per item: stock + on order - open demand, in units.
    positions: Vec<i64>,
    /// Per item: purchase order lines so far.
    orders: Vec<i64>,
    arrivals: BTreeMap<Date, Vec<PlannedSupply>>,
    delays: BTreeMap<Date, Vec<PlannedSupply>>,
}

impl Buyer {
    /// A buyer without stock or orders.
    #[must_use]
    pub fn new(model: SupplyModel) -> Self {
        let index = model.plans().iter().enumerate().map(|(item, plan)| (plan.code.clone(), item)).collect();
        let items = model.plans().len();
        Self {
            model,
            index,
            positions: vec![0; items],
            orders: vec![0; items],
            arrivals: BTreeMap::new(),
            delays: BTreeMap::new(),
        }
    }

    /// The model.
    #[must_use]
    pub const fn model(&self) -> &SupplyModel {
        &self.model
    }

    /// The code of an item.
    #[must_use]
    pub fn code(&self, item: usize) -> &str {
        &self.model.plans()[item].code
    }

    /// Changes the position of an item, named `items/{item}`, by units.
    pub fn moved(&mut self, item_name: &str, units: i64) {
        if let Some(item) = self.index.get(text::id(item_name)) {
            self.positions[*item] += units;
        }
    }

    /// Remembers a supply that was ordered.
    pub fn expect(&mut self, supply: PlannedSupply) {
        self.positions[supply.item] += supply.quantity;
        self.orders[supply.item] += 1;
        self.await_delivery(supply);
    }

    fn await_delivery(&mut self, supply: PlannedSupply) {
        if let Some(told_on) = supply.dates.delay_told_on {
            self.delays.entry(told_on).or_default().push(supply.clone());
        }
        self.arrivals.entry(supply.dates.arrives_on).or_default().push(supply);
    }

    /// Takes the supplies of which suppliers tell a delay up to a day.
    pub fn take_delays(&mut self, day: Date) -> Vec<PlannedSupply> {
        take_until(&mut self.delays, day)
    }

    /// Takes the supplies that arrive up to a day.
    pub fn take_arrivals(&mut self, day: Date) -> Vec<PlannedSupply> {
        take_until(&mut self.arrivals, day)
    }

    /// What the buyer orders at the end of a day.
    #[must_use]
    pub fn reorders(&self, day: Date) -> Vec<PlannedSupply> {
        let order = |item: usize| self.model.reorder(item, self.positions[item], self.orders[item] + 1, day);
        (0..self.positions.len()).filter_map(order).collect()
    }

    /// Makes the buyer's knowledge again from the services, after a restart before the morning of `day`.
    ///
    /// # Errors
    /// [`Failure`] when a service cannot answer or holds supply that this model did not order.
    pub async fn load(model: SupplyModel, clients: &Clients, start: Date, day: Date) -> Result<Self, Failure> {
        let mut buyer = Self::new(model);
        for supply in all_supplies(clients).await? {
            buyer.recall(&supply, start, day)?;
        }
        for position in all_positions(clients).await? {
            let unsold = position.on_hand - position.reserved - position.released;
            buyer.moved(&position.item, unsold);
        }
        Ok(buyer)
    }

    fn recall(&mut self, supply: &Supply, start: Date, day: Date) -> Result<(), Failure> {
        let strange = || Failure::new(format!("the folder holds {}, which the model did not order", supply.name));
        let (item, number) = self.item_and_number(text::id(&supply.name)).ok_or_else(strange)?;
        self.orders[item] += 1;
        self.positions[item] += supply.open;
        if supply.state == i32::from(SupplyState::Open) {
            let agreed = civil_date(supply.agreed_date.as_ref()).ok_or_else(strange)?;
            let mut planned = self.model.recalled(item, number, supply.ordered, agreed, start);
            planned.dates.delay_told_on = planned.dates.delay_told_on.filter(|told_on| *told_on >= day);
            self.await_delivery(planned);
        }
        Ok(())
    }

    fn item_and_number(&self, supply_id: &str) -> Option<(usize, i64)> {
        let (code, number) = supply_id.strip_prefix("PO-")?.rsplit_once('-')?;
        Some((*self.index.get(code)?, number.parse().ok()?))
    }
}

fn take_until(waiting: &mut BTreeMap<Date, Vec<PlannedSupply>>, day: Date) -> Vec<PlannedSupply> {
    let mut taken = Vec::new();
    while let Some(first) = waiting.first_entry().filter(|entry| *entry.key() <= day) {
        taken.extend(first.remove());
    }
    taken.sort_by(|one, other| one.id.cmp(&other.id));
    taken
}

/// A date of an answer.
#[must_use]
pub fn civil_date(date: Option<&backorder_proto::common::v1::Date>) -> Option<Date> {
    let date = date?;
    let part = |number: i32| i8::try_from(number).ok();
    Date::new(i16::try_from(date.year).ok()?, part(date.month)?, part(date.day)?).ok()
}

/// Every supply of the service.
///
/// # Errors
/// [`Failure`] when the service cannot answer.
pub async fn all_supplies(clients: &Clients) -> Result<Vec<Supply>, Failure> {
    let mut request = ListSuppliesRequest { page_size: PAGE_ROWS, ..ListSuppliesRequest::default() };
    let mut supplies = Vec::new();
    loop {
        let page = clients.supply.clone().list_supplies(request.clone()).await?.into_inner();
        supplies.extend(page.supplies);
        if page.next_page_token.is_empty() {
            return Ok(supplies);
        }
        request.page_token = page.next_page_token;
    }
}

/// Every position of the service.
///
/// # Errors
/// [`Failure`] when the service cannot answer.
pub async fn all_positions(clients: &Clients) -> Result<Vec<Position>, Failure> {
    let mut request = ListPositionsRequest { page_size: PAGE_ROWS, ..ListPositionsRequest::default() };
    let mut positions = Vec::new();
    loop {
        let page = clients.stock.clone().list_positions(request.clone()).await?.into_inner();
        positions.extend(page.positions);
        if page.next_page_token.is_empty() {
            return Ok(positions);
        }
        request.page_token = page.next_page_token;
    }
}
