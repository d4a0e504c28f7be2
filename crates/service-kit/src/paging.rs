//! Page sizes and opaque tokens of lists and watches.
//!
//! A page token holds the key after which the next page begins and is bound to the other arguments and to the caller. A
//! resume token holds a feed position and is bound to its stream. Neither is a secret; the binding tells honest mistakes.

use std::fmt;

use backorder_proto::{common::v1::ErrorReason, convert::Violations};
use prost::Message;
use sha2::{Digest as _, Sha256};

use crate::{hex, problem::Problem};

const BINDING_BYTES: usize = 16;
/// The longest token that is looked at, in bytes of text.
const TOKEN_BYTES_MAX: usize = 2_048;

/// How many elements a page has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimits {
    /// The size when none is asked for.
    pub default: u32,
    /// The size that a larger wish is cut to.
    pub max: u32,
}

/// A decoded wish for a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// At most this many elements. Read one more to know whether there is a next page.
    pub size: u32,
    /// The page begins after this key; `None` for the first page.
    pub after: Option<String>,
}

impl PageRequest {
    /// The size plus one, for the query that shows whether there is a next page.
    #[must_use]
    pub fn query_limit(&self) -> u64 {
        u64::from(self.size) + 1
    }

    /// Cuts the rows read with [`PageRequest::query_limit`] to the page and answers the token of the next page, empty when
    /// there is none. `key_of` answers the key of a row, after which the next page begins.
    pub fn cut<T>(&self, rows: &mut Vec<T>, binding: &PageBinding, key_of: impl FnOnce(&T) -> String) -> String {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        if rows.len() <= size {
            return String::new();
        }
        rows.truncate(size);
        rows.last().map(|row| binding.token(&key_of(row))).unwrap_or_default()
    }
}

/// What a page token is bound to: the caller, the kind of request and its arguments without the page fields.
#[derive(Clone, PartialEq, Eq)]
pub struct PageBinding(Sha256Digest);

type Sha256Digest = [u8; 32];

impl fmt::Debug for PageBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PageBinding")
    }
}

