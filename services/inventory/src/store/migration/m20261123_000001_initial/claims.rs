//! `claim`, `claim_location`, `reservation`, `peg`.

use sea_orm_migration::prelude::*;

use super::{Columns, positive, primary_key, refers_to};

pub fn tables(columns: Columns) -> Vec<TableCreateStatement> {
    vec![claim(columns), claim_location(columns), reservation(columns), peg(columns)]
}

pub fn indexes() -> Vec<IndexCreateStatement> {
    let queue = Index::create()
        .name("ix_claim_queue")
        .table("claim")
        .col("item_id")
        .col("queue_key")
        .col("queue_time")
        .col("line_id")
        .col("part")
        .and_where(Expr::col("waiting").gt(0))
        .to_owned();
    let expiry = Index::create()
        .name("ix_claim_expires_at")
        .table("claim")
        .col("expires_at")
        .and_where(Expr::col("expires_at").is_not_null())
        .to_owned();
    let reserved =
        Index::create().name("ix_reservation_item").table("reservation").col("item_id").col("location_id").to_owned();
    let pegged = Index::create().name("ix_peg_supply").table("peg").col("item_id").col("supply_id").to_owned();
    vec![queue, expiry, reserved, pegged]
}

fn claim(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("claim")
        .col(columns.id_text("line_id"))
        .col(columns.int32("part"))
        .col(columns.id_text("item_id"))
        .col(columns.quantity("reserved", "ck_claim_reserved"))
        .col(columns.quantity("waiting", "ck_claim_waiting"))
        .col(columns.quantity("pegged", "ck_claim_pegged"))
        .col(columns.quantity("posted", "ck_claim_posted"))
        .col(columns.id_text("strength"))
        .col(columns.instant("expires_at").null())
        .col(columns.boolean("eligible"))
        .col(columns.id_text("queue_key"))
        .col(columns.instant("queue_time"))
        // Ids hold no white space, so a list of them separated by blanks is exact.
        .col(columns.id_text("locations"))
        .col(columns.boolean("split_allowed"))
        .col(columns.number("min_per_location"))
        .col(columns.civil_date("requested_date").null())
        .col(columns.number("version"))
        .primary_key(&mut primary_key("pk_claim", &["line_id", "part"]))
        .foreign_key(&mut refers_to("fk_claim_item", "claim", "item_id", "item"))
        .check(positive("ck_claim_part", "part"))
        .check(("ck_claim_pegged_of_waiting", Expr::col("pegged").lte(Expr::col("waiting"))));
    columns.clustered(&mut table).take()
}

fn claim_location(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("claim_location")
        .col(columns.id_text("item_id"))
        .col(columns.id_text("location_id"))
        .col(columns.id_text("line_id"))
        .col(columns.int32("part"))
        .col(columns.number("quantity"))
        .primary_key(&mut primary_key("pk_claim_location", &["item_id", "location_id", "line_id", "part"]))
        .foreign_key(&mut claim_key("fk_claim_location_claim", "claim_location"))
        .check(positive("ck_claim_location_quantity", "quantity"));
    columns.clustered(&mut table).take()
}

fn reservation(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("reservation")
        .col(columns.id_text("line_id"))
        .col(columns.int32("part"))
        .col(columns.id_text("location_id"))
        .col(columns.id_text("batch"))
        .col(columns.id_text("item_id"))
        // The place among the claim's reservations: units are shipped in the order in which they were taken.
        .col(columns.number("taken"))
        .col(columns.number("quantity"))
        .primary_key(&mut primary_key("pk_reservation", &["line_id", "part", "location_id", "batch"]))
        .foreign_key(&mut claim_key("fk_reservation_claim", "reservation"))
        .check(positive("ck_reservation_quantity", "quantity"));
    columns.clustered(&mut table).take()
}

fn peg(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("peg")
        .col(columns.id_text("line_id"))
        .col(columns.int32("part"))
        .col(columns.id_text("supply_id"))
        .col(columns.id_text("item_id"))
        .col(columns.number("quantity"))
        .primary_key(&mut primary_key("pk_peg", &["line_id", "part", "supply_id"]))
        .foreign_key(&mut claim_key("fk_peg_claim", "peg"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_peg_supply")
                .from("peg", ("item_id", "supply_id"))
                .to("supply", ("item_id", "supply_id")),
        )
        .check(positive("ck_peg_quantity", "quantity"));
    columns.clustered(&mut table).take()
}

fn claim_key(name: &'static str, table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().name(name).from(table, ("line_id", "part")).to("claim", ("line_id", "part")).to_owned()
}
