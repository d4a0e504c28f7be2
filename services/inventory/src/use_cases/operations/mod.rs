//! Looking into the service: what it still has to do, whether its books are right, and events that were parked.
