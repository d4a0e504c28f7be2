//! What arrives and what is made of it later: tolerance, blind receipts, reversals, and the list of all.

use backorder_proto::{common::v1::ErrorReason, inventory::v1::*};
use backorder_testkit::{Backend, on_each_backend};
use prost_types::FieldMask;
use tonic::{Code, Status};

use crate::world::{World, because, day, refusal};

const ITEM: &str = "items/a";
const MAIN: &str = "locations/main";

async fn receive(world: &World, line: ReceiptLine) -> ReceiveStockResponse {
    let line = ReceiptLine { item: ITEM.to_owned(), location: MAIN.to_owned(), ..line };
    let request = ReceiveStockRequest {
        request_id: world.id(),
        lines: vec![line],
        document: "doc-7".to_owned(),
        ..Default::default()
    };
    world.clients.stock.clone().receive_stock(request).await.unwrap().into_inner()
}

async fn list(world: &World, filter: ListReceiptsRequest) -> Vec<ReceivedLine> {
    let mut lines = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListReceiptsRequest { page_size: 1, page_token, ..filter.clone() };
        let page = world.clients.receipts.clone().list_receipts(request).await.unwrap().into_inner();
        lines.extend(page.lines);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return lines;
        }
    }
}

async fn in_review(world: &World) -> Vec<ReceivedLine> {
    list(world, ListReceiptsRequest { in_review_only: true, ..Default::default() }).await
}

fn reversal(world: &World, receipt: &str, lines: Vec<ReversalLine>) -> ReverseReceiptRequest {
    ReverseReceiptRequest {
        request_id: world.id(),
        receipt: receipt.to_owned(),
        lines,
        reopens_supply: true,
        context: because("wrong pallet"),
        ..Default::default()
    }
}

async fn reverse(world: &World, request: ReverseReceiptRequest) -> Result<ReverseReceiptResponse, Status> {
    Ok(world.clients.receipts.clone().reverse_receipt(request).await?.into_inner())
}

async fn resolve(
    world: &World,
    line: &ReceivedLine,
    resolution: BlindResolution,
    supply: &str,
    quantity: i64,
) -> Result<ResolveBlindReceiptResponse, Status> {
    let request = ResolveBlindReceiptRequest {
        request_id: world.id(),
        receipt: line.receipt.clone(),
        line: line.line,
        quantity,
        resolution: resolution.into(),
        supply: supply.to_owned(),
        ..Default::default()
    };
    Ok(world.clients.receipts.clone().resolve_blind_receipt(request).await?.into_inner())
}

async fn what_is_beyond_the_tolerance_waits_in_quality_control(backend: Backend) {
    let world = World::new(backend).await;
    world.supply("po", "a", "main", 50, day(9)).await;
    let line = ReceiptLine { supply: "supplies/po".to_owned(), accepted: 58, damaged: 1, ..Default::default() };
    let answer = receive(&world, line).await;
    let line = &answer.lines[0];
    assert_eq!((line.over_receipt, line.quarantined), (9, 4), "a tenth more than ordered is booked as it arrived");
    assert_eq!((line.accepted, line.quality_control, line.damaged), (54, 4, 1));
    assert_eq!(answer.supplies[0].received, 59);
    let position = &answer.positions[0];
    assert_eq!((position.available, position.quality_control, position.damaged), (54, 4, 1));
    world.balanced().await;
}

async fn a_supply_may_have_a_tolerance_of_its_own(backend: Backend) {
    let world = World::new(backend).await;
    let supply = world.supply("po", "a", "main", 50, day(9)).await;
    assert_eq!(supply.over_receipt_tolerance, None);
    let tolerance = Some(OverReceiptTolerance { percent: 2, units: 3 });
    let update = |tolerance, version| UpdateSupplyRequest {
        request_id: world.id(),
        supply: Some(Supply { over_receipt_tolerance: tolerance, ..supply.clone() }),
        update_mask: Some(FieldMask { paths: vec!["over_receipt_tolerance".to_owned()] }),
        expected_version: version,
        ..Default::default()
    };
    let supplies = || world.clients.supply.clone();
    let wrong = update(Some(OverReceiptTolerance { percent: 1_001, units: 0 }), 0);
    let refused = refusal(supplies().update_supply(wrong).await);
    assert_eq!(refused, (Code::InvalidArgument, ErrorReason::InvalidRequest));
    let updated =
        supplies().update_supply(update(tolerance, supply.version)).await.unwrap().into_inner().supply.unwrap();
    assert_eq!(updated.over_receipt_tolerance, tolerance);
    let line = ReceiptLine { supply: "supplies/po".to_owned(), accepted: 55, ..Default::default() };
    assert_eq!(receive(&world, line).await.lines[0].quarantined, 2);
    let request = GetSupplyRequest { name: supply.name.clone() };
    let kept = supplies().get_supply(request).await.unwrap().into_inner();
    assert_eq!((kept.over_receipt_tolerance, kept.received), (tolerance, 55));
}

