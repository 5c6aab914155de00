//! The curve `c1(c2)` of `fit` as a picture (SVG).

use plotters::coord::combinators::IntoLogRange;
use plotters::prelude::{
    BLACK, ChartBuilder, Color, IntoDrawingArea, IntoFont, LineSeries, PathElement, RGBColor,
    SVGBackend, WHITE,
};

use crate::record::FitAnswer;

/// Size in pixels.
const SIZE: (u32, u32) = (900, 600);
const CURVE: RGBColor = RGBColor(0, 90, 160);
const KAPPA: RGBColor = RGBColor(190, 60, 20);
const UNIFORM: RGBColor = RGBColor(40, 120, 40);

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
        let mut text = String::new();
        {
            let words = |error: &dyn std::fmt::Display| error.to_string();
            let area = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
            area.fill(&WHITE).map_err(|e| words(&e))?;
            let mut chart = ChartBuilder::on(&area)
                .caption(
                    format!(
                        "Proposition {} as printed{}: smallest c1 on the grid",
                        self.printed.proposition,
                        self.printed
                            .matrix
                            .map_or_else(String::new, |m| format!(", gradient in {m}"))
                    ),
                    ("sans-serif", 24).into_font(),
                )
                .margin(16)
                .x_label_area_size(56)
                .y_label_area_size(90)
                .build_cartesian_2d(left..right, (low..high).log_scale())
                .map_err(|e| words(&e))?;
            chart
                .configure_mesh()
                .x_desc("exponent c2 / sigma^2")
                .y_desc("smallest c1")
                .axis_desc_style(("sans-serif", 18))
                .label_style(("sans-serif", 15))
                .y_label_formatter(&|y| format!("{y:.1e}"))
                .x_label_formatter(&|x| format!("{x:.2}"))
                .light_line_style(RGBColor(240, 240, 240))
                .draw()
                .map_err(|e| words(&e))?;
            let mut line = |points: Vec<(f64, f64)>, colour: RGBColor, label: String| {
                chart
                    .draw_series(LineSeries::new(points, colour.stroke_width(2)))
                    .map(|series| {
                        series.label(label).legend(move |(x, y)| {
                            PathElement::new([(x, y), (x + 22, y)], colour.stroke_width(2))
                        });
                    })
                    .map_err(|e| words(&e))
            };
            let (from, to) = (
                self.lengths.first().copied().unwrap_or_default(),
                self.lengths.last().copied().unwrap_or_default(),
            );
            line(
                points,
                CURVE,
                format!("smallest c1, L = {from} to {to:.1e}", to = to as f64),
            )?;
            let mut exponents = Vec::new();
            if let Ok(exponent) = self.uniform.value {
                let name = format!("{}: min(1, 1/(4 q^2))", self.uniform.theorem);
                exponents.push((exponent, UNIFORM, name));
            }
            if let Ok((kappa, _)) = self.kappa {
                exponents.push((kappa, KAPPA, "T8: kappa".to_owned()));
            }
            for (x, colour, name) in exponents {
                if x >= left && x <= right {
                    line(
                        vec![(x, low), (x, high)],
                        colour,
                        format!("{name} = {x:.3}"),
                    )?;
                }
            }
            chart
                .configure_series_labels()
                .background_style(WHITE)
                .border_style(BLACK)
                .label_font(("sans-serif", 16))
                .position(plotters::prelude::SeriesLabelPosition::UpperLeft)
                .draw()
                .map_err(|e| words(&e))?;
            area.present().map_err(|e| words(&e))?;
        }
        Ok(text)
    }
}
