//! Documents of warehouses' and carriers' systems: orders to a warehouse, what came in, and the events of carriers.

use sea_orm_migration::prelude::*;

use backorder_storage::{documents, schema::Columns};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000014_feeds"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        // SQLite adds one column per statement.
        for column in [
            columns.id_text("carrier_status").default("").take(),
            columns.instant("carrier_status_at").null().take(),
            columns.instant("expected_delivery_at").null().take(),
            // When the carrier said so.
            columns.instant("estimated_at").null().take(),
        ] {
            manager.alter_table(Table::alter().table("shipment").add_column(column).to_owned()).await?;
        }
        let tables = [
            documents::table(columns),
            warehouse_order(columns),
            warehouse_order_line(columns),
            carrier_event(columns),
        ];
        for table in tables {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn warehouse_order(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("warehouse_order")
        .col(columns.id_text("id"))
        .col(columns.id_text("location_id"))
        .col(columns.id_text("kind"))
        .col(columns.instant("created_at"))
        .col(columns.instant("acknowledged_at").null())
        .col(columns.text("acknowledge_reference"))
        .col(columns.text("actor"))
        .col(columns.text("reason_code"))
        .col(columns.text("note"))
        .primary_key(Index::create().name("pk_warehouse_order").col("id"));
    columns.clustered(&mut table).take()
}

fn warehouse_order_line(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("warehouse_order_line")
        .col(columns.id_text("warehouse_order_id"))
        .col(columns.int32("number"))
        .col(columns.id_text("order_id"))
        .col(columns.int32("line_number"))
        .col(columns.id_text("item_id"))
        .col(columns.quantity("quantity", "ck_warehouse_order_line_quantity"))
        .col(columns.text("ordered_unit"))
        .col(columns.number("base_units_per_unit"))
        .col(columns.text("ship_to"))
        .col(columns.text("destination_zone"))
        .col(columns.text("service"))
        .col(columns.civil_date("requested_date"))
        .col(columns.id_text("requested_basis"))
        .col(columns.civil_date("promised_date").null())
        .col(columns.text("time_zone"))
        .col(columns.text("promised_zone"))
        .col(columns.text("ship_set"))
        // Empty but for a recall.
        .col(columns.id_text("recall_id"))
        .primary_key(Index::create().name("pk_warehouse_order_line").col("warehouse_order_id").col("number"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_warehouse_order_line_order")
                .from("warehouse_order_line", "warehouse_order_id")
                .to("warehouse_order", "id"),
        );
    columns.clustered(&mut table).take()
}

fn carrier_event(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("carrier_event")
        .col(columns.id_text("sender"))
        .col(columns.id_text("number"))
        // Its place in the document.
        .col(columns.int32("line"))
        .col(columns.id_text("shipment_id"))
        .col(columns.id_text("status"))
        .col(columns.instant("happened_at"))
        .col(columns.instant("expected_delivery_at").null())
        .col(columns.text("note"))
        .col(columns.instant("recorded_at"))
        .primary_key(Index::create().name("pk_carrier_event").col("sender").col("number").col("line"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_carrier_event_shipment")
                .from("carrier_event", "shipment_id")
                .to("shipment", "id"),
        );
    columns.clustered(&mut table).take()
}

fn indexes() -> [IndexCreateStatement; 5] {
    let on = |name: &'static str, table: &'static str, columns: &[&'static str]| {
        let mut index = Index::create();
        index.name(name).table(table);
        for column in columns {
            index.col(*column);
        }
        index.take()
    };
    let mut unanswered = on("ix_warehouse_order_unanswered", "warehouse_order", &["location_id", "created_at", "id"]);
    [
        unanswered.and_where(Expr::col("acknowledged_at").is_null()).take(),
        on("ix_warehouse_order_created", "warehouse_order", &["created_at", "id"]),
        on("ix_warehouse_order_line_order", "warehouse_order_line", &["order_id", "line_number"]),
        on("ix_carrier_event_shipment", "carrier_event", &["shipment_id", "happened_at"]),
        on("ix_shipment_tracking", "shipment", &["tracking_number"])
            .and_where(Expr::col("tracking_number").ne(""))
            .take(),
    ]
}
