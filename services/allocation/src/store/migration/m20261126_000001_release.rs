//! The release gate and shipments: what the warehouse has in hands, recalls, what left together and what arrived.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000001_release"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A check on a new column can be added only together with it, on SQLite.
        let connection = manager.get_connection();
        for text in [
            "ALTER TABLE order_line ADD COLUMN recalling BIGINT NOT NULL DEFAULT 0 \
             CONSTRAINT ck_order_line_recalling CHECK (recalling >= 0 AND recalling <= released)",
            "ALTER TABLE line_claim ADD COLUMN released BIGINT NOT NULL DEFAULT 0 \
             CONSTRAINT ck_line_claim_released CHECK (released >= 0 AND released <= reserved)",
        ] {
            connection.execute_unprepared(text).await?;
        }
        let columns = Columns::of(manager);
        for table in [recall(columns), shipment(columns), shipment_line(columns)] {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn recall(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("recall")
        .col(columns.id_text("id"))
        .col(columns.id_text("order_id"))
        .col(columns.int32("line_number"))
        .col(columns.quantity("quantity", "ck_recall_quantity"))
        .col(columns.quantity("returned", "ck_recall_returned"))
        .col(columns.quantity("missed", "ck_recall_missed"))
        .col(columns.boolean("cancels"))
        .col(columns.id_text("state"))
        .col(columns.instant("asked_at"))
        .col(columns.instant("answered_at").null())
        .col(columns.text("actor"))
        .col(columns.text("reason_code"))
        .col(columns.text("note"))
        .col(columns.number("version"))
        .primary_key(Index::create().name("pk_recall").col("id"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_recall_line")
                .from("recall", ("order_id", "line_number"))
                .to("order_line", ("order_id", "line_number")),
        )
        .check(("ck_recall_parts", Expr::col("returned").add(Expr::col("missed")).lte(Expr::col("quantity"))));
    columns.clustered(&mut table).take()
}

fn shipment(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("shipment")
        .col(columns.id_text("id"))
        .col(columns.text("reference"))
        .col(columns.text("carrier"))
        .col(columns.text("service"))
        .col(columns.text("tracking_number"))
        .col(columns.money_nanos("freight_nanos").null())
        .col(columns.currency("freight_currency"))
        .col(columns.boolean("expedited"))
        .col(columns.id_text("state"))
        .col(columns.instant("shipped_at"))
        .col(columns.instant("delivered_at").null())
        .col(columns.id_text("documents"))
        .col(columns.text("actor"))
        .col(columns.text("reason_code"))
        .col(columns.text("note"))
        .col(columns.number("version"))
        .primary_key(Index::create().name("pk_shipment").col("id"));
    columns.clustered(&mut table).take()
}

fn shipment_line(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("shipment_line")
        .col(columns.id_text("shipment_id"))
        .col(columns.id_text("order_id"))
        .col(columns.int32("line_number"))
        .col(columns.id_text("location_id"))
        .col(columns.quantity("quantity", "ck_shipment_line_quantity"))
        .col(columns.quantity("accepted", "ck_shipment_line_accepted"))
        .col(columns.quantity("damaged", "ck_shipment_line_damaged"))
        .col(columns.quantity("refused", "ck_shipment_line_refused"))
        .primary_key(
            Index::create()
                .name("pk_shipment_line")
                .col("shipment_id")
                .col("order_id")
                .col("line_number")
                .col("location_id"),
        )
        .foreign_key(
            ForeignKey::create()
                .name("fk_shipment_line_shipment")
                .from("shipment_line", "shipment_id")
                .to("shipment", "id"),
        );
    columns.clustered(&mut table).take()
}

fn indexes() -> [IndexCreateStatement; 4] {
    let of_line = Index::create().name("ix_recall_line").table("recall").col("order_id").col("line_number").to_owned();
    let in_time = Index::create().name("ix_recall_asked_at").table("recall").col("asked_at").col("id").to_owned();
    let shipped =
        Index::create().name("ix_shipment_shipped_at").table("shipment").col("shipped_at").col("id").to_owned();
    let of_order = Index::create().name("ix_shipment_line_order").table("shipment_line").col("order_id").to_owned();
    [of_line, in_time, shipped, of_order]
}
