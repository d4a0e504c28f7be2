//! What customers want on shortage: when they agreed that less leaves than they ordered, and which lines go together.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000008_ship_sets"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        // SQLite adds one column at a time. Lines from before go alone.
        for mut column in [
            columns.instant("short_agreed_at").null().take(),
            columns.id_text("set_name").default("").take(),
            columns.int32("set_days").default(0).take(),
            columns.text("set_free").default("").take(),
        ] {
            manager.alter_table(Table::alter().table("order_line").add_column(&mut column).take()).await?;
        }
        let mut days = columns.int32("ship_set_days").default(0).take();
        manager.alter_table(Table::alter().table("backorder_policy").add_column(&mut days).take()).await?;
        manager.create_table(pending_set(columns)).await?;
        let due = Index::create().name("ix_pending_set_due_at").table("pending_set").col("due_at").to_owned();
        manager.create_index(due).await
    }
}

fn pending_set(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("pending_set")
        .col(columns.id_text("order_id"))
        .col(columns.id_text("set_name"))
        .col(columns.number("generation"))
        .col(columns.instant("due_at"))
        .primary_key(Index::create().name("pk_pending_set").col("order_id").col("set_name"));
    columns.clustered(&mut table).take()
}
