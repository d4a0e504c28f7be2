//! Copies of working calendars and lanes, and of what a location states about its working days; the carrier's service of
//! an order, and the last day on which a line can leave to arrive in time; when a promise moves to another day; when an item is
//! released.

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
        for table in ["backorder_policy", "order_line"] {
            for mut column in rule_columns(columns) {
                manager.alter_table(Table::alter().table(table).add_column(&mut column).take()).await?;
            }
        }
        for name in ["better_since", "promise_review_at"] {
            let mut column = columns.instant(name).null().take();
            manager.alter_table(Table::alter().table("order_line").add_column(&mut column).take()).await?;
        }
        // Few promises stand against what is expected, and every line would be in a whole index.
        let reviews = "CREATE INDEX ix_order_line_promise_review_at ON order_line (promise_review_at) \
                       WHERE promise_review_at IS NOT NULL";
        manager.get_connection().execute_unprepared(reviews).await?;
        let mut releases = columns.text("releases").default("").take();
        manager.alter_table(Table::alter().table("item_copy").add_column(&mut releases).take()).await?;
        let mut release = columns.civil_date("release_date").null().take();
        manager.alter_table(Table::alter().table("order_line").add_column(&mut release).take()).await?;
        let mut service = columns.text("service").default("").take();
        manager.alter_table(Table::alter().table("customer_order").add_column(&mut service).take()).await?;
        let mut latest = columns.civil_date("latest_ship_date").null().take();
        manager.alter_table(Table::alter().table("order_line").add_column(&mut latest).take()).await?;
        Ok(())
    }
}

/// Rules and lines from before move their promises at once.
fn rule_columns(columns: Columns) -> [ColumnDef; 3] {
    ["promise_later_days", "promise_earlier_days", "promise_stable_hours"]
        .map(|column| columns.int32(column).default(0).take())
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
