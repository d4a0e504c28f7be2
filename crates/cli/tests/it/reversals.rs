//! A reversal of lines of two orders: what the first call frees may go to the line that the second one cancels.

use std::{cell::Cell, sync::Arc, time::Duration};

use backorder_cli::{
    client::{Addresses, Session},
    demand::{Reversal, ReversedPart},
    demo::idle::until_idle,
    failure::Failure,
    undo,
};
use backorder_service_kit::ids::RandomIds;

use crate::program::Services;

#[tokio::test]
async fn the_services_come_to_rest_between_the_calls_so_that_the_ledger_does_not_depend_on_who_was_faster() {
    let folder = tempfile::tempdir().unwrap();
    let services = Services::start(folder.path()).await;
    services.json(&["catalog", "create-location", "main"]);
    services.json(&["catalog", "put-item", "X"]);
    services.json(&["stock", "receive", "X", "main", "8"]);
    services.json(&["order", "place", "X=8", "--order", "A"]);
    services.json(&["order", "place", "X=8", "--order", "B"]);
    let part = |order: &str| ReversedPart { order: order.into(), line: 1, quantity: 8, reversed_in_all: 8 };
    let reversal = Reversal {
        id: "C1".into(),
        reversed_at: jiff::Timestamp::UNIX_EPOCH,
        rows: 2,
        parts: vec![part("A"), part("B")],
    };

    let addresses = Addresses { all: services.address().to_owned(), inventory: None };
    let session = Session::connect(&addresses, Duration::from_secs(30), Arc::new(RandomIds), None).unwrap();
    let rests = Cell::new(0);
    let rest = async || -> Result<(), Failure> {
        rests.set(rests.get() + 1);
        until_idle(&session.clients).await
    };
    let undone = undo::apply(&session.clients, &reversal, "locations/main", None, rest).await.unwrap();

    assert_eq!((rests.get(), undone.cancelled.len()), (2, 2), "one rest after each of the two cancellations");
    let movements = services.json(&["stock", "movements", "X", "--limit", "0"]);
    let of_b = |movement: &&serde_json::Value| {
        movement["cause"].as_str().unwrap().starts_with("orders/B/") && movement["fromState"] == "STOCK_STATE_RESERVED"
    };
    let given_up = movements["movements"].as_array().unwrap().iter().filter(of_b).count();
    assert_eq!(given_up, 1, "the run gave the units to B before B gave them up: {movements:#}");
    assert!(services.stop().await);
}
