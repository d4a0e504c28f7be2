//! Answers of `InventoryOperationsService`.
