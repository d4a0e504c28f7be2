//! Judges what may be sent in place of a line: by the rules of the item, by what is free, and at which price.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use backorder_domain::{
    ids::{ItemId, LocationId},
    money::{CurrencyCode, Money},
    order::{
        state::OrderState,
        substitute::{Exchange, NotSubstitutable, Packs, difference, is_valid_on, price},
    },
    quantity::Quantity,
    stock::wish::Wish,
    time::{civil_date_in, time_zone},
};
use backorder_proto::{allocation::v1 as pb, common::v1::DateBasis, convert::Violations, inventory::v1 as inventory};
use backorder_storage::columns;
use jiff::{Timestamp, tz::TimeZone};

use super::{
    DraftLine, RequestedDate, Substitute,
    prepare::{Basis, Placing, characteristics_of, queue_key, reserve_line},
    substitute::check,
};
use crate::{
    catalog::{ItemCopy, Places, SubstituteCopy},
    error::Error,
    order::{Book, LineRecord, Moment, OrderRecord, key::LINE_NUMBER_MAX, message, shortage, texts},
    rules::RuleSet,
    saga::would_be,
    store::{
        entity::{customer_order, order_line},
        orders::{find_order, lines_of_orders},
    },
    use_cases::UseCases,
};

/// What may be sent in place of a line, best first.
pub(super) struct Choices {
    pub(super) order: customer_order::Model,
    line: order_line::Model,
    number: i32,
    items: HashMap<String, Arc<ItemCopy>>,
    places: Arc<Places>,
    rules: Arc<RuleSet>,
    now: Timestamp,
    judged: Vec<Choice>,
}

/// An item, and how it fits.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    pub(super) item: Arc<ItemCopy>,
    pub(super) exchange: Exchange,
    /// Base units of it that are free for the line, at most as many as are wanted.
    pub(super) free: i64,
    price_nanos: Option<i64>,
    pub(super) refund_nanos: i64,
    why_not: Option<NotSubstitutable>,
}

impl UseCases {
    /// Judges the substitutes of a line, or the one that is named.
    pub(super) async fn judge_substitutes(&self, wanted: &Substitute) -> Result<Choices, Error> {
        let reader = self.store().reader();
        let order = find_order(reader, &wanted.order).await?.ok_or_else(|| Error::no_order(&wanted.order))?;
        let (mut lines, _) = lines_of_orders(reader, std::slice::from_ref(&order)).await?;
        let lines = lines.remove(&order.id).unwrap_or_default();
        let number = lines.iter().map(|line| line.line_number).max().unwrap_or_default();
        let line = lines.into_iter().find(|line| line.line_number == wanted.line);
        let line = line.ok_or_else(|| Error::no_line(&wanted.order, wanted.line))?;
        check(&LineRecord::new(line.clone()))?;
        let own = self.catalog().items(&BTreeMap::from([(line.item_id.as_str(), String::new())])).await?;
        let original = own.get(&line.item_id).cloned().ok_or_else(|| Error::no_line(&order.id, line.line_number))?;
        let listed = original.substitutes.iter();
        let named = listed.filter(|listed| wanted.substitute.as_ref().is_none_or(|item| *item == listed.item));
        let listed: Vec<&SubstituteCopy> = named.collect();
        let ids = listed.iter().map(|listed| (listed.item.as_str(), "substitute".to_owned())).collect();
        let mut choices = Choices {
            items: self.catalog().items(&ids).await?,
            places: self.catalog().places().await?,
            rules: self.rules().current().await?,
            number: number + 1,
            now: self.now(),
            judged: Vec::with_capacity(listed.len()),
            order,
            line,
        };
        for listed in listed {
            let choice = self.judge(&choices, &original, listed, wanted).await?;
            choices.judged.extend(choice);
        }
        Ok(choices)
    }

    async fn judge(
        &self,
        choices: &Choices,
        original: &ItemCopy,
        listed: &SubstituteCopy,
        wanted: &Substitute,
    ) -> Result<Option<Choice>, Error> {
        let Some(item) = choices.items.get(listed.item.as_str()).cloned() else { return Ok(None) };
        let open = choices.line.open - choices.line.drop_ship_confirmed;
        let units = if wanted.quantity.is_zero() { open } else { wanted.quantity.get() };
        let mut choice = Choice {
            item,
            exchange: Exchange::default(),
            free: 0,
            price_nanos: None,
            refund_nanos: 0,
            why_not: choices.forbidden(listed, wanted).or((units > open).then_some(NotSubstitutable::NothingWaits)),
        };
        let packs = Packs { original: original.pack_size, substitute: choice.item.pack_size };
        let Some(all) = listed.ratio.exchange(units, Quantity::COMMAND_MAX.get(), packs) else {
            choice.why_not = choice.why_not.or(Some(NotSubstitutable::LessThanAPack));
            return Ok(Some(choice));
        };
        choice.exchange = all;
        match choices.price(listed, &choice.item) {
            Ok(nanos) => choice.price_nanos = nanos,
            Err(why) => choice.why_not = choice.why_not.or(Some(why)),
        }
        choice.free = self.free_of(choices, &choice).await?;
        if !wanted.may_wait && choice.free < all.substitutes {
            // Who names a number wants that number.
            let part = listed.ratio.exchange(units, choice.free, packs).filter(|_| wanted.quantity.is_zero());
            choice.exchange = part.unwrap_or(all);
            choice.why_not = choice.why_not.or(part.is_none().then_some(NotSubstitutable::NotFree));
        }
        choice.refund_nanos = difference(choice.exchange, choices.line.price_nanos, choice.price_nanos);
        Ok(Some(choice))
    }

