//! `OrderService`.

use backorder_proto::allocation::v1::{self as pb, order_service_server::OrderService};
use tonic::{Request, Response, Status, async_trait};

use super::{damaged_token, decode::order as decode, page, read, write};
use crate::{error::Error, use_cases::UseCases};

/// The service.
pub struct Orders(pub UseCases);

#[async_trait]
impl OrderService for Orders {
    async fn get_order(&self, request: Request<pb::GetOrderRequest>) -> Result<Response<pb::Order>, Status> {
        let id = read(&request, decode::get)?;
        Ok(Response::new(self.0.get_order(id.as_str()).await?))
    }

    async fn list_orders(
        &self,
        request: Request<pb::ListOrdersRequest>,
    ) -> Result<Response<pb::ListOrdersResponse>, Status> {
        let r = request.get_ref();
        let (page, binding) = page(&request, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let filter = read(&request, decode::list)?;
        let after = page.after.as_deref().map(|key| decode::order_place(key).ok_or_else(damaged_token)).transpose()?;
        let mut found = self.0.list_orders(&filter, after, page.query_limit()).await.map_err(Error::from)?;
        let next_page_token = page.cut(&mut found.rows, &binding, |row| format!("{} {}", row.ordered_at, row.id));
        let orders = self.0.orders_of_rows(found).await.map_err(Error::from)?;
        Ok(Response::new(pb::ListOrdersResponse { orders, next_page_token }))
    }

    async fn place_order(
        &self,
        request: Request<pb::PlaceOrderRequest>,
    ) -> Result<Response<pb::PlaceOrderResponse>, Status> {
        write(&self.0, request, decode::place, UseCases::place_order).await
    }

    async fn inquire_order(
        &self,
        request: Request<pb::InquireOrderRequest>,
    ) -> Result<Response<pb::InquireOrderResponse>, Status> {
        let draft = read(&request, |r, violations| decode::draft(r.order.as_ref(), violations))?;
        Ok(Response::new(self.0.inquire_order(draft).await?))
    }

    async fn quote_order(
        &self,
        request: Request<pb::QuoteOrderRequest>,
    ) -> Result<Response<pb::QuoteOrderResponse>, Status> {
        write(&self.0, request, decode::quote, UseCases::quote_order).await
    }

    async fn confirm_quote(
        &self,
        request: Request<pb::ConfirmQuoteRequest>,
    ) -> Result<Response<pb::ConfirmQuoteResponse>, Status> {
        write(&self.0, request, decode::confirm, UseCases::confirm_quote).await
    }

    async fn amend_order_line(
        &self,
        request: Request<pb::AmendOrderLineRequest>,
    ) -> Result<Response<pb::AmendOrderLineResponse>, Status> {
        write(&self.0, request, decode::amend, UseCases::amend_order_line).await
    }

    async fn cancel_order_lines(
        &self,
        request: Request<pb::CancelOrderLinesRequest>,
    ) -> Result<Response<pb::CancelOrderLinesResponse>, Status> {
        write(&self.0, request, decode::cancel, UseCases::cancel_order_lines).await
    }

    async fn ship_order_lines(
        &self,
        request: Request<pb::ShipOrderLinesRequest>,
    ) -> Result<Response<pb::ShipOrderLinesResponse>, Status> {
        write(&self.0, request, decode::ship, UseCases::ship_order_lines).await
    }

    async fn return_order_lines(
        &self,
        request: Request<pb::ReturnOrderLinesRequest>,
    ) -> Result<Response<pb::ReturnOrderLinesResponse>, Status> {
        write(&self.0, request, decode::take_back, UseCases::return_order_lines).await
    }

    async fn substitute_line(
        &self,
        request: Request<pb::SubstituteLineRequest>,
    ) -> Result<Response<pb::SubstituteLineResponse>, Status> {
        write(&self.0, request, decode::substitute, UseCases::substitute_line).await
    }
}
