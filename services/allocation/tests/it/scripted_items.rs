//! What the scripted inventory answers about items as they are now.

use backorder_proto::inventory::v1::{availability_service_server::AvailabilityService, *};
use tonic::{Request, Response, Status, async_trait};

use crate::scripted::{Scripted, not_scripted};

type Stream<T> = futures::stream::Iter<std::vec::IntoIter<Result<T, Status>>>;

#[async_trait]
impl AvailabilityService for Scripted {
    type WatchAvailabilityStream = futures::stream::Empty<Result<WatchAvailabilityResponse, Status>>;
    type ReadItemsStream = Stream<ReadItemsResponse>;

    async fn read_items(&self, request: Request<ReadItemsRequest>) -> Result<Response<Self::ReadItemsStream>, Status> {
        let items = request.into_inner().items;
        let mut books = self.books();
        books.items_read.push(items.clone());
        let position = |item: &String| Position {
            item: item.clone(),
            location: "locations/main".to_owned(),
            available: books.free.get(item).copied().unwrap_or_default(),
            ..Position::default()
        };
        let supplies = books.supplies.iter().filter(|supply| items.contains(&supply.item));
        let claims = books.claims.values().filter(|claim| items.contains(&claim.item));
        let messages = [
            ReadItemsResponse { positions: items.iter().map(position).collect(), ..ReadItemsResponse::default() },
            ReadItemsResponse { supplies: supplies.cloned().collect(), ..ReadItemsResponse::default() },
            ReadItemsResponse { claims: claims.cloned().collect(), ..ReadItemsResponse::default() },
        ];
        let messages: Vec<_> = messages.into_iter().map(Ok).collect();
        Ok(Response::new(futures::stream::iter(messages)))
    }

    async fn batch_get_availability(
        &self,
        _request: Request<BatchGetAvailabilityRequest>,
    ) -> Result<Response<BatchGetAvailabilityResponse>, Status> {
        Err(not_scripted())
    }

    async fn get_availability_profile(
        &self,
        _request: Request<GetAvailabilityProfileRequest>,
    ) -> Result<Response<GetAvailabilityProfileResponse>, Status> {
        Err(not_scripted())
    }

    async fn watch_availability(
        &self,
        _request: Request<WatchAvailabilityRequest>,
    ) -> Result<Response<Self::WatchAvailabilityStream>, Status> {
        Err(not_scripted())
    }

    async fn get_resume_token(
        &self,
        _request: Request<GetResumeTokenRequest>,
    ) -> Result<Response<GetResumeTokenResponse>, Status> {
        Err(not_scripted())
    }
}
