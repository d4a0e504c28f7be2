//! Receipts that serve a long queue, against bare statements that write the same rows.

use std::time::Duration;

use backorder_service_kit::clients::ServiceChannel;
use clap::Args;

use super::{HostArgs, NONE, Scratches, bare_statements, count, memory, show, warn_of_debug_build};
use crate::{
    bench::{
        baseline::Shape,
        figure::{Figure, Target},
        host::{Served, connections},
        load::{Measured, run as drive, run_during},
        machine::{Load, Meter},
        receipts::{Proof, Queue},
        reserve::{self, Reserving, Sending},
        stock::{self, new_id},
    },
    client::Clients,
    demo::idle::until_idle,
    failure::{EXIT_UNBALANCED, Failure},
    output::{Output, progress::Progress},
};

/// What to receive.
#[derive(Debug, Clone, Args)]
pub struct ReceiptsArgs {
    #[command(flatten)]
    host: HostArgs,
    /// Lines that wait for the item, one unit each.
    #[arg(long, default_value_t = 100_000, value_name = "LINES", value_parser = clap::value_parser!(u32).range(1..))]
    lines: u32,
    /// Items that others reserve meanwhile.
    #[arg(long, default_value_t = 1_000, value_name = "ITEMS", value_parser = clap::value_parser!(u32).range(1..))]
    items: u32,
    /// Clients that reserve them, each with one call under way.
    #[arg(long, default_value_t = 16, value_name = "CLIENTS", value_parser = clap::value_parser!(u32).range(1..))]
    clients: u32,
    /// Connections that the clients share.
    #[arg(long, default_value_t = 4, value_name = "CONNECTIONS")]
    connections: usize,
}

/// What a run reached.
struct Reached {
    /// The receipt alone, with who used the processors meanwhile.
    alone: Duration,
    load: Load,
    /// The statements.
    bare: Duration,
    /// A receipt while others reserve.
    beside_others: Duration,
    /// Reservations of others without a receipt, and during it.
    without: Measured,
    during: Measured,
}

pub(super) async fn run(args: ReceiptsArgs) -> Result<(), Failure> {
    let output = Output::new(args.host.json);
    warn_of_debug_build();
    let stores = args.host.stores(["inventory", "allocation"])?;
    let queues = [Queue::of("beside-others", args.lines), Queue::of("alone", args.lines)];
    let [beside_others, alone] = &queues;

    let (served, channels) = start(&stores, &args).await?;
    let clients = Clients::over(&channels[0], &channels[0]);
    stock::make(&channels[0], args.items).await?;
    for queue in &queues {
        queue.make(&clients, &channels[0]).await?;
    }
    let progress = Progress::of("measures", 4);
    progress.at(0, "others, and a receipt beside them");
    until_idle(&clients).await?;
    let (reserving, without) = drive(others(&channels, &args), args.host.span()).await?;
    let (reserving, during, beside_others) = run_during(reserving, beside_others.serve_beside_others(&clients)).await?;
    let others = reserve::Proof::of(&channels[0], reserving.iter().flat_map(Reserving::acknowledged)).await?;
    served.stop().await?;

    let folder = args.host.scratch_folder()?;
    let before = stores.before(folder.path())?;
    progress.at(1, "a receipt alone");
    let (served, channels) = start(&stores, &args).await?;
    let clients = Clients::over(&channels[0], &channels[0]);
    until_idle(&clients).await?;
    let meter = Meter::start();
    let alone = alone.serve(&clients).await?;
    let load = meter.load();
    progress.at(2, "each line, and the books");
    let proof = Proof::of(&clients, &channels[0], &queues).await?;
    served.stop().await?;

    progress.at(3, "bare statements");
    let bare = bare_statements(&before, args.lines, folder.path())?;
    progress.finish();
    let reached = Reached { alone, load, bare, beside_others, without, during };
    show(&figures(&args, &reached, proof, others), output);
    if proof.unserved + proof.doubled + proof.drifted + others.lost + others.doubled + others.drifted > 0 {
        return Err(Failure::new("the books do not hold what was acknowledged").with_exit_code(EXIT_UNBALANCED));
    }
    Ok(())
}

async fn start(stores: &Scratches<2>, args: &ReceiptsArgs) -> Result<(Served, Vec<ServiceChannel>), Failure> {
    let served = Served::both(&stores.urls[0], &stores.urls[1]).await?;
    let channels = connections(served.address(), args.connections)?;
    Ok((served, channels))
}

fn others(channels: &[ServiceChannel], args: &ReceiptsArgs) -> Vec<Reserving> {
    let run = new_id();
    let client = |client: u32| {
        let channel = channels[client as usize % channels.len()].clone();
        Reserving::new(channel, format!("{run}/{client}"), Shape::Spread, args.items, Sending::Unary)
    };
    (0..args.clients).map(client).collect()
}

fn figures(args: &ReceiptsArgs, reached: &Reached, proof: Proof, others: reserve::Proof) -> Vec<Figure> {
    let name = format!("receipts/{}/{} lines", args.host.database(), args.lines);
    let seconds = |name: String, time: Duration| Figure::new(name, time.as_secs_f64(), "s").lower_is_better();
    let lines = f64::from(args.lines);
    let mut figures = vec![
        seconds(format!("{name}/time"), reached.alone)
            .against("bare statements", reached.bare.as_secs_f64())
            .with_target(Some(Target { floor: 3.0, goal: 1.5 })),
        Figure::new(format!("{name}/rate"), lines / reached.alone.as_secs_f64(), "lines/s"),
        Figure::new(format!("{name}/cpu"), reached.load.own, "cores"),
        Figure::new(format!("{name}/cpu of the database"), reached.load.servers, "cores"),
        Figure::new(format!("{name}/cpu of others"), reached.load.others, "cores"),
        Figure::new(format!("{name}/others meanwhile"), reached.during.per_second, "lines/s")
            .against("without", reached.without.per_second)
            .with_target(Some(Target { floor: 0.7, goal: 0.9 })),
        Figure::new(format!("{name}/others meanwhile/p99"), reached.during.millis_at(0.99), "ms")
            .against("without", reached.without.millis_at(0.99))
            .lower_is_better(),
        seconds(format!("{name}/time beside others"), reached.beside_others)
            .against("alone", reached.alone.as_secs_f64()),
    ];
    figures.extend(memory());
    figures.push(count("served", proof.lines, "lines"));
    figures.push(count("acknowledged to others", others.lines, "lines"));
    for (name, value) in [
        ("unserved", proof.unserved),
        ("lost", others.lost),
        ("doubled", proof.doubled + others.doubled),
        ("drifted", proof.drifted + others.drifted),
    ] {
        figures.push(count(name, value, "lines").lower_is_better().with_target(Some(NONE)));
    }
    figures
}
