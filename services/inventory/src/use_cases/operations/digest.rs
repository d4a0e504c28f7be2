//! The digest of the ledger: two runs that did the same have the same digest.

use backorder_storage::StorageError;
use sea_orm::ConnectionTrait;
use sha2::{Digest as _, Sha256};

use crate::store::{
    canonical,
    verify::{self, ItemRange},
};

/// SHA-256 over all movements in canonical order: by item, business time, quantity, cause, places and the rest. Ids of
/// rows and of writes, random ids in texts and the time of writing are left out.
#[derive(Default)]
pub struct LedgerDigest(Sha256);

impl LedgerDigest {
    /// Adds the movements of a range of items. Ranges ascend.
    ///
    /// # Errors
    /// [`StorageError`] of the queries.
    pub async fn add(&mut self, connection: &impl ConnectionTrait, range: &ItemRange) -> Result<(), StorageError> {
        for item in verify::item_ids(connection, range).await? {
            for movement in canonical::movements(connection, &item).await? {
                self.text(item.as_str());
                self.0.update(movement.effective_at.to_be_bytes());
                self.0.update(movement.quantity.to_be_bytes());
                for text in &movement.texts {
                    self.text(text);
                }
            }
        }
        Ok(())
    }

    /// The digest in hexadecimal.
    #[must_use]
    pub fn finish(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// A length before each text keeps different rows from reading alike.
    fn text(&mut self, text: &str) {
        self.0.update(text.len().to_be_bytes());
        self.0.update(text.as_bytes());
    }
}
