//! Clients that send a request until it is answered, while the service and the database are killed under them.

use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use backorder_proto::inventory::v1::{ReserveStockRequest, reservation_service_client::ReservationServiceClient};
use backorder_service_kit::clients::ServiceChannel;
use tokio::{sync::watch, time::Instant};

use super::{alone::Alone, baseline::Shape, host::connections, postgres, reserve::one_unit, stock::new_id};
use crate::failure::Failure;

/// How long a client waits before it sends a request again.
const AGAIN_AFTER: Duration = Duration::from_millis(20);
/// How long the service may take until it answers again.
const BACK_WITHIN: Duration = Duration::from_secs(60);
/// How often it is looked whether it does.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Connections that the clients share.
const CONNECTIONS: usize = 4;

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    /// The process of the service, which is started again.
    Service,
    /// One of the database's processes for the service, after which PostgreSQL ends all others and recovers.
    Database,
}

/// A client that gives no request up.
struct Steadfast {
    /// A prefix that no other client uses.
    name: String,
    items: u32,
    channels: watch::Receiver<Vec<ServiceChannel>>,
    acknowledged: Arc<AtomicU64>,
    /// Set when nothing new is to be sent.
    done: Arc<AtomicBool>,
}

impl Steadfast {
    /// Sends one request after the other; answers the lines that were acknowledged.
    async fn run(self, number: usize) -> Result<Vec<String>, Failure> {
        let mut lines = Vec::new();
        while !self.done.load(Ordering::Relaxed) {
            let line = format!("{}/{}", self.name, lines.len());
            let lines_wanted = vec![one_unit(line.clone(), self.items)];
            let request = ReserveStockRequest { request_id: new_id(), lines: lines_wanted, ..Default::default() };
            self.until_answered(number, &request).await?;
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
            lines.push(line);
        }
        Ok(lines)
    }

    async fn until_answered(&self, number: usize, request: &ReserveStockRequest) -> Result<(), Failure> {
        let until = Instant::now() + BACK_WITHIN;
        loop {
            let channel = {
                let channels = self.channels.borrow();
                channels[number % channels.len()].clone()
            };
            match ReservationServiceClient::new(channel).reserve_stock(request.clone()).await {
                Ok(_) => return Ok(()),
                Err(status) if Instant::now() > until => return Err(status.into()),
                // Nobody knows whether it was done. The same request is answered once, however often it is sent.
                Err(_) => tokio::time::sleep(AGAIN_AFTER).await,
            }
        }
    }
}

/// A service that is killed and started again, and the clients that go on.
pub struct Battered {
    url: String,
    service: Alone,
    channels: watch::Sender<Vec<ServiceChannel>>,
    acknowledged: Arc<AtomicU64>,
}

impl Battered {
    /// Starts the service on the store at `url`.
    ///
    /// # Errors
    /// [`Failure`] when it does not come up.
    pub fn start(url: &str) -> Result<Self, Failure> {
        let service = Alone::start(url)?;
        let (channels, _) = watch::channel(connections(service.address(), CONNECTIONS)?);
        Ok(Self { url: url.to_owned(), service, channels, acknowledged: Arc::default() })
    }

    /// A connection to the service as it runs now.
    #[must_use]
    pub fn channel(&self) -> ServiceChannel {
        self.channels.borrow()[0].clone()
    }

    /// Kills the victims one after the other under so many clients, each when what came before is overcome and a random time
    /// of up to `apart` has passed. Answers the acknowledged lines, and after each kill how long nobody was answered.
    ///
    /// # Errors
    /// [`Failure`] when the service does not come back.
    pub async fn kill(
        &mut self,
        victims: &[Victim],
        apart: Duration,
        clients: usize,
        (shape, items): (Shape, u32),
    ) -> Result<(Vec<String>, Vec<Duration>), Failure> {
        let done = Arc::new(AtomicBool::new(false));
        let running: Vec<_> = (0..clients)
            .map(|number| {
                let client = Steadfast {
                    name: format!("kills/{}/{number}", shape.word()),
                    items: if shape == Shape::Hot { 1 } else { items },
                    channels: self.channels.subscribe(),
                    acknowledged: Arc::clone(&self.acknowledged),
                    done: Arc::clone(&done),
                };
                tokio::spawn(client.run(number))
            })
            .collect();
        let mut pauses = Vec::with_capacity(victims.len());
        let mut killed = self.answers_since(Instant::now(), clients).await.map(drop);
        for victim in victims {
            if killed.is_err() {
                break;
            }
            tokio::time::sleep(apart.mul_f64(rand::random())).await;
            let begun = Instant::now();
            killed = match self.kill_one(*victim) {
                Ok(()) => self.answers_since(begun, clients).await.map(|pause| pauses.push(pause)),
                Err(failure) => Err(failure),
            };
        }
        done.store(true, Ordering::Relaxed);
        let mut lines = Vec::new();
        for client in running {
            lines.extend(client.await.map_err(|broken| Failure::new(format!("a client broke: {broken}")))??);
        }
        killed?;
        Ok((lines, pauses))
    }

    fn kill_one(&mut self, victim: Victim) -> Result<(), Failure> {
        match victim {
            Victim::Service => {
                self.service.kill()?;
                self.service = Alone::start(&self.url)?;
                self.channels.send_replace(connections(self.service.address(), CONNECTIONS)?);
                Ok(())
            }
            Victim::Database => {
                let text = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() \
                            AND backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY state_change DESC LIMIT 1";
                let pid = postgres::query(&self.url, text)?;
                let killed = Command::new("kill").args(["-KILL", pid.trim()]).status()?;
                if killed.success() {
                    return Ok(());
                }
                Err(Failure::new("the database's process could not be killed").next("run as the user of the server"))
            }
        }
    }

    /// Waits until more answers came than clients may have had under way; answers how long after `begun` the first one came.
    async fn answers_since(&self, begun: Instant, clients: usize) -> Result<Duration, Failure> {
        let before = self.acknowledged.load(Ordering::Relaxed);
        let enough = before + 2 * u64::try_from(clients).unwrap_or_default();
        let mut first = None;
        loop {
            let now = self.acknowledged.load(Ordering::Relaxed);
            if now > before && first.is_none() {
                first = Some(begun.elapsed());
            }
            if let Some(first) = first.filter(|_| now >= enough) {
                return Ok(first);
            }
            if begun.elapsed() > BACK_WITHIN {
                return Err(Failure::new("nobody is answered any more"));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}
