//! Sends another item for units of a line that wait.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use backorder_domain::{
    ids::ItemId,
    order::{eligibility::Barriers, substitute::NotSubstitutable},
    quantity::Quantity,
};
use backorder_proto::{allocation::v1 as pb, convert::encode, inventory::v1 as inventory};
use backorder_storage::{Batch, WriteTx};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    choices::{Choices, exchange_line},
    prepare::characteristics_of,
    replacement::{self, planned_lines},
    ship::allowed_line,
};
use crate::{
    error::Error,
    order::{LineRecord, key::demand_line, kits},
    saga::{Call, Plan, Planned, PlannedLine, PlannedSubstitution, StepCommand, StepKind, call::Kind, mark_busy},
    store::{
        entity::{customer_order, order_line},
        orders::load_orders_in_tx,
    },
    use_cases::{UseCases, holds::on_hold_in_tx},
    write::{Who, Write},
};

/// Which item is sent for what.
#[derive(Debug, Clone)]
pub struct Substitute {
    /// The order's id.
    pub order: String,
    /// The line's number.
    pub line: i32,
    /// The item to send; `None` means the first that fits.
    pub substitute: Option<ItemId>,
    /// Base units of what was ordered; none means all that can be exchanged.
    pub quantity: Quantity,
    /// Whether it may wait for stock.
    pub may_wait: bool,
    /// The customer's word.
    pub consent: Option<Consent>,
    /// Whether it is only shown.
    pub validate_only: bool,
    /// Who does it and why.
    pub who: Who,
}

/// A customer's word.
#[derive(Debug, Clone)]
pub struct Consent {
    /// When; `None` means now.
    pub time: Option<Timestamp>,
    /// How.
    pub note: String,
}

impl UseCases {
    /// Shows what can be sent in place of a line, or sends it.
    ///
    /// # Errors
    /// Those of the contract; [`Error::Unanswered`] when inventory does not answer, and it is finished later.
    pub async fn substitute_line(self, write: Write<Substitute>) -> Result<pb::SubstituteLineResponse, Error> {
        let wanted = &write.command;
        let judged = self.judge_substitutes(wanted).await;
        if wanted.validate_only {
            return self.shown(&judged?).await;
        }
        // Who asks again under the same id gets the first answer, whatever fits now.
        let (choices, error) = match judged {
            Ok(choices) => (Some(choices), None),
            Err(error) => (None, Some(error)),
        };
        let mut who = wanted.who.clone().or_caller(&write.key.caller);
        if let Some(consent) = &wanted.consent {
            let time = consent.time.unwrap_or_else(|| self.now());
            let own = if who.note.is_empty() { String::new() } else { format!("{}; ", who.note) };
            who.note = format!("{own}the customer agreed at {time}: {}", consent.note);
        }
        let command = SubstituteCommand { wanted, who, now: self.now(), choices, error: Mutex::new(error) };
        self.run_step(&write, &command).await
    }
}

struct SubstituteCommand<'a> {
    wanted: &'a Substitute,
    who: Who,
    now: Timestamp,
    choices: Option<Choices>,
    /// Why there are none.
    error: Mutex<Option<Error>>,
}

#[async_trait]
impl StepCommand for SubstituteCommand<'_> {
    fn kind(&self) -> StepKind {
        StepKind::Substitute
    }

    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, batch: &mut Batch) -> Result<Planned, Error> {
        let choices = match (&self.choices, self.error.lock().unwrap_or_else(PoisonError::into_inner).take()) {
            (Some(choices), None) => choices,
            (_, Some(error)) => return Err(error),
            // The transaction is tried again after it was told why.
            (None, None) => return Err(Error::Kit(backorder_service_kit::problem::Problem::contention())),
        };
        let (id, number) = (&self.wanted.order, self.wanted.line);
        let mut book = load_orders_in_tx(tx, &BTreeSet::from([id.clone()])).await?;
        let line = allowed_line(&book, id, number, StepKind::Substitute)?;
        check(line)?;
        if line.row.barriers & Barriers::LINE_HOLD_BITS != 0 {
            return Err(on_hold_in_tx(tx, &book, id, number).await?);
        }
        let chosen = choices.chosen()?;
        if chosen.exchange.originals > line.row.open - line.row.drop_ship_confirmed {
            return Err(choices.refused(chosen, NotSubstitutable::NothingWaits));
        }
        let added = choices.line(&book, line, chosen)?;
        let plan = self.plan(&choices.order, line, &added, chosen);
        mark_busy(batch, &mut book, step)?;
        replacement::add(batch, &mut book, vec![added]);
        Ok(Planned::Step(Box::new(plan), book))
    }
}

impl SubstituteCommand<'_> {
    /// The substitute is claimed first: what inventory refuses of it leaves the line as it was.
    fn plan(
        &self,
        order: &customer_order::Model,
        line: &LineRecord,
        added: &order_line::Model,
        chosen: &super::choices::Choice,
    ) -> Plan {
        let context = Some(self.who.message());
        let effective_time = Some(encode::timestamp(self.now));
        let reserve = inventory::ReserveStockRequest {
            lines: vec![exchange_line(added)],
            characteristics: characteristics_of(order),
            effective_time,
            context: context.clone(),
            ..inventory::ReserveStockRequest::default()
        };
        let originals = chosen.exchange.originals;
        let release = inventory::ReleaseClaimsRequest {
            lines: vec![inventory::ReleaseLine {
                line: demand_line(&line.row.order_id, line.row.line_number, false),
                quantity: originals,
                ..inventory::ReleaseLine::default()
            }],
            effective_time,
            context: context.clone(),
            ..inventory::ReleaseClaimsRequest::default()
        };
        let planned =
            PlannedLine { order: line.row.order_id.clone(), line: line.row.line_number, part: 0, quantity: originals };
        Plan {
            calls: vec![Call::new(Kind::Reserve(reserve)), Call::new(Kind::Release(release))],
            lines: vec![planned],
            context,
            added: planned_lines(std::slice::from_ref(added)),
            substitution: Some(PlannedSubstitution {
                item: chosen.item.id.clone(),
                refund_nanos: chosen.refund_nanos,
                free: chosen.free,
            }),
            ..Plan::default()
        }
    }
}

/// Whether the line may be given a substitute at all.
pub(super) fn check(line: &LineRecord) -> Result<(), Error> {
    let row = &line.row;
    kits::refuse_component(row)?;
    let refused = |why| Error::NotSubstitutable {
        order: row.order_id.clone(),
        line: row.line_number,
        substitute: String::new(),
        why,
    };
    if !row.substitution_allowed {
        return Err(refused(NotSubstitutable::NotAllowed));
    }
    // What a supplier confirmed is on its way. Before go-live another system still promises it.
    if row.open == row.drop_ship_confirmed || row.barriers & Barriers::GO_LIVE_BIT != 0 {
        return Err(refused(NotSubstitutable::NothingWaits));
    }
    Ok(())
}
