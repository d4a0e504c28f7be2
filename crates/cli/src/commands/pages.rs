//! Reads the pages of a list until enough rows are there.

use tonic::Status;

/// The most rows that one call asks for.
const PAGE_ROWS: usize = 1_000;

/// One page: its rows, and the token of the next one.
pub(super) type Page<T> = (Vec<T>, String);

/// Collects rows page by page; `limit` 0 means all. `fetch` gets the page size and the page token.
///
/// # Errors
/// The status of the first call that failed.
pub(super) async fn collect<T, F, Fut>(limit: usize, mut fetch: F) -> Result<Vec<T>, Status>
where
    F: FnMut(i32, String) -> Fut,
    Fut: Future<Output = Result<Page<T>, Status>>,
{
    let (mut rows, mut token) = (Vec::new(), String::new());
    loop {
        let wanted = if limit == 0 { PAGE_ROWS } else { (limit - rows.len()).min(PAGE_ROWS) };
        let (page, next) = fetch(i32::try_from(wanted).unwrap_or(i32::MAX), token).await?;
        rows.extend(page);
        let is_enough = limit > 0 && rows.len() >= limit;
        if next.is_empty() || is_enough {
            return Ok(rows);
        }
        token = next;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    async fn pages(limit: usize) -> Vec<i32> {
        let fetch = |size: i32, token: String| async move {
            let start: i32 = token.parse().unwrap_or(0);
            let end = (start + size).min(2_500);
            let next = if end < 2_500 { end.to_string() } else { String::new() };
            Ok(((start..end).collect(), next))
        };
        collect(limit, fetch).await.unwrap()
    }

    #[tokio::test]
    async fn all_pages_are_read_unless_enough_rows_are_there() {
        assert_eq!(pages(0).await.len(), 2_500);
        assert_eq!(pages(1_200).await, (0..1_200).collect::<Vec<i32>>());
    }
}
