//! What bars lines from taking stock or from being released, what inventory was told of it, and holds on customers.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000005_holds"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        // Nothing barred a line before, and every claim was eligible.
        let mut barriers = columns.int32("barriers").default(0).take();
        manager.alter_table(Table::alter().table("order_line").add_column(&mut barriers).take()).await?;
        let mut eligible = columns.boolean("eligible").default(true).take();
        manager.alter_table(Table::alter().table("line_claim").add_column(&mut eligible).take()).await?;
        for table in [held_customer(columns), customer_hold(columns)] {
            manager.create_table(table).await?;
        }
        // Few lines are barred, and every line would be in a whole index; most holds have no end.
        for index in [
            "CREATE INDEX ix_line_hold_until_at ON line_hold (until_at) WHERE until_at IS NOT NULL",
            "CREATE INDEX ix_customer_hold_until_at ON customer_hold (until_at) WHERE until_at IS NOT NULL",
            "CREATE INDEX ix_order_line_barriers ON order_line (order_id, line_number) WHERE barriers <> 0",
            "CREATE INDEX ix_line_claim_ineligible ON line_claim (order_id, line_number, part) \
             WHERE waiting > 0 AND NOT eligible",
        ] {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }
}

fn held_customer(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("held_customer")
        .col(columns.id_text("customer"))
        .col(columns.number("version"))
        .primary_key(Index::create().name("pk_held_customer").col("customer"));
    columns.clustered(&mut table).take()
}

fn customer_hold(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("customer_hold")
        .col(columns.id_text("customer"))
        .col(columns.id_text("hold_type"))
        .col(columns.boolean("blocks_allocation"))
        .col(columns.text("actor"))
        .col(columns.text("reason_code"))
        .col(columns.text("note"))
        .col(columns.instant("set_at"))
        .col(columns.instant("until_at").null())
        .primary_key(Index::create().name("pk_customer_hold").col("customer").col("hold_type"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_customer_hold_customer")
                .from("customer_hold", "customer")
                .to("held_customer", "customer"),
        );
    columns.clustered(&mut table).take()
}
