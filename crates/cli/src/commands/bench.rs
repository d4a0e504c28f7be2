//! `backorder bench`: what the services reach on this machine, beside baselines of the same run.

mod allocate;
mod availability;
mod committed;
mod growth;
mod kills;
mod orders;
mod receipts;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, Subcommand};

pub use allocate::AllocateArgs;
pub use availability::AvailabilityArgs;
pub use growth::GrowthArgs;
pub use kills::KillsArgs;
pub use orders::OrdersArgs;
pub use receipts::ReceiptsArgs;

use crate::{
    bench::{
        alone,
        bare_rows::Before,
        baseline::{Baseline, Rival, Shape},
        figure::{self, Figure, Target, median},
        host::{Served, connections},
        load::{Measured, Span, run as drive},
        machine::Load,
        postgres::{Pgbench, Scratch},
        reserve::{Proof, Reserving, Sending},
        stock,
    },
    demo::memory::peak_bytes,
    failure::{EXIT_UNBALANCED, Failure},
    output::{Output, progress::Progress},
};

/// What is measured.
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// Reservations: one unit a line, out of plenty, by many clients at once.
    Reserve(ReserveArgs),
    /// Reservations on a store with millions of items and open lines, beside the same on a small one.
    Growth(GrowthArgs),
    /// Reservations while the service and the database are killed: what was acknowledged is there, once.
    Kills(KillsArgs),
    /// Reads of availability: one item at one location a call, from memory and from the database.
    Availability(AvailabilityArgs),
    /// Serves inventory alone until its input ends: how `availability` measures the memory of a service.
    #[command(hide = true)]
    ServeInventory {
        /// The store.
        url: String,
    },
    /// Orders: one unit a line, out of plenty, by many clients at once, beside the rate of reservations of the same run.
    Orders(OrdersArgs),
    /// A receipt of one item that serves a long queue, beside bare statements that write the same rows, and reservations of
    /// other items during another one.
    Receipts(ReceiptsArgs),
    /// Allocation runs: rules and optimum in memory beside pandas and OR-tools; runs, what-if and receipts through the services.
    Allocate(AllocateArgs),
}

/// Where and how long.
#[derive(Debug, Clone, Args)]
pub struct HostArgs {
    /// A PostgreSQL server on which scratch databases may be made: `postgres://user@host:port/postgres`. Left out, the
    /// services use SQLite in a folder that is removed at the end.
    #[arg(long, env = "BACKORDER_BENCH_POSTGRES", value_name = "URL")]
    postgres: Option<String>,
    /// Where scratch files of SQLite are made. A folder in memory measures no disk.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Measured seconds of a round.
    #[arg(long, default_value_t = 5, value_name = "SECONDS")]
    seconds: u64,
    /// Seconds of a round that are thrown away before.
    #[arg(long, default_value_t = 2, value_name = "SECONDS")]
    warm_up: u64,
    /// Rounds of baseline and services in turn; the median is shown.
    #[arg(long, default_value_t = 3, value_name = "ROUNDS")]
    rounds: u32,
    /// Show the figures as JSON.
    #[arg(long)]
    json: bool,
}

