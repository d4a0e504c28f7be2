//! Allocation policies, version by version, and which of them is in force.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261128_000050_allocation_policies"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        manager.create_table(versions(columns)).await?;
        manager.create_table(in_force(columns)).await?;
        manager.create_table(writes(columns)).await?;
        let fallbacks = Index::create()
            .name("ix_allocation_policy_version_fallback_id")
            .table("allocation_policy_version")
            .col("fallback_id")
            .to_owned();
        manager.create_index(fallbacks).await
    }
}

/// Written once and never changed or deleted: runs name the version by which they decided.
fn versions(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("allocation_policy_version")
        .col(columns.id_text("policy_id"))
        .col(columns.number("version"))
        .col(columns.instant("effective_at"))
        .col(columns.boolean("retires"))
        // Empty for none.
        .col(columns.id_text("fallback_id"))
        // The policy as it was written.
        .col(columns.bytes("content"))
        .col(columns.text("actor"))
        .col(columns.text("reason_code"))
        .col(columns.text("note"))
        .col(columns.instant("created_at"))
        .primary_key(Index::create().name("pk_allocation_policy_version").col("policy_id").col("version"));
    table.take()
}

/// Each decision about which policy is in force.
fn in_force(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("allocation_policy_in_force")
        .col(columns.number("number"))
        // Empty for none.
        .col(columns.id_text("policy_id"))
        .col(columns.instant("effective_at"))
        .col(columns.text("actor"))
        .col(columns.text("reason_code"))
        .col(columns.text("note"))
        .col(columns.instant("created_at"))
        .primary_key(Index::create().name("pk_allocation_policy_in_force").col("number"));
    table.take()
}

/// One row, which every write about policies changes: they are one after the other, since what one says of another (its
/// fallback, what is in force) must hold when both are written.
fn writes(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("allocation_policy_writes")
        .col(columns.number("id"))
        .col(columns.number("writes"))
        .primary_key(Index::create().name("pk_allocation_policy_writes").col("id"));
    table.take()
}
