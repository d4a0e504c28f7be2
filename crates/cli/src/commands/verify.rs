//! `backorder verify`: proves the books of every service.

use backorder_proto::{
    allocation::v1::{VerifyOrdersRequest, VerifyOrdersResponse},
    inventory::v1::{StockState, VerifyBooksRequest, VerifyBooksResponse},
};
use clap::Args;
use serde_json::json;
use tonic::Status;

use crate::{
    client::{Clients, Session},
    failure::{EXIT_UNBALANCED, Failure},
    output::{
        Output, json,
        table::{
            Column::{Number, Words},
            render,
        },
    },
};

/// How to verify.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Also show the digest of all movements: two runs of the same demo have the same one.
    #[arg(long)]
    pub digest: bool,
}

/// What the services found in their books.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The books of inventory.
    pub books: VerifyBooksResponse,
    /// The orders of allocation.
    pub orders: VerifyOrdersResponse,
}

impl Verified {
    /// Asks the services to prove their books.
    ///
    /// # Errors
    /// The status of the call that failed.
    pub async fn ask(clients: &Clients, digest: bool) -> Result<Self, Status> {
        let books = clients.inventory_operations.clone().verify_books(VerifyBooksRequest { digest }).await?;
        let orders = clients.allocation_operations.clone().verify_orders(VerifyOrdersRequest {}).await?;
        Ok(Self { books: books.into_inner(), orders: orders.into_inner() })
    }

    /// Whether nothing differs.
    #[must_use]
    pub const fn is_balanced(&self) -> bool {
        self.books.balanced && self.orders.balanced
    }

    /// What was found, for people.
    #[must_use]
    pub fn to_text(&self) -> String {
        let (books, orders) = (&self.books, &self.orders);
        let mut text = format!(
            "inventory: {} positions, {} movements, {} claims: {}\nallocation: {} orders, {} lines: {}",
            books.positions,
            books.movements,
            books.claims,
            word(books.balanced),
            orders.orders,
            orders.lines,
            word(orders.balanced)
        );
        if orders.orders_left_out > 0 {
            text.push_str(&format!(
                "\n{} orders are left out, because steps are under way for them: verify again in a moment",
                orders.orders_left_out
            ));
        }
        if !books.digest.is_empty() {
            text.push_str(&format!("\ndigest {}", books.digest));
        }
        if !self.is_balanced() {
            text.push('\n');
            text.push_str(&self.differences());
        }
        text
    }

    fn differences(&self) -> String {
        let columns = [Words("what"), Words("name"), Words("quantity"), Number("booked"), Number("should be")];
        let state = |state: i32| {
            StockState::try_from(state).unwrap_or_default().as_str_name().trim_start_matches("STOCK_STATE_").to_owned()
        };
        let books = self.books.differences.iter().map(|found| {
            vec![
                found.kind.clone(),
                found.name.clone(),
                state(found.state),
                found.booked.to_string(),
                found.expected.to_string(),
            ]
        });
        let orders = self.orders.differences.iter().map(|found| {
            vec![
                "line".to_owned(),
                found.line.clone(),
                found.quantity.clone(),
                found.booked.to_string(),
                found.expected.to_string(),
            ]
        });
        render(&columns, books.chain(orders))
    }
}

const fn word(balanced: bool) -> &'static str {
    if balanced { "balanced" } else { "NOT BALANCED" }
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] with exit code 4 when the books do not balance.
pub async fn run(args: &VerifyArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let verified = Verified::ask(&session.clients, args.digest).await?;
    if output.is_json() {
        output.value(&json!({
            "balanced": verified.is_balanced(),
            "digest": verified.books.digest,
            "inventory": json::of("backorder.inventory.v1.VerifyBooksResponse", &verified.books)?,
            "allocation": json::of("backorder.allocation.v1.VerifyOrdersResponse", &verified.orders)?,
        }));
    } else {
        output.text(&verified.to_text());
    }
    if verified.is_balanced() {
        return Ok(());
    }
    Err(Failure::new("the books do not balance")
        .next("when work is under way, wait a moment and verify again; else keep the data folder and report it")
        .with_exit_code(EXIT_UNBALANCED))
}
