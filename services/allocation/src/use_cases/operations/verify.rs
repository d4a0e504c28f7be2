//! `VerifyOrders`: every line adds up and is barred as its holds say, every copy of a claim is what inventory has, and
//! inventory has no open claim of an order without a copy.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use backorder_domain::order::{
    eligibility::{Barrier, Barriers, HoldTarget},
    state::OrderState,
};
use backorder_proto::{allocation::v1 as pb, convert::allocation::line_name};
use backorder_storage::{StorageError, Transaction};

use crate::{
    error::Error,
    order::{
        LineKey,
        recall::open as open_units,
        refund::{CANCELLED, RETURNED, credited, given_up},
        take::to_ship,
    },
    store::{
        entity::{
            customer_order, drop_ship_take, imported_line, line_claim, line_hold, order_line, recall, refund_due,
        },
        go_live, holds, recalls, refunds,
        takes::{self, PENDING},
        totals,
    },
    use_cases::UseCases,
};

/// Orders that are proved at once.
const ORDERS_AT_ONCE: u64 = 200;
/// Differences that are named at most.
const DIFFERENCES_MAX: usize = 1_000;

/// Lines and copies of claims of some orders.
struct Page {
    orders: Vec<customer_order::Model>,
    lines: Vec<order_line::Model>,
    claims: Vec<line_claim::Model>,
    recalls: Vec<recall::Model>,
    refunds: Vec<refund_due::Model>,
    takes: Vec<drop_ship_take::Model>,
    holds: Vec<line_hold::Model>,
    held_customers: HashMap<String, Barriers>,
    imported: Vec<imported_line::Model>,
}

impl Page {
    /// The orders after an id; `None` after the last.
    async fn after(connection: &Transaction, after: &str) -> Result<Option<Self>, StorageError> {
        let orders = totals::orders_after(connection, after, ORDERS_AT_ONCE).await?;
        let Some((first, last)) = orders.first().zip(orders.last()) else { return Ok(None) };
        let lines = totals::lines_between(connection, &first.id, &last.id).await?;
        let claims = totals::claims_between(connection, &first.id, &last.id).await?;
        let recalls = recalls::pending_between(connection, &first.id, &last.id).await?;
        let refunds = refunds::between(connection, &first.id, &last.id).await?;
        let takes = takes::between(connection, &first.id, &last.id).await?;
        let holds = holds::between(connection, &first.id, &last.id).await?;
        let held_customers = holds::barriers_of_customers(connection).await?;
        let imported = go_live::lines_between(connection, &first.id, &last.id).await?;
        Ok(Some(Self { orders, lines, claims, recalls, refunds, takes, holds, held_customers, imported }))
    }

    fn last_id(&self) -> String {
        self.orders.last().map(|order| order.id.clone()).unwrap_or_default()
    }
}

/// Units of a claim: reserved (released ones among them), waiting, posted, released, waiting that may take stock.
pub(super) type Units = [i64; 5];

impl UseCases {
    /// Proves the orders: first by themselves, on one snapshot; then every copy of a claim against inventory; then every
    /// open claim of inventory against the copies. Run it when the service is idle: orders that a step is under way for
    /// are left out, and news of a claim that is not taken yet may differ for a moment.
    ///
    /// # Errors
    /// Those of the store; [`Error::Unanswered`] when inventory does not answer. A difference is an answer, not an error.
    pub async fn verify_orders(&self) -> Result<pb::VerifyOrdersResponse, Error> {
        let mut proof = self.prove_by_themselves().await?;
        self.compare_copies(&mut proof).await?;
        self.find_orphans(&mut proof).await?;
        proof.response.balanced = !proof.differs;
        proof.response.orders_left_out = i64::try_from(proof.left_out.len()).unwrap_or(i64::MAX);
        Ok(proof.response)
    }

    async fn prove_by_themselves(&self) -> Result<Proof, Error> {
        self.store()
            .snapshot("verify_orders", |tx| {
                Box::pin(async move {
                    let mut proof = Proof::default();
                    let mut after = String::new();
                    while let Some(page) = Page::after(tx, &after).await? {
                        proof.add_up(&page);
                        after = page.last_id();
                    }
                    Ok::<_, Error>(proof)
                })
            })
            .await
    }
}

