//! Batches: what is known of them, and the balance of named units.
//!
//! Labels that movements had before are notes: no balance is made of them.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000017b_batches"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        let named = columns.number("named").default(0).take();
        manager.alter_table(Table::alter().table("position").add_column(named).to_owned()).await?;
        let balanced = columns.boolean("balanced").default(false).take();
        manager.alter_table(Table::alter().table("movement").add_column(balanced).to_owned()).await?;
        manager.create_table(batch(columns)).await?;
        manager.create_table(batch_stock(columns)).await?;
        let expiring = Expr::col("best_before").is_not_null();
        let index =
            Index::create().name("ix_batch_best_before").table("batch").col("best_before").and_where(expiring).take();
        manager.create_index(index).await?;
        // Movements of named units are few, and their index is read by proofs only.
        let index = Index::create()
            .name("ix_movement_balanced")
            .table("movement")
            .col("item_id")
            .and_where(Expr::col("balanced"))
            .take();
        manager.create_index(index).await
    }
}

fn refers_to(
    table: &'static str,
    name: &'static str,
    column: &'static str,
    target: &'static str,
) -> ForeignKeyCreateStatement {
    ForeignKey::create().name(name).from(table, column).to(target, "id").to_owned()
}

fn batch(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("batch")
        .col(columns.id_text("item_id"))
        .col(columns.id_text("batch"))
        .col(columns.id_text("best_before").null())
        .col(columns.text("supplier_lot"))
        .primary_key(Index::create().name("pk_batch").col("item_id").col("batch"))
        .foreign_key(&mut refers_to("batch", "fk_batch_item", "item_id", "item"));
    columns.clustered(&mut table).take()
}

fn batch_stock(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    let key = ["item_id", "location_id", "shelf", "batch", "owner"];
    let mut primary = Index::create();
    primary.name("pk_batch_stock");
    table.table("batch_stock");
    for column in key {
        table.col(columns.id_text(column));
        primary.col(column);
    }
    table
        .col(columns.quantity("quantity", "ck_batch_stock_quantity"))
        .primary_key(&mut primary)
        .foreign_key(&mut refers_to("batch_stock", "fk_batch_stock_item", "item_id", "item"))
        .foreign_key(&mut refers_to("batch_stock", "fk_batch_stock_location", "location_id", "location"));
    columns.clustered(&mut table).take()
}
