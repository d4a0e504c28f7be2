//! `backorder bench allocate`: what allocation runs take, in memory and through the services.

use std::time::Duration;

use backorder_domain::allocation::optimum::generated::{GeneratedDemand, Shape as Demand};
use backorder_service_kit::clients::ServiceChannel;
use clap::{Args, ValueEnum};

use super::{HostArgs, NONE, committed, count, memory, show, warn_of_debug_build};
use crate::{
    bench::{
        allocate::{backlog::Backlog, greedy, optimum, policy, search, waiting::Waiting},
        baseline::Shape,
        figure::{Figure, Target},
        host::{Served, connections},
        load::{percentile, run as drive, run_during},
        reserve::{self, Reserving, Sending},
        stock::{self, new_id},
    },
    client::Clients,
    demo::idle::until_idle,
    failure::{EXIT_UNBALANCED, Failure},
    output::{Output, progress::Progress},
};

/// Lines of an item of the pure part, on average.
const LINES_PER_ITEM: u32 = 20;
/// Locations of the pure part.
const LOCATIONS: u16 = 5;
/// What generated demand is drawn from.
const SEED: u64 = 7;
/// Receipts of one unit for one of units for all who wait.
const SINGLE_PER_WHOLE: u32 = 10;

/// A part of the benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// A plan by priority and day, in memory, beside pandas.
    Rules,
    /// A policy with all strategies and quotas, in memory.
    Policy,
    /// The cheapest plan, in memory, beside OR-tools.
    Optimise,
    /// The same with many dated supplies of few items.
    Dated,
    /// Whole lines, whole orders and splits, with a proven gap.
    Search,
    /// What a late supply would do, asked of the services over a backlog.
    WhatIf,
    /// From a receipt to a line that is confirmed, with a queue of an item.
    Event,
    /// A run over the backlog, and reservations of other items during it.
    Run,
    /// The commit of a run, beside bare statements that write the same rows.
    Commit,
}

/// What to measure.
#[derive(Debug, Clone, Args)]
pub struct AllocateArgs {
    #[command(flatten)]
    host: HostArgs,
    /// Only these parts.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "PARTS")]
    only: Vec<Part>,
    /// Lines of the rules, of the policy, and of the backlog that the services have.
    #[arg(long, default_value_t = 1_000_000, value_name = "LINES", value_parser = clap::value_parser!(u32).range(1..))]
    lines: u32,
    /// Lines of the optimiser.
    #[arg(long, default_value_t = 100_000, value_name = "LINES", value_parser = clap::value_parser!(u32).range(1..))]
    optimised: u32,
    /// Lines that a committed run changes.
    #[arg(long, default_value_t = 100_000, value_name = "LINES", value_parser = clap::value_parser!(u32).range(1..))]
    changed: u32,
    /// Lines that wait for the item of a receipt.
    #[arg(long, default_value_t = 1_000, value_name = "LINES", value_parser = clap::value_parser!(u32).range(1..))]
    waiting: u32,
    /// Receipts of one unit, and questions what would happen, that are measured.
    #[arg(long, default_value_t = 300, value_name = "CALLS", value_parser = clap::value_parser!(u32).range(1..))]
    calls: u32,
    /// The Python that has pandas and OR-tools.
    #[arg(long, env = "BACKORDER_BENCH_PYTHON", default_value = "python3", value_name = "PROGRAM")]
    python: String,
    /// Items that others reserve during a run.
    #[arg(long, default_value_t = 1_000, value_name = "ITEMS", value_parser = clap::value_parser!(u32).range(1..))]
    items: u32,
    /// Clients that reserve them, each with one call under way.
    #[arg(long, default_value_t = 16, value_name = "CLIENTS", value_parser = clap::value_parser!(u32).range(1..))]
    clients: u32,
    /// Connections that the clients share.
    #[arg(long, default_value_t = 4, value_name = "CONNECTIONS")]
    connections: usize,
}

