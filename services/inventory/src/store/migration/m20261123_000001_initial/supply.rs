//! `supply`.

use sea_orm_migration::prelude::*;

use super::{Columns, primary_key, refers_to};

pub fn tables(columns: Columns) -> Vec<TableCreateStatement> {
    vec![supply(columns)]
}

pub fn indexes() -> Vec<IndexCreateStatement> {
    let id = Index::create().name("uq_supply_id").table("supply").col("supply_id").unique().to_owned();
    let open = Index::create()
        .name("ix_supply_open")
        .table("supply")
        .col("item_id")
        .col("expected_date")
        .col("supply_id")
        .and_where(Expr::col("open").gt(0))
        .to_owned();
    let pegged = Index::create()
        .name("ix_supply_pegged")
        .table("supply")
        .col("expected_date")
        .and_where(Expr::col("pegged").gt(0))
        .to_owned();
    vec![id, open, pegged]
}

fn supply(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("supply")
        .col(columns.id_text("item_id"))
        .col(columns.id_text("supply_id"))
        .col(columns.id_text("location_id"))
        .col(columns.id_text("kind"))
        .col(columns.quantity("ordered", "ck_supply_ordered"))
        .col(columns.quantity("open", "ck_supply_open"))
        .col(columns.quantity("received", "ck_supply_received"))
        .col(columns.quantity("cancelled", "ck_supply_cancelled"))
        .col(columns.quantity("advised", "ck_supply_advised"))
        .col(columns.quantity("pegged", "ck_supply_pegged"))
        .col(columns.civil_date("agreed_date").null())
        .col(columns.civil_date("expected_date").null())
        .col(columns.id_text("supplier"))
        .col(columns.id_text("reference"))
        .col(columns.id_text("parent_supply_id").null())
        .col(columns.id_text("sent_from_location_id").null())
        .col(columns.number("version"))
        .col(columns.instant("created_at"))
        .col(columns.instant("updated_at"))
        .primary_key(&mut primary_key("pk_supply", &["item_id", "supply_id"]))
        .foreign_key(&mut refers_to("fk_supply_item", "supply", "item_id", "item"))
        .foreign_key(&mut refers_to("fk_supply_location", "supply", "location_id", "location"))
        .check(("ck_supply_pegged_of_open", Expr::col("pegged").lte(Expr::col("open"))));
    columns.clustered(&mut table).take()
}