pub(super) fn units_of_copy(copy: &line_claim::Model) -> Units {
    let eligible = if copy.eligible { copy.waiting } else { 0 };
    [copy.reserved, copy.waiting, copy.posted, copy.released, eligible]
}

/// Whether claims of the order changed while a step is under way for it: its lines follow them at the end of the step.
fn follows_later(order: &customer_order::Model) -> bool {
    order.busy_step.is_some() && order.claims_pending
}

/// Units for which money is given back, by line and basis.
fn refunded_units(refunds: &[refund_due::Model]) -> HashMap<(&str, i32, &str), i64> {
    let mut refunded: HashMap<(&str, i32, &str), i64> = HashMap::new();
    for refund in refunds {
        *refunded.entry((&refund.order_id, refund.line_number, &refund.basis)).or_default() += refund.quantity;
    }
    refunded
}

const QUANTITIES: [&str; 5] = ["reserved", "open", "shipped", "released", "eligible"];

const TAKEN: [&str; 3] = ["drop_ship_pending", "drop_ship_confirmed", "drop_shipped"];

#[derive(Default)]
pub(super) struct Proof {
    response: pb::VerifyOrdersResponse,
    differs: bool,
    /// Orders that cannot be proved now.
    left_out: BTreeSet<String>,
}

impl Proof {
    pub(super) fn expect(&mut self, line: &str, quantity: &str, booked: i64, expected: i64) {
        if booked == expected {
            return;
        }
        self.differs = true;
        if self.response.differences.len() < DIFFERENCES_MAX {
            self.response.differences.push(pb::OrderDifference {
                line: line.to_owned(),
                quantity: quantity.to_owned(),
                booked,
                expected,
            });
        }
    }

    /// The quantities of each line add up and equal those of its claims, what may take stock of it is what waits
    /// and not barred, what is asked back is what its recalls ask for, and what is given back is what was cancelled and
    /// came back; the counts of each order equal its lines.
    fn add_up(&mut self, page: &Page) {
        self.expect_barriers(page);
        self.expect_takes(page);
        page.orders.iter().filter(|order| follows_later(order)).for_each(|order| self.leave_out(&order.id));
        let Page { orders, lines, claims, recalls, refunds, imported, .. } = page;
        let mut sums: HashMap<(&str, i32), Units> = HashMap::new();
        for claim in claims {
            let sum = sums.entry((&claim.order_id, claim.line_number)).or_default();
            for (sum, units) in sum.iter_mut().zip(units_of_copy(claim)) {
                *sum += units;
            }
        }
        let mut asked: HashMap<(&str, i32), i64> = HashMap::new();
        for recall in recalls {
            *asked.entry((&recall.order_id, recall.line_number)).or_default() += open_units(recall);
        }
        let refunded = refunded_units(refunds);
        // Of what was cancelled while it was a quote nothing is given back.
        let quotes: BTreeSet<&str> =
            orders.iter().filter(|order| order.quote_expires_at.is_some()).map(|order| order.id.as_str()).collect();
        let imported: HashMap<(&str, i32), &imported_line::Model> =
            imported.iter().map(|line| ((line.order_id.as_str(), line.line_number), line)).collect();
        let mut active: HashMap<&str, (i64, i64)> = HashMap::new();
        for line in lines {
            let name = line_name(&line.order_id, line.line_number);
            let claimed = sums.get(&(line.order_id.as_str(), line.line_number)).copied().unwrap_or_default();
            if !self.left_out.contains(&line.order_id) {
                self.expect_quantities(&name, line, claimed);
            }
            let asked = asked.get(&(line.order_id.as_str(), line.line_number)).copied().unwrap_or_default();
            self.expect(&name, "recalling", line.recalling, asked);
            let before = imported.get(&(line.order_id.as_str(), line.line_number)).copied();
            self.expect_go_live(&name, line, before);
            // What was given up in another system, that system has paid for.
            let cancelled = given_up(line) - before.map_or(0, |before| before.cancelled);
            let returned = credited(line) - before.map_or(0, |before| before.returned);
            for (basis, paid_back) in [(CANCELLED, cancelled), (RETURNED, returned)] {
                let refunded = refunded.get(&(line.order_id.as_str(), line.line_number, basis));
                let refunded = refunded.copied().unwrap_or_default();
                let was_quoted = quotes.contains(line.order_id.as_str()) && refunded < paid_back;
                if !was_quoted {
                    self.expect(&name, &format!("refunds of {}", basis.to_lowercase()), refunded, paid_back);
                }
            }
            let counts = active.entry(&line.order_id).or_default();
            counts.0 += i64::from(line.open + line.reserved + line.released > 0);
            counts.1 += i64::from(line.shipped > 0);
        }
        self.prove_sets(orders, lines, claims);
        self.prove_kits(orders, lines);
        self.prove_substitutes(lines);
        for order in orders {
            let name = format!("orders/{}", order.id);
            let counts = active.get(order.id.as_str()).copied().unwrap_or_default();
            self.expect(&name, "lines_active", order.lines_active, counts.0);
            self.expect(&name, "lines_shipped", order.lines_shipped, counts.1);
            self.expect_state(order, &name, counts);
        }
        self.response.orders += i64::try_from(orders.len()).unwrap_or(i64::MAX);
        self.response.lines += i64::try_from(lines.len()).unwrap_or(i64::MAX);
    }

