//! Going live: imports of open orders, and how far each of their lines is.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000011_going_live"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        manager.create_table(backlog_import(columns)).await?;
        manager.create_table(imported_line(columns)).await?;
        let of_import = Index::create()
            .name("ix_imported_line_import")
            .table("imported_line")
            .col("import_id")
            .col("item_id")
            .to_owned();
        manager.create_index(of_import).await
    }
}

fn backlog_import(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("backlog_import")
        .col(columns.id_text("id"))
        .col(columns.id_text("state"))
        .col(columns.instant("created_at"))
        .col(columns.instant("confirmed_at").null())
        .col(columns.instant("live_at").null())
        .col(columns.text("actor"))
        .col(columns.text("reason_code"))
        .col(columns.text("note"))
        .primary_key(Index::create().name("pk_backlog_import").col("id"));
    columns.clustered(&mut table).take()
}

fn imported_line(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("imported_line")
        .col(columns.id_text("order_id"))
        .col(columns.int32("line_number"))
        .col(columns.id_text("import_id"))
        .col(columns.id_text("item_id"))
        .col(columns.id_text("state"))
        .col(columns.quantity("open", "ck_imported_line_open"))
        .col(columns.quantity("reserved_before", "ck_imported_line_reserved_before"))
        .col(columns.quantity("reserved", "ck_imported_line_reserved"))
        .col(columns.quantity("cancelled", "ck_imported_line_cancelled"))
        .col(columns.quantity("returned", "ck_imported_line_returned"))
        .primary_key(Index::create().name("pk_imported_line").col("order_id").col("line_number"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_imported_line_line")
                .from("imported_line", ("order_id", "line_number"))
                .to("order_line", ("order_id", "line_number")),
        )
        .foreign_key(
            ForeignKey::create()
                .name("fk_imported_line_import")
                .from("imported_line", "import_id")
                .to("backlog_import", "id"),
        )
        .check(("ck_imported_line_parts", Expr::col("reserved_before").lte(Expr::col("open"))));
    columns.clustered(&mut table).take()
}
