//! The gRPC services: decode, call, encode. One file per service; a handler decides nothing.

mod availability;
mod catalog;
pub mod decode;
mod drop_ship;
pub mod encode;
mod group;
mod operations;
mod receipt;
mod reservation;
mod stock;
mod supply;
mod warehouse;
mod warehouse_feed;

pub use availability::Availability;
pub use catalog::Catalog;
pub use drop_ship::DropShipStocks;
pub use group::Groups;
pub use operations::Operations;
pub use receipt::Receipts;
pub use reservation::Reservations;
pub use stock::Stock;
pub use supply::Supplies;
pub use warehouse::Warehouse;
pub use warehouse_feed::WarehouseFeed;

use backorder_proto::convert::Violations;
use backorder_service_kit::{
    context::RequestContext,
    paging::{PageBinding, PageLimits, PageRequest, page_request},
    problem::Problem,
};
use prost::Message;
use tonic::{Request, Response, Status};

use crate::{
    error::Error,
    use_cases::UseCases,
    write::{Write, WriteRequest},
};

/// Lists with small rows that people page through.
const SMALL_PAGES: PageLimits = PageLimits { default: 100, max: 1_000 };

/// Decodes a writing request and runs its use case in a task that the service owns.
async fn write<R, C, A, F>(
    use_cases: &UseCases,
    request: Request<R>,
    decode: impl FnOnce(&R, &mut Violations) -> Option<C>,
    run: impl FnOnce(UseCases, Write<C>) -> F,
) -> Result<Response<A>, Status>
where
    R: WriteRequest,
    A: Send + 'static,
    F: Future<Output = Result<A, Error>> + Send + 'static,
{
    let context = RequestContext::from_request(&request);
    let write = Write::decode(context, request.get_ref(), decode).map_err(Error::Invalid)?;
    let answer = use_cases.tasks().run_begun(|| run(use_cases.clone(), write)).await?;
    Ok(Response::new(answer))
}

/// Decodes a reading request with all its violations.
fn read<R, C>(request: &Request<R>, decode: impl FnOnce(&R, &mut Violations) -> Option<C>) -> Result<C, Error> {
    let mut violations = Violations::new();
    let command = decode(request.get_ref(), &mut violations);
    violations.finish_with(command).map_err(Error::Invalid)
}

/// The wished page of a list call, and what its next token is bound to.
fn page<R: Message + Clone>(
    request: &Request<R>,
    limits: PageLimits,
    size: i32,
    token: &str,
    clear: impl FnOnce(&mut R),
) -> Result<(PageRequest, PageBinding), Problem> {
    let context = RequestContext::from_request(request);
    let binding = PageBinding::new(&context.caller, &context.method, request.get_ref(), clear);
    Ok((page_request(limits, size, token, &binding)?, binding))
}
