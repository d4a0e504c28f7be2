//! `InventoryOperationsService`.
