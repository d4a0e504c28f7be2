//! Simulated allocation runs and what they found, line by line.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261128_000040_simulated_runs"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        manager.create_table(allocation_run(columns)).await?;
        manager.create_table(allocation_run_line(columns)).await?;
        let newest = Index::create()
            .name("ix_allocation_run_created_at")
            .table("allocation_run")
            .col("created_at")
            .col("id")
            .to_owned();
        manager.create_index(newest).await
    }
}

fn allocation_run(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("allocation_run")
        .col(columns.id_text("id"))
        .col(columns.id_text("state"))
        // The scope and the rules as they were asked for.
        .col(columns.bytes("request"))
        .col(columns.text("actor"))
        .col(columns.text("reason_code"))
        .col(columns.text("note"))
        .col(columns.instant("created_at"))
        .col(columns.instant("ended_at").null())
        .col(columns.text("failure"))
        // All items up to this one are done.
        .col(columns.id_text("cursor_item"))
        .col(columns.bytes("progress"))
        // Counts writes, so that whoever watches sees that something happened.
        .col(columns.number("version"))
        .primary_key(Index::create().name("pk_allocation_run").col("id"));
    columns.clustered(&mut table).take()
}

/// Written in masses and never changed. Without a foreign key: lines are deleted before their run.
fn allocation_run_line(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("allocation_run_line")
        .col(columns.id_text("run_id"))
        .col(columns.id_text("item_id"))
        .col(columns.id_text("order_id"))
        .col(columns.int32("line_number"))
        .col(columns.int32("part"))
        .col(columns.id_text("tier"))
        .col(columns.boolean("is_changed"))
        .col(columns.boolean("is_exception"))
        .col(columns.quantity("quantity", "ck_allocation_run_line_quantity"))
        .col(columns.quantity("on_time", "ck_allocation_run_line_on_time"))
        .col(columns.quantity("confirmed", "ck_allocation_run_line_confirmed"))
        .col(columns.quantity("unit_days_late", "ck_allocation_run_line_unit_days_late"))
        // The version of the claim on which it was decided.
        .col(columns.number("claim_version"))
        // The line as it is told.
        .col(columns.bytes("detail"))
        .primary_key(
            Index::create()
                .name("pk_allocation_run_line")
                .col("run_id")
                .col("item_id")
                .col("order_id")
                .col("line_number")
                .col("part"),
        );
    table.take()
}