async fn what_is_still_to_come_has_its_new_day_and_what_is_refused_is_kept(backend: Backend) {
    let world = World::new(backend).await;
    world.supply("po", "a", "main", 10, day(9)).await;
    let claim = world.backorder("a", 10).await;
    let line = ReceiptLine {
        supply: "supplies/po".to_owned(),
        accepted: 6,
        refused: 1,
        rest_expected_date: Some(day(21)),
        ..Default::default()
    };
    let answer = receive(&world, line).await;
    assert_eq!((answer.supplies[0].open, answer.supplies[0].expected_date), (4, Some(day(21))));
    assert_eq!(answer.lines[0].refused, 1);
    let pegs = world.claim(&claim.line).await.pegs;
    assert_eq!(pegs.iter().map(|peg| (peg.quantity, peg.expected_date)).collect::<Vec<_>>(), [(4, Some(day(21)))]);
    let refused_alone = ReceiptLine { supply: "supplies/po".to_owned(), refused: 4, ..Default::default() };
    let answer = receive(&world, refused_alone).await;
    assert_eq!((answer.supplies[0].open, answer.positions[0].on_hand), (4, 6));
    world.balanced().await;
}

async fn a_receipt_that_names_a_supply_that_does_not_fit_is_booked_blind(backend: Backend) {
    let world = World::new(backend).await;
    world.supply("po", "a", "main", 5, day(9)).await;
    world.supply("other", "b", "main", 5, day(9)).await;
    world.supply("north", "a", "north", 5, day(9)).await;
    world.receive_from("a", "main", 5, "po").await.unwrap();
    let blind = [
        ("none", BlindReason::UnknownSupply),
        ("other", BlindReason::UnknownSupply),
        ("po", BlindReason::ClosedSupply),
        ("north", BlindReason::OtherLocation),
    ];
    for (supply, reason) in blind {
        let answer = world.receive_from("a", "main", 2, supply).await.unwrap();
        let line = &answer.lines[0];
        assert_eq!((line.blind_reason(), line.in_review, line.accepted), (reason, 2, 0), "{supply}");
    }
    let position = world.position("a", "main").await;
    assert_eq!((position.available, position.quality_control), (5, 8));
    assert_eq!(in_review(&world).await.len(), 4);
    let release = ReleaseQuarantineRequest {
        request_id: world.id(),
        item: ITEM.to_owned(),
        location: MAIN.to_owned(),
        quantity: 1,
        ..Default::default()
    };
    let refused = refusal(world.clients.stock.clone().release_quarantine(release).await);
    assert_eq!(refused, (Code::FailedPrecondition, ErrorReason::InsufficientStock), "only a decision frees them");
    world.balanced().await;
}

