//! A run that is committed, against bare statements that write the same rows.

use std::time::Duration;

use backorder_proto::{allocation::v1::VerifyOrdersRequest, inventory::v1::VerifyBooksRequest};

use super::{HostArgs, NONE, Scratches, bare_statements, count};
use crate::{
    bench::{
        allocate::backlog::Backlog,
        figure::{Figure, Target},
        host::{Served, connections},
        machine::{Load, Meter},
        stock,
    },
    client::Clients,
    demo::idle::until_idle,
    failure::Failure,
    output::progress::Progress,
};

/// Figures of a committed run of so many changed lines, and how many faults the books have afterwards.
///
/// # Errors
/// [`Failure`] when a service refuses, or the run does not change all of its lines.
pub(super) async fn measure(host: &HostArgs, lines: u32) -> Result<(Vec<Figure>, u64), Failure> {
    let stores = host.stores(["inventory", "allocation"])?;
    let backlog = Backlog::of(lines);
    let (served, clients) = serve(&stores).await?;
    backlog.make(&clients.0, &clients.1).await?;
    until_idle(&clients.0).await?;
    let (run, _) = backlog.run(&clients.0).await?;
    until_idle(&clients.0).await?;
    served.stop().await?;

    let folder = host.scratch_folder()?;
    let before = stores.before(folder.path())?;
    let progress = Progress::of("measures", 2);
    progress.at(0, "a commit");
    let (served, clients) = serve(&stores).await?;
    until_idle(&clients.0).await?;
    let meter = Meter::start();
    let committed = backlog.commit(&clients.0, &run).await?;
    let load = meter.load();
    until_idle(&clients.0).await?;
    let books = clients.0.inventory_operations.clone().verify_books(VerifyBooksRequest::default()).await?.into_inner();
    let orders = clients.0.allocation_operations.clone().verify_orders(VerifyOrdersRequest {}).await?.into_inner();
    let differences = books.differences.len() + orders.differences.len();
    let drifted = u64::try_from(differences).unwrap_or(u64::MAX) + orders.orders_left_out.unsigned_abs();
    served.stop().await?;

    progress.at(1, "bare statements");
    let bare = bare_statements(&before, backlog.lines(), folder.path())?;
    progress.finish();
    Ok((figures(host, backlog, (committed, load), bare, drifted), drifted))
}

async fn serve(
    stores: &Scratches<2>,
) -> Result<(Served, (Clients, backorder_service_kit::clients::ServiceChannel)), Failure> {
    let served = Served::both(&stores.urls[0], &stores.urls[1]).await?;
    let channel = connections(served.address(), 1)?.remove(0);
    stock::make(&channel, 0).await?;
    Ok((served, (Clients::over(&channel, &channel), channel)))
}

fn figures(
    host: &HostArgs,
    backlog: Backlog,
    (committed, load): (Duration, Load),
    bare: Duration,
    drifted: u64,
) -> Vec<Figure> {
    let name = format!("commit/{}/{} lines", host.database(), backlog.lines());
    vec![
        Figure::new(format!("{name}/time"), committed.as_secs_f64(), "s")
            .against("bare statements", bare.as_secs_f64())
            .lower_is_better()
            .with_target(Some(Target { floor: 3.0, goal: 1.5 })),
        Figure::new(format!("{name}/rate"), f64::from(backlog.lines()) / committed.as_secs_f64(), "lines/s"),
        Figure::new(format!("{name}/cpu"), load.own, "cores"),
        Figure::new(format!("{name}/cpu of the database"), load.servers, "cores"),
        Figure::new(format!("{name}/cpu of others"), load.others, "cores"),
        count("commit/drifted", drifted, "lines").lower_is_better().with_target(Some(NONE)),
    ]
}