impl PageBinding {
    /// Binds to a caller and a request. `clear` takes out the page fields:
    /// `|request| { request.page_size = 0; request.page_token.clear() }`.
    pub fn new<M: Message + Clone>(caller: &str, method: &str, request: &M, clear: impl FnOnce(&mut M)) -> Self {
        let mut arguments = request.clone();
        clear(&mut arguments);
        let mut hash = Sha256::new();
        for part in [caller.as_bytes(), method.as_bytes(), &arguments.encode_to_vec()] {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    fn seal(&self, key: &[u8]) -> [u8; BINDING_BYTES] {
        let digest = Sha256::new().chain_update(self.0).chain_update(key).finalize();
        let mut seal = [0; BINDING_BYTES];
        seal.copy_from_slice(&digest[..BINDING_BYTES]);
        seal
    }

    /// The token of the page that begins after `key`.
    #[must_use]
    pub fn token(&self, key: &str) -> String {
        let mut bytes = self.seal(key.as_bytes()).to_vec();
        bytes.extend_from_slice(key.as_bytes());
        hex::encode(&bytes)
    }

    fn key_in(&self, token: &str) -> Option<String> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let bytes = hex::decode(token)?;
        let (seal, key) = bytes.split_at_checked(BINDING_BYTES)?;
        if seal != self.seal(key) {
            return None;
        }
        String::from_utf8(key.to_vec()).ok()
    }
}

/// Decodes the page fields of a list request: 0 is the default size, above the maximum is cut.
///
/// # Errors
/// INVALID_REQUEST when the size is negative; PAGE_TOKEN_INVALID when the token is damaged or belongs to other arguments
/// or to another caller.
pub fn page_request(
    limits: PageLimits,
    page_size: i32,
    page_token: &str,
    binding: &PageBinding,
) -> Result<PageRequest, Problem> {
    let Ok(wished) = u32::try_from(page_size) else {
        let mut violations = Violations::new();
        violations.push("page_size", "must not be negative");
        return Err(Problem::invalid(violations));
    };
    let size = if wished == 0 { limits.default } else { wished.min(limits.max) };
    if page_token.is_empty() {
        return Ok(PageRequest { size, after: None });
    }
    match binding.key_in(page_token) {
        Some(key) => Ok(PageRequest { size, after: Some(key) }),
        None => Err(Problem::invalid_field(
            ErrorReason::PageTokenInvalid,
            "page_token",
            "must be the next_page_token of a call with the same other arguments",
        )),
    }
}

/// The resume token of a watch: a feed position, bound to the stream's name.
#[must_use]
pub fn resume_token(stream: &str, position: i64) -> String {
    PageBinding(Sha256::digest(stream.as_bytes()).into()).token(&position.to_string())
}

/// The feed position in a resume token of the stream; `None` for an empty token: begin at the present position.
///
/// # Errors
/// RESUME_TOKEN_INVALID when the token is damaged or belongs to another stream.
pub fn resume_position(stream: &str, token: &str) -> Result<Option<i64>, Problem> {
    if token.is_empty() {
        return Ok(None);
    }
    let binding = PageBinding(Sha256::digest(stream.as_bytes()).into());
    let position = binding.key_in(token).and_then(|key| key.parse::<i64>().ok()).filter(|position| *position >= 0);
    position.map(Some).ok_or_else(|| {
        Problem::invalid_field(ErrorReason::ResumeTokenInvalid, "resume_token", "must be a resume token of this stream")
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use backorder_proto::common::v1::WriteContext;

    use super::*;

    const LIMITS: PageLimits = PageLimits { default: 50, max: 1_000 };

    fn binding(caller: &str, filter: &str) -> PageBinding {
        let request = WriteContext { actor: filter.to_owned(), ..WriteContext::default() };
        PageBinding::new(caller, "/s/List", &request, |request| request.note.clear())
    }

    #[test]
    fn a_page_size_is_defaulted_cut_and_never_negative() {
        let size = |wish| page_request(LIMITS, wish, "", &binding("a", "")).map(|page| page.size);
        assert_eq!(size(0).unwrap(), 50);
        assert_eq!(size(7).unwrap(), 7);
        assert_eq!(size(i32::MAX).unwrap(), 1_000);
        assert_eq!(size(-1).unwrap_err().reason(), ErrorReason::InvalidRequest);
    }

    #[test]
    fn a_page_token_serves_only_its_caller_and_arguments() {
        let token = binding("a", "x").token("items/7");
        let after = |binding: &PageBinding| page_request(LIMITS, 0, &token, binding).map(|page| page.after);
        assert_eq!(after(&binding("a", "x")).unwrap().as_deref(), Some("items/7"));
        for other in [binding("b", "x"), binding("a", "y")] {
            assert_eq!(after(&other).unwrap_err().reason(), ErrorReason::PageTokenInvalid);
        }
    }

    #[test]
    fn a_damaged_token_is_refused() {
        let token = binding("a", "x").token("items/7");
        let more = format!("{token}00");
        let huge = "00".repeat(TOKEN_BYTES_MAX);
        for wrong in ["zz", "00", &token[2..], more.as_str(), huge.as_str()] {
            let refused = page_request(LIMITS, 0, wrong, &binding("a", "x")).unwrap_err();
            assert_eq!(refused.reason(), ErrorReason::PageTokenInvalid);
        }
    }

    #[test]
    fn one_row_more_than_the_page_means_a_next_page() {
        let page = PageRequest { size: 2, after: None };
        let binding = binding("a", "x");
        let mut rows = vec!["a", "b", "c"];
        let token = page.cut(&mut rows, &binding, |row| (*row).to_owned());
        assert_eq!((rows.len(), binding.key_in(&token).as_deref()), (2, Some("b")));
        assert_eq!(page.cut(&mut rows, &binding, |row| (*row).to_owned()), "");
    }

    #[test]
    fn a_resume_token_serves_only_its_stream() {
        let token = resume_token("promises", 42);
        assert_eq!(resume_position("promises", &token).unwrap(), Some(42));
        assert_eq!(resume_position("promises", "").unwrap(), None);
        for (stream, wrong) in [("availability", token.as_str()), ("promises", "00")] {
            assert_eq!(resume_position(stream, wrong).unwrap_err().reason(), ErrorReason::ResumeTokenInvalid);
        }
    }
}
