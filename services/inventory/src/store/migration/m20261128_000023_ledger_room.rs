//! The row of an item's newest movement finds room for its next version on its page, as a position does.

use sea_orm::{ConnectionTrait as _, DbBackend};
use sea_orm_migration::prelude::*;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261128_000023_ledger_room"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            // It changes with every movement of its item; moved to another page it costs an entry of the index as well. Pages
            // that are full already get room as their rows change.
            let room = "ALTER TABLE item_ledger SET (fillfactor = 50)";
            manager.get_connection().execute_unprepared(room).await?;
        }
        Ok(())
    }
}
