//! The gRPC services: decode, call, encode. One file per service; a handler decides nothing.

mod allocation_policies;
mod backlog;
mod decode;
mod drop_ship;
mod exceptions;
mod feeds;
mod figure_periods;
mod figure_targets;
mod figures;
mod go_lives;
mod holds;
mod operations;
mod orders;
mod overrides;
mod policies;
mod releases;
mod runs;
mod serving;
mod shipments;
mod shortages;
mod waits;

pub use allocation_policies::AllocationPolicies;
pub use backlog::Backlog;
pub use drop_ship::DropShips;
pub use exceptions::Exceptions;
pub use feeds::FulfilmentFeed;
pub use figure_periods::FigurePeriods;
pub use figure_targets::FigureTargets;
pub use figures::Figures;
pub use go_lives::GoLives;
pub use holds::Holds;
pub use operations::Operations;
pub use orders::Orders;
pub use overrides::Overrides;
pub use policies::Policies;
pub use releases::Releases;
pub use runs::Runs;
pub use serving::Serving;
pub use shipments::Shipments;
pub use shortages::Shortages;
pub use waits::{Consents, Refunds};

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

/// Lists that people page through.
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
    let answer = use_cases.tasks().run(run(use_cases.clone(), write)).await?;
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
    size: i32,
    token: &str,
    clear: impl FnOnce(&mut R),
) -> Result<(PageRequest, PageBinding), Problem> {
    page_of(request, SMALL_PAGES, size, token, clear)
}

/// The same, of a size within other limits.
fn page_of<R: Message + Clone>(
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

/// A key that this service sealed into a page token and cannot read any more.
fn damaged_token() -> Problem {
    use backorder_proto::common::v1::ErrorReason;
    Problem::invalid_field(ErrorReason::PageTokenInvalid, "page_token", "must be a token of this list")
}
