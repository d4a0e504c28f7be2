//! Orders, against the reservations of the same run.

use backorder_service_kit::clients::ServiceChannel;
use clap::Args;

use super::{HostArgs, NONE, Scratches, count, figures_of, memory, show, warn_of_debug_build};
use crate::{
    bench::{
        baseline::{Baseline, Shape},
        figure::{Figure, median},
        host::{Served, connections},
        load::{Measured, run as drive},
        metric,
        orders::{LINES_MAX, Placing, Proof},
        reserve::{Reserving, Sending},
        stock::{self, new_id},
    },
    failure::{EXIT_UNBALANCED, Failure},
    output::{Output, progress::Progress},
};

/// What the figures are held against.
const BASELINE: &str = "own reservations";
/// How many orders allocation wrote in one transaction.
const BATCH_ORDERS: &str = "backorder_allocation_place_batch_orders";

/// How to order.
#[derive(Debug, Clone, Args)]
pub struct OrdersArgs {
    #[command(flatten)]
    host: HostArgs,
    /// Items with stock.
    #[arg(long, default_value_t = 10_000, value_name = "ITEMS", value_parser = clap::value_parser!(u32).range(1..))]
    items: u32,
    /// Which items are ordered.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Shape::Spread, Shape::Hot])]
    shape: Vec<Shape>,
    /// Clients at once, each with one order under way.
    #[arg(long, value_delimiter = ',', default_values_t = [64], value_name = "CLIENTS")]
    clients: Vec<u32>,
    /// Lines of an order.
    #[arg(long, default_value_t = 3, value_name = "LINES", value_parser = clap::value_parser!(u32).range(1..=i64::from(LINES_MAX)))]
    lines: u32,
    /// Connections that the clients share.
    #[arg(long, default_value_t = 4, value_name = "CONNECTIONS")]
    connections: usize,
    /// The address of an inventory service that runs, `http://HOST:PORT`. Left out, both services run in this process.
    #[arg(long, value_name = "ADDRESS", requires = "allocation")]
    inventory: Option<String>,
    /// The address of an allocation service that runs and calls that inventory.
    #[arg(long, value_name = "ADDRESS", requires = "inventory")]
    allocation: Option<String>,
}

/// One row of the table: a way to order, with what its rounds reached.
struct Case {
    shape: Shape,
    clients: u32,
    /// The orders of each round, and the reservations before.
    rounds: Vec<(Measured, Baseline)>,
}

pub(super) async fn run(args: OrdersArgs) -> Result<(), Failure> {
    let output = Output::new(args.host.json);
    warn_of_debug_build();
    let home = Home::make(&args).await?;
    stock::make(&home.inventory[0], args.items).await?;
    let mut cases = cases(&args);
    let run = new_id();
    let mut placed = Vec::new();
    let cases_in_round = cases.len() as u64;
    let progress = Progress::of("rounds", u64::from(args.host.rounds) * cases_in_round);
    for round in 0..args.host.rounds {
        for (number, case) in cases.iter_mut().enumerate() {
            progress.at(
                u64::from(round) * cases_in_round + number as u64,
                format!("{} {}", case.shape.word(), case.clients),
            );
            let name = |client| format!("{run}-{round}-{number}-{client}");
            let reserving = (0..case.clients).map(|client| {
                let channel = of_client(&home.inventory, client);
                Reserving::new(channel, name(client), case.shape, args.items, Sending::Unary)
            });
            let (_, reservations) = drive(reserving.collect(), args.host.span()).await?;
            let placing = (0..case.clients).map(|client| {
                let channel = of_client(&home.allocation, client);
                Placing::new(channel, name(client), case.shape, args.items, args.lines)
            });
            let (ended, orders) = drive(placing.collect(), args.host.span()).await?;
            placed.extend(ended);
            let reservations = Baseline { per_second: reservations.per_second, micros: reservations.micros };
            case.rounds.push((orders, reservations));
        }
    }
    progress.finish();
    let batch = metric::mean(BATCH_ORDERS)?;
    let proof = Proof::of(&home.inventory[0], &home.allocation[0], &placed).await;
    // What was measured is shown though the proof could not be had; the run fails then all the same.
    show(&figures(&cases, &args, batch, proof.as_ref().ok().copied()), output);
    if let Some(served) = home.served {
        served.stop().await?;
    }
    let proof = proof?;
    if proof.lost + proof.doubled + proof.answered_otherwise + proof.drifted > 0 {
        return Err(Failure::new("the books do not hold what was acknowledged").with_exit_code(EXIT_UNBALANCED));
    }
    Ok(())
}

