//! Schedules of allocation runs.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261128_000052_run_schedules"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        manager.create_table(run_schedule(columns)).await?;
        // SQLite adds one column per statement.
        for column in [
            // The schedule that started the run, empty where somebody did, and the moment.
            columns.id_text("schedule_id").default("").take(),
            columns.instant("due_at").null().take(),
        ] {
            manager.alter_table(Table::alter().table("allocation_run").add_column(column).to_owned()).await?;
        }
        Ok(())
    }
}

fn run_schedule(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("run_schedule")
        .col(columns.id_text("id"))
        // The schedule as it was put.
        .col(columns.bytes("content"))
        // Who put it.
        .col(columns.text("actor"))
        // The next moment; null while it is off or over.
        .col(columns.instant("next_at").null())
        // The last run that it started; empty before the first.
        .col(columns.id_text("last_run_id"))
        .col(columns.instant("last_due_at").null())
        .col(columns.number("version"))
        .col(columns.instant("created_at"))
        .col(columns.instant("updated_at"))
        .primary_key(Index::create().name("pk_run_schedule").col("id"));
    columns.clustered(&mut table).take()
}
