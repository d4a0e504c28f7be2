//! The newest movement of an item stands in a row of its own, which is the item's lock: who decides on what he read before
//! sees by one number whether anything moved since.

use backorder_storage::{create_lost_race, schema::Columns};
use sea_orm::ConnectionTrait as _;
use sea_orm_migration::prelude::*;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261127_000021_item_ledger"
    }
}

const FILLED: [&str; 2] = [
    "INSERT INTO item_ledger (item_id, last_movement) \
     SELECT id, COALESCE((SELECT MAX(last_movement) FROM position WHERE position.item_id = item.id), 0) FROM item",
    "ALTER TABLE position DROP COLUMN last_movement",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(item_ledger(Columns::of(manager))).await?;
        for statement in FILLED {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        create_lost_race(manager).await
    }
}

fn item_ledger(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("item_ledger")
        .col(columns.id_text("item_id"))
        // 0 when there is none.
        .col(columns.number("last_movement"))
        .primary_key(Index::create().name("pk_item_ledger").col("item_id"))
        .foreign_key(ForeignKey::create().name("fk_item_ledger_item").from("item_ledger", "item_id").to("item", "id"));
    columns.clustered(&mut table).take()
}
