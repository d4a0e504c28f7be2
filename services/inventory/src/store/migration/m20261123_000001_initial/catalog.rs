//! `item`, `item_substitute`, `item_unit`, `location`.

use sea_orm_migration::prelude::*;

use super::{Columns, positive, primary_key, refers_to};

pub fn tables(columns: Columns) -> Vec<TableCreateStatement> {
    vec![item(columns), item_substitute(columns), item_unit(columns), location(columns)]
}

fn item(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("item")
        .col(columns.id_text("id"))
        .col(columns.text("description"))
        .col(columns.text("base_unit"))
        .col(columns.number("pack_size"))
        .col(columns.id_text("category"))
        .col(columns.money_nanos("unit_cost_nanos").null())
        .col(columns.currency("unit_cost_currency").null())
        .col(columns.money_nanos("unit_price_nanos").null())
        .col(columns.currency("unit_price_currency").null())
        .col(columns.quantity("safety_stock", "ck_item_safety_stock"))
        .col(columns.number("version"))
        .col(columns.instant("created_at"))
        .col(columns.instant("updated_at"))
        .primary_key(&mut primary_key("pk_item", &["id"]))
        .check(positive("ck_item_pack_size", "pack_size"));
    table
}

fn item_substitute(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("item_substitute")
        .col(columns.id_text("item_id"))
        .col(columns.int32("ordinal"))
        .col(columns.id_text("substitute_item_id"))
        .col(columns.number("ratio_numerator"))
        .col(columns.number("ratio_denominator"))
        .col(columns.civil_date("valid_from").null())
        .col(columns.civil_date("valid_to").null())
        .primary_key(&mut primary_key("pk_item_substitute", &["item_id", "ordinal"]))
        .foreign_key(&mut refers_to("fk_item_substitute_item", "item_substitute", "item_id", "item"))
        .check(positive("ck_item_substitute_numerator", "ratio_numerator"))
        .check(positive("ck_item_substitute_denominator", "ratio_denominator"));
    columns.clustered(&mut table).take()
}

fn item_unit(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("item_unit")
        .col(columns.id_text("item_id"))
        .col(columns.id_text("code"))
        .col(columns.int32("ordinal"))
        .col(columns.number("base_units"))
        .col(columns.id_text("gtin"))
        .col(columns.boolean("sellable"))
        .col(columns.boolean("purchasable"))
        .primary_key(&mut primary_key("pk_item_unit", &["item_id", "code"]))
        .foreign_key(&mut refers_to("fk_item_unit_item", "item_unit", "item_id", "item"))
        .check(positive("ck_item_unit_base_units", "base_units"));
    columns.clustered(&mut table).take()
}

fn location(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("location")
        .col(columns.id_text("id"))
        .col(columns.text("display_name"))
        .col(columns.id_text("kind"))
        .col(columns.id_text("time_zone"))
        .col(columns.int32("rank"))
        .col(columns.number("version"))
        .col(columns.instant("created_at"))
        .col(columns.instant("updated_at"))
        .primary_key(&mut primary_key("pk_location", &["id"]));
    table
}
