//! Wait limits: when the clock looks at a line, what customers are asked and say; and what is to be given back for units
//! that are cancelled or came back.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000009_wait_limits"
    }
}

/// Refunds of what was given up before refunds were kept: nobody was told of them yet.
const EARLIER_REFUNDS: [&str; 2] = [
    "INSERT INTO refund_due (order_id, line_number, basis, up_to, quantity, price_nanos, currency_code, \
     company_rate_nanos, reason_code, cause, due_at) \
     SELECT l.order_id, l.line_number, 'CANCELLED', l.cancelled, l.cancelled, l.price_nanos, o.currency_code, \
     o.company_rate_nanos, '', 'cancelled before refunds were kept', l.updated_at \
     FROM order_line l JOIN customer_order o ON o.id = l.order_id \
     WHERE l.cancelled > 0 AND o.quote_expires_at IS NULL",
    "INSERT INTO refund_due (order_id, line_number, basis, up_to, quantity, price_nanos, currency_code, \
     company_rate_nanos, reason_code, cause, due_at) \
     SELECT l.order_id, l.line_number, 'RETURNED', l.returned, l.returned, l.price_nanos, o.currency_code, \
     o.company_rate_nanos, '', 'returned before refunds were kept', l.updated_at \
     FROM order_line l JOIN customer_order o ON o.id = l.order_id \
     WHERE l.returned > 0",
];

/// Lines that wait already are looked at by the first turn of the clock, which finds out when they are due.
const CLOCK_LOOKS_AT_ALL: &str = "UPDATE order_line SET wait_due_at = 0 WHERE open > 0 AND wait_limit_date IS NOT NULL";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        // SQLite adds one column at a time.
        for table in ["backorder_policy", "order_line"] {
            for mut column in rule_columns(columns) {
                manager.alter_table(Table::alter().table(table).add_column(&mut column).take()).await?;
            }
        }
        for mut column in clock_columns(columns) {
            manager.alter_table(Table::alter().table("order_line").add_column(&mut column).take()).await?;
        }
        for table in [customer_question(columns), refund_due(columns)] {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        let connection = manager.get_connection();
        // Few lines have a limit and wait, and every line would be in a whole index.
        for (name, column) in
            [("ix_order_line_wait_due_at", "wait_due_at"), ("ix_order_line_wait_escalated_at", "wait_escalated_at")]
        {
            let index = format!("CREATE INDEX {name} ON order_line ({column}) WHERE {column} IS NOT NULL");
            connection.execute_unprepared(&index).await?;
        }
        for text in EARLIER_REFUNDS.into_iter().chain([CLOCK_LOOKS_AT_ALL]) {
            connection.execute_unprepared(text).await?;
        }
        Ok(())
    }
}

/// Rules and lines from before ask when the wait is over, give a week, and tell a planner of silence.
fn rule_columns(columns: Columns) -> [ColumnDef; 3] {
    [
        columns.int32("ask_days_before").default(0).take(),
        columns.int32("answer_days").default(7).take(),
        columns.id_text("after_silence").default("AFTER_SILENCE_ESCALATE").take(),
    ]
}

fn clock_columns(columns: Columns) -> [ColumnDef; 5] {
    [
        columns.civil_date("wait_acted_for").null().take(),
        columns.instant("wait_due_at").null().take(),
        columns.instant("wait_escalated_at").null().take(),
        columns.int32("question_number").default(0).take(),
        columns.instant("question_answer_by").null().take(),
    ]
}

fn customer_question(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("customer_question")
        .col(columns.id_text("order_id"))
        .col(columns.int32("line_number"))
        .col(columns.int32("number"))
        .col(columns.id_text("state"))
        .col(columns.quantity("open", "ck_customer_question_open"))
        .col(columns.civil_date("wait_limit_date").null())
        .col(columns.civil_date("promised_date").null())
        .col(columns.civil_date("expected_ship_date").null())
        .col(columns.id_text("promised_zone"))
        .col(columns.instant("asked_at"))
        .col(columns.instant("answer_by").null())
        .col(columns.instant("answered_at").null())
        .col(columns.civil_date("consent_until").null())
        .col(columns.text("actor"))
        .col(columns.text("reason_code"))
        .col(columns.text("note"))
        .col(columns.number("version"))
        .primary_key(Index::create().name("pk_customer_question").col("order_id").col("line_number").col("number"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_customer_question_line")
                .from("customer_question", ("order_id", "line_number"))
                .to("order_line", ("order_id", "line_number")),
        );
    columns.clustered(&mut table).take()
}

/// `up_to` counts the units of the line that were given up on this basis with this refund, so that no unit is in two.
fn refund_due(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("refund_due")
        .col(columns.id_text("order_id"))
        .col(columns.int32("line_number"))
        .col(columns.id_text("basis"))
        .col(columns.quantity("up_to", "ck_refund_due_up_to"))
        .col(columns.quantity("quantity", "ck_refund_due_quantity"))
        .col(columns.money_nanos("price_nanos").null())
        .col(columns.currency("currency_code"))
        .col(columns.number("company_rate_nanos"))
        .col(columns.text("reason_code"))
        .col(columns.text("cause"))
        .col(columns.instant("due_at"))
        .primary_key(Index::create().name("pk_refund_due").col("order_id").col("line_number").col("basis").col("up_to"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_refund_due_line")
                .from("refund_due", ("order_id", "line_number"))
                .to("order_line", ("order_id", "line_number")),
        )
        .check(("ck_refund_due_units", Expr::col("quantity").gt(0).and(Expr::col("quantity").lte(Expr::col("up_to")))));
    columns.clustered(&mut table).take()
}

fn indexes() -> [IndexCreateStatement; 2] {
    let asked = Index::create()
        .name("ix_customer_question_asked_at")
        .table("customer_question")
        .col("state")
        .col("asked_at")
        .col("order_id")
        .col("line_number")
        .col("number")
        .to_owned();
    let due = Index::create()
        .name("ix_refund_due_due_at")
        .table("refund_due")
        .col("due_at")
        .col("order_id")
        .col("line_number")
        .col("basis")
        .col("up_to")
        .to_owned();
    [asked, due]
}