    /// What bars each line is what the holds on it say and those on its customer. A line of an order that is over may keep
    /// what it had of the customer's holds until none is left. The difference shows the stored sets.
    fn expect_barriers(&mut self, Page { orders, lines, holds, held_customers, .. }: &Page) {
        let mut of_lines: HashMap<(&str, i32), Barriers> = HashMap::new();
        for hold in holds {
            let so_far = of_lines.entry((&hold.order_id, hold.line_number)).or_default();
            *so_far = so_far.union(Barriers::NONE.with_holds(HoldTarget::Line, [hold.blocks_allocation]));
        }
        let orders: HashMap<&str, &customer_order::Model> =
            orders.iter().map(|order| (order.id.as_str(), order)).collect();
        for line in lines {
            let Some(order) = orders.get(line.order_id.as_str()) else { continue };
            let is_over = OrderState::from_name(&order.state).is_none_or(OrderState::is_over);
            let own = of_lines.get(&(line.order_id.as_str(), line.line_number)).copied().unwrap_or_default();
            let theirs = held_customers.get(&order.customer).copied().unwrap_or_default();
            let (mask, expected) = if is_over && theirs != Barriers::NONE {
                (Barriers::LINE_HOLD_BITS, own)
            } else {
                (Barriers::HOLD_BITS, own.union(theirs))
            };
            let name = line_name(&line.order_id, line.line_number);
            self.expect(&name, "barriers", i64::from(line.barriers & mask), i64::from(expected.bits()));
        }
    }

    /// A line stands behind the barrier of go-live as long as its own is not through.
    fn expect_go_live(&mut self, name: &str, line: &order_line::Model, before: Option<&imported_line::Model>) {
        let pinned = i64::from(line.barriers & Barriers::GO_LIVE_BIT != 0);
        let waits = i64::from(before.is_some_and(|before| before.state != go_live::LIVE));
        self.expect(name, "waits for go-live", pinned, waits);
    }

    /// A ship set of which something waits holds nothing but what the warehouse has in hands, unless supply is expected for
    /// all that waits and the set takes stock before it comes. The difference shows what it holds.
    fn prove_sets(
        &mut self,
        orders: &[customer_order::Model],
        lines: &[order_line::Model],
        claims: &[line_claim::Model],
    ) {
        let open: BTreeSet<&str> = orders
            .iter()
            .filter(|order| order.state == OrderState::Open.as_str() && !follows_later(order))
            .map(|order| order.id.as_str())
            .collect();
        let mut pegged: HashMap<(&str, i32), i64> = HashMap::new();
        for claim in claims {
            *pegged.entry((&claim.order_id, claim.line_number)).or_default() += claim.pegged;
        }
        let mut sets: BTreeMap<(&str, &str), Vec<&order_line::Model>> = BTreeMap::new();
        for line in lines.iter().filter(|line| !line.set_name.is_empty() && open.contains(line.order_id.as_str())) {
            sets.entry((&line.order_id, &line.set_name)).or_default().push(line);
        }
        for ((order, set), lines) in sets {
            let waits: i64 = lines.iter().map(|line| line.open).sum();
            let expected: i64 =
                lines.iter().map(|line| pegged.get(&(order, line.line_number)).copied().unwrap_or_default()).sum();
            let may_hold = lines.iter().any(|line| line.set_days > 0) && expected == waits;
            let goes_live = lines.iter().any(|line| line.barriers & Barriers::GO_LIVE_BIT != 0);
            if waits > 0 && !may_hold && !goes_live {
                let held = lines.iter().map(|line| line.reserved).sum();
                self.expect(
                    &format!("orders/{order}"),
                    &format!("reserved of the incomplete ship set {set:?}"),
                    held,
                    0,
                );
            }
        }
    }

