//! The picture of `scan` (SVG): heat maps, layers down and heads across.

use crate::record::{HeadProfile, ScanAnswer};
use crate::render::heat_map::{Axes, HeatMap, svg};

impl ScanAnswer {
    /// The picture: a heat map each for the score deviation, the effective prompt length, the relative error at the longest prompt and, if it was
    /// asked for, the smallest prompt length. A head without a value is crossed out.
    ///
    /// # Errors
    /// In words, if no head has a value.
    pub fn svg(&self) -> Result<String, String> {
        let mut layers: Vec<usize> = self.rows.iter().map(|row| row.layer).collect();
        layers.dedup();
        let heads = self.rows.iter().map(|row| row.head + 1).max().unwrap_or(0);
        let map = |title: String, logarithmic, pick: &dyn Fn(&HeadProfile) -> Option<f64>| {
            let value = |layer: &usize, head: usize| {
                let mut rows = self.rows.iter();
                let row = rows.find(|row| row.layer == *layer && row.head == head)?;
                pick(row.profile.as_ref().ok()?)
            };
            let line = |layer| (0..heads).map(|head| value(layer, head)).collect();
            HeatMap {
                title,
                values: layers.iter().map(line).collect(),
                logarithmic,
            }
        };
        let longest = self.lengths.last().copied().unwrap_or_default();
        let mut maps = vec![
            map("standard deviation s of a score".into(), false, &|p| {
                Some(p.score_deviation)
            }),
            map(
                format!("effective prompt length 1/E P_2, L = {longest}"),
                true,
                &|p| p.effective_length.as_ref().ok().copied(),
            ),
            map(
                format!("relative error E|That - T|^2 / E|T|^2, L = {longest}"),
                true,
                &|p| p.errors.last()?.relative,
            ),
        ];
        if let Some(epsilon) = self.epsilon {
            let title = format!("least L for a relative error of {epsilon}");
            maps.push(map(title, true, &|p| {
                Some(p.reached.as_ref()?.as_ref().ok()?.length as f64)
            }));
        }
        let axes = Axes {
            row_name: "layer",
            rows: layers.iter().map(usize::to_string).collect(),
            column_name: "head",
            columns: (0..heads).map(|head| head.to_string()).collect(),
        };
        svg(&axes, &maps)
    }
}
