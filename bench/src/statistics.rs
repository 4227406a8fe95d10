//! Medians and percentiles.
//!
//! Every figure of the report is a median, because a shared machine pauses now and then and a mean would report the
//! pauses.

/// The median; 0 for no values.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        length if length % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// Smallest and largest value; zeros for no values.
pub(crate) fn range(values: &[f64]) -> (f64, f64) {
    let smallest = values.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if values.is_empty() { (0.0, 0.0) } else { (smallest, largest) }
}

/// The value below which `percent` of an ascending list lies; 0 for an empty list.
pub(crate) fn percentile(ascending: &[u32], percent: usize) -> u32 {
    let Some(last) = ascending.len().checked_sub(1) else {
        return 0;
    };
    ascending[(ascending.len() * percent / 100).min(last)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_the_mean_of_the_two_middle_ones() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median([]), 0.0);
    }

    #[test]
    fn percentiles_stay_inside_the_list() {
        let list: Vec<u32> = (1..=100).collect();
        assert_eq!(percentile(&list, 50), 51);
        assert_eq!(percentile(&list, 99), 100);
        assert_eq!(percentile(&list, 100), 100);
        assert_eq!(percentile(&[], 50), 0);
    }
}
