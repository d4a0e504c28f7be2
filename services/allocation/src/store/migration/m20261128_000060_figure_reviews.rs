//! Closed months of service figures, and what figures should reach.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261128_000060_figure_reviews"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        manager.create_table(figure_period(columns)).await?;
        manager.create_table(figure_target(columns)).await
    }
}

fn figure_period(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("figure_period")
        // As `2026-03`.
        .col(columns.id_text("month"))
        .col(columns.int32("edition"))
        // The period as it is told.
        .col(columns.bytes("detail"))
        .col(columns.instant("closed_at"))
        .primary_key(Index::create().name("pk_figure_period").col("month").col("edition"));
    columns.clustered(&mut table).take()
}

fn figure_target(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("figure_target")
        .col(columns.id_text("id"))
        // As it was put.
        .col(columns.bytes("terms"))
        .col(columns.number("version"))
        .col(columns.int32("state"))
        .col(columns.instant("since_at").null())
        .col(columns.instant("judged_at").null())
        // The last requested day that was looked at, and by which version.
        .col(columns.civil_date("judged_until").null())
        .col(columns.number("judged_version"))
        // The figure as it was judged.
        .col(columns.bytes("measured"))
        // Of the last event.
        .col(columns.number("sequence"))
        .primary_key(Index::create().name("pk_figure_target").col("id"));
    columns.clustered(&mut table).take()
}
