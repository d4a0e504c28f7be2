//! Sets and clears holds.

use std::collections::BTreeSet;

use async_trait::async_trait;
use backorder_domain::order::{eligibility::HoldTarget, hold::HoldType, state::OrderCommand};
use backorder_proto::{allocation::v1 as pb, common::v1::WriteContext, convert::allocation::hold_type};
use backorder_storage::{Batch, WriteTx, columns};
use jiff::Timestamp;
use prost::Message as _;
use uuid::Uuid;

use crate::{
    error::Error,
    events::Events,
    order::{
        Book, Changes, Moment, WriteNote,
        hold::{Hold, Target},
    },
    saga::{Planned, StepCommand, StepKind},
    store::{
        holds::{self, HoldsOfLines},
        orders::load_orders_in_tx,
    },
    use_cases::UseCases,
    write::{Who, Write},
};

/// What is held, or held no longer.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    /// Orders: each of their lines.
    pub orders: BTreeSet<String>,
    /// Lines by order and number.
    pub lines: BTreeSet<(String, i32)>,
    /// Customers.
    pub customers: BTreeSet<String>,
}

/// Holds to set.
#[derive(Debug, Clone)]
pub struct SetHolds {
    /// What is held.
    pub targets: Targets,
    /// What kind of hold it is.
    pub hold_type: HoldType,
    /// Whether it keeps lines from taking stock.
    pub blocks_allocation: bool,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
    /// Who sets it and why.
    pub who: Who,
}

/// Holds to clear.
#[derive(Debug, Clone)]
pub struct ClearHolds {
    /// What is held no longer.
    pub targets: Targets,
    /// Which kinds end; empty means all.
    pub types: BTreeSet<HoldType>,
    /// Who clears them and why.
    pub who: Who,
}

impl UseCases {
    /// Sets a hold of one type on orders, lines and customers: all or none.
    ///
    /// # Errors
    /// Those of the contract.
    pub async fn set_holds(self, write: Write<SetHolds>) -> Result<pb::SetHoldsResponse, Error> {
        let set = &write.command;
        let answer = self.change_holds(&write, &set.targets, &set.who, Change::Set(set)).await?;
        self.holds_changed(&set.targets).await?;
        Ok(answer)
    }

    /// Clears holds of orders, lines and customers. What is not there stays away.
    ///
    /// # Errors
    /// Those of the contract.
    pub async fn clear_holds(self, write: Write<ClearHolds>) -> Result<pb::ClearHoldsResponse, Error> {
        let clear = &write.command;
        let answer = self.change_holds(&write, &clear.targets, &clear.who, Change::Clear(&clear.types)).await?;
        self.holds_changed(&clear.targets).await?;
        Ok(answer)
    }

    async fn change_holds<C, A>(
        &self,
        write: &Write<C>,
        targets: &Targets,
        who: &Who,
        change: Change<'_>,
    ) -> Result<A, Error>
    where
        C: Sync,
        A: prost::Message + Default,
    {
        let context = who.clone().or_caller(&write.key.caller).message();
        let command =
            ChangeCommand { use_cases: self, targets, change, context, traceparent: write.traceparent.clone() };
        self.run_step(write, &command).await
    }

