//! A thousand callers race for the last ten units: ten win, each time, and nobody is forgotten.

use backorder_proto::inventory::v1::{
    ListWaitingClaimsRequest, RefusalReason, ReserveLine, ReserveStockRequest, ReserveStockResponse, Shortfall,
};
use backorder_testkit::{Backend, counts, on_each_backend};
use backorder_tests::{
    cluster::in_process::InProcess,
    world::{World, request_id},
};
use futures::{StreamExt as _, stream};

const UNITS: i64 = 10;

async fn exactly_ten_of_a_thousand_callers_get_the_last_ten_units(backend: Backend) {
    let cluster = InProcess::start(backend).await;
    let callers = counts::cases("last_units_callers");
    for round in 0..counts::cases("last_units_rounds") {
        let world = cluster.world(&format!("round-{round}"));
        world.mug_at_main().await;
        world.receive("mug", "main", UNITS).await;
        let shortfall = if round % 2 == 0 { Shortfall::Backorder } else { Shortfall::Refuse };

        let answers: Vec<ReserveStockResponse> = stream::iter(0..callers)
            .map(|caller| reserve_one(world.clone(), caller, shortfall))
            .buffer_unordered(256)
            .collect()
            .await;

        check_round(&world, shortfall, &answers, callers).await;
    }
    cluster.world("end").books_balance().await;
    cluster.stop().await;
}

on_each_backend!(exactly_ten_of_a_thousand_callers_get_the_last_ten_units);

async fn reserve_one(world: World, caller: u32, shortfall: Shortfall) -> ReserveStockResponse {
    let request = ReserveStockRequest {
        request_id: request_id(),
        lines: vec![ReserveLine {
            line: format!("{}/{caller}", world.id("caller")),
            item: world.item_name("mug"),
            quantity: 1,
            locations: vec![world.location_name("main")],
            shortfall: shortfall.into(),
            eligible: true,
            ..Default::default()
        }],
        ..Default::default()
    };
    world.inventory.reservations.clone().reserve_stock(request).await.expect("every caller is answered").into_inner()
}

async fn check_round(world: &World, shortfall: Shortfall, answers: &[ReserveStockResponse], callers: u32) {
    let results: Vec<_> = answers.iter().map(|answer| &answer.results[0]).collect();
    let reserved: i64 = results.iter().filter_map(|result| result.claim.as_ref()).map(|claim| claim.reserved).sum();
    assert_eq!(reserved, UNITS);
    let others = usize::try_from(callers).unwrap() - 10;
    let position = world.position("mug", "main").await;
    assert_eq!((position.available, position.reserved, position.on_hand), (0, UNITS, UNITS));
    if shortfall == Shortfall::Backorder {
        let waiting = results.iter().filter(|result| result.claim.as_ref().is_some_and(|claim| claim.waiting == 1));
        assert_eq!(waiting.count(), others);
        let request = ListWaitingClaimsRequest { item: world.item_name("mug"), ..Default::default() };
        let listed =
            world.inventory.reservations.clone().list_waiting_claims(request).await.expect("listed").into_inner();
        assert_eq!(listed.claims.len(), others, "every caller who waits is in the queue");
    } else {
        let refused = results.iter().filter(|result| {
            result.refused == 1 && result.claim.is_none() && result.refusal_reason() == RefusalReason::NotAvailable
        });
        assert_eq!(refused.count(), others);
    }
}
