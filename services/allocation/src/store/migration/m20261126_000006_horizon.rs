//! How long before goods have to leave stock is reserved for a line, and what it is promised of what is free before.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000006_horizon"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        for table in ["item_copy", "order_line"] {
            let mut days = columns.int32("reservation_horizon_days").null().take();
            manager.alter_table(Table::alter().table(table).add_column(&mut days).take()).await?;
        }
        let mut quantity = columns.number("unreserved_quantity").default(0).take();
        manager.alter_table(Table::alter().table("order_line").add_column(&mut quantity).take()).await?;
        let mut location = columns.id_text("unreserved_location").default("").take();
        manager.alter_table(Table::alter().table("order_line").add_column(&mut location).take()).await?;
        Ok(())
    }
}