/// How to reserve.
#[derive(Debug, Clone, Args)]
pub struct ReserveArgs {
    #[command(flatten)]
    host: HostArgs,
    /// Items with stock.
    #[arg(long, default_value_t = 10_000, value_name = "ITEMS")]
    items: u32,
    /// Which items are reserved.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Shape::Spread, Shape::Hot])]
    shape: Vec<Shape>,
    /// Clients at once, each with one call under way.
    #[arg(long, value_delimiter = ',', default_values_t = [64], value_name = "CLIENTS")]
    clients: Vec<u32>,
    /// How lines are sent.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Sending::Unary])]
    send: Vec<Sending>,
    /// Connections that the clients share.
    #[arg(long, default_value_t = 4, value_name = "CONNECTIONS")]
    connections: usize,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when something cannot be run, or the books do not hold what was acknowledged (exit code 4).
pub async fn run(command: BenchCommand) -> Result<(), Failure> {
    match command {
        BenchCommand::Reserve(args) => reserve(args).await,
        BenchCommand::Growth(args) => growth::run(args).await,
        BenchCommand::Kills(args) => kills::run(args).await,
        BenchCommand::Availability(args) => availability::run(args).await,
        BenchCommand::ServeInventory { url } => alone::serve(&url).await,
        BenchCommand::Orders(args) => orders::run(args).await,
        BenchCommand::Receipts(args) => receipts::run(args).await,
        BenchCommand::Allocate(args) => allocate::run(args).await,
    }
}

/// One row of the table: a way to reserve, with what its rounds reached.
struct Case {
    shape: Shape,
    clients: u32,
    send: Sending,
    rounds: Vec<(Measured, Baseline)>,
}

async fn reserve(args: ReserveArgs) -> Result<(), Failure> {
    let output = Output::new(args.host.json);
    warn_of_debug_build();
    let home = Home::make(&args.host).await?;
    let rival = match &args.host.postgres {
        Some(server) => Rival::Pgbench(Pgbench::prepare(server, args.items)?),
        None => Rival::SqliteRows { items: args.items },
    };
    let channels = connections(home.inventory.address(), args.connections)?;
    stock::make(&channels[0], args.items).await?;
    let mut cases = cases(&args);
    let mut acknowledged = Vec::new();
    let cases_in_round = cases.len() as u64;
    let progress = Progress::of("rounds", u64::from(args.host.rounds) * cases_in_round);
    for round in 0..args.host.rounds {
        for (number, case) in cases.iter_mut().enumerate() {
            let title = format!("{} {} {}", case.shape.word(), case.clients, case.send.word());
            progress.at(u64::from(round) * cases_in_round + number as u64, title);
            let (shape, clients, send) = (case.shape, case.clients, case.send);
            let baseline =
                tokio::task::block_in_place(|| rival.run(shape, clients, send.rival_lines(), args.host.seconds))?;
            let reserving = (0..clients).map(|client| {
                let channel = channels[client as usize % channels.len()].clone();
                Reserving::new(channel, format!("{round}/{number}/{client}"), shape, args.items, send)
            });
            let (ended, measured) = drive(reserving.collect(), args.host.span()).await?;
            acknowledged.extend(ended);
            case.rounds.push((measured, baseline));
        }
    }
    progress.finish();
    let proof = Proof::of(&channels[0], acknowledged.iter().flat_map(Reserving::acknowledged)).await;
    // What was measured is shown though the proof could not be had; the run fails then all the same.
    show(&figures(&cases, &rival, proof.as_ref().ok().copied()), output);
    home.inventory.stop().await?;
    let proof = proof?;
    if proof.lost + proof.doubled + proof.drifted > 0 {
        return Err(Failure::new("the books do not hold what was acknowledged").with_exit_code(EXIT_UNBALANCED));
    }
    Ok(())
}

fn cases(args: &ReserveArgs) -> Vec<Case> {
    let mut cases = Vec::new();
    for send in &args.send {
        for clients in &args.clients {
            for shape in &args.shape {
                cases.push(Case { shape: *shape, clients: (*clients).max(1), send: *send, rounds: Vec::new() });
            }
        }
    }
    cases
}

/// The service that is measured, with what goes at the end.
struct Home {
    inventory: Served,
    stores: Scratches<1>,
    /// The word of the database in the names of figures.
    database: &'static str,
}

impl Home {
    async fn make(args: &HostArgs) -> Result<Self, Failure> {
        let stores = args.stores(["inventory"])?;
        Ok(Self { inventory: Served::inventory(&stores.urls[0]).await?, stores, database: args.database() })
    }
}

/// Stores that go when this value does.
struct Scratches<const N: usize> {
    urls: [String; N],
    databases: Vec<Scratch>,
    _folder: Option<tempfile::TempDir>,
}

impl<const N: usize> Scratches<N> {
    /// The stores as they are now, while no service has them open.
    fn before(&self, folder: &Path) -> Result<Vec<Before>, Failure> {
        let database = |(number, database): (usize, &Scratch)| {
            let copy = database.copy_of(&format!("before_{number}"))?;
            Ok(Before::Postgres { copy, now: database.url().to_owned() })
        };
        if !self.databases.is_empty() {
            return self.databases.iter().enumerate().map(database).collect();
        }
        let files = self.urls.iter().enumerate().map(|(number, url)| {
            let now = PathBuf::from(url.trim_start_matches("sqlite:"));
            let copy = folder.join(format!("before-{number}.sqlite"));
            std::fs::copy(&now, &copy)?;
            Ok(Before::Sqlite { copy, now })
        });
        files.collect()
    }
}

/// How long bare statements take to write what was written into the stores since, one writer after the other, so many lines in
/// one transaction as the services write at once.
fn bare_statements(before: &[Before], lines: u32, folder: &Path) -> Result<Duration, Failure> {
    const LINES_PER_TRANSACTION: u32 = 1_000;
    let transactions = lines.div_ceil(LINES_PER_TRANSACTION);
    let catch_up = |(number, before): (usize, &Before)| {
        let folder = folder.join(number.to_string());
        std::fs::create_dir(&folder)?;
        before.catch_up(transactions, &folder)
    };
    tokio::task::block_in_place(|| before.iter().enumerate().map(catch_up).sum())
}

impl HostArgs {
    fn span(&self) -> Span {
        Span { warm_up: Duration::from_secs(self.warm_up), measured: Duration::from_secs(self.seconds) }
    }