    /// How much of what would be sent is free for the line.
    async fn free_of(&self, choices: &Choices, choice: &Choice) -> Result<i64, Error> {
        let row = choices.row(&choices.order, &choices.line, choices.number, choice)?;
        let line = inventory::ReserveLine {
            shortfall: inventory::Shortfall::Keep.into(),
            all_or_nothing_group: String::new(),
            ..exchange_line(&row)
        };
        let request = inventory::ReserveStockRequest {
            lines: vec![line],
            characteristics: characteristics_of(&choices.order),
            ..inventory::ReserveStockRequest::default()
        };
        let answer = self.inventory().inquire(request).await.map_err(Error::Refused)?;
        let claims = answer.results.iter().filter_map(|result| result.claim.as_ref());
        Ok(claims.map(|claim| claim.reserved).sum())
    }

    /// What would happen, without doing it.
    pub(super) async fn shown(&self, choices: &Choices) -> Result<pb::SubstituteLineResponse, Error> {
        let currency = &choices.order.currency_code;
        let mut answer = pb::SubstituteLineResponse {
            line: Some(message::line(currency, &choices.line, Vec::new())?),
            choices: choices.judged.iter().map(|choice| choices.message(choice)).collect(),
            ..pb::SubstituteLineResponse::default()
        };
        let Ok(chosen) = choices.chosen() else { return Ok(answer) };
        let row = choices.row(&choices.order, &choices.line, choices.number, chosen)?;
        let request = inventory::ReserveStockRequest {
            lines: vec![inventory::ReserveLine { all_or_nothing_group: String::new(), ..exchange_line(&row) }],
            characteristics: characteristics_of(&choices.order),
            ..inventory::ReserveStockRequest::default()
        };
        let reserved = self.inventory().inquire(request).await.map_err(Error::Refused)?;
        // As if it were an order of its own.
        let order = customer_order::Model {
            state: OrderState::Reserving.as_str().to_owned(),
            kits: String::new(),
            lines_active: 1,
            ..choices.order.clone()
        };
        let lines = BTreeMap::from([(row.line_number, LineRecord::new(row))]);
        let record = OrderRecord { lines, ..OrderRecord::new(order) };
        let moment = Moment { now: choices.now, places: &choices.places };
        let (order, _) = would_be(record, &reserved, moment, self.events(choices.now, None))?;
        answer.substitute = order.lines.into_iter().next();
        answer.exchanged = Some(choices.message(chosen));
        Ok(answer)
    }
}

/// What a line that stands for another asks inventory for. Its place was accepted once, so nothing of it is refused.
pub(super) fn exchange_line(row: &order_line::Model) -> inventory::ReserveLine {
    inventory::ReserveLine {
        shortfall: inventory::Shortfall::Backorder.into(),
        waiting_limit: None,
        ..reserve_line(row, Placing::Firm)
    }
}

impl Choices {
    /// The first that fits.
    pub(super) fn chosen(&self) -> Result<&Choice, Error> {
        if let Some(fits) = self.judged.iter().find(|choice| choice.why_not.is_none()) {
            return Ok(fits);
        }
        match self.judged.first() {
            Some(first) => Err(self.refused(first, first.why_not.unwrap_or(NotSubstitutable::NoSubstitute))),
            None => Err(Error::NotSubstitutable {
                order: self.order.id.clone(),
                line: self.line.line_number,
                substitute: String::new(),
                why: NotSubstitutable::NoSubstitute,
            }),
        }
    }

    pub(super) fn refused(&self, choice: &Choice, why: NotSubstitutable) -> Error {
        let (order, substitute) = (self.order.id.clone(), choice.item.id.clone());
        Error::NotSubstitutable { order, line: self.line.line_number, substitute, why }
    }

    /// The line that is added to an order for a choice, numbered after all others.
    pub(super) fn line(&self, book: &Book, line: &LineRecord, choice: &Choice) -> Result<order_line::Model, Error> {
        let row = &line.row;
        let order = book.orders.get(&row.order_id).ok_or_else(|| Error::no_order(&row.order_id))?;
        let number = order.lines.keys().max().copied().unwrap_or_default() + 1;
        if number > LINE_NUMBER_MAX {
            return Err(Error::invalid("name", "the order has no number left for a line"));
        }
        self.row(&order.row, row, number, choice)
    }

    fn zone(&self) -> TimeZone {
        time_zone(&self.line.time_zone).unwrap_or(TimeZone::UTC)
    }

