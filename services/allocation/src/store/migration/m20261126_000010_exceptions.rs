//! What about a line needs a planner and what is at stake, and what planners add; when held units are shared.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000010_exceptions"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        // SQLite adds one column at a time.
        for mut column in [
            columns.int32("exceptions").default(0).take(),
            columns.text("exception_times").default("").take(),
            columns.money_nanos("risk_nanos").default(0).take(),
        ] {
            manager.alter_table(Table::alter().table("order_line").add_column(&mut column).take()).await?;
        }
        manager.create_table(exception_note(columns)).await?;
        let connection = manager.get_connection();
        for text in [
            // Lines in good order are not in it.
            "CREATE INDEX ix_order_line_exceptions ON order_line (risk_nanos DESC, order_id, line_number) \
             WHERE exceptions <> 0",
            // The first turn of the clock of waits finds out what about the lines that wait needs a planner.
            "UPDATE order_line SET wait_due_at = 0 WHERE open > 0",
        ] {
            connection.execute_unprepared(text).await?;
        }
        Ok(())
    }
}

/// `since` is when the cause came about: what is said about a cause that went is said about nothing.
fn exception_note(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("exception_note")
        .col(columns.id_text("subject"))
        .col(columns.id_text("kind"))
        .col(columns.instant("since"))
        .col(columns.id_text("owner"))
        .col(columns.instant("snoozed_until").null())
        .col(columns.text("note"))
        .col(columns.text("actor"))
        .col(columns.text("reason_code"))
        .col(columns.text("reason_note"))
        .col(columns.instant("updated_at"))
        .primary_key(Index::create().name("pk_exception_note").col("subject").col("kind"));
    columns.clustered(&mut table).take()
}
