//! `backorder bench availability`.

use std::time::Duration;

use backorder_service_kit::clients::ServiceChannel;
use clap::Args;
use tokio::time::Instant;

use super::{Home, HostArgs, figures_of, mebibytes, show, warn_of_debug_build};
use crate::{
    bench::{
        alone::Alone,
        baseline::{Baseline, Shape},
        echo::Echo,
        figure::{Figure, Target},
        host::connections,
        load::{Measured, run as drive},
        reading::{Reading, Source},
        stock,
    },
    failure::Failure,
    output::{Output, progress::Progress},
};

/// From this many positions on, the memory of the process is held against its target.
const MANY_POSITIONS: u32 = 1_000_000;
/// How long the service may take to have all positions in memory.
const COMPLETE_WITHIN: Duration = Duration::from_secs(120);

/// How to read.
#[derive(Debug, Clone, Args)]
pub struct AvailabilityArgs {
    #[command(flatten)]
    host: HostArgs,
    /// Items with stock at one location.
    #[arg(long, default_value_t = 10_000, value_name = "POSITIONS", value_parser = clap::value_parser!(u32).range(1..=9_999_999))]
    positions: u32,
    /// Which items are read.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Shape::Spread, Shape::Hot])]
    shape: Vec<Shape>,
    /// Clients at once, each with one call under way.
    #[arg(long, value_delimiter = ',', default_values_t = [64], value_name = "CLIENTS")]
    clients: Vec<u32>,
    /// Connections that the clients share.
    #[arg(long, default_value_t = 4, value_name = "CONNECTIONS")]
    connections: usize,
}

/// One row of the table: a way to read, with what its rounds reached beside the echo.
struct Case {
    shape: Shape,
    clients: u32,
    memory: Vec<(Measured, Baseline)>,
    database: Vec<(Measured, Baseline)>,
}

pub(super) async fn run(args: AvailabilityArgs) -> Result<(), Failure> {
    let output = Output::new(args.host.json);
    warn_of_debug_build();
    let home = Home::make(&args.host).await?;
    stock::make(&connections(home.inventory.address(), 1)?[0], args.positions).await?;
    let channels = connections(home.inventory.address(), args.connections)?;
    wait_for_memory(&channels[0], COMPLETE_WITHIN).await?;
    let answer = Reading::new(channels[0].clone(), Source::Memory, Shape::Hot, 1).read().await?;
    let echo = Echo::start(answer).await?;
    let echoes = connections(echo.address(), args.connections)?;
    let mut cases = cases(&args);
    let cases_in_round = cases.len() as u64;
    let progress = Progress::of("rounds", u64::from(args.host.rounds) * cases_in_round);
    let mut fallbacks = 0;
    for round in 0..args.host.rounds {
        for (number, case) in cases.iter_mut().enumerate() {
            let title = format!("{} {}", case.shape.word(), case.clients);
            progress.at(u64::from(round) * cases_in_round + number as u64, title);
            let (shape, clients) = (case.shape, case.clients);
            let measure = async |source: Source| {
                let channels = if source == Source::Echo { &echoes } else { &channels };
                let channel = |client: u32| channels[client as usize % channels.len()].clone();
                let reading = (0..clients).map(|client| Reading::new(channel(client), source, shape, args.positions));
                drive(reading.collect(), args.host.span()).await
            };
            let (_, base) = measure(Source::Echo).await?;
            let (readers, from_memory) = measure(Source::Memory).await?;
            let (_, from_database) = measure(Source::Database).await?;
            fallbacks += readers.iter().map(|reader| reader.fallbacks).sum::<u64>();
            let base = Baseline { per_second: base.per_second, micros: base.micros };
            case.memory.push((from_memory, base.clone()));
            case.database.push((from_database, base));
        }
    }
    progress.finish();
    let mut figures = figures(&cases, home.database);
    let count = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let words = "answered by the database though memory was asked";
    figures.push(Figure::new(words, count(fallbacks), "reads").lower_is_better());
    // SQLite files belong to one process at a time.
    home.inventory.stop().await?;
    figures.extend(memory_alone(&home.stores.urls[0], &args).await?);
    show(&figures, output);
    Ok(())
}

/// The memory of a service that does nothing but keep the positions and answer reads, and how long it took to be complete.
async fn memory_alone(url: &str, args: &AvailabilityArgs) -> Result<Vec<Figure>, Failure> {
    let begun = Instant::now();
    let alone = tokio::task::block_in_place(|| Alone::start(url))?;
    let channels = connections(alone.address(), args.connections)?;
    wait_for_memory(&channels[0], COMPLETE_WITHIN).await?;
    let complete_after = begun.elapsed();
    let reading =
        channels.into_iter().map(|channel| Reading::new(channel, Source::Memory, Shape::Spread, args.positions));
    drive(reading.collect(), args.host.span()).await?;
    let name = format!("{} positions", args.positions);
    let target = (args.positions >= MANY_POSITIONS).then_some(Target { floor: 400.0, goal: 150.0 });
    let memory = alone.peak_bytes().map(|bytes| {
        Figure::new(format!("memory of the service alone/{name}"), mebibytes(bytes), "MiB")
            .lower_is_better()
            .with_target(target)
    });
    let start = Figure::new(format!("start until memory answers/{name}"), complete_after.as_secs_f64(), "s");
    tokio::task::block_in_place(|| drop(alone));
    Ok(memory.into_iter().chain([start.lower_is_better()]).collect())
}

/// Asks until memory answers.
///
/// # Errors
/// [`Failure`] when it does not `within` that time, or cannot be asked.
pub(super) async fn wait_for_memory(channel: &ServiceChannel, within: Duration) -> Result<(), Failure> {
    let mut reading = Reading::new(channel.clone(), Source::Memory, Shape::Hot, 1);
    let begun = Instant::now();
    while begun.elapsed() < within {
        if reading.read().await?.age.is_some() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err(Failure::new(format!("memory did not answer within {} seconds", within.as_secs())))
}

fn cases(args: &AvailabilityArgs) -> Vec<Case> {
    let case =
        |shape: Shape, clients: u32| Case { shape, clients: clients.max(1), memory: Vec::new(), database: Vec::new() };
    args.clients.iter().flat_map(|clients| args.shape.iter().map(move |shape| case(*shape, *clients))).collect()
}

fn figures(cases: &[Case], database: &str) -> Vec<Figure> {
    let mut figures = Vec::new();
    for case in cases {
        for (source, rounds) in [(Source::Memory, &case.memory), (Source::Database, &case.database)] {
            let name = format!("availability/{database}/{}/{}/{}", case.shape.word(), case.clients, source.word());
            let target = |word: &str| (word == "rate" && source == Source::Memory).then_some((0.3, 0.7));
            figures.extend(figures_of(&name, "reads/s", "echo RPC", rounds, target));
        }
    }
    figures
}
