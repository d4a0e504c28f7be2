//! The envelope as headers: CloudEvents in binary mode, with the sequence, the position and the trace context.

use async_nats::{HeaderMap, HeaderValue};
use bytes::Bytes;

use crate::{BusError, Envelope};

/// The broker drops a second message with the same value within its window.
const DEDUPE_ID: &str = "Nats-Msg-Id";
const ID: &str = "ce-id";
const SOURCE: &str = "ce-source";
const SPEC_VERSION: &str = "ce-specversion";
const TYPE: &str = "ce-type";
const SUBJECT: &str = "ce-subject";
const TIME: &str = "ce-time";
const SEQUENCE: &str = "ce-sequence";
const POSITION: &str = "ce-position";
const TRACEPARENT: &str = "traceparent";

/// The headers of an event.
///
/// # Errors
/// [`BusError::Settings`] when an attribute cannot stand in a header.
pub(super) fn of_envelope(event: &Envelope) -> Result<HeaderMap, BusError> {
    let mut headers = HeaderMap::new();
    let id = event.id.to_string();
    let attributes = [
        (DEDUPE_ID, id.clone()),
        (SPEC_VERSION, "1.0".to_owned()),
        (ID, id),
        (SOURCE, event.source.clone()),
        (TYPE, event.event_type.clone()),
        (SUBJECT, event.aggregate.clone()),
        (TIME, event.occurred_at.to_string()),
        (SEQUENCE, event.sequence.to_string()),
        (POSITION, event.position.to_string()),
    ];
    let traceparent = event.traceparent.clone().map(|value| (TRACEPARENT, value));
    for (name, value) in attributes.into_iter().chain(traceparent) {
        let value: HeaderValue =
            value.parse().map_err(|_| BusError::Settings(format!("{name} of event {} has a line break", event.id)))?;
        headers.insert(name, value);
    }
    Ok(headers)
}

/// The event of a message.
///
/// # Errors
/// The name of the header that is missing or makes no sense.
pub(super) fn to_envelope(headers: Option<&HeaderMap>, payload: Bytes) -> Result<Envelope, &'static str> {
    let headers = headers.ok_or(ID)?;
    let text = |name: &'static str| headers.get(name).map(HeaderValue::as_str).ok_or(name);
    Ok(Envelope {
        id: text(ID)?.parse().map_err(|_| ID)?,
        source: text(SOURCE)?.to_owned(),
        event_type: text(TYPE)?.to_owned(),
        aggregate: text(SUBJECT)?.to_owned(),
        sequence: text(SEQUENCE)?.parse().map_err(|_| SEQUENCE)?,
        occurred_at: text(TIME)?.parse().map_err(|_| TIME)?,
        traceparent: text(TRACEPARENT).ok().map(str::to_owned),
        position: position(headers).ok_or(POSITION)?,
        payload,
    })
}

/// The position of a message's event.
pub(super) fn position(headers: &HeaderMap) -> Option<i64> {
    headers.get(POSITION).and_then(|value| value.as_str().parse().ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn event() -> Envelope {
        Envelope {
            id: uuid::Uuid::from_u128(7),
            source: "inventory".to_owned(),
            event_type: "backorder.inventory.v1.StockReceived".to_owned(),
            aggregate: "items/A/locations/Lübeck".to_owned(),
            sequence: 3,
            occurred_at: "2026-11-23T10:15:30.123456Z".parse().unwrap(),
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
            position: 12,
            payload: Bytes::from_static(b"\x08\x01"),
        }
    }

    #[test]
    fn an_envelope_comes_back_as_it_went() {
        let headers = of_envelope(&event()).unwrap();
        assert_eq!(to_envelope(Some(&headers), event().payload).unwrap(), event());
    }

    #[test]
    fn a_missing_header_is_named() {
        assert_eq!(to_envelope(None, Bytes::new()), Err(ID));
        let without_trace = Envelope { traceparent: None, ..event() };
        let headers = of_envelope(&without_trace).unwrap();
        assert_eq!(to_envelope(Some(&headers), event().payload).unwrap(), without_trace);
    }

    #[test]
    fn an_attribute_with_a_line_break_is_refused() {
        let hostile = Envelope { aggregate: "a\r\nNats-Msg-Id: b".to_owned(), ..event() };
        assert!(matches!(of_envelope(&hostile), Err(BusError::Settings(_))));
    }
}
