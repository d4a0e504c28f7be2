//! Follows a stream of changes until the user stops it, and says how to go on later without a gap.

use std::time::Duration;

use backorder_service_kit::shutdown::Shutdown;
use futures::{Stream, StreamExt as _};
use tonic::Status;

use crate::{failure::Failure, output::Output};

/// The pause before a stream that ended is opened again: a service that stops ends new ones at once.
const PAUSE: Duration = Duration::from_millis(500);

/// How far a watch has come.
pub(super) trait Change {
    /// The token after this change.
    fn resume_token(&self) -> &str;
}

/// Shows every change after `token`. A service ends a stream now and then, so that its connections move; the watch goes
/// on from the last token then.
///
/// # Errors
/// [`Failure`] when the stream cannot be opened or breaks, with the token from which to go on.
pub(super) async fn follow<C, S, F, Fut>(
    mut token: String,
    shutdown: &Shutdown,
    output: Output,
    mut open: F,
    mut show: impl FnMut(&C) -> Result<(), Failure>,
) -> Result<(), Failure>
where
    C: Change,
    S: Stream<Item = Result<C, Status>> + Unpin,
    F: FnMut(String) -> Fut,
    Fut: Future<Output = Result<S, Status>>,
{
    output.text(&format!("watching what comes after --resume-token {token}; stop with Ctrl-C"));
    let watching = async {
        loop {
            let mut changes = open(token.clone()).await?;
            while let Some(change) = changes.next().await {
                let change = change?;
                show(&change)?;
                change.resume_token().clone_into(&mut token);
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    let watched: Option<Result<(), Failure>> = shutdown.token().run_until_cancelled(watching).await;
    match watched {
        None => {
            output.text(&format!("stopped; go on with --resume-token {token}"));
            Ok(())
        }
        Some(broken) => broken.map_err(|failure| failure.next(format!("go on with --resume-token {token}"))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use std::cell::RefCell;

    use futures::stream;

    use super::*;

    impl Change for String {
        fn resume_token(&self) -> &str {
            self
        }
    }

    #[tokio::test]
    async fn a_watch_goes_on_from_its_last_token_until_it_is_stopped() {
        let (shutdown, shown, opened) = (Shutdown::new(), RefCell::new(Vec::new()), RefCell::new(Vec::new()));
        let open = |token: String| {
            let number: u32 = token.parse().unwrap();
            opened.borrow_mut().push(token);
            async move { Ok(stream::iter([number + 1, number + 2].map(|next| Ok(next.to_string())))) }
        };
        let show = |change: &String| {
            shown.borrow_mut().push(change.clone());
            if change == "5" {
                shutdown.request();
            }
            Ok(())
        };
        // The stop comes while the third stream would be waited for.
        follow("1".to_owned(), &shutdown, Output::new(true), open, show).await.unwrap();
        assert_eq!(*shown.borrow(), ["2", "3", "4", "5"]);
        assert_eq!(*opened.borrow(), ["1", "3"]);
    }

    #[tokio::test]
    async fn a_watch_that_breaks_says_where_to_go_on() {
        let open = |_| async { Ok(stream::iter([Ok("7".to_owned()), Err(Status::unavailable("gone"))])) };
        let broken = follow("1".to_owned(), &Shutdown::new(), Output::new(true), open, |_: &String| Ok(())).await;
        assert!(broken.unwrap_err().to_string().contains("--resume-token 7"));
    }
}
