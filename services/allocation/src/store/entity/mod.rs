//! The tables, one entity per file. Columns mean what the migration says; nothing here decides anything.

pub mod allocation_policy_in_force;
pub mod allocation_policy_version;
pub mod allocation_run;
pub mod allocation_run_call;
pub mod allocation_run_line;
pub mod backlog_import;
pub mod backorder_policy;
pub mod calendar_copy;
pub mod carrier_event;
pub mod customer_hold;
pub mod customer_order;
pub mod customer_question;
pub mod drop_ship_take;
pub mod exception_limits;
pub mod exception_note;
pub mod figure_period;
pub mod figure_target;
pub mod held_customer;
pub mod imported_line;
pub mod item_copy;
pub mod lane_copy;
pub mod line_claim;
pub mod line_hold;
pub mod line_override;
pub mod location_copy;
pub mod lost_demand;
pub mod order_line;
pub mod order_write;
pub mod pending_promise;
pub mod pending_run;
pub mod pending_set;
pub mod promise;
pub mod recall;
pub mod refund_due;
pub mod rule_write;
pub mod run_schedule;
pub mod serving_mode;
pub mod serving_sequence;
pub mod shipment;
pub mod shipment_line;
pub mod shipped_batch;
pub mod unfinished_step;
pub mod warehouse_order;
pub mod warehouse_order_line;

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
            allocation_run,
            allocation_run_call,
            allocation_run_line,
            backlog_import,
            backorder_policy,
            calendar_copy,
            customer_hold,
            carrier_event,
            customer_order,
            customer_question,
            drop_ship_take,
            figure_period,
            figure_target,
            held_customer,
            exception_limits,
            exception_note,
            imported_line,
            item_copy,
            lane_copy,
            line_claim,
            line_hold,
            line_override,
            location_copy,
            lost_demand,
            order_line,
            order_write,
            pending_promise,
            pending_run,
            pending_set,
            promise,
            recall,
            refund_due,
            rule_write,
            run_schedule,
            serving_mode,
            serving_sequence,
            shipment,
            shipment_line,
            shipped_batch,
            unfinished_step,
            warehouse_order,
            warehouse_order_line
        );
        for (table, columns) in tables {
            assert_eq!(columns, Vec::<String>::new(), "{table}");
        }
    }
}
