//! What a run measures, and the statistics of it. Figures are medians, because a shared machine pauses now and then and
//! a mean would report the pauses.

use serde::Serialize;

use crate::operation::Operation;

/// One cell of one contestant in one round.
#[derive(Clone, Default, Serialize)]
pub(crate) struct Sample {
    pub(crate) per_second: f64,
    pub(crate) mean_in_ms: f64,
    /// pgbench has only the mean.
    pub(crate) p50_in_ms: Option<f64>,
    pub(crate) p99_in_ms: Option<f64>,
    /// Requests that were not answered with 2xx.
    pub(crate) errors: u64,
    /// Bytes of an answer with its head.
    pub(crate) bytes: Option<f64>,
    /// Processor time of the server's process for an answer. It moves far less than the rate when the machine is
    /// shared.
    pub(crate) processor_in_us: Option<f64>,
    /// Commits for an answered write, each of which is one sync of the log.
    pub(crate) commits: Option<f64>,
}

/// An operation at a number of connections.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) operation: Operation,
    pub(crate) connections: usize,
    /// For each contestant the sample of each round.
    pub(crate) samples: Vec<Vec<Sample>>,
}

/// A contest: the first contestant is what the others are compared with.
#[derive(Serialize)]
pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) contestants: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

/// A figure that is not a rate.
#[derive(Serialize)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) values: Vec<f64>,
}

impl Row {
    /// A contestant's rate in parts of the first one's, round by round: what slowed one in a round slowed both.
    pub(crate) fn ratios(&self, contestant: usize) -> Vec<f64> {
        let pairs = self.samples[contestant].iter().zip(&self.samples[0]);
        pairs.map(|(mine, first)| mine.per_second / first.per_second).collect()
    }
}

impl Table {
    pub(crate) fn errors(&self) -> u64 {
        self.rows.iter().flat_map(|row| row.samples.iter().flatten()).map(|sample| sample.errors).sum()
    }
}

pub(crate) fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The value below which this part of the values lies, interpolated between neighbours.
pub(crate) fn quantile(values: &[f64], part: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let position = sorted.len().checked_sub(1)? as f64 * part;
    // In the range of the list, since `part` is from 0 to 1.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index into the list")]
    let (below, above) = (position.floor() as usize, position.ceil() as usize);
    Some(sorted[below] + (sorted[above] - sorted[below]) * position.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_lies_between_its_neighbours() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(quantile(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.25), Some(2.0));
        assert_eq!((median(&[7.0]), median(&[])), (Some(7.0), None));
    }
}
