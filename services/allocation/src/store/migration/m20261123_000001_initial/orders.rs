//! `customer_order`, `order_line`, `line_claim`, `line_hold`.

use sea_orm_migration::prelude::*;

use super::{Columns, at_least, of_line, primary_key};

pub fn tables(columns: Columns) -> Vec<TableCreateStatement> {
    vec![customer_order(columns), order_line(columns), line_claim(columns), line_hold(columns)]
}

pub fn indexes() -> Vec<IndexCreateStatement> {
    let by_time = Index::create()
        .name("ix_customer_order_ordered_at")
        .table("customer_order")
        .col("ordered_at")
        .col("id")
        .to_owned();
    let by_customer = Index::create()
        .name("ix_customer_order_customer")
        .table("customer_order")
        .col("customer")
        .col("ordered_at")
        .col("id")
        .to_owned();
    let backlog = Index::create()
        .name("ix_order_line_backlog")
        .table("order_line")
        .col("item_id")
        .col("queue_key")
        .col("queue_time")
        .col("order_id")
        .col("line_number")
        .and_where(Expr::col("open").gt(0))
        .and_where(Expr::col("version").gt(0))
        .to_owned();
    vec![by_time, by_customer, backlog]
}

fn customer_order(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("customer_order")
        .col(columns.id_text("id"))
        .col(columns.id_text("customer"))
        .col(columns.id_text("customer_tier"))
        .col(columns.id_text("channel"))
        .col(columns.id_text("ship_to"))
        .col(columns.id_text("destination_zone"))
        .col(columns.instant("ordered_at"))
        .col(columns.currency("currency_code"))
        .col(columns.number("company_rate_nanos"))
        .col(columns.id_text("state"))
        .col(columns.instant("quote_expires_at").null())
        .col(columns.bytes("draft_hash"))
        .col(columns.quantity("lines_active", "ck_customer_order_lines_active"))
        .col(columns.quantity("lines_shipped", "ck_customer_order_lines_shipped"))
        .col(columns.id_text("busy_step").null())
        .col(columns.boolean("claims_pending"))
        .col(columns.text("actor"))
        .col(columns.text("reason_code"))
        .col(columns.text("note"))
        .col(columns.number("version"))
        .col(columns.instant("created_at"))
        .col(columns.instant("updated_at"))
        .primary_key(&mut primary_key("pk_customer_order", &["id"]))
        .check(at_least("ck_customer_order_rate", "company_rate_nanos", 1));
    table.take()
}

fn order_line(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("order_line")
        .col(columns.id_text("order_id"))
        .col(columns.int32("line_number"))
        .col(columns.id_text("item_id"))
        .col(columns.id_text("ordered_unit"))
        .col(columns.number("ordered_unit_quantity"))
        .col(columns.number("base_units_per_unit"));
    line_quantities(columns, &mut table);
    line_dates(columns, &mut table);
    line_terms(columns, &mut table);
    table
        .col(columns.number("version"))
        .col(columns.instant("updated_at"))
        .primary_key(&mut primary_key("pk_order_line", &["order_id", "line_number"]))
        .foreign_key(
            ForeignKey::create().name("fk_order_line_order").from("order_line", "order_id").to("customer_order", "id"),
        )
        .check(at_least("ck_order_line_number", "line_number", 1))
        .check(at_least("ck_order_line_base_units", "base_units_per_unit", 1))
        .check(("ck_order_line_vector", vector_adds_up()))
        .check(("ck_order_line_delivered_of_shipped", Expr::col("delivered").lte(Expr::col("shipped"))))
        .check(("ck_order_line_returned_of_shipped", Expr::col("returned").lte(Expr::col("shipped"))))
        .check(("ck_order_line_apart_of_open", Expr::col("future").add(Expr::col("preorder")).lte(Expr::col("open"))));
    table.take()
}

/// `ordered = open + reserved + released + shipped + cancelled`.
fn vector_adds_up() -> Expr {
    let sum = ["reserved", "released", "shipped", "cancelled"]
        .into_iter()
        .fold(Expr::col("open"), |sum, column| sum.add(Expr::col(column)));
    Expr::col("ordered").eq(sum)
}

