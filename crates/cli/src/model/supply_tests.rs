//! The buyer's rules, and the shortage that the model makes on the real stream and on the generated one.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::path::PathBuf;

use jiff::civil::date;

use super::{
    shortage::{scaled_model, units_short_per_mille},
    supply::{ItemDemand, SupplyModel},
};
use crate::{
    demand::DemandEvent,
    demand_summary::DemandSummary,
    retail::reader::RetailReader,
    world::{WorldSize, generate},
};

fn model_of(units: i64) -> SupplyModel {
    SupplyModel::new(7, &[ItemDemand { code: "X".into(), units }], 270, 21)
}

#[test]
fn nothing_is_ordered_above_the_reorder_point_and_whole_lots_below_it() {
    let model = model_of(27_000);
    let plan = &model.plans()[0];
    assert_eq!(model.reorder(0, plan.reorder_point + 1, 1, date(2011, 1, 1)), None);
    let ordered = model.reorder(0, plan.reorder_point - 2 * plan.lot, 4, date(2011, 1, 1)).unwrap();
    assert_eq!((ordered.quantity, ordered.id.as_str()), (3 * plan.lot, "PO-X-4"));
}

#[test]
fn the_same_order_has_the_same_fate_whenever_it_is_asked_for() {
    let (one, other) = (model_of(27_000), model_of(27_000));
    let ordered = |model: &SupplyModel| model.reorder(0, 0, 5, date(2011, 1, 1)).unwrap();
    let _ = one.reorder(0, 0, 4, date(2010, 12, 1));
    assert_eq!(ordered(&one), ordered(&other));
}

#[test]
fn an_order_is_recalled_from_its_agreed_day() {
    let model = model_of(27_000);
    let start = date(2010, 12, 1);
    let later = model.reorder(0, 0, 9, date(2011, 3, 1)).unwrap();
    for ordered in model.under_way(0, start).into_iter().chain([later]) {
        let number = ordered.id.rsplit('-').next().unwrap().parse().unwrap();
        assert_eq!(model.recalled(0, number, ordered.quantity, ordered.dates.agreed_on, start), ordered);
    }
}

#[test]
fn orders_under_way_arrive_after_the_start() {
    let model = model_of(27_000);
    let start = date(2010, 12, 1);
    let under_way = model.under_way(0, start);
    assert_eq!(under_way.len(), usize::try_from(model.lots_under_way(0)).unwrap());
    assert!(under_way.iter().all(|supply| supply.dates.arrives_on > start));
}

fn short_per_mille(events: &[DemandEvent], seed: u64) -> i64 {
    let summary = DemandSummary::of(events).unwrap();
    let model = scaled_model(seed, events, &summary);
    println!("{} safety days", model.safety_days());
    units_short_per_mille(&model, events, &summary)
}

#[test]
fn the_generated_world_is_short_of_5_to_15_percent_of_its_units() {
    for seed in [1, 2] {
        let world = generate(seed, WorldSize::default());
        let short = short_per_mille(&world.events, seed);
        assert!((50..=150).contains(&short), "{short} per mille with seed {seed}");
    }
}

#[test]
fn the_real_stream_is_short_of_5_to_15_percent_of_its_units() {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/online_retail_2010-12_to_2011-08.csv.gz");
    if !path.exists() {
        println!("skipped: the data file is not beside the checkout");
        return;
    }
    let reader = RetailReader::try_new(crate::input::open(&path).unwrap().reader).unwrap();
    let events: Vec<DemandEvent> = reader.map(Result::unwrap).collect();
    // What `scaled_model` chooses for this file; choosing it takes nine runs through the file.
    let summary = DemandSummary::of(&events).unwrap();
    let model = SupplyModel::new(1, &summary.items, summary.days(), 82);
    let short = units_short_per_mille(&model, &events, &summary);
    assert!((50..=150).contains(&short), "{short} per mille");
}
