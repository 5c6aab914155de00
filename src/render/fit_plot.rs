//! The curve `c1(c2)` of `fit` as a picture (SVG).

use plotters::prelude::SeriesLabelPosition;

use super::plot::{COLOURS, Mark, Panel, Series, svg};
use crate::record::FitAnswer;

impl FitAnswer {
    /// The picture: smallest `c1` (logarithmic) against the exponent `c2 / sigma^2`, with the exponents of T8 and of T7
    /// (T9 for a gradient) where there are any.
    ///
    /// # Errors
    /// In words, if there are fewer than two finite points.
    pub fn svg(&self) -> Result<String, String> {
        let points: Vec<(f64, f64)> = self
            .points
            .iter()
            .map(|p| (p.exponent, p.c1))
            .filter(|(x, y)| x.is_finite() && *y > 0.0 && y.is_finite())
            .collect();
        let (Some(first), Some(last)) = (points.first(), points.last()) else {
            return Err("there is no finite point".into());
        };
        if !(first.0 < last.0) {
            return Err("a curve needs a range of c2: --c2 FROM,TO,STEPS".into());
        }
        let (left, right) = (first.0, last.0);
        let low = points.iter().map(|p| p.1).fold(f64::INFINITY, f64::min) / 1.5;
        let high = points.iter().map(|p| p.1).fold(0.0, f64::max) * 1.5;
        let [blue, red, green, ..] = COLOURS;
        let (from, to) = (
            self.lengths.first().copied().unwrap_or_default(),
            self.lengths.last().copied().unwrap_or_default(),
        );
        let label = format!("smallest c1, L = {from} to {to:.1e}", to = to as f64);
        let mut series = vec![Series::new(label, points, blue, Mark::Line)];
        let mut exponent = |x: f64, colour, name: String| {
            if x >= left && x <= right {
                let label = format!("{name} = {x:.3}");
                let line = vec![(x, low), (x, high)];
                series.push(Series::new(label, line, colour, Mark::Line));
            }
        };
        if let Ok(x) = self.uniform.value {
            let name = format!("{}: min(1, 1/(4 q^2))", self.uniform.theorem);
            exponent(x, green, name);
        }
        if let Ok(kappa) = self.kappa {
            exponent(kappa, red, "T8: kappa".to_owned());
        }
        let matrix = self.printed.matrix;
        let title = format!(
            "Proposition {} as printed{}: smallest c1 on the grid",
            self.printed.proposition,
            matrix.map_or_else(String::new, |m| format!(", gradient in {m}"))
        );
        let panel = Panel {
            title,
            x_name: "exponent c2 / sigma^2",
            y_name: "smallest c1",
            series,
            legend: SeriesLabelPosition::UpperLeft,
            linear: true,
        };
        svg((900, 600), vec![panel])
    }
}