fn line_quantities(columns: Columns, table: &mut TableCreateStatement) {
    table
        .col(columns.quantity("ordered", "ck_order_line_ordered"))
        .col(columns.quantity("open", "ck_order_line_open"))
        .col(columns.quantity("reserved", "ck_order_line_reserved"))
        .col(columns.quantity("released", "ck_order_line_released"))
        .col(columns.quantity("shipped", "ck_order_line_shipped"))
        .col(columns.quantity("cancelled", "ck_order_line_cancelled"))
        .col(columns.quantity("delivered", "ck_order_line_delivered"))
        .col(columns.quantity("returned", "ck_order_line_returned"))
        .col(columns.quantity("refused", "ck_order_line_refused"))
        .col(columns.quantity("filled_at_once", "ck_order_line_filled_at_once"))
        .col(columns.quantity("backordered", "ck_order_line_backordered"))
        .col(columns.quantity("future", "ck_order_line_future"))
        .col(columns.quantity("preorder", "ck_order_line_preorder"));
}

fn line_dates(columns: Columns, table: &mut TableCreateStatement) {
    table
        .col(columns.instant("queue_time"))
        .col(columns.id_text("queue_key"))
        .col(columns.id_text("time_zone"))
        .col(columns.civil_date("requested_date"))
        .col(columns.id_text("requested_basis"))
        .col(columns.civil_date("original_promised_date").null())
        .col(columns.civil_date("current_promised_date").null())
        .col(columns.civil_date("expected_ship_date").null())
        .col(columns.civil_date("actual_ship_date").null())
        .col(columns.id_text("promised_zone"))
        .col(columns.int32("promise_revision"))
        .col(columns.text("confirmations"))
        .col(columns.instant("wait_started_at"))
        .col(columns.civil_date("wait_limit_date").null())
        .col(columns.instant("filled_at").null());
}

fn line_terms(columns: Columns, table: &mut TableCreateStatement) {
    table
        .col(columns.id_text("ship_set"))
        .col(columns.money_nanos("price_nanos").null())
        .col(columns.money_nanos("cost_nanos").null())
        .col(columns.currency("cost_currency"))
        .col(columns.id_text("shortage_instruction"))
        .col(columns.boolean("substitution_allowed"))
        .col(columns.boolean("notify_before_short"))
        .col(columns.id_text("policy_id"))
        .col(columns.id_text("after_wait"))
        .col(columns.boolean("may_wait"))
        .col(columns.id_text("loss_reason"))
        .col(columns.number("waiting_limit").null())
        .col(columns.boolean("split_allowed"))
        .col(columns.number("minimum_per_location"))
        // Ids hold no white space, so a list of them between blanks is exact.
        .col(columns.id_text("locations"))
        .col(columns.int32("parts"));
}

fn line_claim(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("line_claim")
        .col(columns.id_text("order_id"))
        .col(columns.int32("line_number"))
        .col(columns.int32("part"))
        .col(columns.quantity("reserved", "ck_line_claim_reserved"))
        .col(columns.quantity("waiting", "ck_line_claim_waiting"))
        .col(columns.quantity("pegged", "ck_line_claim_pegged"))
        .col(columns.quantity("posted", "ck_line_claim_posted"))
        .col(columns.id_text("queue_key"))
        .col(columns.instant("queue_time"))
        .col(columns.text("reservations"))
        .col(columns.text("pegs"))
        .col(columns.number("version"))
        .primary_key(&mut primary_key("pk_line_claim", &["order_id", "line_number", "part"]))
        .foreign_key(&mut of_line("fk_line_claim_line", "line_claim"))
        .check(at_least("ck_line_claim_part", "part", 0))
        .check(("ck_line_claim_pegged_of_waiting", Expr::col("pegged").lte(Expr::col("waiting"))));
    columns.clustered(&mut table).take()
}

fn line_hold(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("line_hold")
        .col(columns.id_text("order_id"))
        .col(columns.int32("line_number"))
        .col(columns.id_text("hold_type"))
        .col(columns.boolean("blocks_allocation"))
        .col(columns.text("actor"))
        .col(columns.text("reason_code"))
        .col(columns.text("note"))
        .col(columns.instant("set_at"))
        .col(columns.instant("until_at").null())
        .primary_key(&mut primary_key("pk_line_hold", &["order_id", "line_number", "hold_type"]))
        .foreign_key(&mut of_line("fk_line_hold_line", "line_hold"));
    columns.clustered(&mut table).take()
}
