//! Categories whose items a planner serves, and the runs that wait for one.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000010b_serving_modes"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        let mut table = Table::create();
        table
            .table("serving_mode")
            .col(columns.id_text("category"))
            .col(columns.id_text("run_time").null())
            .primary_key(Index::create().name("pk_serving_mode").col("category"));
        manager.create_table(columns.clustered(&mut table).take()).await?;
        let mut waits = columns.boolean("waits_for_planner").default(false).take();
        manager.alter_table(Table::alter().table("pending_run").add_column(&mut waits).take()).await
    }
}