    /// The orders of held customers hear at once, so that who asked can rely on it; the job would tell them later.
    async fn holds_changed(&self, targets: &Targets) -> Result<(), Error> {
        if !targets.customers.is_empty() {
            self.rules().forget();
            self.spread_customer_holds().await?;
            self.wakes().holds.wake();
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Change<'a> {
    Set(&'a SetHolds),
    Clear(&'a BTreeSet<HoldType>),
}

impl Change<'_> {
    const fn kind(self) -> &'static str {
        match self {
            Self::Set(_) => "hold",
            Self::Clear(_) => "clear hold",
        }
    }
}

struct ChangeCommand<'a> {
    use_cases: &'a UseCases,
    targets: &'a Targets,
    change: Change<'a>,
    context: WriteContext,
    traceparent: Option<String>,
}

#[async_trait]
impl StepCommand for ChangeCommand<'_> {
    /// Inventory is told by a job, so no step ever begins.
    fn kind(&self) -> StepKind {
        StepKind::Amend
    }

    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, _batch: &mut Batch) -> Result<Planned, Error> {
        let now = self.use_cases.now();
        if let Change::Set(SetHolds { until: Some(until), .. }) = self.change
            && *until <= now
        {
            return Err(Error::invalid("until_time", "must be in the future"));
        }
        let places = self.use_cases.catalog().places_in_tx(tx).await?;
        let moment = Moment { now, places: &places };
        let mut work = HoldWork::new(self.use_cases.events(now, self.traceparent.clone()), moment);
        let customers: BTreeSet<&str> = self.targets.customers.iter().map(String::as_str).collect();
        let versions = holds::count_changes_in_tx(tx, &customers).await?;
        let of_customers = holds::of_customers(tx, &customers).await?;
        for customer in &self.targets.customers {
            let before = of_customers.get(customer).cloned().unwrap_or_default();
            let target = Target::Customer(customer.clone());
            let (after, touched) = self.apply(&target, &before, now);
            work.customer(
                customer,
                versions.get(customer).copied().unwrap_or_default(),
                &after,
                &self.cause(&touched),
            )?;
            work.answered.extend(touched);
        }
        let orders = self.orders();
        let mut book = load_orders_in_tx(tx, &orders).await?;
        let of_lines = holds::of_orders(tx, &orders.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        for (order, line) in self.lines(&book)? {
            self.change_line(&mut book, &of_lines, &order, line, &mut work)?;
        }
        let note = WriteNote { step, kind: self.change.kind(), context: &self.context };
        for order in &orders {
            work.changes.note(order, note, moment);
        }
        let messages = work.answered.iter().map(Hold::message).collect::<Result<Vec<_>, _>>()?;
        let mut batch = Batch::new(tx);
        let answer = match self.change {
            Change::Set(_) => {
                holds::put(&mut batch, &work.answered);
                pb::SetHoldsResponse { holds: messages }.encode_to_vec()
            }
            Change::Clear(_) => {
                holds::remove(&mut batch, &work.answered);
                pb::ClearHoldsResponse { cleared: messages }.encode_to_vec()
            }
        };
        self.use_cases.record_in_tx(tx, batch, work.changes, work.events).await?;
        Ok(Planned::Done(answer))
    }
}

