//! `promise`, `lost_demand`, `order_write`: what was promised, what was lost, who did what and why. Only added to.

use sea_orm_migration::prelude::*;

use super::{Columns, at_least, of_line, primary_key};

pub fn tables(columns: Columns) -> Vec<TableCreateStatement> {
    vec![promise(columns), lost_demand(columns), order_write(columns)]
}

pub fn indexes() -> Vec<IndexCreateStatement> {
    let once = Index::create()
        .name("uq_lost_demand_line_part")
        .table("lost_demand")
        .col("order_id")
        .col("line_number")
        .col("part")
        .unique()
        .to_owned();
    vec![once]
}

fn promise(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("promise")
        .col(columns.id_text("order_id"))
        .col(columns.int32("line_number"))
        .col(columns.int32("revision"))
        .col(columns.instant("promised_at"))
        .col(columns.civil_date("promised_date").null())
        .col(columns.id_text("time_zone"))
        .col(columns.text("confirmations"))
        .col(columns.id_text("reason"))
        .col(columns.text("cause"))
        .primary_key(&mut primary_key("pk_promise", &["order_id", "line_number", "revision"]))
        .foreign_key(&mut of_line("fk_promise_line", "promise"))
        .check(at_least("ck_promise_revision", "revision", 1));
    columns.clustered(&mut table).take()
}

fn lost_demand(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("lost_demand")
        .col(columns.row_id("id"))
        .col(columns.id_text("order_id"))
        .col(columns.int32("line_number"))
        .col(columns.int32("part"))
        .col(columns.id_text("item_id"))
        .col(columns.number("quantity"))
        .col(columns.id_text("reason"))
        .col(columns.id_text("policy_id"))
        .col(columns.instant("lost_at"))
        .foreign_key(&mut of_line("fk_lost_demand_line", "lost_demand"))
        .check(at_least("ck_lost_demand_quantity", "quantity", 1));
    table.take()
}

fn order_write(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("order_write")
        .col(columns.id_text("order_id"))
        .col(columns.id_text("step_id"))
        .col(columns.id_text("kind"))
        .col(columns.text("actor"))
        .col(columns.text("reason_code"))
        .col(columns.text("note"))
        .col(columns.instant("written_at"))
        .primary_key(&mut primary_key("pk_order_write", &["order_id", "step_id"]))
        .foreign_key(
            ForeignKey::create()
                .name("fk_order_write_order")
                .from("order_write", "order_id")
                .to("customer_order", "id"),
        );
    columns.clustered(&mut table).take()
}
