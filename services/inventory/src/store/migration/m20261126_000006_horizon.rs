//! How long before goods have to leave stock is reserved for them.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000006_horizon"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut days = Columns::of(manager).int32("reservation_horizon_days").null().take();
        manager.alter_table(Table::alter().table("item").add_column(&mut days).take()).await
    }
}