    /// An empty store for each service.
    fn stores<const N: usize>(&self, services: [&str; N]) -> Result<Scratches<N>, Failure> {
        if let Some(server) = &self.postgres {
            let mut databases = Vec::with_capacity(N);
            for service in services {
                databases.push(Scratch::create(server, service)?);
            }
            let urls = std::array::from_fn(|number| databases[number].url().to_owned());
            return Ok(Scratches { urls, databases, _folder: None });
        }
        let folder = self.scratch_folder()?;
        let file = |service: &str| format!("sqlite:{}", folder.path().join(service).with_extension("sqlite").display());
        Ok(Scratches { urls: services.map(file), databases: Vec::new(), _folder: Some(folder) })
    }

    /// A folder that goes when this value does.
    fn scratch_folder(&self) -> Result<tempfile::TempDir, Failure> {
        let mut folder = tempfile::Builder::new();
        folder.prefix("backorder-bench-");
        Ok(self.folder.as_ref().map_or_else(|| folder.tempdir(), |parent| folder.tempdir_in(parent))?)
    }

    /// The word of the database in the names of figures.
    const fn database(&self) -> &'static str {
        if self.postgres.is_some() { "postgres" } else { "sqlite" }
    }
}

fn warn_of_debug_build() {
    if cfg!(debug_assertions) {
        eprintln!("this is a debug build: build with --release for figures that mean something");
    }
}

fn show(figures: &[Figure], output: Output) {
    if output.is_json() {
        output.value(&figure::to_json(figures));
    } else {
        output.text(&figure::to_text(figures));
    }
}

