//! The units in which supplies and receipts were entered, and what happens to orders of no whole number of packs.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000017_units"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        let rounding = columns.id_text("pack_rounding").default("REFUSE").take();
        add(manager, "item", rounding).await?;
        // Empty and 0 where a quantity was entered in base units. SQLite adds one column per statement.
        for (table, unit, quantity) in
            [("supply", "ordered_unit", "ordered_unit_quantity"), ("receipt_line", "entered_unit", "entered_quantity")]
        {
            add(manager, table, columns.id_text(unit).default("").take()).await?;
            add(manager, table, columns.number(quantity).default(0).take()).await?;
            add(manager, table, columns.number("base_units_per_unit").default(0).take()).await?;
        }
        Ok(())
    }
}

async fn add(manager: &SchemaManager<'_>, table: &'static str, column: ColumnDef) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await
}