impl AllocateArgs {
    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

pub(super) async fn run(args: AllocateArgs) -> Result<(), Failure> {
    let output = Output::new(args.host.json);
    warn_of_debug_build();
    let mut figures = tokio::task::block_in_place(|| in_memory(&args))?;
    let mut faults = 0;
    if [Part::WhatIf, Part::Event, Part::Run].into_iter().any(|part| args.wants(part)) {
        let (through_services, found) = through_services(&args).await?;
        figures.extend(through_services);
        faults = found;
    }
    if args.wants(Part::Commit) {
        let (of_commit, drifted) = committed::measure(&args.host, args.changed).await?;
        figures.extend(of_commit);
        faults += drifted;
    }
    figures.extend(memory());
    show(&figures, output);
    if faults > 0 {
        return Err(Failure::new("the books do not hold what was acknowledged").with_exit_code(EXIT_UNBALANCED));
    }
    Ok(())
}

/// The pure part.
fn in_memory(args: &AllocateArgs) -> Result<Vec<Figure>, Failure> {
    let folder = args.host.scratch_folder()?;
    let other = (args.python.as_str(), folder.path());
    let rounds = args.host.rounds.max(1);
    let items = args.lines.div_ceil(LINES_PER_ITEM);
    let broad = Demand { lines: args.lines, items, locations: LOCATIONS, arrivals: 1, seed: SEED };
    let what = |name: &str| format!("{name}/{} lines/{items} items/{LOCATIONS} locations", args.lines);
    let progress = Progress::of("parts in memory", 5);
    let mut figures = Vec::new();
    if args.wants(Part::Rules) || args.wants(Part::Policy) {
        let demand = GeneratedDemand::try_new(broad).map_err(|error| Failure::new(error.to_string()))?;
        if args.wants(Part::Rules) {
            progress.at(0, "rules");
            figures.extend(greedy::figures(&what("rules"), &demand, rounds, other)?);
        }
        if args.wants(Part::Policy) {
            progress.at(1, "policy");
            figures.extend(policy::figures(&what("policy"), &demand, rounds)?);
        }
    }
    let optimised = Demand { lines: args.optimised, items: args.optimised.div_ceil(10), ..broad };
    // A tenth of the lines on a thousandth of the items: hot ones, each with many dated supplies.
    let dated = Demand {
        lines: optimised.lines.div_ceil(10),
        items: optimised.items.div_ceil(1_000),
        arrivals: 12,
        ..optimised
    };
    for (done, part, name, shape) in [(2, Part::Optimise, "optimise", optimised), (3, Part::Dated, "dated", dated)] {
        if args.wants(part) {
            progress.at(done, name);
            figures.extend(optimum::figures(name, shape, rounds, other)?);
        }
    }
    if args.wants(Part::Search) {
        progress.at(4, "search");
        figures.extend(search::figures(optimised, rounds)?);
    }
    progress.finish();
    Ok(figures)
}

/// What goes through the services, and how many faults their books have afterwards.
async fn through_services(args: &AllocateArgs) -> Result<(Vec<Figure>, u64), Failure> {
    let stores = args.host.stores(["inventory", "allocation"])?;
    let served = Served::both(&stores.urls[0], &stores.urls[1]).await?;
    let channels = connections(served.address(), args.connections)?;
    let clients = Clients::over(&channels[0], &channels[0]);
    stock::make(&channels[0], args.items).await?;
    let mut figures = Vec::new();
    if args.wants(Part::Event) {
        figures.extend(events(args, &clients).await?);
    }
    let mut reserving = Vec::new();
    if args.wants(Part::WhatIf) || args.wants(Part::Run) {
        let backlog = Backlog::of(args.lines);
        backlog.make(&clients, &channels[0]).await?;
        until_idle(&clients).await?;
        if args.wants(Part::WhatIf) {
            figures.extend(what_ifs(args, backlog, &clients).await?);
        }
        if args.wants(Part::Run) {
            let (of_run, others) = beside_others(args, backlog, &clients, &channels).await?;
            figures.extend(of_run);
            reserving = others;
        }
    }
    until_idle(&clients).await?;
    let proof = reserve::Proof::of(&channels[0], reserving.iter().flat_map(Reserving::acknowledged)).await?;
    served.stop().await?;
    for (name, value) in [("lost", proof.lost), ("doubled", proof.doubled), ("drifted", proof.drifted)] {
        figures.push(count(name, value, "lines").lower_is_better().with_target(Some(NONE)));
    }
    Ok((figures, proof.lost + proof.doubled + proof.drifted))
}

async fn events(args: &AllocateArgs, clients: &Clients) -> Result<Vec<Figure>, Failure> {
    let mut waiting = Waiting::make(clients, "items/waited-for".to_owned(), args.waiting).await?;
    until_idle(clients).await?;
    let name = format!("event/{}/{} lines wait", args.host.database(), args.waiting);
    let target = Target { floor: 50.0, goal: 10.0 };
    let mut figures = Vec::new();
    for (word, units, receipts) in
        [("one unit", 1, args.calls), ("all units", args.waiting, args.calls.div_ceil(SINGLE_PER_WHOLE))]
    {
        let progress = Progress::of(&format!("receipts of {word}"), receipts.into());
        let mut times = Vec::new();
        for receipt in 0..receipts {
            progress.at(receipt.into(), "");
            waiting.refill(clients, args.waiting).await?;
            until_idle(clients).await?;
            times.push(waiting.serve(clients, units).await?);
        }
        progress.finish();
        figures.extend(times_of(&format!("{name}/{word}"), times, target));
    }
    Ok(figures)
}

async fn what_ifs(args: &AllocateArgs, backlog: Backlog, clients: &Clients) -> Result<Vec<Figure>, Failure> {
    let progress = Progress::of("what-ifs", args.calls.into());
    let mut times = Vec::new();
    for number in 0..args.calls {
        progress.at(number.into(), "");
        let item = rand::random_range(0..backlog.items());
        times.push(backlog.what_if(clients, item).await?);
    }
    progress.finish();
    let name = format!("what-if/{}/{} lines/late supply", args.host.database(), backlog.lines());
    Ok(times_of(&name, times, Target { floor: 100.0, goal: 10.0 }))
}

async fn beside_others(
    args: &AllocateArgs,
    backlog: Backlog,
    clients: &Clients,
    channels: &[ServiceChannel],
) -> Result<(Vec<Figure>, Vec<Reserving>), Failure> {
    let progress = Progress::of("measures", 3);
    progress.at(0, "a run alone");
    let (_, alone) = backlog.run(clients).await?;
    until_idle(clients).await?;
    progress.at(1, "others alone");
    let run = new_id();
    let other = |client: u32| {
        let channel = channels[client as usize % channels.len()].clone();
        Reserving::new(channel, format!("{run}/{client}"), Shape::Spread, args.items, Sending::Unary)
    };
    let (others, without) = drive((0..args.clients).map(other).collect(), args.host.span()).await?;
    progress.at(2, "a run beside others");
    let (others, during, (_, beside)) = run_during(others, backlog.run(clients)).await?;
    progress.finish();
    let name = format!("run/{}/{} lines", args.host.database(), backlog.lines());
    let seconds = |name: String, time: Duration| Figure::new(name, time.as_secs_f64(), "s").lower_is_better();
    let lines = f64::from(backlog.lines());
    let figures = vec![
        seconds(format!("{name}/time"), alone),
        Figure::new(format!("{name}/rate"), lines / alone.as_secs_f64(), "lines/s"),
        seconds(format!("{name}/time beside others"), beside).against("alone", alone.as_secs_f64()),
        Figure::new(format!("{name}/others meanwhile"), during.per_second, "lines/s")
            .against("without", without.per_second)
            .with_target(Some(Target { floor: 0.7, goal: 0.9 })),
        Figure::new(format!("{name}/others meanwhile/p99"), during.millis_at(0.99), "ms")
            .against("without", without.millis_at(0.99))
            .lower_is_better(),
        Figure::new(format!("{name}/cpu of others"), during.load.others, "cores"),
    ];
    Ok((figures, others))
}

/// Median and 99th percentile of times, the latter with what it should reach.
fn times_of(name: &str, times: Vec<Duration>, p99: Target) -> Vec<Figure> {
    let mut micros: Vec<u32> = times.iter().map(|time| u32::try_from(time.as_micros()).unwrap_or(u32::MAX)).collect();
    micros.sort_unstable();
    let at = |word: &str, share| {
        Figure::new(format!("{name}/{word}"), percentile(&micros, share) / 1_000.0, "ms").lower_is_better()
    };
    vec![at("p50", 0.5), at("p99", 0.99).with_target(Some(p99))]
}
