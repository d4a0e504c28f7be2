//! `backorder_policy`, `serving_sequence`, and `rule_write`: who changed a rule and why, only added to.

use sea_orm_migration::prelude::*;

use super::{Columns, primary_key};

pub fn tables(columns: Columns) -> Vec<TableCreateStatement> {
    vec![backorder_policy(columns), serving_sequence(columns), rule_write(columns)]
}

fn backorder_policy(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("backorder_policy")
        .col(columns.id_text("id"))
        .col(columns.id_text("item_id").null())
        .col(columns.id_text("category").null())
        .col(columns.id_text("channel").null())
        .col(columns.id_text("location_id").null())
        .col(columns.id_text("customer_tier").null())
        .col(columns.boolean("allowed"))
        .col(columns.number("waiting_limit").null())
        .col(columns.int32("acceptable_wait_days").null())
        .col(columns.id_text("wait_day_type"))
        .col(columns.id_text("wait_start"))
        .col(columns.id_text("after_wait"))
        .col(columns.boolean("split_allowed"))
        .col(columns.number("minimum_per_location"))
        .col(columns.id_text("locations"))
        .col(columns.civil_date("effective_from").null())
        .col(columns.civil_date("effective_to").null())
        .col(columns.number("version"))
        .col(columns.instant("created_at"))
        .col(columns.instant("updated_at"))
        .primary_key(&mut primary_key("pk_backorder_policy", &["id"]));
    table.take()
}

fn serving_sequence(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("serving_sequence")
        .col(columns.int32("id"))
        .col(columns.text("keys"))
        .col(columns.text("tiers"))
        .col(columns.text("channels"))
        .col(columns.number("version"))
        .col(columns.number("applied_version"))
        .col(columns.instant("updated_at"))
        .primary_key(&mut primary_key("pk_serving_sequence", &["id"]))
        .check(("ck_serving_sequence_one_row", Expr::col("id").eq(1)));
    table.take()
}

fn rule_write(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("rule_write")
        .col(columns.row_id("id"))
        .col(columns.id_text("rule"))
        .col(columns.number("version"))
        .col(columns.id_text("kind"))
        .col(columns.text("actor"))
        .col(columns.text("reason_code"))
        .col(columns.text("note"))
        .col(columns.instant("written_at"));
    table.take()
}
