//! The holds of an untidy demo: some orders are stopped when they are placed, and let go some mornings later.

use backorder_proto::allocation::v1::{
    ClearHoldsRequest, GetOrderRequest, HoldType, Order, OrderState, SetHoldsRequest,
};
use jiff::civil::Date;

use super::{
    idle::until_idle,
    stream::Stream,
    untidy::{Held, hold_of},
};
use crate::{client::requests, failure::Failure, import::import_id, output::text};

impl Stream<'_> {
    /// Stops an order that was placed, when the seed says so.
    pub(super) async fn hold(&mut self, placed: &Order, day: Date) -> Result<(), Failure> {
        let Some(mishaps) = &mut self.state.mishaps else { return Ok(()) };
        let id = text::id(&placed.name);
        let Some(held) = hold_of(self.state.seed, id, day).filter(|_| placed.state() == OrderState::Open) else {
            return Ok(());
        };
        let request = SetHoldsRequest {
            request_id: import_id(&["demo", "hold", id]).to_string(),
            targets: vec![placed.name.clone()],
            r#type: hold_type(held).into(),
            blocks_allocation: None,
            until_time: None,
            context: Some(requests::context("hold", "modelled")),
        };
        self.clients.holds.clone().set_holds(request).await?;
        mishaps.orders_held += 1;
        mishaps.held.insert(placed.name.clone(), held.until.to_string());
        self.book.hold(&placed.name);
        Ok(())
    }

    /// Lets orders go whose holds end in the morning of a day.
    pub(super) async fn let_go(&mut self, day: Date) -> Result<(), Failure> {
        let Some(mishaps) = &mut self.state.mishaps else { return Ok(()) };
        let today = day.to_string();
        let due: Vec<String> =
            mishaps.held.extract_if(.., |_, until| *until <= today).map(|(order, _)| order).collect();
        if due.is_empty() {
            return Ok(());
        }
        let request = ClearHoldsRequest {
            request_id: import_id(&["demo", "let go", &today]).to_string(),
            targets: due.clone(),
            types: Vec::new(),
            context: Some(requests::context("paid", "modelled")),
        };
        self.clients.holds.clone().clear_holds(request).await?;
        until_idle(&self.clients).await?;
        for name in due {
            let order = self.clients.orders.clone().get_order(GetOrderRequest { name }).await?.into_inner();
            self.book.let_go(&order.name);
            self.book.note(&order);
        }
        Ok(())
    }
}

const fn hold_type(held: Held) -> HoldType {
    if held.takes_no_stock { HoldType::Credit } else { HoldType::Manual }
}