impl ChangeCommand<'_> {
    fn orders(&self) -> BTreeSet<String> {
        let lines = self.targets.lines.iter().map(|(order, _)| order.clone());
        self.targets.orders.iter().cloned().chain(lines).collect()
    }

    /// The lines that the command is about, all of which are there and whose orders take it.
    fn lines(&self, book: &Book) -> Result<BTreeSet<(String, i32)>, Error> {
        let mut lines = self.targets.lines.clone();
        for id in self.orders() {
            let order = book.orders.get(&id).ok_or_else(|| Error::no_order(&id))?;
            if let Some(step) = &order.row.busy_step {
                return Err(Error::Busy { order: id, step: step.clone() });
            }
            if let Change::Set(_) = self.change {
                let allowed = order.state()?.check(OrderCommand::Hold);
                allowed.map_err(|conflict| Error::State { order: id.clone(), conflict })?;
            }
            if self.targets.orders.contains(&id) {
                lines.extend(order.lines.keys().map(|line| (id.clone(), *line)));
            }
        }
        match lines.iter().find(|(order, line)| book.line(order, *line).is_none()) {
            Some((order, line)) => Err(Error::no_line(order, *line)),
            None => Ok(lines),
        }
    }

    fn change_line(
        &self,
        book: &mut Book,
        of_lines: &HoldsOfLines,
        order: &str,
        line: i32,
        work: &mut HoldWork<'_>,
    ) -> Result<(), Error> {
        let target = Target::Line(order.to_owned(), line);
        let before = of_lines.get(&(order.to_owned(), line)).cloned().unwrap_or_default();
        let (after, touched) = self.apply(&target, &before, work.moment.now);
        if after != before {
            work.line(book, order, line, &after, &self.cause(&touched))?;
        }
        work.answered.extend(touched);
        Ok(())
    }

    /// The holds of a target after the command, by type, and those of them that it set or ended.
    fn apply(&self, target: &Target, before: &[Hold], now: Timestamp) -> (Vec<Hold>, Vec<Hold>) {
        match self.change {
            Change::Set(set) => {
                let name = hold_type(set.hold_type).as_str_name();
                let same = before.iter().find(|hold| hold.hold_type == name);
                let hold = Hold {
                    target: target.clone(),
                    hold_type: name.to_owned(),
                    blocks_allocation: set.blocks_allocation,
                    actor: self.context.actor.clone(),
                    reason_code: self.context.reason_code.clone(),
                    note: self.context.note.clone(),
                    set_at: same.map_or(columns::micros(now), |hold| hold.set_at),
                    until_at: set.until.map(columns::micros),
                };
                let others = before.iter().filter(|hold| hold.hold_type != name).cloned();
                let mut after: Vec<Hold> = others.chain([hold.clone()]).collect();
                after.sort_by(|a, b| a.hold_type.cmp(&b.hold_type));
                (after, vec![hold])
            }
            Change::Clear(types) => {
                let names: Vec<&str> = types.iter().map(|one| hold_type(*one).as_str_name()).collect();
                let ends = |hold: &Hold| names.is_empty() || names.contains(&hold.hold_type.as_str());
                let (ended, after): (Vec<Hold>, Vec<Hold>) = before.iter().cloned().partition(ends);
                (after, ended)
            }
        }
    }

    fn cause(&self, touched: &[Hold]) -> String {
        let words: Vec<&str> = touched.iter().map(Hold::word).collect();
        let WriteContext { actor, reason_code, .. } = &self.context;
        match self.change {
            Change::Set(_) => format!("{} hold set by {actor}: {reason_code}", words.join(", ")),
            Change::Clear(_) => format!("{} hold cleared by {actor}: {reason_code}", words.join(", ")),
        }
    }
}

/// What a change of holds writes.
pub(super) struct HoldWork<'a> {
    pub(super) changes: Changes,
    pub(super) events: Events<'a>,
    pub(super) moment: Moment<'a>,
    /// Holds that were set or ended, as the caller is answered.
    pub(super) answered: Vec<Hold>,
}

impl<'a> HoldWork<'a> {
    pub(super) fn new(events: Events<'a>, moment: Moment<'a>) -> Self {
        Self { changes: Changes::default(), events, moment, answered: Vec::new() }
    }

    /// A line of the book has these holds now.
    pub(super) fn line(
        &mut self,
        book: &mut Book,
        order: &str,
        line: i32,
        after: &[Hold],
        cause: &str,
    ) -> Result<(), Error> {
        let record = book.orders.get_mut(order).ok_or_else(|| Error::no_order(order))?;
        let barriers = record.lines.get(&line).ok_or_else(|| Error::no_line(order, line))?.barriers()?;
        let blocking = after.iter().map(|hold| hold.blocks_allocation);
        let barriers = barriers.with_holds(HoldTarget::Line, blocking);
        self.changes.bar_line(record, line, barriers, cause, self.moment, &mut self.events)?;
        self.changes.holds_changed(record, line, after, cause, &mut self.events)
    }

    /// A customer has these holds now.
    pub(super) fn customer(&mut self, customer: &str, version: i64, after: &[Hold], cause: &str) -> Result<(), Error> {
        Ok(self.events.customer_holds(customer, version, after, cause)?)
    }
}
