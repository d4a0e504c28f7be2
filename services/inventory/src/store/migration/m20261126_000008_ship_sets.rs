//! Ship sets: claims that take stock only together with others.

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
        for table in ["claim", "claim_location"] {
            let mut in_set = columns.boolean("in_set").default(false).take();
            manager.alter_table(Table::alter().table(table).add_column(&mut in_set).take()).await?;
        }
        Ok(())
    }
}
