//! Kits: what an item is made of. What a customer pays for a substitute, and who does not get it.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000012_kits"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        manager.create_table(item_component(columns)).await?;
        // A kit's components are asked for by the kit, and a component for the kits that hold it.
        let of_component =
            Index::create().name("ix_item_component_item").table("item_component").col("component_item_id").take();
        manager.create_index(of_component).await?;
        let mut rule = columns.text("price_rule").default("KEEP_LOWER").take();
        manager.alter_table(Table::alter().table("item_substitute").add_column(&mut rule).take()).await?;
        let mut excluded = columns.text("excluded_customers").default("").take();
        manager.alter_table(Table::alter().table("item_substitute").add_column(&mut excluded).take()).await
    }
}

fn item_component(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("item_component")
        .col(columns.id_text("item_id"))
        .col(columns.int32("ordinal"))
        .col(columns.id_text("component_item_id"))
        .col(columns.number("quantity"))
        .primary_key(Index::create().name("pk_item_component").col("item_id").col("ordinal"))
        .foreign_key(&mut refers_to_item("fk_item_component_item", "item_id"))
        .foreign_key(&mut refers_to_item("fk_item_component_component", "component_item_id"))
        .check(("ck_item_component_quantity", Expr::col("quantity").gte(1)));
    columns.clustered(&mut table).take()
}

fn refers_to_item(name: &'static str, column: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().name(name).from("item_component", column).to("item", "id").take()
}
