//! The tables as SeaORM entities, one per file. They hold columns and nothing else: no rule and no query.

pub mod audit_note;
pub mod batch;
pub mod batch_stock;
pub mod calendar;
pub mod calendar_day;
pub mod claim;
pub mod claim_group;
pub mod claim_location;
pub mod drop_ship_stock;
pub mod group_balance;
pub mod hold;
pub mod item;
pub mod item_component;
pub mod item_group;
pub mod item_ledger;
pub mod item_release;
pub mod item_substitute;
pub mod item_unit;
pub mod lane;
pub mod location;
pub mod movement;
pub mod peg;
pub mod position;
pub mod receipt_line;
pub mod reservation;
pub mod stock_comparison;
pub mod stock_difference;
pub mod supply;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use backorder_storage::{Store, StoreOptions, schema::misdeclared_columns};
    use backorder_testkit::{Backend, fresh_url};

    use super::*;

    #[tokio::test]
    async fn sqlite_gives_out_the_whole_numbers_of_the_models() {
        let database = fresh_url(Backend::Sqlite).await;
        let store = Store::connect(StoreOptions::from_url(database.url())).await.unwrap();
        store.migrate::<crate::store::migration::Migrator>().await.unwrap();
        macro_rules! misdeclared {
            ($($table:ident),*) => {
                vec![$((stringify!($table), misdeclared_columns::<$table::Entity>(store.reader()).await.unwrap())),*]
            };
        }
        let tables = misdeclared!(
            audit_note,
            batch,
            batch_stock,
            calendar,
            calendar_day,
            claim,
            claim_group,
            claim_location,
            drop_ship_stock,
            group_balance,
            hold,
            item,
            item_component,
            item_group,
            item_ledger,
            item_release,
            item_substitute,
            item_unit,
            lane,
            location,
            movement,
            peg,
            position,
            receipt_line,
            reservation,
            stock_comparison,
            stock_difference,
            supply
        );
        for (table, columns) in tables {
            assert_eq!(columns, Vec::<String>::new(), "{table}");
        }
    }
}
