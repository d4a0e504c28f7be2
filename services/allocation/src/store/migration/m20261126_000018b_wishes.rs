//! What order lines ask of the units that they get.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000018b_wishes"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        for column in [columns.id_text("batch").default("").take(), columns.int32("shelf_life_days").default(0).take()]
        {
            manager.alter_table(Table::alter().table("order_line").add_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
