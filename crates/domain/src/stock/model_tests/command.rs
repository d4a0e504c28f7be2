//! Random commands over a small world, so that lines, locations and supplies meet often.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::subsequence;

pub const LOCATIONS: u8 = 3;
pub const LINES: u8 = 12;
pub const SUPPLIES: u8 = 8;

#[derive(Debug, Clone)]
pub struct Wish {
    pub line: u8,
    pub part: i32,
    pub quantity: i64,
    pub candidates: Vec<u8>,
    pub split: bool,
    pub minimum: i64,
    pub shortfall: u8,
    pub soft: bool,
    pub eligible: bool,
    pub key: u8,
    pub limit: Option<i64>,
    pub group: bool,
    pub takes_over: Option<u8>,
}

/// A claim or supply that a command names: mostly one that is there and could take the command, by its number among
/// those, so that commands meet; sometimes one that may not be there.
#[derive(Debug, Clone, Copy)]
pub enum Named {
    Fitting(u8),
    Any(u8),
}

/// A run that takes units from one claim and gives some to another at a location.
#[derive(Debug, Clone)]
pub struct Commit {
    pub from: Named,
    pub to: Named,
    pub location: u8,
    pub taken: i64,
    pub given: i64,
    pub stale: bool,
}

#[derive(Debug, Clone)]
pub enum Command {
    Reserve(Wish),
    Post {
        line: Named,
        part: Option<i32>,
        location: Option<u8>,
        quantity: i64,
    },
    Release {
        line: Named,
        part: Option<i32>,
        quantity: Option<i64>,
        reserved_first: bool,
    },
    HandOver {
        line: Named,
        part: Option<i32>,
        location: Option<u8>,
        quantity: i64,
    },
    Recall {
        line: Named,
        part: Option<i32>,
        quantity: i64,
    },
    ShortPick {
        line: Named,
        location: Option<u8>,
        quantity: i64,
        damaged: bool,
    },
    Expire {
        line: Named,
    },
    Confirm {
        line: Named,
    },
    ChangeQueue {
        line: Named,
        part: Option<i32>,
        eligible: Option<bool>,
        in_set: Option<bool>,
        key: Option<u8>,
    },
    CoverSet {
        lines: [Named; 2],
        days: u16,
    },
    Reassign {
        from: Named,
        to: Named,
        location: u8,
        quantity: i64,
        stale: bool,
    },
    Receive {
        location: u8,
        supply: Option<Named>,
        accepted: i64,
        damaged: i64,
        quality: i64,
        closes: bool,
        rest_days: Option<i8>,
    },
    ReverseReceipt {
        receipt: u8,
        parts: Option<(i64, i64, i64)>,
        reopens: bool,
    },
    ResolveBlind {
        receipt: u8,
        quantity: Option<i64>,
        resolution: u8,
        supply: Named,
    },
    Return {
        location: u8,
        quantity: i64,
        disposition: u8,
    },
    Adjust {
        location: u8,
        state: u8,
        quantity: i64,
        adds: bool,
    },
    Count {
        location: u8,
        counted: i64,
    },
    CountApart {
        location: u8,
        counted: i64,
        damaged: bool,
    },
    Quarantine {
        location: u8,
        quantity: i64,
        damaged: bool,
    },
    ReleaseQuarantine {
        location: u8,
        quantity: i64,
    },
    Transfer {
        supply: u8,
        from: u8,
        to: u8,
        quantity: i64,
        days: i8,
    },
    CreateSupply {
        supply: u8,
        location: u8,
        quantity: i64,
        days: Option<i8>,
    },
    UpdateSupply {
        supply: Named,
        ordered: Option<i64>,
        days: Option<Option<i8>>,
    },
    CancelSupply {
        supply: Named,
        quantity: Option<i64>,
    },
    Advise {
        supply: Named,
        notice: u8,
        quantity: i64,
        days: i8,
    },
    Allocate {
        location: u8,
        take_at_most: i64,
        passes_over: bool,
        is_final: bool,
        stale: bool,
    },
    CommitRun(Commit),
    /// Sets the rules of the item's groups, one of a few.
    PutGroups(u8),
    NextDay,
    Flush,
}

fn location() -> impl Strategy<Value = u8> {
    0..LOCATIONS
}

fn line() -> impl Strategy<Value = u8> {
    0..LINES
}

fn part() -> impl Strategy<Value = Option<i32>> {
    option::weighted(0.6, 1..=2)
}

fn supply() -> impl Strategy<Value = u8> {
    0..SUPPLIES
}

fn named() -> impl Strategy<Value = Named> {
    prop_oneof![8 => any::<u8>().prop_map(Named::Fitting), 1 => (0..LINES).prop_map(Named::Any)]
}

fn wish() -> impl Strategy<Value = Wish> {
    let place = (
        subsequence((0..LOCATIONS).collect::<Vec<u8>>(), 1..=usize::from(LOCATIONS)).prop_shuffle(),
        any::<bool>(),
        0..4_i64,
    );
    let kind = (0..5_u8, prop::bool::weighted(0.3), prop::bool::weighted(0.85), 0..3_u8);
    let extra = (option::weighted(0.2, 0..20_i64), prop::bool::weighted(0.1), option::weighted(0.2, line()));
    (line(), 1..=2_i32, 1..15_i64, place, kind, extra).prop_map(
        |(line, part, quantity, (candidates, split, minimum), (shortfall, soft, eligible, key), extra)| {
            let (limit, group, takes_over) = extra;
            Wish {
                line,
                part,
                quantity,
                candidates,
                split,
                minimum,
                shortfall,
                soft,
                eligible,
                key,
                limit,
                group,
                takes_over,
            }
        },
    )
}