/// Rate, times and load of the rounds of one case, each with its baseline. `target` says what the figure of a name should
/// reach.
fn figures_of(
    name: &str,
    unit: &'static str,
    base: &'static str,
    rounds: &[(Measured, Baseline)],
    target: impl Fn(&str) -> Option<(f64, f64)>,
) -> Vec<Figure> {
    let over = |of: &dyn Fn(&(Measured, Baseline)) -> f64| median(rounds.iter().map(of).collect());
    let target = |word: &str| target(word).map(|(floor, goal)| Target { floor, goal });
    let mut figures = vec![
        Figure::new(format!("{name}/rate"), over(&|(ours, _)| ours.per_second), unit)
            .against(base, over(&|(_, base)| base.per_second))
            .with_target(target("rate")),
    ];
    for (share, word) in [(0.5, "p50"), (0.99, "p99"), (0.999, "p99.9")] {
        let time = Figure::new(format!("{name}/{word}"), over(&|(ours, _)| ours.millis_at(share)), "ms")
            .against(base, over(&|(_, base)| base.millis_at(share)))
            .lower_is_better()
            .with_target(target(word));
        figures.push(time);
    }
    let load = |of: fn(Load) -> f64| over(&|(ours, _)| of(ours.load));
    figures.push(Figure::new(format!("{name}/cpu"), load(|load| load.own), "cores"));
    figures.push(Figure::new(format!("{name}/cpu of the database"), load(|load| load.servers), "cores"));
    figures.push(Figure::new(format!("{name}/cpu of others"), load(|load| load.others), "cores"));
    figures
}

/// What a count of faults has to be.
const NONE: Target = Target { floor: 0.0, goal: 0.0 };

/// A count that is a figure of its own.
fn count(name: &str, count: u64, unit: &'static str) -> Figure {
    Figure::new(name, f64::from(u32::try_from(count).unwrap_or(u32::MAX)), unit)
}

/// The most memory that this process used; none where the system does not tell.
fn memory() -> Option<Figure> {
    Some(Figure::new("memory at most", mebibytes(peak_bytes()?), "MiB").lower_is_better())
}

fn mebibytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1_048_576).unwrap_or(u32::MAX))
}

fn figures(cases: &[Case], rival: &Rival, proof: Option<Proof>) -> Vec<Figure> {
    let mut figures = Vec::new();
    let is_pg = matches!(rival, Rival::Pgbench(_));
    let database = if is_pg { "postgres" } else { "sqlite" };
    for case in cases {
        let name = format!("reserve/{database}/{}/{}/{}", case.shape.word(), case.clients, case.send.word());
        let target =
            |word: &str| if word == "rate" { rate_target(is_pg, case) } else { time_target(is_pg, case, word) };
        figures.extend(figures_of(&name, "lines/s", rival.word(case.send.rival_lines()), &case.rounds, target));
    }
    figures.extend(memory());
    let Some(proof) = proof else { return figures };
    figures.push(count("acknowledged", proof.lines, "lines"));
    for (name, value) in [("lost", proof.lost), ("doubled", proof.doubled), ("drifted", proof.drifted)] {
        figures.push(count(name, value, "lines").lower_is_better().with_target(Some(NONE)));
    }
    figures
}

/// Floor and goal of reservations a second, as ratios to the baseline.
const fn rate_target(is_postgres: bool, case: &Case) -> Option<(f64, f64)> {
    match (is_postgres, case.send, case.shape, case.clients) {
        (true, Sending::Unary, Shape::Spread, 64) => Some((2.0, 4.0)),
        (true, Sending::Unary, Shape::Hot, 64) => Some((12.0, 30.0)),
        (true, Sending::Unary, Shape::Spread, 256) => Some((3.0, 6.0)),
        (true, Sending::Unary, Shape::Hot, 256) => Some((18.0, 40.0)),
        (true, Sending::Batch | Sending::Stream, _, _) => Some((0.4, 0.7)),
        (false, Sending::Unary, Shape::Spread, 64) => Some((2.0, 4.0)),
        _ => None,
    }
}

/// Floor and goal of the time of a call, as ratios to the baseline.
fn time_target(is_postgres: bool, case: &Case, word: &str) -> Option<(f64, f64)> {
    match (is_postgres, case.send, case.shape, case.clients, word) {
        (true, Sending::Unary, Shape::Spread, 64, "p99") => Some((0.5, 0.25)),
        (true, Sending::Unary, Shape::Hot, 64, "p99") => Some((0.05, 0.015)),
        (true, Sending::Unary, _, 1, "p50") => Some((1.5, 1.0)),
        _ => None,
    }
}
