//! Allocation runs that are committed: what was asked of inventory, and what became of each line.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261128_000051_committed_runs"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        let of_run = [
            // When its commit was asked for, null while nobody did, and by whom and why.
            columns.instant("commit_at").null().take(),
            columns.text("commit_actor").default("").take(),
            columns.text("commit_reason_code").default("").take(),
            columns.text("commit_note").default("").take(),
            // All items up to this one are committed.
            columns.id_text("commit_cursor").default("").take(),
            // All calls about this item and those before it are written.
            columns.id_text("calls_item").default("").take(),
            columns.boolean("cancel_requested").default(false).take(),
        ];
        let of_line = [
            columns.int32("outcome").default(0).take(),
            columns.number("units_taken").default(0).take(),
            columns.number("units_given").default(0).take(),
        ];
        // SQLite adds one column per statement.
        for column in of_run {
            manager.alter_table(Table::alter().table("allocation_run").add_column(column).to_owned()).await?;
        }
        for column in of_line {
            manager.alter_table(Table::alter().table("allocation_run_line").add_column(column).to_owned()).await?;
        }
        manager.create_table(allocation_run_call(columns)).await
    }
}

/// What is asked of inventory, written before it is asked and taken off with the answer. Without a foreign key: calls are
/// deleted before their run.
fn allocation_run_call(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("allocation_run_call")
        .col(columns.id_text("run_id"))
        .col(columns.number("number"))
        .col(columns.bytes("request"))
        .primary_key(Index::create().name("pk_allocation_run_call").col("run_id").col("number"));
    columns.clustered(&mut table).take()
}