    fn expect_quantities(&mut self, name: &str, line: &order_line::Model, claimed: Units) {
        let sum = line.open + line.reserved + line.released + line.shipped + line.cancelled;
        self.expect(name, "ordered", line.ordered, sum);
        // All that waits may take stock, or nothing: that as much waits as is open is another question.
        let eligible = if line.barriers & Barriers::ALLOCATION_BITS == 0 { claimed[1] } else { 0 };
        // No claim knows of what suppliers shipped themselves.
        let posted = line.shipped - line.drop_shipped;
        let booked = [line.reserved + line.released, line.open, posted, line.released, eligible];
        for (index, quantity) in QUANTITIES.iter().enumerate() {
            self.expect(name, quantity, booked[index], claimed[index]);
        }
    }

    /// What suppliers are asked for of each line, and what they shipped, is what its takes say; it takes no stock while that
    /// is all that is open.
    fn expect_takes(&mut self, Page { lines, takes, .. }: &Page) {
        let mut of_lines: HashMap<(&str, i32), [i64; 3]> = HashMap::new();
        for take in takes {
            let [pending, confirmed, shipped] = of_lines.entry((&take.order_id, take.line_number)).or_default();
            *pending += if take.state == PENDING { take.quantity } else { 0 };
            *confirmed += to_ship(take);
            *shipped += take.shipped;
        }
        for line in lines {
            let name = line_name(&line.order_id, line.line_number);
            let expected = of_lines.get(&(line.order_id.as_str(), line.line_number)).copied().unwrap_or_default();
            let booked = [line.drop_ship_pending, line.drop_ship_confirmed, line.drop_shipped];
            for (index, quantity) in TAKEN.iter().enumerate() {
                self.expect(&name, quantity, booked[index], expected[index]);
            }
            let asked = booked[0] + booked[1];
            let is_barred = Barriers::from_bits(line.barriers).is_some_and(|set| set.contains(Barrier::DropShip));
            self.expect(&name, "barred by takes", i64::from(is_barred), i64::from(asked > 0 && asked >= line.open));
        }
    }

    /// The state of an order is the one that its lines make. The difference shows the number of lines.
    fn expect_state(&mut self, order: &customer_order::Model, name: &str, (active, shipped): (i64, i64)) {
        let Some(state) = OrderState::from_name(&order.state) else {
            return self.expect(name, "state", 1, 0);
        };
        let (booked, expected) = match state {
            OrderState::Open => (active.min(1), 1),
            OrderState::Completed if shipped == 0 => (shipped, 1),
            OrderState::Completed | OrderState::Cancelled | OrderState::Expired => (active, 0),
            // A quote may have nothing any more for a moment; an order in the making has nothing yet.
            OrderState::Quoted | OrderState::Reserving => return,
        };
        self.expect(name, &format!("lines of the state {state}"), booked, expected);
    }

    /// A copy of a claim is what inventory has.
    pub(super) fn compare_one(&mut self, key: &LineKey, booked: Units, expected: Units) {
        let name = line_name(&key.order, key.line);
        let [_, waiting, _, _, _] = booked;
        // Where other units wait, it has been told already that what may take stock differs too.
        let told = if waiting == expected[1] { QUANTITIES.len() } else { QUANTITIES.len() - 1 };
        for (index, quantity) in QUANTITIES.iter().enumerate().take(told) {
            let quantity = format!("claim {} {quantity}", key.part);
            self.expect(&name, &quantity, booked[index], expected[index]);
        }
    }

    /// What an order has cannot be compared now.
    pub(super) fn leave_out(&mut self, order: &str) {
        self.left_out.insert(order.to_owned());
    }
}
