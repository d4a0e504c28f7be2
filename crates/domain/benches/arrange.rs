//! How long it takes to arrange a million generated lines by a policy of ten segments with three sort keys each:
//! `cargo bench -p backorder-domain --bench arrange`.

use std::{error::Error, time::Instant};

use backorder_domain::allocation::{
    filter::{
        Attribute, Facts,
        facts::{Column, NO_DAY, day_number},
    },
    policy::{
        AllocationPolicy, ExceptionBehaviour, FallbackScope, Lines, PolicyDraft, ScopeDraft, SegmentDraft, SortBy,
        SortKey, Strategy,
    },
};
use jiff::civil::{Date, date};

const LINES: usize = 1_000_000;
const ITEMS: usize = 50_000;
const ROUNDS: usize = 5;
const TODAY: Date = date(2026, 11, 28);
const TIERS: [&str; 4] = ["PLAT", "GOLD", "STD", ""];
const CHANNELS: [&str; 3] = ["web", "store", "phone"];

/// Filters, strategies and sorts that read few values, and one (`line.value`) that has almost as many as lines.
fn policy() -> Result<AllocationPolicy, Box<dyn Error>> {
    let segments = [
        ("customer.tier == 'PLAT' && line.requested_date < today + duration_days(7)", Strategy::Win),
        ("customer.tier == 'PLAT'", Strategy::Gain),
        ("line.tier == 'GOLD' && line.requested_date < today + duration_days(7)", Strategy::Gain),
        ("line.value > 9000", Strategy::Improve),
        ("line.tier == 'GOLD' && order.channel in ['web', 'phone']", Strategy::Improve),
        ("item.category == 'c7'", Strategy::Skip),
        ("today - line.waiting_since > 60", Strategy::Redistribute),
        ("line.promised_date < today", Strategy::Redistribute),
        ("order.channel == 'store' && customer.tier == 'STD'", Strategy::Fill),
        ("", Strategy::Redistribute),
    ];
    let sorts = [
        [SortBy::Tier, SortBy::Value, SortBy::RequestedDate],
        [SortBy::Channel, SortBy::Margin, SortBy::Age],
        [SortBy::Tier, SortBy::PromisedDate, SortBy::OrderTime],
    ];
    let segments =
        segments.into_iter().zip(sorts.into_iter().cycle()).zip(1..).map(|(((include, strategy), sort), seq)| {
            SegmentDraft {
                name: format!("segment {seq}"),
                scope: ScopeDraft { include: include.to_owned(), exclude: String::new() },
                strategy,
                evaluation_seq: seq,
                check_seq: seq,
                sort: sort.into_iter().map(SortKey::usual).collect(),
            }
        });
    Ok(AllocationPolicy::try_new(PolicyDraft {
        id: "bench".to_owned(),
        global: Some(ScopeDraft { include: String::new(), exclude: "item.category == 'c9'".to_owned() }),
        segments: segments.collect(),
        exception_behaviour: ExceptionBehaviour::StopFailedCombinations,
        fallback_scope: FallbackScope::FailedCombinations,
        fallback: None,
        promotion_days: Some(45),
        tiers: TIERS[..3].iter().map(|tier| (*tier).to_owned()).collect(),
        channels: CHANNELS.iter().map(|channel| (*channel).to_owned()).collect(),
    })?)
}

/// Numbers that look drawn and are the same each time (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from(((mixed >> 32) * u64::from(bound)) >> 32).unwrap_or(0)
    }

    fn day(&mut self, from: i32, span: u32) -> i32 {
        from.saturating_add_unsigned(self.below(span))
    }
}

fn texts(numbers: &mut Numbers, of: &[&str]) -> Column<'static> {
    let bound = u32::try_from(of.len()).unwrap_or(u32::MAX);
    Column::of_texts((0..LINES).map(|_| Some(of[numbers.below(bound) as usize])))
}

fn facts(numbers: &mut Numbers) -> Result<Facts<'static>, Box<dyn Error>> {
    let today = day_number(TODAY);
    let categories: Vec<_> = (0..10).map(|category| format!("c{category}")).collect();
    let categories: Vec<_> = categories.iter().map(String::as_str).collect();
    let mut days = |from: i32, span, missing| -> Column<'static> {
        let days =
            (0..LINES).map(|_| if numbers.below(100) < missing { NO_DAY } else { numbers.day(today + from, span) });
        Column::Days(days.collect::<Vec<_>>().into())
    };
    let (requested, promised) = (days(-60, 120, 0), days(-30, 120, 20));
    let (waiting, ordered) = (days(-90, 90, 0), days(-120, 120, 0));
    let mut amounts = |units| -> Column<'static> {
        let amounts = (0..LINES).map(|_| i64::from(numbers.below(units)) * 10_000 + i64::from(numbers.below(10_000)));
        Column::Numbers(amounts.collect::<Vec<_>>().into())
    };
    let (value, margin) = (amounts(1_000_000), amounts(10_000));
    Ok(Facts::try_new(LINES)?
        .with(Attribute::LineRequestedDate, requested)?
        .with(Attribute::LinePromisedDate, promised)?
        .with(Attribute::LineWaitingSince, waiting)?
        .with(Attribute::OrderDate, ordered)?
        .with(Attribute::LineValue, value)?
        .with(Attribute::LineMargin, margin)?
        .with(Attribute::CustomerTier, texts(numbers, &TIERS))?
        .with(Attribute::OrderChannel, texts(numbers, &CHANNELS))?
        .with(Attribute::ItemCategory, texts(numbers, &categories))?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut numbers = Numbers(7);
    let facts = facts(&mut numbers)?;
    let item_bound = u32::try_from(ITEMS)?;
    let items: Vec<_> = (0..LINES).map(|_| numbers.below(item_bound)).collect();
    let created_at: Vec<_> = (0..LINES).map(|_| i64::from(numbers.below(u32::MAX)) * 2_400).collect();
    let requirements: Vec<_> = (0..u32::try_from(LINES)?).collect();
    let lines = Lines {
        facts: &facts,
        items: &items,
        item_count: ITEMS,
        created_at: &created_at,
        queue: &created_at,
        requirements: &requirements,
    };
    let policy = policy()?;
    for round in 1..=ROUNDS {
        let start = Instant::now();
        let arrangement = policy.arrange(&lines, TODAY)?;
        let took = start.elapsed();
        let in_run: usize = (0..ITEMS).map(|item| arrangement.lines_of(item).len()).sum();
        let key_bytes = arrangement.key(0).len() * 8;
        println!(
            "round {round}: {:.1} ms for {LINES} lines, {in_run} in the run, {key_bytes} bytes of key a line",
            took.as_secs_f64() * 1_000.0,
        );
    }
    Ok(())
}
