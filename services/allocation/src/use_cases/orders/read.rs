//! Reads orders.

use std::collections::HashMap;

use backorder_proto::allocation::v1 as pb;
use backorder_storage::StorageError;

use crate::{
    error::Error,
    order::message,
    store::{
        entity::customer_order,
        orders::{self, ListFilter},
    },
    use_cases::UseCases,
};

/// A page of orders.
#[derive(Debug, Clone)]
pub struct OrderPage {
    /// Rows of the page, one more when there is a next page.
    pub rows: Vec<customer_order::Model>,
}

impl UseCases {
    /// One order with its lines and their holds.
    ///
    /// # Errors
    /// [`Error::Missing`] when no order has the id.
    pub async fn get_order(&self, id: &str) -> Result<pb::Order, Error> {
        let mut orders = self
            .store()
            .snapshot("get_order", |tx| {
                Box::pin(async move {
                    let order = orders::find_order(&**tx, id).await?;
                    with_lines(&**tx, order.into_iter().collect()).await
                })
            })
            .await?;
        orders.pop().ok_or_else(|| Error::no_order(id))
    }

    /// Orders by order time and id, after a place in this order, as rows: see [`UseCases::orders_of_rows`].
    ///
    /// # Errors
    /// [`StorageError`] of the query.
    pub async fn list_orders(
        &self,
        filter: &ListFilter,
        after: Option<(i64, &str)>,
        limit: u64,
    ) -> Result<OrderPage, StorageError> {
        Ok(OrderPage { rows: orders::list_orders(self.store().reader(), filter, after, limit).await? })
    }

    /// Orders of rows, with their lines.
    ///
    /// # Errors
    /// [`StorageError`] of the queries.
    pub async fn orders_of_rows(&self, page: OrderPage) -> Result<Vec<pb::Order>, StorageError> {
        with_lines(self.store().reader(), page.rows).await
    }
}

async fn with_lines(
    connection: &impl sea_orm::ConnectionTrait,
    rows: Vec<customer_order::Model>,
) -> Result<Vec<pb::Order>, StorageError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let (lines, mut holds): (HashMap<_, _>, _) = orders::lines_of_orders(connection, &rows).await?;
    rows.iter()
        .map(|row| {
            let lines = lines.get(&row.id).map(Vec::as_slice).unwrap_or_default();
            message::order_with_holds(row, lines, &mut holds)
        })
        .collect()
}
