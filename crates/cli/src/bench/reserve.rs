//! Clients that reserve one unit a line, and the proof that each acknowledged line is in the books once.

use backorder_proto::inventory::v1::{
    BatchGetClaimsRequest, ReserveLine, ReserveStockRequest, ReserveStockResponse, Shortfall,
    StreamReservationsRequest, StreamReservationsResponse, VerifyBooksRequest,
    inventory_operations_service_client::InventoryOperationsServiceClient,
    reservation_service_client::ReservationServiceClient, stream_reservations_response::Outcome,
};
use clap::ValueEnum;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use backorder_service_kit::clients::ServiceChannel;

use super::{
    baseline::Shape,
    host::PROVEN_WITHIN,
    load::Client,
    stock::{LOCATION, item_name, new_id},
};
use crate::failure::Failure;

const CLAIMS_PER_CALL: usize = 1_000;

/// Requests that a client of a stream has under way.
const STREAM_WINDOW: u64 = 64;

/// How a client sends its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sending {
    /// One line a call.
    Unary,
    /// 256 lines a call.
    Batch,
    /// One line a request, 64 requests under way on one stream.
    Stream,
}

impl Sending {
    /// Its word in the names of figures.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unary => "unary",
            Self::Batch => "batch",
            Self::Stream => "stream",
        }
    }

    /// Lines of one request.
    #[must_use]
    pub const fn lines_per_call(self) -> u32 {
        match self {
            Self::Unary | Self::Stream => 1,
            Self::Batch => 256,
        }
    }

    /// Lines of one transaction of the baseline: a stream is held against batches.
    #[must_use]
    pub const fn rival_lines(self) -> u32 {
        match self {
            Self::Unary => 1,
            Self::Batch | Self::Stream => 256,
        }
    }
}

/// A client with a connection, and what was acknowledged to it.
pub struct Reserving {
    client: ReservationServiceClient<ServiceChannel>,
    sending: Sending,
    stream: Option<Stream>,
    /// A prefix that no other client uses, ever.
    name: String,
    items: u32,
    /// Requests sent.
    sent: u64,
    /// Requests answered, the first ones sent.
    answered: u64,
}

/// An open stream.
struct Stream {
    requests: mpsc::Sender<StreamReservationsRequest>,
    answers: Streaming<StreamReservationsResponse>,
}

impl Reserving {
    /// `name` must be its own; `items` are drawn evenly.
    #[must_use]
    pub fn new(channel: ServiceChannel, name: String, shape: Shape, items: u32, sending: Sending) -> Self {
        let items = if shape == Shape::Hot { 1 } else { items };
        let client = ReservationServiceClient::new(channel);
        Self { client, sending, stream: None, name, items, sent: 0, answered: 0 }
    }

    fn line(&self, call: u64, line: u32) -> String {
        format!("{}/{call}/{line}", self.name)
    }

    fn next_request(&mut self) -> ReserveStockRequest {
        let line = |number: u32| one_unit(self.line(self.sent, number), self.items);
        let lines = (0..self.sending.lines_per_call()).map(line).collect();
        self.sent += 1;
        ReserveStockRequest { request_id: new_id(), lines, ..ReserveStockRequest::default() }
    }

    async fn next_answer(&mut self) -> Result<ReserveStockResponse, Failure> {
        if self.sending != Sending::Stream {
            let request = self.next_request();
            return Ok(self.client.reserve_stock(request).await?.into_inner());
        }
        while self.sent < self.answered + STREAM_WINDOW {
            let request = StreamReservationsRequest { request: Some(self.next_request()) };
            let requests = self.stream().await?.requests.clone();
            requests.send(request).await.map_err(|_ended| Failure::new("the stream ended"))?;
        }
        let ended = || Failure::new("the stream ended before its answers");
        match self.stream().await?.answers.message().await?.ok_or_else(ended)?.outcome {
            Some(Outcome::Reserved(answer)) => Ok(answer),
            Some(Outcome::Error(error)) => Err(Failure::new(format!("a request of the stream was refused: {error:?}"))),
            None => Err(Failure::new("an answer of the stream is empty")),
        }
    }

