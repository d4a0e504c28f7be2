//! Clients that read the availability of one item at one location a call, and check every answer.

use backorder_proto::inventory::v1::{
    BatchGetAvailabilityRequest, BatchGetAvailabilityResponse, ItemLocation, ReadConsistency,
    availability_service_client::AvailabilityServiceClient,
};
use backorder_service_kit::clients::ServiceChannel;
use prost_types::FieldMask;

use super::{
    baseline::Shape,
    load::Client,
    stock::{LOCATION, UNITS_PER_ITEM, item_name},
};
use crate::failure::Failure;

/// What is read: how much is there, and how much of it is free.
const FIELDS: [&str; 2] = ["position.on_hand", "position.available"];

/// Who has to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The service, from memory.
    Memory,
    /// The service, from its database.
    Database,
    /// A server that only answers.
    Echo,
}

impl Source {
    /// Its word in the names of figures.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Database => "database",
            Self::Echo => "echo",
        }
    }
}

/// A client with its connection.
pub struct Reading {
    client: AvailabilityServiceClient<ServiceChannel>,
    source: Source,
    items: u32,
    /// Answers that came from the database though memory was asked.
    pub fallbacks: u64,
}

impl Reading {
    /// Reads any of `items`, or always the same one.
    #[must_use]
    pub fn new(channel: ServiceChannel, source: Source, shape: Shape, items: u32) -> Self {
        let items = if shape == Shape::Hot { 1 } else { items };
        Self { client: AvailabilityServiceClient::new(channel), source, items, fallbacks: 0 }
    }

    /// One answer, as it came.
    ///
    /// # Errors
    /// [`Failure`] when the service does not answer.
    pub async fn read(&mut self) -> Result<BatchGetAvailabilityResponse, Failure> {
        let item = item_name(1 + rand::random_range(0..self.items));
        let consistency =
            if self.source == Source::Database { ReadConsistency::Exact } else { ReadConsistency::Bounded };
        let request = BatchGetAvailabilityRequest {
            pairs: vec![ItemLocation { item, location: LOCATION.to_owned() }],
            read_mask: Some(FieldMask { paths: FIELDS.map(str::to_owned).into() }),
            consistency: consistency.into(),
        };
        Ok(self.client.batch_get_availability(request).await?.into_inner())
    }
}

impl Client for Reading {
    async fn call(&mut self) -> Result<u64, Failure> {
        let answer = self.read().await?;
        let position = answer.availabilities.first().and_then(|found| found.position.as_ref());
        let units = position.map(|position| (position.on_hand, position.available));
        if units != Some((UNITS_PER_ITEM, UNITS_PER_ITEM)) {
            return Err(Failure::new(format!("{} answered {units:?}", self.source.word())));
        }
        self.fallbacks += u64::from(self.source == Source::Memory && answer.age.is_none());
        Ok(1)
    }
}
