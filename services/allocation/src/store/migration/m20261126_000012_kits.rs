//! Kits of orders, and the components that their lines are.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000012_kits"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        let add = async |table: &'static str, mut column: ColumnDef| {
            manager.alter_table(Table::alter().table(table).add_column(&mut column).take()).await
        };
        add("customer_order", columns.text("kits").default("").take()).await?;
        add("order_line", columns.int32("kit_line").null().take()).await?;
        add("order_line", columns.number("kit_units").default(0).take()).await?;
        add("order_line", columns.money_nanos("kit_price_nanos").null().take()).await?;
        // Kits are few among lines: only their components are in it.
        let of_kits = Index::create()
            .name("ix_order_line_kit")
            .table("order_line")
            .col("order_id")
            .col("kit_line")
            .and_where(Expr::col("kit_line").is_not_null())
            .take();
        manager.create_index(of_kits).await?;
        add("refund_due", columns.money_nanos("amount_nanos").null().take()).await?;
        add("item_copy", columns.money_nanos("price_nanos").null().take()).await?;
        add("item_copy", columns.currency("price_currency").default("").take()).await?;
        add("item_copy", columns.text("components").default("").take()).await?;
        // Copies that do not know this are read anew from inventory when they are needed.
        manager.get_connection().execute_unprepared("DELETE FROM item_copy").await?;
        Ok(())
    }
}
