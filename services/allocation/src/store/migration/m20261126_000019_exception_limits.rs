//! When the end of a wait is near, by policy; how long what nobody answers or ends may stand; and an index of what is promised
//! without a reservation.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000019_exception_limits"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        // Policies and lines from before name a wait two days before its end.
        for table in ["backorder_policy", "order_line"] {
            let days = columns.int32("wait_near_days").default(2).take();
            manager.alter_table(Table::alter().table(table).add_column(days).to_owned()).await?;
        }
        let mut table = Table::create();
        table
            .table("exception_limits")
            .col(columns.int32("id"))
            .col(columns.int32("hold_days"))
            .col(columns.int32("recall_hours"))
            .col(columns.int32("drop_ship_declined_days"))
            .col(columns.int32("drop_ship_unshipped_days"))
            .col(columns.number("version"))
            .col(columns.instant("updated_at"))
            .primary_key(Index::create().name("pk_exception_limits").col("id"));
        manager.create_table(columns.clustered(&mut table).take()).await?;
        let index = "CREATE INDEX ix_order_line_unreserved ON order_line (item_id, order_id, line_number) \
                     WHERE unreserved_location <> ''";
        manager.get_connection().execute_unprepared(index).await?;
        Ok(())
    }
}