async fn blind_units_are_accepted_attached_scrapped_or_sent_back(backend: Backend) {
    let world = World::new(backend).await;
    let blind = world.receive_from("a", "main", 10, "typo").await.unwrap().lines.remove(0);
    world.supply("po", "a", "main", 4, day(9)).await;
    let claim = world.backorder("a", 6).await;
    assert_eq!(claim.pegged, 4);

    let accepted = resolve(&world, &blind, BlindResolution::Accept, "", 3).await.unwrap();
    assert_eq!(accepted.holds.iter().map(|hold| hold.quantity).collect::<Vec<_>>(), [3]);
    assert_eq!(accepted.line.as_ref().map(|line| (line.in_review, line.left_quality_control)), Some((7, 7)));
    let refused = refusal(resolve(&world, &blind, BlindResolution::Attach, "supplies/po", 5).await);
    assert_eq!(refused, (Code::FailedPrecondition, ErrorReason::SupplyQuantityConflict));
    let refused = refusal(resolve(&world, &blind, BlindResolution::Attach, "", 1).await);
    assert_eq!(refused, (Code::InvalidArgument, ErrorReason::InvalidRequest));
    let attached = resolve(&world, &blind, BlindResolution::Attach, "supplies/po", 4).await.unwrap();
    assert_eq!(attached.supply.map(|supply| (supply.open, supply.received)), Some((0, 4)));
    let booked = attached.booked_line.unwrap();
    assert_eq!((booked.supply.as_str(), booked.accepted, booked.document.as_str()), ("supplies/po", 4, "doc-1"));
    assert_eq!(world.claim(&claim.line).await.pegged, 0, "what is held needs no supply");
    resolve(&world, &blind, BlindResolution::Scrap, "", 1).await.unwrap();
    let last = resolve(&world, &blind, BlindResolution::ReturnToSupplier, "", 0).await.unwrap();
    assert_eq!((last.line.map(|line| line.in_review), last.booked_line), (Some(0), None));
    let refused = refusal(resolve(&world, &blind, BlindResolution::Accept, "", 0).await);
    assert_eq!(refused, (Code::FailedPrecondition, ErrorReason::ReceiptQuantityConflict));
    let unknown = ReceivedLine { line: 2, ..blind };
    let refused = refusal(resolve(&world, &unknown, BlindResolution::Accept, "", 0).await);
    assert_eq!(refused, (Code::NotFound, ErrorReason::ReceiptNotFound));
    assert!(in_review(&world).await.is_empty());
    assert_eq!(world.position("a", "main").await.on_hand, 7);
    world.balanced().await;
}

async fn a_reversal_takes_reserved_units_from_the_end_of_the_queue_and_reopens_the_supply(backend: Backend) {
    let world = World::new(backend).await;
    world.supply("po", "a", "main", 6, day(9)).await;
    let receipt = world.receive_from("a", "main", 6, "po").await.unwrap().lines.remove(0).receipt;
    let early = ReserveLine { queue_key: "1".to_owned(), ..world.wants("a", 3) };
    let late = ReserveLine { queue_key: "2".to_owned(), ..world.wants("a", 2) };
    world.reserve(vec![late.clone(), early.clone()]).await.unwrap();

    let part = ReversalLine { line: 1, accepted: 4, ..Default::default() };
    let request = reversal(&world, &receipt, vec![part]);
    let answer = reverse(&world, request.clone()).await.unwrap();
    let lost: Vec<_> = answer.taken_away.iter().map(|t| (t.line.as_str(), t.quantity)).collect();
    assert_eq!(lost, [(late.line.as_str(), 2), (early.line.as_str(), 1)]);
    let reduced: Vec<_> = answer.reduced_claims.iter().map(|c| (c.reserved, c.waiting, c.pegged)).collect();
    assert_eq!(reduced, [(0, 2, 2), (2, 1, 1)]);
    let supply = &answer.supplies[0];
    assert_eq!((supply.open, supply.received, supply.cancelled, supply.state()), (4, 2, 0, SupplyState::Open));
    assert_eq!(answer.lines[0].left_accepted, 2);
    assert_eq!(reverse(&world, request).await.unwrap(), answer, "the same write again has the same answer");
    assert_eq!(world.position("a", "main").await.on_hand, 2);

    let refused = refusal(reverse(&world, reversal(&world, &receipt, vec![part])).await);
    assert_eq!(refused, (Code::FailedPrecondition, ErrorReason::ReceiptQuantityConflict));
    let rest = ReverseReceiptRequest { reopens_supply: false, ..reversal(&world, &receipt, Vec::new()) };
    let answer = reverse(&world, rest).await.unwrap();
    assert_eq!((answer.supplies[0].open, answer.supplies[0].cancelled), (4, 2));
    let refused = refusal(reverse(&world, reversal(&world, &receipt, Vec::new())).await);
    assert_eq!(refused, (Code::FailedPrecondition, ErrorReason::ReceiptQuantityConflict));
    assert_eq!(world.position("a", "main").await.on_hand, 0);
    world.balanced().await;
}

