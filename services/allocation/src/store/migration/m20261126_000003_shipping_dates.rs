//! Copies of working calendars and lanes, and of what a location states about its working days.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000003_shipping_dates"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        manager.create_table(calendar_copy(columns)).await?;
        manager.create_table(lane_copy(columns)).await?;
        // SQLite adds one column at a time.
        for mut column in location_columns(columns) {
            manager.alter_table(Table::alter().table("location_copy").add_column(&mut column).take()).await?;
        }
        Ok(())
    }
}

fn calendar_copy(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("calendar_copy")
        .col(columns.id_text("id"))
        .col(columns.int32("working_days"))
        .col(columns.text("holidays"))
        .col(columns.text("extra_days"))
        .col(columns.number("version"))
        .primary_key(Index::create().name("pk_calendar_copy").col("id"));
    columns.clustered(&mut table).take()
}

fn lane_copy(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("lane_copy")
        .col(columns.id_text("id"))
        .col(columns.id_text("location_id"))
        .col(columns.id_text("destination_zone"))
        .col(columns.id_text("service"))
        .col(columns.id_text("time_zone"))
        .col(columns.int32("transit_days"))
        .col(columns.id_text("calendar_id").null())
        .col(columns.id_text("pickup_time"))
        .col(columns.number("version"))
        .primary_key(Index::create().name("pk_lane_copy").col("id"));
    columns.clustered(&mut table).take()
}

/// Copies that were made before state nothing, as their locations did.
fn location_columns(columns: Columns) -> [ColumnDef; 4] {
    [
        columns.id_text("calendar_id").null().take(),
        columns.id_text("order_cut_off").null().take(),
        columns.int32("dock_to_stock_days").default(0).take(),
        columns.int32("handling_days").default(0).take(),
    ]
}
