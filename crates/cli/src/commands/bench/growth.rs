//! `backorder bench growth`: what reservations lose when a store has grown.

use std::time::Duration;

use clap::Args;

use super::{HostArgs, NONE, availability::wait_for_memory, count, figures_of, show, warn_of_debug_build};
use crate::{
    bench::{
        baseline::{Baseline, Shape},
        figure::Figure,
        grown,
        host::{Served, connections},
        load::{Measured, run as drive},
        reserve::{Proof, Reserving, Sending},
        stock,
    },
    failure::{EXIT_UNBALANCED, Failure},
    output::{Output, progress::Progress},
};

/// Items of the store that has not grown.
const SMALL: u32 = 10_000;
/// What a grown store should keep of the rate of a small one.
const RATE: (f64, f64) = (0.7, 0.9);

/// How long a service may take until its memory answers; it looks through all items before.
const COMPLETE_WITHIN: Duration = Duration::from_secs(300);

/// How far the store has grown.
#[derive(Debug, Clone, Args)]
pub struct GrowthArgs {
    #[command(flatten)]
    host: HostArgs,
    /// Items of the grown store, each with an open line. Ten million take some 16 GB of disk and a quarter of an hour to make.
    #[arg(long, default_value_t = 10_000_000, value_name = "ITEMS")]
    items: u32,
    /// Clients at once, each with one call under way.
    #[arg(long, default_value_t = 64, value_name = "CLIENTS")]
    clients: u32,
    /// Connections that the clients share.
    #[arg(long, default_value_t = 4, value_name = "CONNECTIONS")]
    connections: usize,
}

/// Runs it: rounds on a small store, which is the baseline, and on a grown one take turns.
///
/// # Errors
/// [`Failure`] when something cannot be run, or the books do not hold what was acknowledged (exit code 4).
pub async fn run(args: GrowthArgs) -> Result<(), Failure> {
    let output = Output::new(args.host.json);
    warn_of_debug_build();
    if args.host.postgres.is_none() {
        return Err(Failure::new("growth is measured on PostgreSQL")
            .next("give --postgres, or run `cargo xtask bench -- growth`"));
    }
    let stores = args.host.stores(["small", "grown"])?;
    make(&stores.urls[0], SMALL).await?;
    make(&stores.urls[1], SMALL).await?;
    grown::fill(&stores.urls[1], SMALL + 1, args.items.max(SMALL))?;
    let (small, grown) = (Served::inventory(&stores.urls[0]).await?, Served::inventory(&stores.urls[1]).await?);
    // A service that has just begun reads its positions, which is not what is measured.
    for served in [&small, &grown] {
        wait_for_memory(&connections(served.address(), 1)?[0], COMPLETE_WITHIN).await?;
    }
    let mut rounds: Vec<(Measured, Baseline)> = Vec::new();
    let mut acknowledged = [Vec::new(), Vec::new()];
    let progress = Progress::of("rounds", u64::from(args.host.rounds));
    for round in 0..args.host.rounds {
        progress.at(u64::from(round), "small and grown");
        let base = reserve(&small, round, SMALL, &args, &mut acknowledged[0]).await?;
        let ours = reserve(&grown, round, args.items, &args, &mut acknowledged[1]).await?;
        rounds.push((ours, Baseline { per_second: base.per_second, micros: base.micros }));
    }
    progress.finish();
    let name = format!("growth/postgres/{} items", args.items);
    let target = |word: &str| (word == "rate").then_some(RATE);
    let mut figures = figures_of(&name, "lines/s", "10,000 items", &rounds, target);
    let mut faults = 0;
    for (served, (word, clients)) in
        [&small, &grown].into_iter().zip([("small", &acknowledged[0]), ("grown", &acknowledged[1])])
    {
        let channel = connections(served.address(), 1)?.remove(0);
        let proof = Proof::of(&channel, clients.iter().flat_map(Reserving::acknowledged)).await?;
        figures.extend(figures_of_proof(word, proof));
        faults += proof.lost + proof.doubled + proof.drifted;
    }
    show(&figures, output);
    small.stop().await?;
    grown.stop().await?;
    if faults > 0 {
        return Err(Failure::new("the books do not hold what was acknowledged").with_exit_code(EXIT_UNBALANCED));
    }
    Ok(())
}

/// Makes a store with items, through the public API.
async fn make(url: &str, items: u32) -> Result<(), Failure> {
    let served = Served::inventory(url).await?;
    stock::make(&connections(served.address(), 1)?[0], items).await?;
    served.stop().await
}

async fn reserve(
    served: &Served,
    round: u32,
    items: u32,
    args: &GrowthArgs,
    acknowledged: &mut Vec<Reserving>,
) -> Result<Measured, Failure> {
    let channels = connections(served.address(), args.connections)?;
    let clients = (0..args.clients.max(1)).map(|client| {
        let channel = channels[client as usize % channels.len()].clone();
        Reserving::new(channel, format!("{round}/{client}"), Shape::Spread, items, Sending::Unary)
    });
    let (ended, measured) = drive(clients.collect(), args.host.span()).await?;
    acknowledged.extend(ended);
    Ok(measured)
}

fn figures_of_proof(word: &str, proof: Proof) -> Vec<Figure> {
    let mut figures = vec![count(&format!("{word}/acknowledged"), proof.lines, "lines")];
    for (name, value) in [("lost", proof.lost), ("doubled", proof.doubled), ("drifted", proof.drifted)] {
        figures.push(count(&format!("{word}/{name}"), value, "lines").lower_is_better().with_target(Some(NONE)));
    }
    figures
}
