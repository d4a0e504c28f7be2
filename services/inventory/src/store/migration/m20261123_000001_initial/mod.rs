//! The first schema: master data, positions and movements, claims with reservations, pegs and holds, dated supply.
//!
//! Every table of stock has the item as the first column of its key, so that it can be distributed by item. Every
//! constraint is named, because errors are told apart by name.

mod catalog;
mod claims;
mod stock;
mod supply;

use sea_orm_migration::prelude::*;

use backorder_storage::schema::{Columns, create_shared_tables_v1};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261123_000001_initial"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_shared_tables_v1(manager).await?;
        let columns = Columns::of(manager);
        let tables =
            [catalog::tables(columns), stock::tables(columns), supply::tables(columns), claims::tables(columns)];
        for table in tables.into_iter().flatten() {
            manager.create_table(table).await?;
        }
        for index in [stock::indexes(), claims::indexes(), supply::indexes()].into_iter().flatten() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

/// A primary key of several columns, with a name.
fn primary_key(name: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(name);
    for column in columns {
        index.col(*column);
    }
    index
}

/// A foreign key to the `id` of a table of master data.
fn refers_to(
    name: &'static str,
    table: &'static str,
    column: &'static str,
    target: &'static str,
) -> ForeignKeyCreateStatement {
    ForeignKey::create().name(name).from(table, column).to(target, "id").to_owned()
}

/// A CHECK that a column is at least 1.
fn positive(name: &'static str, column: &'static str) -> (&'static str, Expr) {
    (name, Expr::col(column).gte(1))
}