fn of_client(channels: &[ServiceChannel], client: u32) -> ServiceChannel {
    channels[client as usize % channels.len()].clone()
}

fn cases(args: &OrdersArgs) -> Vec<Case> {
    let of = |clients: u32| args.shape.iter().map(move |shape| Case { shape: *shape, clients, rounds: Vec::new() });
    args.clients.iter().flat_map(|clients| of((*clients).max(1))).collect()
}

/// The services that are measured, and what goes at the end.
struct Home {
    inventory: Vec<ServiceChannel>,
    allocation: Vec<ServiceChannel>,
    served: Option<Served>,
    _stores: Option<Scratches<2>>,
}

impl Home {
    async fn make(args: &OrdersArgs) -> Result<Self, Failure> {
        metric::record()?;
        if let (Some(inventory), Some(allocation)) = (&args.inventory, &args.allocation) {
            let (inventory, allocation) =
                (connections(inventory, args.connections)?, connections(allocation, args.connections)?);
            return Ok(Self { inventory, allocation, served: None, _stores: None });
        }
        let stores = args.host.stores(["inventory", "allocation"])?;
        let served = Served::both(&stores.urls[0], &stores.urls[1]).await?;
        let channels = connections(served.address(), args.connections)?;
        Ok(Self { inventory: channels.clone(), allocation: channels, served: Some(served), _stores: Some(stores) })
    }
}

fn figures(cases: &[Case], args: &OrdersArgs, batch: Option<f64>, proof: Option<Proof>) -> Vec<Figure> {
    let mut figures = Vec::new();
    let place = if args.inventory.is_some() { "at addresses" } else { args.host.database() };
    for case in cases {
        let name = format!("orders/{place}/{}/{}/{} lines", case.shape.word(), case.clients, args.lines);
        let target = |word: &str| (word == "rate" && args.lines == 3 && case.clients == 64).then_some((0.4, 0.7));
        figures.extend(figures_of(&name, "lines/s", BASELINE, &case.rounds, target));
        let of_an_order = |cores: fn(&Measured) -> f64| {
            let micros = |(orders, _): &(Measured, Baseline)| {
                1e6 * cores(orders) * f64::from(args.lines) / orders.per_second.max(1.0)
            };
            median(case.rounds.iter().map(micros).collect())
        };
        let used = [("", of_an_order(|of| of.load.own)), (" of the database", of_an_order(|of| of.load.servers))];
        for (who, micros) in used {
            figures.push(Figure::new(format!("{name}/cpu{who} an order"), micros, "µs").lower_is_better());
        }
    }
    figures.extend(batch.map(|orders| Figure::new("orders per batch", orders, "orders")));
    figures.extend(memory());
    let Some(proof) = proof else { return figures };
    figures.push(count("acknowledged", proof.orders, "orders"));
    for (name, value, unit) in [
        ("lost", proof.lost, "lines"),
        ("doubled", proof.doubled, "lines"),
        ("answered otherwise", proof.answered_otherwise, "orders"),
        ("drifted", proof.drifted, "lines"),
    ] {
        figures.push(count(name, value, unit).lower_is_better().with_target(Some(NONE)));
    }
    figures
}
