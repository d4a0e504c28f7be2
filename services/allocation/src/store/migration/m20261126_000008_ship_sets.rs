//! What customers want on shortage: when they agreed that less leaves than they ordered.

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
        let mut agreed = columns.instant("short_agreed_at").null().take();
        manager.alter_table(Table::alter().table("order_line").add_column(&mut agreed).take()).await?;
        Ok(())
    }
}
