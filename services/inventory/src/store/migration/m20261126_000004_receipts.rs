//! Lines of receipts, so that they can be listed, reviewed and reversed, and the tolerance of a supply.
//!
//! What was received before is in the ledger and under its supply, but has no line here: it cannot be reversed.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000004_receipts"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        // Both are missing where a supply has no tolerance of its own. SQLite adds one column per statement.
        for name in ["over_receipt_percent", "over_receipt_units"] {
            let column = columns.number(name).null().take();
            manager.alter_table(Table::alter().table("supply").add_column(column).to_owned()).await?;
        }
        manager.create_table(receipt_line(columns)).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn receipt_line(columns: Columns) -> TableCreateStatement {
    let refers_to = |name: &'static str, column: &'static str, target: &'static str| {
        ForeignKey::create().name(name).from("receipt_line", column).to(target, "id").to_owned()
    };
    let at_most = |column: &'static str, most: &'static str| Expr::col(column).lte(Expr::col(most));
    let mut table = Table::create();
    table
        .table("receipt_line")
        .col(columns.id_text("item_id"))
        .col(columns.id_text("receipt_id"))
        .col(columns.int32("line"))
        .col(columns.id_text("location_id"))
        // As it was named: of a blind line the supply may not exist.
        .col(columns.id_text("supply_id").null())
        .col(columns.id_text("blind_reason").null())
        .col(columns.quantity("accepted", "ck_receipt_line_accepted"))
        .col(columns.quantity("quality_control", "ck_receipt_line_quality_control"))
        .col(columns.quantity("damaged", "ck_receipt_line_damaged"))
        .col(columns.quantity("left_accepted", "ck_receipt_line_left_accepted"))
        .col(columns.quantity("left_quality_control", "ck_receipt_line_left_quality_control"))
        .col(columns.quantity("left_damaged", "ck_receipt_line_left_damaged"))
        .col(columns.quantity("refused", "ck_receipt_line_refused"))
        .col(columns.quantity("over_receipt", "ck_receipt_line_over_receipt"))
        .col(columns.quantity("quarantined", "ck_receipt_line_quarantined"))
        .col(columns.quantity("closed", "ck_receipt_line_closed"))
        .col(columns.quantity("in_review", "ck_receipt_line_in_review"))
        .col(columns.id_text("document"))
        .col(columns.id_text("batch"))
        .col(columns.id_text("owner"))
        .col(columns.instant("effective_at"))
        .col(columns.number("version"))
        .col(columns.instant("recorded_at"))
        .primary_key(Index::create().name("pk_receipt_line").col("item_id").col("receipt_id").col("line"))
        .foreign_key(&mut refers_to("fk_receipt_line_item", "item_id", "item"))
        .foreign_key(&mut refers_to("fk_receipt_line_location", "location_id", "location"))
        .check(("ck_receipt_line_accepted_left", at_most("left_accepted", "accepted")))
        .check(("ck_receipt_line_quality_left", at_most("left_quality_control", "quality_control")))
        .check(("ck_receipt_line_damaged_left", at_most("left_damaged", "damaged")))
        .check(("ck_receipt_line_review_left", at_most("in_review", "left_quality_control")));
    columns.clustered(&mut table).take()
}

fn indexes() -> Vec<IndexCreateStatement> {
    let on = |name: &'static str, columns: &[&'static str]| {
        let mut index = Index::create();
        index.name(name).table("receipt_line");
        for column in columns {
            index.col(*column);
        }
        index
    };
    vec![
        on("uq_receipt_line", &["receipt_id", "line"]).unique().take(),
        on("ix_receipt_line_recorded", &["recorded_at", "receipt_id", "line"]),
        on("ix_receipt_line_document", &["document"]).and_where(Expr::col("document").ne("")).take(),
        on("ix_receipt_line_supply", &["supply_id"]).and_where(Expr::col("supply_id").is_not_null()).take(),
        on("ix_receipt_line_in_review", &["item_id", "location_id"]).and_where(Expr::col("in_review").gt(0)).take(),
    ]
}