async fn a_reversal_of_many_lines_is_done_wholly_or_not_at_all(backend: Backend) {
    let world = World::new(backend).await;
    let line = |item: &str, accepted: i64, damaged: i64| ReceiptLine {
        item: item.to_owned(),
        location: MAIN.to_owned(),
        accepted,
        damaged,
        ..Default::default()
    };
    let request = ReceiveStockRequest {
        request_id: world.id(),
        lines: vec![line("items/a", 3, 1), line("items/b", 2, 0)],
        ..Default::default()
    };
    let answer = world.clients.stock.clone().receive_stock(request).await.unwrap().into_inner();
    let receipt = answer.lines[0].receipt.clone();
    assert_eq!(answer.lines.iter().map(|line| line.line).collect::<Vec<_>>(), [1, 2]);
    let shipped = world.backorder("b", 1).await;
    world.post(&shipped.line, 1).await.unwrap();

    let refused = refusal(reverse(&world, reversal(&world, &receipt, Vec::new())).await);
    assert_eq!(refused, (Code::FailedPrecondition, ErrorReason::InsufficientStock));
    assert_eq!(world.position("a", "main").await.on_hand, 4, "nothing was reversed");
    let unknown = reversal(&world, &receipt, vec![ReversalLine { line: 3, ..Default::default() }]);
    assert_eq!(refusal(reverse(&world, unknown).await), (Code::NotFound, ErrorReason::ReceiptNotFound));
    let twice = ReversalLine { line: 2, accepted: 1, ..Default::default() };
    let request = ReverseReceiptRequest { context: None, ..reversal(&world, &receipt, vec![twice, twice]) };
    assert_eq!(refusal(reverse(&world, request).await), (Code::InvalidArgument, ErrorReason::InvalidRequest));
    let nowhere = reversal(&world, "receipts/none", Vec::new());
    assert_eq!(refusal(reverse(&world, nowhere).await), (Code::NotFound, ErrorReason::ReceiptNotFound));

    let lines = vec![ReversalLine { line: 1, ..Default::default() }, twice];
    reverse(&world, reversal(&world, &receipt, lines)).await.unwrap();
    assert_eq!((world.position("a", "main").await.on_hand, world.position("b", "main").await.on_hand), (0, 0));
    world.balanced().await;
}

async fn receipts_are_found_by_item_supply_document_and_receipt(backend: Backend) {
    let world = World::new(backend).await;
    world.supply("po", "a", "main", 9, day(9)).await;
    let first = world.receive_from("a", "main", 2, "po").await.unwrap().lines.remove(0);
    world.receive_from("b", "main", 3, "").await.unwrap();
    receive(&world, ReceiptLine { accepted: 4, ..Default::default() }).await;
    let quantities = async |filter| -> Vec<i64> {
        let mut found: Vec<i64> = list(&world, filter).await.iter().map(|line| line.accepted).collect();
        found.sort_unstable();
        found
    };
    let all = ListReceiptsRequest::default;
    assert_eq!(quantities(all()).await, [2, 3, 4]);
    assert_eq!(quantities(ListReceiptsRequest { item: ITEM.to_owned(), ..all() }).await, [2, 4]);
    assert_eq!(quantities(ListReceiptsRequest { supply: "supplies/po".to_owned(), ..all() }).await, [2]);
    assert_eq!(quantities(ListReceiptsRequest { document: "doc-7".to_owned(), ..all() }).await, [4]);
    assert_eq!(quantities(ListReceiptsRequest { receipt: first.receipt, ..all() }).await, [2]);
    assert_eq!(quantities(ListReceiptsRequest { location: "locations/north".to_owned(), ..all() }).await, [0; 0]);
}

async fn two_reversals_at_once_take_a_receipt_back_once(backend: Backend) {
    let world = World::new(backend).await;
    let receipt = world.receive("a", "main", 5).await.lines.remove(0).receipt;
    world.receive("a", "main", 5).await;
    let sends = (0..4).map(|_| {
        let (mut client, request) = (world.clients.receipts.clone(), reversal(&world, &receipt, Vec::new()));
        tokio::spawn(async move { client.reverse_receipt(request).await })
    });
    let answers = futures::future::join_all(sends).await;
    let done = answers.iter().filter(|answer| answer.as_ref().unwrap().is_ok()).count();
    assert_eq!((done, world.position("a", "main").await.on_hand), (1, 5));
    world.balanced().await;
}

on_each_backend!(
    what_is_beyond_the_tolerance_waits_in_quality_control,
    a_supply_may_have_a_tolerance_of_its_own,
    what_is_still_to_come_has_its_new_day_and_what_is_refused_is_kept,
    a_receipt_that_names_a_supply_that_does_not_fit_is_booked_blind,
    blind_units_are_accepted_attached_scrapped_or_sent_back,
    a_reversal_takes_reserved_units_from_the_end_of_the_queue_and_reopens_the_supply,
    a_reversal_of_many_lines_is_done_wholly_or_not_at_all,
    receipts_are_found_by_item_supply_document_and_receipt,
    two_reversals_at_once_take_a_receipt_back_once,
);
