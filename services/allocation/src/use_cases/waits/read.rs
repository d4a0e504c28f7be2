//! Lists questions to customers, and what is to be given back.

use backorder_proto::allocation::v1 as pb;
use backorder_storage::StorageError;

use crate::{
    order::{question, refund},
    store::{
        questions::{self, QuestionFilter, QuestionPlace},
        refunds::{self, RefundFilter, RefundPlace},
    },
    use_cases::UseCases,
};

impl UseCases {
    /// Questions by the time at which they were asked, after a place in this order, each with its place.
    ///
    /// # Errors
    /// [`StorageError`] of the query.
    pub async fn list_questions(
        &self,
        filter: &QuestionFilter,
        after: Option<QuestionPlace<'_>>,
        limit: u64,
    ) -> Result<Vec<(String, pb::CustomerQuestion)>, StorageError> {
        let rows = questions::list(self.store().reader(), filter, after, limit).await?;
        let placed = rows.iter().map(|row| {
            let place = format!("{} {} {} {}", row.asked_at, row.order_id, row.line_number, row.number);
            Ok((place, question::message(row)?))
        });
        placed.collect()
    }

    /// Refunds by the time at which they became due, after a place in this order, each with its place.
    ///
    /// # Errors
    /// [`StorageError`] of the query.
    pub async fn list_refunds(
        &self,
        filter: &RefundFilter,
        after: Option<RefundPlace<'_>>,
        limit: u64,
    ) -> Result<Vec<(String, pb::Refund)>, StorageError> {
        let rows = refunds::list(self.store().reader(), filter, after, limit).await?;
        let placed = rows.iter().map(|row| {
            let place = format!("{} {} {} {} {}", row.due_at, row.order_id, row.line_number, row.basis, row.up_to);
            Ok((place, refund::message(row)?))
        });
        placed.collect()
    }
}
