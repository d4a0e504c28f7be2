//! Documents of warehouses' systems, and the differences that their stock comparisons showed.

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
        for table in [documents::table(columns), stock_comparison(columns), stock_difference(columns)] {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn refers_to_location(name: &'static str, table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().name(name).from(table, "location_id").to("location", "id").to_owned()
}

fn stock_comparison(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("stock_comparison")
        .col(columns.id_text("sender"))
        .col(columns.id_text("number"))
        .col(columns.id_text("location_id"))
        .col(columns.instant("as_of"))
        // Whether it spoke of all that the warehouse has.
        .col(columns.boolean("whole"))
        .primary_key(Index::create().name("pk_stock_comparison").col("sender").col("number"))
        .foreign_key(&mut refers_to_location("fk_stock_comparison_location", "stock_comparison"));
    columns.clustered(&mut table).take()
}

fn stock_difference(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("stock_difference")
        .col(columns.id_text("id"))
        .col(columns.id_text("sender"))
        .col(columns.id_text("number"))
        .col(columns.id_text("location_id"))
        .col(columns.id_text("item_id"))
        .col(columns.id_text("stock_state"))
        .col(columns.id_text("kind"))
        .col(columns.quantity("ours", "ck_stock_difference_ours"))
        .col(columns.quantity("theirs", "ck_stock_difference_theirs"))
        .col(columns.quantity("in_flight", "ck_stock_difference_in_flight"))
        .col(columns.number("unexplained"))
        .col(columns.id_text("state"))
        .col(columns.instant("as_of"))
        .col(columns.instant("recorded_at"))
        .col(columns.instant("closed_at").null())
        .primary_key(Index::create().name("pk_stock_difference").col("id"))
        .foreign_key(&mut refers_to_location("fk_stock_difference_location", "stock_difference"))
        .foreign_key(
            ForeignKey::create().name("fk_stock_difference_item").from("stock_difference", "item_id").to("item", "id"),
        )
        .check((
            "ck_stock_difference_sum",
            Expr::cust("unexplained = theirs - ours + in_flight AND (in_flight = 0 OR unexplained <= 0)"),
        ));
    columns.clustered(&mut table).take()
}

fn indexes() -> [IndexCreateStatement; 3] {
    let place = ["location_id", "item_id", "stock_state"];
    let mut open = Index::create();
    open.name("uq_stock_difference_open").table("stock_difference").unique();
    for column in place {
        open.col(column);
    }
    let open = open.and_where(Expr::col("state").eq("OPEN")).take();
    let newest = Index::create()
        .name("ix_stock_difference_recorded")
        .table("stock_difference")
        .col("recorded_at")
        .col("id")
        .take();
    let as_of = Index::create()
        .name("ix_stock_comparison_as_of")
        .table("stock_comparison")
        .col("location_id")
        .col("as_of")
        .take();
    [open, newest, as_of]
}