    async fn stream(&mut self) -> Result<&mut Stream, Failure> {
        let stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let (requests, receiver) = mpsc::channel(1);
                let answers = self.client.stream_reservations(ReceiverStream::new(receiver)).await?.into_inner();
                Stream { requests, answers }
            }
        };
        Ok(self.stream.insert(stream))
    }

    /// The lines that were acknowledged, each with one unit reserved.
    pub fn acknowledged(&self) -> impl Iterator<Item = String> + '_ {
        let lines = self.sending.lines_per_call();
        (0..self.answered).flat_map(move |call| (0..lines).map(move |line| self.line(call, line)))
    }
}

impl Client for Reserving {
    async fn call(&mut self) -> Result<u64, Failure> {
        let answer = self.next_answer().await?;
        let lines = self.sending.lines_per_call();
        let reserved = answer.results.iter().filter(|result| claim_units(result.claim.as_ref()) == (1, 0)).count();
        if reserved != usize::try_from(lines).unwrap_or_default() {
            return Err(Failure::new(format!("a call of {} reserved {reserved} units only", self.name)));
        }
        self.answered += 1;
        Ok(u64::from(lines))
    }
}

/// A line that wants one unit of one of so many items.
#[must_use]
pub fn one_unit(line: String, items: u32) -> ReserveLine {
    ReserveLine {
        line,
        item: item_name(1 + rand::random_range(0..items)),
        quantity: 1,
        locations: vec![LOCATION.to_owned()],
        shortfall: Shortfall::Backorder.into(),
        eligible: true,
        ..ReserveLine::default()
    }
}

/// Reserved and waiting units of a claim; nothing of none.
fn claim_units(claim: Option<&backorder_proto::inventory::v1::Claim>) -> (i64, i64) {
    claim.map_or((0, 0), |claim| (claim.reserved, claim.waiting))
}

/// What the books say about what was acknowledged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Proof {
    /// Acknowledged lines.
    pub lines: u64,
    /// Of these, lines without their unit.
    pub lost: u64,
    /// Of these, lines with more than their unit.
    pub doubled: u64,
    /// Differences that the books have in themselves: a position against its movements, its reservations, its room.
    pub drifted: u64,
}

impl Proof {
    /// Looks each acknowledged line up, and proves the books.
    ///
    /// # Errors
    /// [`Failure`] when the service cannot answer.
    pub async fn of(channel: &ServiceChannel, mut acknowledged: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let mut proof = Self::default();
        let mut reservations =
            ReservationServiceClient::new(channel.clone()).max_decoding_message_size(64 * 1024 * 1024);
        loop {
            let lines: Vec<String> = acknowledged.by_ref().take(CLAIMS_PER_CALL).collect();
            if lines.is_empty() {
                break;
            }
            proof.lines += u64::try_from(lines.len()).unwrap_or_default();
            let claims = reservations.batch_get_claims(BatchGetClaimsRequest { lines: lines.clone() }).await?;
            proof.count(&lines, &claims.into_inner().claims);
        }
        let mut operations = InventoryOperationsServiceClient::new(channel.clone());
        let mut request = tonic::Request::new(VerifyBooksRequest::default());
        request.set_timeout(PROVEN_WITHIN);
        let books = operations.verify_books(request).await?.into_inner();
        proof.drifted = u64::try_from(books.differences.len()).unwrap_or(u64::MAX);
        Ok(proof)
    }

    fn count(&mut self, lines: &[String], claims: &[backorder_proto::inventory::v1::Claim]) {
        let mut units: std::collections::HashMap<&str, i64> = lines.iter().map(|line| (line.as_str(), 0)).collect();
        for claim in claims {
            if let Some(units) = units.get_mut(claim.line.as_str()) {
                *units += claim.reserved + claim.waiting;
            }
        }
        self.lost += u64::try_from(units.values().filter(|units| **units < 1).count()).unwrap_or_default();
        self.doubled += u64::try_from(units.values().filter(|units| **units > 1).count()).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use backorder_proto::inventory::v1::Claim;

    use super::*;

    #[test]
    fn a_line_without_claim_is_lost_and_one_with_two_units_doubled() {
        let lines: Vec<String> = ["a", "b", "c"].map(str::to_owned).into();
        let claim = |line: &str, reserved| Claim { line: line.to_owned(), reserved, ..Claim::default() };
        let mut proof = Proof::default();
        proof.count(&lines, &[claim("a", 1), claim("b", 2), claim("x", 9)]);
        assert_eq!((proof.lost, proof.doubled), (1, 1));
    }
}
