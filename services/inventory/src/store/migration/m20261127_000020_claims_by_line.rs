//! What waits is found by its line, and what a claim proves is not looked up again.

use backorder_storage::schema::Columns;
use sea_orm::{ConnectionTrait as _, DbBackend};
use sea_orm_migration::prelude::*;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261127_000020_claims_by_line"
    }
}

/// On SQLite a table gets another key only when it is written anew; what refers to a claim costs next to nothing there.
const ANEW: [&str; 3] = [
    "INSERT INTO claim_location_anew (item_id, location_id, line_id, part, quantity, in_set) \
     SELECT item_id, location_id, line_id, part, quantity, in_set FROM claim_location",
    "DROP TABLE claim_location",
    "ALTER TABLE claim_location_anew RENAME TO claim_location",
];

const ALTERED: [&str; 3] = [
    // With the location before the line, a line that waited no longer was found by reading all that wait for its item.
    "ALTER TABLE claim_location DROP CONSTRAINT pk_claim_location, \
     ADD CONSTRAINT pk_claim_location PRIMARY KEY (item_id, line_id, part, location_id)",
    // Both are written by the statement that writes the claim.
    "ALTER TABLE claim_location DROP CONSTRAINT fk_claim_location_claim",
    "ALTER TABLE reservation DROP CONSTRAINT fk_reservation_claim",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let statements = if manager.get_database_backend() == DbBackend::Sqlite {
            manager.create_table(claim_location_anew(Columns::of(manager))).await?;
            ANEW
        } else {
            ALTERED
        };
        for statement in statements {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

fn claim_location_anew(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("claim_location_anew")
        .col(columns.id_text("item_id"))
        .col(columns.id_text("location_id"))
        .col(columns.id_text("line_id"))
        .col(columns.int32("part"))
        .col(columns.number("quantity"))
        .col(columns.boolean("in_set").default(false).take())
        .primary_key(
            Index::create().name("pk_claim_location").col("item_id").col("line_id").col("part").col("location_id"),
        )
        .foreign_key(
            ForeignKey::create()
                .name("fk_claim_location_claim")
                .from("claim_location_anew", ("line_id", "part"))
                .to("claim", ("line_id", "part")),
        )
        .check(("ck_claim_location_quantity", Expr::col("quantity").gte(1)));
    columns.clustered(&mut table).take()
}
