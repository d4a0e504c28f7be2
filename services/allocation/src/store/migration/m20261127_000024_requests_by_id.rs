//! The shared tables in version 2: a request is found by one short key.

use backorder_storage::schema::change_shared_tables_to_v2;
use sea_orm_migration::prelude::*;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261127_000024_requests_by_id"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        change_shared_tables_to_v2(manager).await
    }
}
