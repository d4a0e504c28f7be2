//! What left of which batches and owners.

use std::collections::BTreeMap;

use backorder_domain::money::{CurrencyCode, Money};
use backorder_proto::{
    allocation::v1 as pb,
    convert::{allocation::line_name, encode},
};
use backorder_storage::{StorageError, columns};

use crate::{
    error::Error,
    order::{message::money, shipment::batch_message},
    store::{
        entity::shipped_batch,
        shipped_batches::{self, LeftFilter, LeftSum, LeftTime},
    },
    use_cases::UseCases,
};

impl UseCases {
    /// Units of named batches and owners that left, by time, after a place in this order, each with its place.
    ///
    /// # Errors
    /// [`StorageError`] of the query.
    pub async fn list_shipped_batches(
        &self,
        filter: &LeftFilter,
        after: Option<(i64, &str, i32)>,
        limit: u64,
    ) -> Result<Vec<(String, pb::LeftUnits)>, StorageError> {
        let found = shipped_batches::list(self.store().reader(), filter, after, limit).await?;
        let place = |row: &shipped_batch::Model| format!("{} {} {}", row.shipped_at, row.shipment_id, row.ordinal);
        found.iter().map(|row| Ok((place(row), left_units(row)?))).collect()
    }

    /// What left in a time, by owner, item and currency, with what it cost.
    ///
    /// # Errors
    /// [`StorageError`] of the queries; [`Error::Contract`] for costs beyond all amounts.
    pub async fn summarize_shipped_owners(&self, time: LeftTime) -> Result<pb::SummarizeShippedOwnersResponse, Error> {
        let (all, named) = shipped_batches::sums(self.store().reader(), time).await?;
        Ok(pb::SummarizeShippedOwnersResponse { sums: by_owner(&all, &named)? })
    }
}

fn left_units(row: &shipped_batch::Model) -> Result<pb::LeftUnits, StorageError> {
    Ok(pb::LeftUnits {
        shipment: format!("shipments/{}", row.shipment_id),
        line: line_name(&row.order_id, row.line_number),
        item: format!("items/{}", row.item_id),
        location: format!("locations/{}", row.location_id),
        units: Some(batch_message(row)),
        returned: row.returned,
        unit_cost: money(&row.cost_currency, row.cost_nanos),
        ship_time: Some(encode::timestamp(columns::instant(row.shipped_at, "shipped_batch")?)),
    })
}

/// Units and costs of one owner, item and currency.
#[derive(Debug, Default)]
struct Sum {
    quantity: i64,
    returned: i64,
    cost_nanos: i128,
}

/// The sums: own units are all but those of other owners.
fn by_owner(all: &[LeftSum], named: &[LeftSum]) -> Result<Vec<pb::ShippedOfOwner>, Error> {
    let mut sums: BTreeMap<(&str, &str, &str), Sum> = BTreeMap::new();
    let own = all.iter().map(|row| ("", row, row.quantity, 0));
    let of_named = named.iter().flat_map(|row| {
        if row.owner.is_empty() {
            vec![("", row, 0, row.returned)]
        } else {
            vec![("", row, -row.quantity, 0), (row.owner.as_str(), row, row.quantity, row.returned)]
        }
    });
    for (owner, row, quantity, returned) in own.chain(of_named) {
        let currency = if row.cost_nanos.is_some() { row.cost_currency.as_str() } else { "" };
        let sum = sums.entry((owner, row.item_id.as_str(), currency)).or_default();
        sum.quantity += quantity;
        sum.returned += returned;
        sum.cost_nanos += i128::from(quantity - returned) * i128::from(row.cost_nanos.unwrap_or_default());
    }
    let sums = sums.into_iter().filter(|(_, sum)| sum.quantity != 0);
    sums.map(|((owner, item, currency), sum)| message(owner, item, currency, &sum)).collect()
}

fn message(owner: &str, item: &str, currency: &str, sum: &Sum) -> Result<pb::ShippedOfOwner, Error> {
    let nanos = i64::try_from(sum.cost_nanos).map_err(|_| Error::Contract("a sum of costs overflows".to_owned()))?;
    let cost = CurrencyCode::try_new(currency).ok().map(|currency| encode::money(Money { currency, nanos }));
    Ok(pb::ShippedOfOwner {
        owner: owner.to_owned(),
        item: format!("items/{item}"),
        quantity: sum.quantity,
        returned: sum.returned,
        cost,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn sum(owner: &str, cost: Option<i64>, quantity: i64, returned: i64) -> LeftSum {
        let currency = if cost.is_some() { "EUR" } else { "" };
        LeftSum {
            owner: owner.to_owned(),
            item_id: "mug".to_owned(),
            cost_nanos: cost,
            cost_currency: currency.to_owned(),
            quantity,
            returned,
        }
    }

    #[test]
    fn own_units_are_all_but_those_of_others_and_what_came_back_is_not_owed() {
        let all = [sum("", Some(2), 10, 0), sum("", None, 3, 0)];
        let named = [sum("", Some(2), 4, 1), sum("acme", Some(2), 5, 2), sum("acme", None, 3, 0)];
        let said: Vec<_> = by_owner(&all, &named)
            .unwrap()
            .into_iter()
            .map(|of| (of.owner, of.quantity, of.returned, of.cost.map(|cost| cost.nanos)))
            .collect();
        assert_eq!(
            said,
            [(String::new(), 5, 1, Some(8)), ("acme".to_owned(), 3, 0, None), ("acme".to_owned(), 5, 2, Some(6)),]
        );
    }
}
