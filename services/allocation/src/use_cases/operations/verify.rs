//! `VerifyOrders`: every line adds up, and every copy of a claim is what inventory has.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use backorder_domain::order::state::OrderState;
use backorder_proto::{
    allocation::v1 as pb,
    convert::allocation::{claim_of_line, line_name},
};

use crate::{
    error::Error,
    order::{
        LineKey,
        key::{QUOTE_PART, demand_line},
    },
    store::{
        entity::{customer_order, line_claim, order_line},
        totals,
    },
    use_cases::UseCases,
};

/// Orders that are proved at once.
const ORDERS_AT_ONCE: u64 = 200;
/// Lines whose claims are asked for at once.
const LINES_AT_ONCE: usize = 1_000;
/// Differences that are named at most.
const DIFFERENCES_MAX: usize = 1_000;

impl UseCases {
    /// Proves the orders. Run it when the service is idle: a claim that is changing now may differ for a moment.
    ///
    /// # Errors
    /// Those of the store; [`Error::Unanswered`] when inventory does not answer. A difference is an answer, not an error.
    pub async fn verify_orders(&self) -> Result<pb::VerifyOrdersResponse, Error> {
        let mut proof = Proof::default();
        let mut after = String::new();
        loop {
            let orders = totals::orders_after(self.store().reader(), &after, ORDERS_AT_ONCE).await?;
            let (Some(first), Some(last)) = (orders.first(), orders.last()) else { break };
            let (first, last) = (first.id.clone(), last.id.clone());
            let lines = totals::lines_between(self.store().reader(), &first, &last).await?;
            let claims = totals::claims_between(self.store().reader(), &first, &last).await?;
            proof.add_up(&orders, &lines, &claims);
            let truth = self.claims_of(&lines, &claims).await?;
            proof.compare(&claims, &truth);
            after = last;
        }
        proof.response.balanced = !proof.differs;
        Ok(proof.response)
    }

    async fn claims_of(
        &self,
        lines: &[order_line::Model],
        claims: &[line_claim::Model],
    ) -> Result<BTreeMap<LineKey, [i64; 3]>, Error> {
        let mut names: Vec<String> =
            lines.iter().map(|line| demand_line(&line.order_id, line.line_number, false)).collect();
        let quotes = claims.iter().filter(|claim| claim.part == QUOTE_PART);
        names.extend(quotes.map(|claim| demand_line(&claim.order_id, claim.line_number, true)));
        let mut truth = BTreeMap::new();
        for chunk in names.chunks(LINES_AT_ONCE) {
            for claim in self.inventory().claims_of(chunk.to_vec()).await.map_err(Error::Unanswered)? {
                let Some(key) = LineKey::of_claim(&claim.line, claim.part) else { continue };
                let claim = claim_of_line(&claim).map_err(|violations| Error::Contract(violations.to_string()))?;
                let reserved = claim.copy.reserved().map_or(0, |quantity| quantity.get());
                truth.insert(key, [reserved, claim.copy.waiting.get(), claim.copy.posted.get()]);
            }
        }
        Ok(truth)
    }
}

const QUANTITIES: [&str; 3] = ["reserved", "open", "shipped"];

#[derive(Default)]
struct Proof {
    response: pb::VerifyOrdersResponse,
    differs: bool,
}

impl Proof {
    fn expect(&mut self, line: &str, quantity: &str, booked: i64, expected: i64) {
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

    /// The quantities of each line add up and equal those of its claims; the counts of each order equal its lines.
    fn add_up(&mut self, orders: &[customer_order::Model], lines: &[order_line::Model], claims: &[line_claim::Model]) {
        let mut sums: HashMap<(&str, i32), [i64; 3]> = HashMap::new();
        for claim in claims {
            let sum = sums.entry((&claim.order_id, claim.line_number)).or_default();
            *sum = [sum[0] + claim.reserved, sum[1] + claim.waiting, sum[2] + claim.posted];
        }
        let mut active: HashMap<&str, (i64, i64)> = HashMap::new();
        for line in lines {
            let name = line_name(&line.order_id, line.line_number);
            let sum = line.open + line.reserved + line.released + line.shipped + line.cancelled;
            self.expect(&name, "ordered", line.ordered, sum);
            let claimed = sums.get(&(line.order_id.as_str(), line.line_number)).copied().unwrap_or_default();
            let booked = [line.reserved + line.released, line.open, line.shipped];
            for (index, quantity) in QUANTITIES.iter().enumerate() {
                self.expect(&name, quantity, booked[index], claimed[index]);
            }
            let counts = active.entry(&line.order_id).or_default();
            counts.0 += i64::from(line.open + line.reserved + line.released > 0);
            counts.1 += i64::from(line.shipped > 0);
        }
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

    /// Every copy is what inventory has, and inventory has nothing else for these lines.
    fn compare(&mut self, claims: &[line_claim::Model], truth: &BTreeMap<LineKey, [i64; 3]>) {
        let mut copied = BTreeSet::new();
        for claim in claims {
            let key = LineKey { order: claim.order_id.clone(), line: claim.line_number, part: claim.part };
            let expected = truth.get(&key).copied().unwrap_or_default();
            let booked = [claim.reserved, claim.waiting, claim.posted];
            self.compare_one(&key, booked, expected);
            copied.insert(key);
        }
        for (key, expected) in truth.iter().filter(|(key, _)| !copied.contains(*key)) {
            self.compare_one(key, [0; 3], *expected);
        }
    }

    fn compare_one(&mut self, key: &LineKey, booked: [i64; 3], expected: [i64; 3]) {
        let name = line_name(&key.order, key.line);
        for (index, quantity) in QUANTITIES.iter().enumerate() {
            let quantity = format!("claim {} {quantity}", key.part);
            self.expect(&name, &quantity, booked[index], expected[index]);
        }
    }
}
