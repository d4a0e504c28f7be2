//! Answers what placing an order would answer now, and keeps nothing.

use backorder_proto::allocation::v1 as pb;

use super::{
    Draft,
    prepare::{Placing, Prepared},
};
use crate::{
    error::Error,
    order::{LineRecord, Moment, OrderRecord},
    saga::would_be,
    use_cases::UseCases,
    write::Who,
};

impl UseCases {
    /// What placing the order would answer now.
    ///
    /// # Errors
    /// As placing it; [`Error::Unanswered`] when inventory does not answer.
    pub async fn inquire_order(&self, draft: Draft) -> Result<pb::InquireOrderResponse, Error> {
        let fresh = || self.ids().next_uuid().to_string();
        let order_id = draft.order_id.as_ref().map_or_else(fresh, ToString::to_string);
        let Prepared { order, lines, call, .. } =
            self.prepare(&draft, &order_id, Placing::Firm, &Who::default()).await?;
        let answer = self.inventory().inquire(call).await.map_err(Error::Refused)?;
        let lines = lines.into_iter().map(|row| (row.line_number, LineRecord::new(row)));
        let record = OrderRecord { lines: lines.collect(), ..OrderRecord::new(order) };
        let places = self.catalog().places().await?;
        let now = self.now();
        let moment = Moment { now, places: &places };
        let (order, lost_demand) = would_be(record, &answer, moment, self.events(now, None))?;
        Ok(pb::InquireOrderResponse { order: Some(order), lost_demand })
    }
}
