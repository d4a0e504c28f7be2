//! A client in another language that knows nothing but the server's address: it finds the services by reflection, places
//! an order and reads the explanation.

use std::{net::SocketAddr, process::Command};

use backorder_service_kit::{
    clients::{self, AllocationClients, InventoryClients},
    server::{ServerBuilder, ServerSettings, listener_on_free_port},
    shutdown::Shutdown,
};
use backorder_testkit::Backend;
use backorder_tests::{cluster::in_process::InProcess, world::World};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_python_client_with_reflection_places_an_order_and_reads_the_explanation() {
    let cluster = InProcess::start(Backend::Sqlite).await;
    let listener = listener_on_free_port().await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let settings = ServerSettings { drain_grace: std::time::Duration::ZERO, ..ServerSettings::default() };
    let server = cluster.register(ServerBuilder::new(settings)).listen(listener).expect("listening");
    let shutdown = Shutdown::new();
    let stop = shutdown.clone();
    let serving = tokio::spawn(async move { server.serve(&stop).await });

    let channel = clients::connect(&format!("http://{address}")).expect("a good address");
    let world = World::new(InventoryClients::new(channel.clone()), AllocationClients::new(channel), None, "foreign");
    world.mug_at_main().await;
    world.receive("mug", "main", 2).await;

    let services = python(address, &["services"]).await;
    let names = services.to_string();
    for service in ["OrderService", "StockService", "ReservationService", "BacklogService", "grpc.health.v1.Health"] {
        assert!(names.contains(service), "{service} is not listed in {names}");
    }
    let order_id = world.id("from-python");
    let told = ["story", "--item", &world.item_name("mug"), "--quantity", "5", "--order-id", &order_id];
    let story = python(address, &told).await;
    assert!(story.to_string().contains(&order_id), "{story}");
    let line = world.line("from-python", 1).await;
    assert_eq!((line.reserved, line.open), (2, 3), "the order of the other language is an order like any other");

    shutdown.request();
    serving.await.expect("served").expect("ended well");
    cluster.stop().await;
}

async fn python(address: SocketAddr, arguments: &[&str]) -> Value {
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("foreign/client.py");
    let python = backorder_testkit::tools::python()
        .expect("Python with grpcio and grpcio-reflection is installed by `cargo xtask tools`");
    let mut command = Command::new(python);
    command.arg(script).arg(address.to_string()).args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("ran").expect("python runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}{errors}", String::from_utf8_lossy(&output.stdout));
    serde_json::from_slice(&output.stdout).expect("the client prints JSON")
}
