//! What groups of demand may take of items. Whether an item has groups is told by its ledger, which is its lock: NULL takes no
//! room in the row, so an item without groups writes not a byte more.

use backorder_storage::schema::Columns;
use sea_orm::ConnectionTrait as _;
use sea_orm_migration::prelude::*;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261128_000024_item_groups"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        manager.create_table(item_group(columns)).await?;
        manager.create_table(group_balance(columns)).await?;
        manager.create_table(claim_group(columns)).await?;
        let by_item = Index::create().name("ix_claim_group_item").table("claim_group").col("item_id").take();
        manager.create_index(by_item).await?;
        let column = "ALTER TABLE item_ledger ADD COLUMN group_version BIGINT";
        manager.get_connection().execute_unprepared(column).await.map(drop)
    }
}

fn item_group(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("item_group")
        .col(columns.id_text("item_id"))
        .col(columns.bytes("rules"))
        .col(columns.number("version"))
        .col(columns.number("settled_days"))
        .col(columns.instant("updated_at"))
        .primary_key(Index::create().name("pk_item_group").col("item_id"))
        .foreign_key(ForeignKey::create().name("fk_item_group_item").from("item_group", "item_id").to("item", "id"));
    columns.clustered(&mut table).take()
}

fn group_balance(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("group_balance")
        .col(columns.id_text("item_id"))
        .col(columns.id_text("bucket"))
        .col(columns.quantity("consumed", "ck_group_balance_consumed"))
        .primary_key(Index::create().name("pk_group_balance").col("item_id").col("bucket"));
    columns.clustered(&mut table).take()
}

fn claim_group(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("claim_group")
        .col(columns.id_text("line_id"))
        .col(columns.int32("part"))
        .col(columns.id_text("item_id"))
        .col(columns.text("characteristics"))
        .col(columns.text("takes"))
        .primary_key(Index::create().name("pk_claim_group").col("line_id").col("part"));
    columns.clustered(&mut table).take()
}
