//! Working calendars, lanes, what a location states about its working days, and release dates of items.

use sea_orm_migration::{prelude::*, sea_query::Check};

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
        for table in [calendar(columns), calendar_day(columns), lane(columns), item_release(columns)] {
            manager.create_table(table).await?;
        }
        let way = Index::create()
            .name("uq_lane_way")
            .table("lane")
            .col("location_id")
            .col("destination_zone")
            .col("service")
            .unique()
            .take();
        manager.create_index(way).await?;
        // SQLite adds one column at a time.
        for mut column in location_columns(columns) {
            manager.alter_table(Table::alter().table("location").add_column(&mut column).take()).await?;
        }
        Ok(())
    }
}

fn calendar(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("calendar")
        .col(columns.id_text("id"))
        .col(columns.text("display_name"))
        .col(columns.int32("working_days"))
        .col(columns.number("version"))
        .col(columns.instant("created_at"))
        .col(columns.instant("updated_at"))
        .primary_key(Index::create().name("pk_calendar").col("id"))
        .check(("ck_calendar_working_days", Expr::col("working_days").between(1, 127)));
    table
}

fn calendar_day(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("calendar_day")
        .col(columns.id_text("calendar_id"))
        .col(columns.civil_date("day"))
        .col(columns.boolean("works"))
        .primary_key(Index::create().name("pk_calendar_day").col("calendar_id").col("day"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_calendar_day_calendar")
                .from("calendar_day", "calendar_id")
                .to("calendar", "id"),
        );
    columns.clustered(&mut table).take()
}

fn lane(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("lane")
        .col(columns.id_text("id"))
        .col(columns.id_text("location_id"))
        .col(columns.id_text("destination_zone"))
        .col(columns.id_text("service"))
        .col(columns.id_text("destination_time_zone"))
        .col(columns.int32("transit_days"))
        .col(columns.id_text("calendar_id").null())
        .col(columns.id_text("pickup_time"))
        .col(columns.number("version"))
        .col(columns.instant("created_at"))
        .col(columns.instant("updated_at"))
        .primary_key(Index::create().name("pk_lane").col("id"))
        .foreign_key(ForeignKey::create().name("fk_lane_location").from("lane", "location_id").to("location", "id"))
        .foreign_key(ForeignKey::create().name("fk_lane_calendar").from("lane", "calendar_id").to("calendar", "id"))
        .check(("ck_lane_transit_days", Expr::col("transit_days").gte(0)));
    table
}

fn item_release(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("item_release")
        .col(columns.id_text("item_id"))
        .col(columns.int32("ordinal"))
        .col(columns.civil_date("release_date"))
        .col(columns.id_text("channel"))
        .col(columns.id_text("destination_zone"))
        .primary_key(Index::create().name("pk_item_release").col("item_id").col("ordinal"))
        .foreign_key(
            ForeignKey::create().name("fk_item_release_item").from("item_release", "item_id").to("item", "id"),
        );
    columns.clustered(&mut table).take()
}

/// A location that states none of it works on every day and takes no day for anything.
fn location_columns(columns: Columns) -> [ColumnDef; 4] {
    let days = |column: &'static str, check: &'static str| {
        let at_least_none = Check::named(check, Expr::col(column).gte(0));
        columns.int32(column).default(0).check(at_least_none).take()
    };
    [
        columns.id_text("calendar_id").null().take(),
        columns.id_text("order_cut_off").null().take(),
        days("dock_to_stock_days", "ck_location_dock_to_stock_days"),
        days("handling_days", "ck_location_handling_days"),
    ]
}
