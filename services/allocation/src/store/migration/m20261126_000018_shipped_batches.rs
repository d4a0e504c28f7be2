//! Of which batches and owners the units of shipments were.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000018_shipped_batches"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A check on a new column can be added only together with it, on SQLite.
        let named = "ALTER TABLE shipment_line ADD COLUMN named BIGINT NOT NULL DEFAULT 0 \
                     CONSTRAINT ck_shipment_line_named CHECK (named >= 0 AND named <= quantity)";
        manager.get_connection().execute_unprepared(named).await?;
        manager.create_table(shipped_batch(Columns::of(manager))).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn shipped_batch(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("shipped_batch")
        .col(columns.id_text("shipment_id"))
        .col(columns.int32("ordinal"))
        .col(columns.id_text("order_id"))
        .col(columns.int32("line_number"))
        .col(columns.id_text("location_id"))
        .col(columns.id_text("item_id"))
        .col(columns.id_text("batch"))
        .col(columns.id_text("owner"))
        .col(columns.quantity("quantity", "ck_shipped_batch_quantity"))
        .col(columns.number("returned"))
        .col(columns.money_nanos("cost_nanos").null())
        .col(columns.currency("cost_currency"))
        .col(columns.instant("shipped_at"))
        .check((
            "ck_shipped_batch_returned",
            Expr::col("returned").gte(0).and(Expr::col("returned").lte(Expr::col("quantity"))),
        ))
        .primary_key(Index::create().name("pk_shipped_batch").col("shipment_id").col("ordinal"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_shipped_batch_shipment")
                .from("shipped_batch", "shipment_id")
                .to("shipment", "id"),
        );
    columns.clustered(&mut table).take()
}

fn indexes() -> [IndexCreateStatement; 3] {
    let table = "shipped_batch";
    let of_line = Index::create().name("ix_shipped_batch_line").table(table).col("order_id").col("line_number").take();
    let of_item = Index::create().name("ix_shipped_batch_item").table(table).col("item_id").col("batch").take();
    let in_time = Index::create().name("ix_shipped_batch_time").table(table).col("shipped_at").take();
    [of_line, of_item, in_time]
}
