//! What the services of this process count by themselves.

use backorder_service_kit::metrics_server::install_recorder;

use crate::failure::Failure;

/// Counts from now on.
///
/// # Errors
/// [`Failure`] when somebody else counts already.
pub fn record() -> Result<(), Failure> {
    text().map(drop)
}

/// The mean of all values of a histogram so far; `None` of none.
///
/// # Errors
/// As [`record`].
pub fn mean(histogram: &str) -> Result<Option<f64>, Failure> {
    Ok(mean_in(&text()?, histogram))
}

fn text() -> Result<String, Failure> {
    let recorder = install_recorder().map_err(|error| Failure::new(format!("metrics: {error}")))?;
    recorder.run_upkeep();
    Ok(recorder.render())
}

fn mean_in(text: &str, histogram: &str) -> Option<f64> {
    let value = |of: &str| {
        let name = format!("{histogram}_{of} ");
        text.lines().find_map(|line| line.strip_prefix(&name)?.trim().parse::<f64>().ok())
    };
    let count = value("count").filter(|count| *count > 0.0)?;
    Some(value("sum")? / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_the_sum_of_a_histogram_by_its_count() {
        let text = "# TYPE a histogram\na_bucket{le=\"+Inf\"} 4\na_sum 10\na_count 4\nab_sum 3\nab_count 0\n";
        assert_eq!(mean_in(text, "a"), Some(2.5));
        assert_eq!(mean_in(text, "ab"), None);
        assert_eq!(mean_in(text, "b"), None);
    }
}