    /// The rule that forbids it, whatever is free.
    fn forbidden(&self, listed: &SubstituteCopy, wanted: &Substitute) -> Option<NotSubstitutable> {
        use backorder_domain::order::substitute::PriceRule;
        let today = civil_date_in(self.now, &self.zone());
        let is_kit = self.items.get(listed.item.as_str()).is_some_and(|item| !item.components.is_empty());
        let excluded = &listed.excluded_customers;
        if is_kit {
            Some(NotSubstitutable::NoSubstitute)
        } else if !is_valid_on(today, listed.valid_from, listed.valid_to) {
            Some(NotSubstitutable::NotValid)
        } else if excluded.contains(&self.order.customer) {
            Some(NotSubstitutable::CustomerExcluded)
        } else if listed.price_rule == PriceRule::Ask && wanted.consent.is_none() {
            Some(NotSubstitutable::ConsentNeeded)
        } else {
            None
        }
    }

    fn price(&self, listed: &SubstituteCopy, item: &ItemCopy) -> Result<Option<i64>, NotSubstitutable> {
        let own = item.price.as_ref().filter(|(_, currency)| *currency == self.order.currency_code);
        price(listed.price_rule, listed.ratio, self.line.price_nanos, own.map(|(nanos, _)| *nanos))
    }

    /// The same wishes for another item, with the same place in the queue and the same wait.
    fn row(
        &self,
        order: &customer_order::Model,
        line: &order_line::Model,
        number: i32,
        choice: &Choice,
    ) -> Result<order_line::Model, Error> {
        const TABLE: &str = "order_line";
        let ordered_at = columns::instant(order.ordered_at, "customer_order")?;
        let draft = self.draft(order, line, number, choice)?;
        let barriers = self.rules.held_customers.get(&order.customer).copied().unwrap_or_default();
        let (items, places, rules) = (&self.items, &*self.places, &*self.rules);
        let basis = Basis { barriers, order, items, places, rules, quantities_stand: true, ordered_at, now: self.now };
        let mut violations = Violations::new();
        let row = basis.line_row(&draft, 0, &mut violations);
        violations.finish()?;
        let mut row = row.ok_or_else(|| Error::no_line(&order.id, line.line_number))?;
        row.queue_time = line.queue_time;
        let order_date = civil_date_in(ordered_at, &self.zone());
        let requested = columns::date(&row.requested_date, TABLE)?;
        let queued_at = columns::instant(row.queue_time, TABLE)?;
        row.queue_key = queue_key(&self.rules.sequence, order, &row, requested, queued_at, order_date);
        row.wait_started_at = line.wait_started_at;
        row.wait_limit_date.clone_from(&line.wait_limit_date);
        row.set_name.clone_from(&line.set_name);
        row.set_days = line.set_days;
        row.substitutes_line = Some(line.line_number);
        row.substitutes_units = choice.exchange.originals;
        row.updated_at = columns::micros(self.now);
        Ok(row)
    }

    fn draft(
        &self,
        order: &customer_order::Model,
        line: &order_line::Model,
        number: i32,
        choice: &Choice,
    ) -> Result<DraftLine, Error> {
        const TABLE: &str = "order_line";
        let invalid = |error: &dyn std::error::Error| backorder_storage::StorageError::InvalidRow {
            table: TABLE,
            detail: error.to_string(),
        };
        let item = ItemId::try_new(&choice.item.id).map_err(|error| invalid(&error))?;
        let quantity = Quantity::try_new(choice.exchange.substitutes).map_err(|error| invalid(&error))?;
        let locations = texts::locations_of(&line.locations).map(LocationId::try_new).collect::<Result<_, _>>();
        let currency = CurrencyCode::try_new(&order.currency_code).ok();
        Ok(DraftLine {
            number,
            item,
            unit: String::new(),
            quantity,
            locations: locations.map_err(|error| invalid(&error))?,
            requested: Some(RequestedDate {
                date: columns::date(&line.requested_date, TABLE)?,
                basis: DateBasis::from_str_name(&line.requested_basis).unwrap_or(DateBasis::Ship),
                time_zone: line.time_zone.clone(),
            }),
            price: choice.price_nanos.zip(currency).map(|(nanos, currency)| Money { currency, nanos }),
            cost: None,
            instruction: shortage::instruction(line)?,
            ship_set: line.ship_set.clone(),
            // What stands for something else is not exchanged again.
            substitution_allowed: false,
            notify_before_short: line.notify_before_short,
            part: None,
            // A line that asks something of its units is not exchanged.
            wish: Wish::default(),
        })
    }

    fn message(&self, choice: &Choice) -> pb::SubstituteChoice {
        let currency = &self.order.currency_code;
        let refund = Some(choice.refund_nanos).filter(|nanos| *nanos > 0);
        pb::SubstituteChoice {
            item: format!("items/{}", choice.item.id),
            original_quantity: choice.exchange.originals,
            substitute_quantity: choice.exchange.substitutes,
            free: choice.free,
            unit_price: message::money(currency, choice.price_nanos),
            refund: message::money(currency, refund),
            why_not: choice.why_not.map(|why| why.as_str().to_owned()).unwrap_or_default(),
        }
    }
}
