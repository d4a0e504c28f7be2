//! What time alone has made due is work, and who asks whether there is any need not wait for a tick.

use std::time::Duration;

use backorder_allocation::Config;
use backorder_proto::allocation::v1::{HoldType, PinConfirmationRequest, SetHoldsRequest};
use backorder_testkit::{Backend, on_each_backend};
use prost_types::Timestamp;

use crate::world::{World, because};

/// The waiting line of every world here.
const LINE: &str = "orders/A-1/lines/1";
/// A supplier is asked for two units of it, and did not answer in time.
const OVERDUE_TAKE: &str = "INSERT INTO drop_ship_take (id, order_id, line_number, item_id, supplier, quantity, confirmed, \
    shipped, state, asked_at, answer_by, actor, reason_code, note, version) \
    VALUES ('t', 'A-1', 1, 'a', 's', 2, 0, 0, 'PENDING', 1, 2, '', '', '', 1)";

impl World {
    /// A waiting line with a hold and a pin that end some day, in a service that looks by itself once an hour only.
    async fn with_a_waiting_line(backend: Backend) -> Self {
        let an_hour = Duration::from_hours(1);
        let world = Self::with(backend, Config { job_tick: an_hour, hold_tick: an_hour, ..Config::default() }).await;
        world.place(world.order("a", 5)).await;
        let some_day = Some(Timestamp { seconds: 4_000_000_000, nanos: 0 });
        let hold = SetHoldsRequest {
            request_id: world.id(),
            targets: vec![LINE.to_owned()],
            r#type: HoldType::Manual.into(),
            until_time: some_day,
            context: because("checked"),
            ..SetHoldsRequest::default()
        };
        world.clients.holds.clone().set_holds(hold).await.unwrap();
        let pin = PinConfirmationRequest {
            request_id: world.id(),
            line: LINE.to_owned(),
            expire_time: some_day,
            context: because("promised by hand"),
        };
        world.clients.overrides.clone().pin_confirmation(pin).await.unwrap();
        world.app.spawn_jobs(&world.jobs);
        world.idle().await;
        world
    }
}

async fn what_time_has_made_due_is_work_that_is_done_at_once(backend: Backend) {
    let due: [(&str, &[&str]); 5] = [
        ("a promise to review", &["UPDATE order_line SET promise_review_at = 1"]),
        ("a wait", &["UPDATE order_line SET wait_due_at = 1"]),
        ("a take", &["UPDATE order_line SET drop_ship_pending = 2", OVERDUE_TAKE]),
        ("a hold", &["UPDATE line_hold SET until_at = 1"]),
        ("a pin", &["UPDATE line_override SET expires_at = 1"]),
    ];
    let world = World::with_a_waiting_line(backend).await;
    for (what, changes) in due {
        for change in changes {
            world.execute(change).await;
        }
        assert_eq!(world.activity().await.runs_waiting, 1, "{what}");
        world.idle().await;
        assert!(world.verify().await.balanced, "{what}");
    }
}

on_each_backend!(what_time_has_made_due_is_work_that_is_done_at_once);
