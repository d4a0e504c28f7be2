//! What suppliers report that they could ship themselves. It is no stock: no position and no movement knows of it.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000015_drop_ship"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        let mut table = Table::create();
        table
            .table("drop_ship_stock")
            .col(columns.id_text("item_id"))
            .col(columns.id_text("supplier"))
            .col(columns.quantity("quantity", "ck_drop_ship_stock_quantity"))
            .col(columns.instant("as_of"))
            .col(columns.instant("expires_at"))
            .col(columns.instant("recorded_at"))
            .primary_key(Index::create().name("pk_drop_ship_stock").col("item_id").col("supplier"))
            .foreign_key(
                ForeignKey::create()
                    .name("fk_drop_ship_stock_item")
                    .from("drop_ship_stock", "item_id")
                    .to("item", "id"),
            )
            .check(("ck_drop_ship_stock_expires", Expr::col("expires_at").gt(Expr::col("as_of"))));
        manager.create_table(columns.clustered(&mut table).take()).await
    }
}
