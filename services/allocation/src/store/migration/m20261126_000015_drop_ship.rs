//! Takes of suppliers' stock: units of lines that suppliers are asked to ship to the customer themselves.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000015_drop_ship"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A check on a new column can be added only together with it, on SQLite.
        let connection = manager.get_connection();
        for text in [
            "ALTER TABLE order_line ADD COLUMN drop_ship_pending BIGINT NOT NULL DEFAULT 0 \
             CONSTRAINT ck_order_line_drop_ship_pending CHECK (drop_ship_pending >= 0)",
            "ALTER TABLE order_line ADD COLUMN drop_ship_confirmed BIGINT NOT NULL DEFAULT 0 \
             CONSTRAINT ck_order_line_drop_ship_confirmed CHECK (drop_ship_confirmed >= 0)",
            "ALTER TABLE order_line ADD COLUMN drop_shipped BIGINT NOT NULL DEFAULT 0 \
             CONSTRAINT ck_order_line_drop_shipped CHECK (drop_shipped >= 0 AND drop_shipped <= shipped)",
        ] {
            connection.execute_unprepared(text).await?;
        }
        let columns = Columns::of(manager);
        let supplier = columns.text("supplier").default("").take();
        manager.alter_table(Table::alter().table("shipment").add_column(supplier).to_owned()).await?;
        manager.create_table(take(columns)).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn take(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("drop_ship_take")
        .col(columns.id_text("id"))
        .col(columns.id_text("order_id"))
        .col(columns.int32("line_number"))
        .col(columns.id_text("item_id"))
        .col(columns.id_text("supplier"))
        .col(columns.quantity("quantity", "ck_drop_ship_take_quantity"))
        .col(columns.quantity("confirmed", "ck_drop_ship_take_confirmed"))
        .col(columns.quantity("shipped", "ck_drop_ship_take_shipped"))
        .col(columns.id_text("state"))
        .col(columns.instant("asked_at"))
        .col(columns.instant("answer_by"))
        .col(columns.instant("answered_at").null())
        .col(columns.civil_date("ship_date").null())
        .col(columns.text("actor"))
        .col(columns.text("reason_code"))
        .col(columns.text("note"))
        .col(columns.number("version"))
        .primary_key(Index::create().name("pk_drop_ship_take").col("id"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_drop_ship_take_line")
                .from("drop_ship_take", ("order_id", "line_number"))
                .to("order_line", ("order_id", "line_number")),
        )
        .check(("ck_drop_ship_take_parts", Expr::cust("shipped <= confirmed AND confirmed <= quantity")));
    columns.clustered(&mut table).take()
}

fn indexes() -> [IndexCreateStatement; 6] {
    let on = |name: &'static str, columns: &[&'static str]| {
        let mut index = Index::create();
        index.name(name).table("drop_ship_take");
        for column in columns {
            index.col(*column);
        }
        index.take()
    };
    let mut declined = on("ix_drop_ship_take_declined", &["answered_at", "id"]);
    let mut confirmed = on("ix_drop_ship_take_confirmed", &["answered_at", "id"]);
    let mut unanswered = on("ix_drop_ship_take_unanswered", &["answer_by", "id"]);
    [
        unanswered.and_where(Expr::col("state").eq("PENDING")).take(),
        declined.and_where(Expr::col("state").is_in(["REFUSED", "EXPIRED"])).take(),
        confirmed.and_where(Expr::col("state").eq("CONFIRMED")).take(),
        on("ix_drop_ship_take_line", &["order_id", "line_number"]),
        on("ix_drop_ship_take_stock", &["item_id", "supplier"]),
        on("ix_drop_ship_take_asked", &["asked_at", "id"]),
    ]
}
