//! `position`, `movement`, `hold`, `audit_note`.

use sea_orm_migration::prelude::*;

use super::{Columns, positive, primary_key, refers_to};

pub fn tables(columns: Columns) -> Vec<TableCreateStatement> {
    vec![position(columns), movement(columns), hold(columns), audit_note(columns)]
}

pub fn indexes() -> Vec<IndexCreateStatement> {
    let hold_age = Index::create().name("ix_hold_age").table("hold").col("created_at").col("hold_id").to_owned();
    vec![hold_age]
}

fn position(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("position")
        .col(columns.id_text("item_id"))
        .col(columns.id_text("location_id"))
        .col(columns.quantity("available", "ck_position_available"))
        .col(columns.quantity("reserved", "ck_position_reserved"))
        .col(columns.quantity("released", "ck_position_released"))
        .col(columns.quantity("held", "ck_position_held"))
        .col(columns.quantity("quality_control", "ck_position_quality_control"))
        .col(columns.quantity("damaged", "ck_position_damaged"))
        .col(columns.quantity("in_transit", "ck_position_in_transit"))
        .col(columns.number("version"))
        // The item's newest movement when the row was written, 0 when there was none: from here its movements are found.
        .col(columns.number("last_movement"))
        .col(columns.instant("updated_at"))
        .primary_key(&mut primary_key("pk_position", &["item_id", "location_id"]))
        .foreign_key(&mut refers_to("fk_position_item", "position", "item_id", "item"))
        .foreign_key(&mut refers_to("fk_position_location", "position", "location_id", "location"));
    columns.clustered(&mut table).take()
}

fn movement(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("movement")
        // The order of writing, which is one order for all movements of an item. Rows that stand in it are appended; rows,
        // or entries of an index, that stood by item would each touch a page of their own.
        .col(columns.row_id("id"))
        // The item's movement before this one, 0 for its first: a movement names its predecessor, so that those of an item
        // are found without an index.
        .col(columns.number("previous"))
        .col(columns.id_text("item_id"))
        .col(columns.id_text("request_id"))
        .col(columns.int32("ordinal"))
        .col(columns.id_text("from_location_id").null())
        .col(columns.id_text("from_state"))
        .col(columns.id_text("to_location_id").null())
        .col(columns.id_text("to_state"))
        .col(columns.number("quantity"))
        .col(columns.id_text("batch"))
        .col(columns.id_text("owner"))
        .col(columns.id_text("cause"))
        .col(columns.id_text("reason_code"))
        .col(columns.text("note"))
        .col(columns.id_text("actor"))
        .col(columns.instant("effective_at"))
        .col(columns.instant("recorded_at"))
        .foreign_key(&mut refers_to("fk_movement_item", "movement", "item_id", "item"))
        .check(positive("ck_movement_quantity", "quantity"))
        .check((
            "ck_movement_external_from",
            Expr::col("from_state").eq("EXTERNAL").eq(Expr::col("from_location_id").is_null()),
        ))
        .check((
            "ck_movement_external_to",
            Expr::col("to_state").eq("EXTERNAL").eq(Expr::col("to_location_id").is_null()),
        ));
    table.take()
}

fn hold(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("hold")
        .col(columns.id_text("item_id"))
        .col(columns.id_text("hold_id"))
        .col(columns.id_text("location_id"))
        .col(columns.number("quantity"))
        .col(columns.id_text("cause"))
        .col(columns.number("version"))
        .col(columns.instant("created_at"))
        .primary_key(&mut primary_key("pk_hold", &["item_id", "hold_id"]))
        .foreign_key(&mut refers_to("fk_hold_item", "hold", "item_id", "item"))
        .foreign_key(&mut refers_to("fk_hold_location", "hold", "location_id", "location"))
        .check(positive("ck_hold_quantity", "quantity"));
    columns.clustered(&mut table).take()
}

fn audit_note(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("audit_note")
        .col(columns.id_text("request_id"))
        .col(columns.id_text("method"))
        .col(columns.id_text("subject"))
        .col(columns.id_text("actor"))
        .col(columns.id_text("reason_code"))
        .col(columns.text("note"))
        .col(columns.instant("recorded_at"))
        .primary_key(&mut primary_key("pk_audit_note", &["request_id", "method", "subject"]));
    columns.clustered(&mut table).take()
}
