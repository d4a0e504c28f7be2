#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
use super::*;

fn status(problem: Problem) -> Status {
    problem.into()
}

#[test]
fn all_violations_reach_the_caller_with_their_paths() {
    let mut violations = Violations::new();
    violations.push("lines[2].quantity", "must be at least 1");
    violations.push("request_id", "must be a UUID");
    let status = status(violations.finish().map_err(Problem::from).unwrap_err());

    assert_eq!(status.code(), Code::InvalidArgument);
    let fields = status.get_details_bad_request().unwrap().field_violations;
    let paths: Vec<_> = fields.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(paths, ["lines[2].quantity", "request_id"]);
    assert_eq!(reason_of(&status), Some(ErrorReason::InvalidRequest));
}

#[test]
fn every_status_carries_its_reason_in_the_domain_of_the_system() {
    let info = status(Problem::shutting_down()).get_details_error_info().unwrap();
    assert_eq!((info.reason.as_str(), info.domain.as_str()), ("SHUTTING_DOWN", "backorder"));
}

#[test]
fn a_missing_resource_is_named() {
    let status = status(Problem::not_found(ErrorReason::ItemNotFound, "item", "items/1"));
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(status.get_details_resource_info().unwrap().resource_name, "items/1");
    assert_eq!(status.get_details_error_info().unwrap().metadata["item"], "items/1");
}

#[test]
fn a_failed_precondition_tells_its_numbers_to_programs() {
    let problem = Problem::failed_precondition(ErrorReason::InsufficientStock, "too little stock")
        .with("present", 3)
        .with("wanted", 5);
    let status = status(problem);
    let info = status.get_details_error_info().unwrap();
    assert_eq!((info.metadata["present"].as_str(), info.metadata["wanted"].as_str()), ("3", "5"));
    let failure = status.get_details_precondition_failure().unwrap();
    assert_eq!(failure.violations[0].r#type, "INSUFFICIENT_STOCK");
}

#[test]
fn the_inside_of_an_internal_error_never_leaks() {
    let secret = std::io::Error::other("password=hunter2");
    let problem = Problem::internal(secret).context("while reading the order");
    assert!(problem.inside().contains("hunter2"), "the log has the chain");
    let status = status(problem);
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().starts_with(INTERNAL_TEXT));
    assert!(!format!("{status:?}").contains("hunter2"));
    assert!(!format!("{status:?}").contains("while reading"));
}

#[test]
fn a_retry_delay_survives_the_wire() {
    let status = status(Problem::dependency_unavailable("inventory", Duration::from_millis(250)));
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(retry_delay_of(&status), Some(Duration::from_millis(250)));
    assert_eq!(reason_of(&status), Some(ErrorReason::DependencyUnavailable));
}

#[test]
fn a_foreign_status_has_no_reason_of_ours() {
    assert_eq!(reason_of(&Status::unavailable("gone")), None);
}
