//! `unfinished_step`, `pending_run`, `pending_promise`: what the service still has to do by itself.

use sea_orm_migration::prelude::*;

use super::{Columns, primary_key};

pub fn tables(columns: Columns) -> Vec<TableCreateStatement> {
    vec![unfinished_step(columns), pending_run(columns), pending_promise(columns)]
}

fn unfinished_step(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("unfinished_step")
        .col(columns.id_text("id"))
        .col(columns.id_text("caller"))
        .col(columns.id_text("method"))
        .col(columns.id_text("request_id"))
        .col(columns.id_text("kind"))
        .col(columns.bytes("command_hash"))
        .col(columns.bytes("plan"))
        .col(columns.instant("began_at"))
        .col(columns.id_text("traceparent").null())
        .primary_key(&mut primary_key("pk_unfinished_step", &["id"]));
    table.take()
}

fn pending_run(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("pending_run")
        .col(columns.id_text("item_id"))
        .col(columns.id_text("location_id"))
        .col(columns.number("generation"))
        .col(columns.instant("requested_at"))
        .primary_key(&mut primary_key("pk_pending_run", &["item_id", "location_id"]));
    columns.clustered(&mut table).take()
}

fn pending_promise(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("pending_promise")
        .col(columns.id_text("item_id"))
        .col(columns.id_text("order_id"))
        .col(columns.int32("line_number"))
        .primary_key(&mut primary_key("pk_pending_promise", &["item_id", "order_id", "line_number"]));
    columns.clustered(&mut table).take()
}