fn claim_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        6 => wish().prop_map(Command::Reserve),
        2 => (named(), part(), option::of(location()), 1..10_i64)
            .prop_map(|(line, part, location, quantity)| Command::Post { line, part, location, quantity }),
        2 => (named(), part(), option::of(1..10_i64), any::<bool>()).prop_map(|(line, part, quantity, reserved_first)| {
            Command::Release { line, part, quantity, reserved_first }
        }),
        2 => (named(), part(), option::of(location()), 1..10_i64)
            .prop_map(|(line, part, location, quantity)| Command::HandOver { line, part, location, quantity }),
        1 => (named(), part(), 1..10_i64)
            .prop_map(|(line, part, quantity)| Command::Recall { line, part, quantity }),
        1 => (named(), option::of(location()), 1..10_i64, any::<bool>())
            .prop_map(|(line, location, quantity, damaged)| Command::ShortPick { line, location, quantity, damaged }),
        1 => named().prop_map(|line| Command::Expire { line }),
        1 => named().prop_map(|line| Command::Confirm { line }),
        2 => (named(), part(), option::of(any::<bool>()), option::weighted(0.3, any::<bool>()), option::of(0..3_u8)).prop_map(
            |(line, part, eligible, in_set, key)| Command::ChangeQueue { line, part, eligible, in_set, key }
        ),
        3 => ([named(), named()], 0..4_u16).prop_map(|(lines, days)| Command::CoverSet { lines, days }),
        3 => (named(), named(), location(), 1..6_i64, 1..6_i64, prop::bool::weighted(0.1)).prop_map(
            |(from, to, location, taken, given, stale)| Command::CommitRun(Commit { from, to, location, taken, given, stale })
        ),
        2 => (named(), named(), location(), 1..6_i64, prop::bool::weighted(0.1)).prop_map(
            |(from, to, location, quantity, stale)| Command::Reassign { from, to, location, quantity, stale }
        ),
    ]
}

fn stock_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        6 => (location(), option::weighted(0.7, named()), 0..15_i64, 0..3_i64, 0..3_i64, any::<bool>(), option::of(-1..6_i8))
            .prop_map(|(location, supply, accepted, damaged, quality, closes, rest_days)| Command::Receive {
                location, supply, accepted, damaged, quality, closes, rest_days
            }),
        2 => (any::<u8>(), option::of((0..6_i64, 0..2_i64, 0..2_i64)), any::<bool>())
            .prop_map(|(receipt, parts, reopens)| Command::ReverseReceipt { receipt, parts, reopens }),
        2 => (any::<u8>(), option::of(1..6_i64), 0..4_u8, named()).prop_map(
            |(receipt, quantity, resolution, supply)| Command::ResolveBlind { receipt, quantity, resolution, supply }
        ),
        1 => (location(), 1..4_i64, 0..3_u8)
            .prop_map(|(location, quantity, disposition)| Command::Return { location, quantity, disposition }),
        1 => (location(), 0..4_u8, 1..6_i64, any::<bool>())
            .prop_map(|(location, state, quantity, adds)| Command::Adjust { location, state, quantity, adds }),
        2 => (location(), 0..20_i64).prop_map(|(location, counted)| Command::Count { location, counted }),
        1 => (location(), 0..9_i64, any::<bool>())
            .prop_map(|(location, counted, damaged)| Command::CountApart { location, counted, damaged }),
        1 => (location(), 1..4_i64, any::<bool>())
            .prop_map(|(location, quantity, damaged)| Command::Quarantine { location, quantity, damaged }),
        1 => (location(), 1..4_i64).prop_map(|(location, quantity)| Command::ReleaseQuarantine { location, quantity }),
        2 => (supply(), location(), location(), 1..8_i64, -1..5_i8).prop_map(|(supply, from, to, quantity, days)| {
            Command::Transfer { supply, from, to, quantity, days }
        }),
        4 => (location(), 0..12_i64, any::<bool>(), any::<bool>(), prop::bool::weighted(0.1)).prop_map(
            |(location, take_at_most, passes_over, is_final, stale)| Command::Allocate {
                location, take_at_most, passes_over, is_final, stale
            }
        ),
    ]
}

fn supply_command() -> impl Strategy<Value = Command> {
    let days = || option::weighted(0.9, -1..6_i8);
    prop_oneof![
        3 => (supply(), location(), 1..20_i64, days())
            .prop_map(|(supply, location, quantity, days)| Command::CreateSupply { supply, location, quantity, days }),
        2 => (named(), option::of(1..20_i64), option::of(days()))
            .prop_map(|(supply, ordered, days)| Command::UpdateSupply { supply, ordered, days }),
        1 => (named(), option::of(1..9_i64)).prop_map(|(supply, quantity)| Command::CancelSupply { supply, quantity }),
        1 => (named(), supply(), 1..9_i64, 0..6_i8).prop_map(|(supply, notice, quantity, days)| Command::Advise {
            supply, notice, quantity, days
        }),
        1 => Just(Command::NextDay),
        1 => Just(Command::Flush),
    ]
}

/// Commands on an item with groups, whose rules change now and then.
pub fn any_command_of_groups() -> impl Strategy<Value = Command> {
    prop_oneof![30 => any_command(), 1 => any::<u8>().prop_map(Command::PutGroups)]
}

pub fn any_command() -> impl Strategy<Value = Command> {
    prop_oneof![4 => claim_command(), 4 => stock_command(), 2 => supply_command()]
}
