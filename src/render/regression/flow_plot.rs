//! The picture of `flow` (SVG): risk against time, distance of the flows, minimum against length.

use plotters::prelude::{BLACK, SeriesLabelPosition};

use crate::regression::flow::{FlowAnswer, FlowRow, FlowSample};
use crate::render::plot::{COLOURS, Mark, Panel, Series, svg};

/// Most lengths that are drawn as curves, the infinite prompt included.
const MOST_CURVES: usize = COLOURS.len();

impl FlowAnswer {
    /// The picture.
    ///
    /// # Errors
    /// In words, if a panel has no points that a logarithmic scale can show.
    pub fn svg(&self) -> Result<String, String> {
        let panel = |title: &str, x_name, series, legend| Panel {
            title: title.to_owned(),
            x_name,
            y_name: "",
            series,
            legend,
            linear: false,
        };
        let mut distances = self.flows(|sample| sample.distance);
        // The infinite flow is the last, and at no distance from itself.
        distances.pop();
        let panels = vec![
            panel(
                "risk less v/2 along the flow",
                "time",
                self.flows(|sample| sample.excess),
                SeriesLabelPosition::LowerLeft,
            ),
            panel(
                "distance from the infinite flow at the same time",
                "time",
                distances,
                SeriesLabelPosition::LowerRight,
            ),
            panel(
                "least risk less v/2",
                "L",
                self.minima(),
                SeriesLabelPosition::LowerLeft,
            ),
        ];
        svg((550, 560), panels)
    }

    /// The curves that are drawn: evenly chosen lengths, and the infinite prompt.
    fn flows(&self, pick: impl Fn(&FlowSample) -> f64) -> Vec<Series> {
        let finite = self.curves.len().saturating_sub(1);
        let shown = finite.min(MOST_CURVES - 1);
        let mut chosen: Vec<usize> = (0..shown)
            .map(|i| i * (finite - 1) / (shown - 1).max(1))
            .collect();
        chosen.push(finite);
        let curves = chosen.iter().filter_map(|&i| self.curves.get(i));
        curves
            .zip(COLOURS)
            .map(|(curve, colour)| {
                let points = curve.samples.iter().map(|s| (s.time, pick(s))).collect();
                let (label, colour) = match curve.length {
                    Some(length) => (format!("L = {length}"), colour),
                    None => ("infinite prompt".to_owned(), BLACK),
                };
                Series::new(label, points, colour, Mark::Line)
            })
            .collect()
    }

    fn minima(&self) -> Vec<Series> {
        let base = self.limit.risk;
        let list = |label: &str, colour, mark, pick: &dyn Fn(&FlowRow) -> f64| {
            let points = self.rows.iter().map(|row| (row.length as f64, pick(row)));
            Series::new(label.to_owned(), points.collect(), colour, mark)
        };
        let [blue, red, green, violet, ..] = COLOURS;
        let first = |row: &FlowRow| self.limit.constant / row.length as f64;
        let bayes = |row: &FlowRow| row.bayes.as_ref().map_or(f64::NAN, |b| b.0 - base);
        vec![
            list("softmax attention, exact", blue, Mark::Both, &|row| {
                row.excess
            }),
            list("its first order, constant / L", violet, Mark::Line, &first),
            list("linear attention, exact", red, Mark::Both, &|row| {
                row.linear - base
            }),
            list("Bayes risk, simulated", green, Mark::Line, &bayes),
        ]
    }
}
