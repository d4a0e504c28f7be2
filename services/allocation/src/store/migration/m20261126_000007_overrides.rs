//! Decisions of people against the rules, and which confirmations are pinned.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000007_overrides"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        manager.create_table(line_override(columns)).await?;
        for (name, column) in [("ix_line_override_order", "order_id"), ("ix_line_override_created_at", "created_at")] {
            let index = Index::create().name(name).table("line_override").col(column).to_owned();
            manager.create_index(index).await?;
        }
        let due = "CREATE INDEX ix_line_override_expires_at ON line_override (expires_at) \
                   WHERE state IN ('PENDING_APPROVAL', 'APPLIED') AND expires_at IS NOT NULL";
        manager.get_connection().execute_unprepared(due).await?;
        let mut pin = columns.id_text("pin").default("").take();
        manager.alter_table(Table::alter().table("order_line").add_column(&mut pin).take()).await
    }
}

fn line_override(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("line_override")
        .col(columns.id_text("id"))
        .col(columns.id_text("order_id"))
        .col(columns.int32("line_number"))
        .col(columns.id_text("kind"))
        .col(columns.id_text("state"))
        .col(columns.text("actor"))
        .col(columns.instant("created_at"))
        .col(columns.instant("expires_at").null())
        .col(columns.bytes("content"))
        .col(columns.bytes("call"))
        .col(columns.number("version"))
        .primary_key(Index::create().name("pk_line_override").col("id"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_line_override_line")
                .from("line_override", ("order_id", "line_number"))
                .to("order_line", ("order_id", "line_number")),
        );
    columns.clustered(&mut table).take()
}
