//! The statuses that the transport makes by itself: it knows no reason, so they get theirs here.

use http::Response;
use tonic::{Code, Status, body::Body};

use crate::{problem::Problem, violations::Violations};

/// Names the encodings that a server reads; gRPC asks for it where one is refused.
const ACCEPT_ENCODING: &str = "grpc-accept-encoding";

/// Gives an answer that is a status without details the code, the reason and the details that every status of this system
/// has. Any other answer stays as it is.
pub(super) fn with_problem_details(response: Response<Body>) -> Response<Body> {
    let Some(status) = Status::from_header_map(response.headers()) else {
        return response;
    };
    if status.code() == Code::Ok || !status.details().is_empty() {
        return response;
    }
    let Some(problem) = problem_of(&status) else {
        return response;
    };
    let mut answer = Status::from(problem).into_http();
    if let Some(encodings) = response.headers().get(ACCEPT_ENCODING) {
        answer.headers_mut().insert(ACCEPT_ENCODING, encodings.clone());
    }
    answer
}

fn problem_of(status: &Status) -> Option<Problem> {
    let text = status.message();
    let unreadable = text.contains("failed to decode Protobuf message") || text.contains("protocol error");
    match status.code() {
        Code::OutOfRange if text.contains("message length too large") => {
            Some(invalid_message("must be at most 4194304 bytes long"))
        }
        Code::Internal if unreadable => {
            Some(invalid_message("must be an encoded message of the method's request type"))
        }
        Code::Internal | Code::Unknown => Some(Problem::internal(status.clone())),
        // The router and the generated servers say nothing; only a refused encoding comes with a text.
        Code::Unimplemented if text.is_empty() => Some(Problem::method_unknown()),
        Code::Unimplemented => Some(Problem::encoding_unsupported()),
        Code::Ok
        | Code::Cancelled
        | Code::InvalidArgument
        | Code::DeadlineExceeded
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss
        | Code::Unauthenticated => None,
    }
}

fn invalid_message(description: &str) -> Problem {
    let mut violations = Violations::new();
    violations.push("", description);
    Problem::invalid(violations)
}
