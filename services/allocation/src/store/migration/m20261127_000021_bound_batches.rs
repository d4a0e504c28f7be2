//! Orders to warehouses say what their lines ask of the units, and which batches are bound to them.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261127_000021_bound_batches"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        // SQLite adds one column per statement.
        for column in [
            columns.id_text("batch").default("").take(),
            columns.int32("shelf_life_days").default(0).take(),
            columns.text("bound").default("").take(),
        ] {
            manager.alter_table(Table::alter().table("warehouse_order_line").add_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
