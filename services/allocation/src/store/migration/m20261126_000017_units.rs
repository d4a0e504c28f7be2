//! What happens to orders of no whole number of packs, in the copies of items.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000017_units"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let rounding = Columns::of(manager).id_text("pack_rounding").default("REFUSE").take();
        manager.alter_table(Table::alter().table("item_copy").add_column(rounding).to_owned()).await?;
        // Copies made before know no GTINs. They are copies: the next order of an item makes its copy again.
        manager.exec_stmt(Query::delete().from_table("item_copy").take()).await
    }
}
