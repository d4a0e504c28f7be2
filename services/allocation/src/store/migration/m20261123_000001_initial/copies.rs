//! `item_copy`, `location_copy`: what orders need of inventory's master data, kept current by its events.

use sea_orm_migration::prelude::*;

use super::{Columns, primary_key};

pub fn tables(columns: Columns) -> Vec<TableCreateStatement> {
    vec![item_copy(columns), location_copy(columns)]
}

fn item_copy(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("item_copy")
        .col(columns.id_text("id"))
        .col(columns.id_text("category"))
        .col(columns.id_text("base_unit"))
        .col(columns.number("pack_size"))
        .col(columns.money_nanos("cost_nanos").null())
        .col(columns.currency("cost_currency"))
        .col(columns.text("units"))
        .col(columns.number("version"))
        .primary_key(&mut primary_key("pk_item_copy", &["id"]));
    columns.clustered(&mut table).take()
}

fn location_copy(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("location_copy")
        .col(columns.id_text("id"))
        .col(columns.id_text("kind"))
        .col(columns.id_text("time_zone"))
        .col(columns.int32("rank"))
        .col(columns.number("version"))
        .primary_key(&mut primary_key("pk_location_copy", &["id"]));
    columns.clustered(&mut table).take()
}
