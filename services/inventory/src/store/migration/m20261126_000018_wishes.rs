//! What claims ask of the units that they get.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000018_wishes"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        for column in [
            columns.id_text("wished_batch").default("").take(),
            columns.int32("shelf_life_days").default(0).take(),
            columns.civil_date("fits_until").null().take(),
        ] {
            manager.alter_table(Table::alter().table("claim").add_column(column).to_owned()).await?;
        }
        // Claims that ask for days are few, and only upkeep looks for them.
        let bounded = Expr::col("fits_until").is_not_null();
        let index =
            Index::create().name("ix_claim_fits_until").table("claim").col("fits_until").and_where(bounded).take();
        manager.create_index(index).await
    }
}
