//! Logs and traces of the process: text on a terminal, JSON elsewhere, spans to an OTLP collector when one is named.
//!
//! Logs go to standard error; standard output belongs to the command. Customer data must not be put into spans.

use std::{env, io, io::IsTerminal as _};

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tracing_subscriber::{
    EnvFilter, Layer, Registry, filter::ParseError, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// One JSON object per line.
    Json,
    /// Text for people.
    Text,
}

/// What is logged and where spans go.
#[derive(Debug, Clone)]
pub struct TelemetrySettings {
    /// The service's name in logs and traces, for example `inventory`.
    pub service: String,
    /// The address of an OTLP collector that speaks gRPC, for example `http://localhost:4317`. `None`: no export.
    pub otlp_endpoint: Option<String>,
    /// Which targets and levels are logged, in the form of `RUST_LOG`.
    pub filter: String,
    /// How log lines look.
    pub format: LogFormat,
}

impl TelemetrySettings {
    /// Reads `BACKORDER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_ENDPOINT`, `BACKORDER_LOG` or `RUST_LOG`, and
    /// `BACKORDER_LOG_FORMAT` (`auto`, `json`, `text`). An empty variable counts as none.
    #[must_use]
    pub fn from_env(service: &str, filter_default: &str) -> Self {
        Self::from_variables(service, filter_default, |name| env::var(name).ok())
    }

    fn from_variables(service: &str, filter_default: &str, variable: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: [&str; 2]| names.into_iter().filter_map(&variable).find(|value| !value.is_empty());
        let format = match variable("BACKORDER_LOG_FORMAT").as_deref() {
            Some("json") => LogFormat::Json,
            Some("text") => LogFormat::Text,
            _ => LogFormat::Auto,
        };
        Self {
            service: service.to_owned(),
            otlp_endpoint: first(["BACKORDER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"]),
            filter: first(["BACKORDER_LOG", "RUST_LOG"]).unwrap_or_else(|| filter_default.to_owned()),
            format,
        }
    }
}

/// Why telemetry could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("the log filter cannot be read")]
    Filter(#[from] ParseError),
    /// The exporter cannot be made, for example because the endpoint is no address.
    #[error("the exporter of spans cannot be made")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
}

/// Keeps telemetry alive; sends what is left when it is shut down or dropped.
#[derive(Debug)]
#[must_use = "spans that are not sent yet are lost when this is dropped early"]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Sends the spans that are left. Blocks for a few seconds at most when the collector does not answer.
    pub async fn shutdown(mut self) {
        if let Some(provider) = self.provider.take() {
            let sent = tokio::task::spawn_blocking(move || provider.shutdown()).await;
            if !matches!(sent, Ok(Ok(()))) {
                tracing::warn!("some spans could not be sent");
            }
        }
    }
}

/// Sets up logs and traces for the process. Call it inside the runtime. A second call keeps the first one's setting,
/// so that tests of one process may all call it.
///
/// # Errors
/// [`TelemetryError`] when a setting is wrong.
pub fn init(settings: &TelemetrySettings) -> Result<Telemetry, TelemetryError> {
    let filter = EnvFilter::try_new(&settings.filter)?;
    let provider =
        settings.otlp_endpoint.as_deref().map(|endpoint| provider(&settings.service, endpoint)).transpose()?;
    let spans =
        provider.as_ref().map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("backorder")));
    let set = tracing_subscriber::registry().with(log_layer(settings.format)).with(spans).with(filter).try_init();
    match set {
        Ok(()) => Ok(Telemetry { provider }),
        Err(_set_before) => Ok(Telemetry { provider: None }),
    }
}

fn log_layer(format: LogFormat) -> Box<dyn Layer<Registry> + Send + Sync> {
    let terminal = io::stderr().is_terminal();
    let json = match format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !terminal,
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    if json {
        // All spans of a line are listed: the trace id stands on the call's, outside that of the use case.
        lines.json().flatten_event(true).with_current_span(false).with_span_list(true).boxed()
    } else {
        lines.with_ansi(terminal).compact().boxed()
    }
}

fn provider(service: &str, endpoint: &str) -> Result<SdkTracerProvider, opentelemetry_otlp::ExporterBuildError> {
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
    let resource = Resource::builder().with_service_name(service.to_owned()).build();
    Ok(SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> TelemetrySettings {
        TelemetrySettings::from_variables("inventory", "info", |name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn spans_are_exported_only_when_an_endpoint_is_set() {
        assert_eq!(settings(&[]).otlp_endpoint, None);
        assert_eq!(settings(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]).otlp_endpoint, None);
        let both = settings(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a"), ("BACKORDER_OTLP_ENDPOINT", "http://b")]);
        assert_eq!(both.otlp_endpoint.as_deref(), Some("http://b"));
    }

    #[test]
    fn our_own_variables_win_over_the_general_ones() {
        assert_eq!(settings(&[]).filter, "info");
        assert_eq!(settings(&[("RUST_LOG", "debug")]).filter, "debug");
        assert_eq!(settings(&[("RUST_LOG", "debug"), ("BACKORDER_LOG", "warn")]).filter, "warn");
        assert_eq!(settings(&[("BACKORDER_LOG_FORMAT", "json")]).format, LogFormat::Json);
    }

    #[tokio::test]
    async fn a_second_setup_in_one_process_is_harmless() {
        let first = init(&settings(&[]));
        let second = init(&settings(&[]));
        assert!(first.is_ok() && second.is_ok());
        assert!(init(&settings(&[("BACKORDER_LOG", "=%=")])).is_err(), "a wrong filter is still told");
    }
}
