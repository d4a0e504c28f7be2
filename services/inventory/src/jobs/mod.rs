//! Work that the service does by itself. Each job runs until shutdown.
