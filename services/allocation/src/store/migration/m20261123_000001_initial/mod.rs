//! The first schema: orders with their lines, claims and promises; rules; work to be done; copies of master data.
//!
//! Every constraint is named, because errors are told apart by name.

mod copies;
mod history;
mod orders;
mod rules;
mod work;

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
        let tables = [
            copies::tables(columns),
            rules::tables(columns),
            orders::tables(columns),
            history::tables(columns),
            work::tables(columns),
        ];
        for table in tables.into_iter().flatten() {
            manager.create_table(table).await?;
        }
        for index in [orders::indexes(), history::indexes()].into_iter().flatten() {
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

/// A foreign key to an order line.
fn of_line(name: &'static str, table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(name)
        .from(table, ("order_id", "line_number"))
        .to("order_line", ("order_id", "line_number"))
        .to_owned()
}

/// A CHECK that a column is at least `least`.
fn at_least(name: &'static str, column: &'static str, least: i64) -> (&'static str, Expr) {
    (name, Expr::col(column).gte(least))
}
