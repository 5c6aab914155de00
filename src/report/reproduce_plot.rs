//! Points with error bars and curves, on two logarithmic axes (SVG).

use std::ops::Range;

use plotters::coord::combinators::{BindKeyPoints, IntoLogRange};
use plotters::prelude::{
    BLACK, ChartBuilder, Circle, Color, IntoDrawingArea, IntoFont, LineSeries, PathElement,
    RGBColor, SVGBackend, SeriesLabelPosition, WHITE,
};

use crate::experiment::HeadKind;

use super::ReproduceAnswer;

/// Size in pixels.
const SIZE: (u32, u32) = (900, 600);
const COLOURS: [RGBColor; 4] = [
    RGBColor(0, 90, 160),
    RGBColor(190, 60, 20),
    RGBColor(40, 120, 40),
    RGBColor(120, 60, 140),
];

/// A curve that is laid over points.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Its name in the legend.
    pub label: String,
    /// `(x, y)`, in the order of `x`.
    pub points: Vec<(f64, f64)>,
}

/// Points of one kind: `(x, y, half of the error bar)`.
struct Series {
    label: String,
    points: Vec<(f64, f64, f64)>,
}

/// A picture.
struct Scatter<'a> {
    title: &'a str,
    y_name: &'a str,
    series: Vec<Series>,
    curves: Vec<Curve>,
}

impl ReproduceAnswer {
    /// The risk against `L`, with bars of one standard error, and these curves; exact risks are a curve too where
    /// the lines have them.
    ///
    /// # Errors
    /// In words, if there is no point that a logarithmic axis can show.
    pub fn risk_svg(&self, curves: &[Curve]) -> Result<String, String> {
        Scatter {
            title: "Risk of the trained heads",
            y_name: "risk",
            series: self.series(|line| (line.risk, line.risk_standard_error)),
            curves: self.with_exact(curves, |line| line.exact_risk),
        }
        .svg()
    }

    /// `|b A - Sig^{-1}|_F` against `L`, and these curves. One run has no error bar here.
    ///
    /// # Errors
    /// In words, if there is no point that a logarithmic axis can show.
    pub fn distance_svg(&self, curves: &[Curve]) -> Result<String, String> {
        Scatter {
            title: "Distance of the trained heads from linear attention",
            y_name: "|b A - Sig^-1|",
            series: self.series(|line| (line.distance, 0.0)),
            curves: self.with_exact(curves, |line| line.exact_distance),
        }
        .svg()
    }

    /// These curves after those of the exact optimum of each kind of head.
    fn with_exact(
        &self,
        curves: &[Curve],
        number: impl Fn(&super::TrainedHead) -> Option<f64>,
    ) -> Vec<Curve> {
        let exact = self.settings.heads.iter().map(|head| Curve {
            label: format!("{}, exact optimum", head.name()),
            points: self
                .of(*head)
                .filter_map(|line| Some((line.length as f64, number(line)?)))
                .collect(),
        });
        exact.chain(curves.iter().cloned()).collect()
    }

    fn of(&self, head: HeadKind) -> impl Iterator<Item = &super::TrainedHead> {
        self.lines.iter().filter(move |line| line.head == head)
    }

    fn series(&self, number: impl Fn(&super::TrainedHead) -> (f64, f64)) -> Vec<Series> {
        let heads = self.settings.heads.iter();
        heads
            .map(|head| Series {
                label: head.name().to_owned(),
                points: self
                    .of(*head)
                    .map(|line| {
                        let (y, error) = number(line);
                        (line.length as f64, y, error)
                    })
                    .collect(),
            })
            .collect()
    }
}

/// Can a logarithmic axis show it?
fn is_shown(x: f64) -> bool {
    x > 0.0 && x < f64::INFINITY
}

/// Round numbers in a range: 1, 2 and 5 times powers of ten, or more of them where these are fewer than three.
fn ticks(range: &Range<f64>) -> Vec<f64> {
    let digits: [&[u32]; 2] = [&[1, 2, 5], &[1, 2, 3, 4, 5, 6, 7, 8, 9]];
    let fine: Vec<u32> = (10..100).collect();
    let powers = range.start.log10().floor() as i32 - 1..=range.end.log10().ceil() as i32;
    let mut found = Vec::new();
    for digits in digits.into_iter().chain([fine.as_slice()]) {
        found = powers
            .clone()
            // Read from text, so that a tick is the number that its label shows.
            .flat_map(|power| digits.iter().map(move |digit| format!("{digit}e{power}")))
            .filter_map(|text| text.parse().ok())
            .filter(|tick| range.contains(tick))
            .collect();
        if found.len() >= 3 {
            break;
        }
    }
    found
}

impl Scatter<'_> {
    fn svg(mut self) -> Result<String, String> {
        for series in &mut self.series {
            series
                .points
                .retain(|(x, y, _)| is_shown(*x) && is_shown(*y));
        }
        for curve in &mut self.curves {
            curve.points.sort_by(|a, b| a.0.total_cmp(&b.0));
            curve.points.retain(|(x, y)| is_shown(*x) && is_shown(*y));
        }
        let ends = self.series.iter().flat_map(|series| &series.points);
        let ends = ends.flat_map(|(x, y, error)| [(*x, y - error), (*x, y + error)]);
        let on_curves = self
            .curves
            .iter()
            .flat_map(|curve| curve.points.iter().copied());
        let all: Vec<(f64, f64)> = ends
            .chain(on_curves)
            .filter(|(_, y)| is_shown(*y))
            .collect();
        if all.is_empty() {
            return Err("there is no finite point".into());
        }
        let range = |numbers: &mut dyn Iterator<Item = f64>| {
            let (low, high) = numbers.fold((f64::INFINITY, 0.0_f64), |(low, high), x| {
                (low.min(x), high.max(x))
            });
            low / 1.25..high * 1.25
        };
        let (across, up) = (
            range(&mut all.iter().map(|point| point.0)),
            range(&mut all.iter().map(|point| point.1)),
        );
        let bottom = up.start;
        let (across_ticks, up_ticks) = (ticks(&across), ticks(&up));
        let mut text = String::new();
        {
            let words = |error: &dyn std::fmt::Display| error.to_string();
            let area = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
            area.fill(&WHITE).map_err(|e| words(&e))?;
            let mut chart = ChartBuilder::on(&area)
                .caption(self.title, ("sans-serif", 24).into_font())
                .margin(16)
                .x_label_area_size(56)
                .y_label_area_size(90)
                .build_cartesian_2d(
                    across.log_scale().with_key_points(across_ticks),
                    up.log_scale().with_key_points(up_ticks),
                )
                .map_err(|e| words(&e))?;
            chart
                .configure_mesh()
                .x_desc("prompt length L")
                .y_desc(self.y_name)
                .axis_desc_style(("sans-serif", 18))
                .label_style(("sans-serif", 15))
                .x_label_formatter(&|x| x.to_string())
                .y_label_formatter(&|y| y.to_string())
                .light_line_style(RGBColor(240, 240, 240))
                .draw()
                .map_err(|e| words(&e))?;
            let mut colours = COLOURS.into_iter().cycle();
            for series in self.series {
                let colour = colours.next().unwrap_or(BLACK);
                let bars = series.points.iter().map(|&(x, y, error)| {
                    PathElement::new(
                        [(x, (y - error).max(bottom)), (x, y + error)],
                        colour.stroke_width(2),
                    )
                });
                chart.draw_series(bars).map_err(|e| words(&e))?;
                let points = series.points.iter();
                let points = points.map(|&(x, y, _)| Circle::new((x, y), 4, colour.filled()));
                let label = series.label;
                chart
                    .draw_series(points)
                    .map(|drawn| {
                        drawn
                            .label(label)
                            .legend(move |(x, y)| Circle::new((x + 11, y), 4, colour.filled()));
                    })
                    .map_err(|e| words(&e))?;
            }
            // The exact curves come first, in the order of the heads: each has the colour of its points.
            for (curve, colour) in self.curves.into_iter().zip(COLOURS.into_iter().cycle()) {
                if curve.points.is_empty() {
                    continue;
                }
                let label = curve.label;
                chart
                    .draw_series(LineSeries::new(curve.points, colour.stroke_width(2)))
                    .map(|drawn| {
                        drawn.label(label).legend(move |(x, y)| {
                            PathElement::new([(x, y), (x + 22, y)], colour.stroke_width(2))
                        });
                    })
                    .map_err(|e| words(&e))?;
            }
            chart
                .configure_series_labels()
                .background_style(WHITE)
                .border_style(BLACK)
                .label_font(("sans-serif", 16))
                // Risks fall with L and are not below the curve of the optimum: this corner is free.
                .position(SeriesLabelPosition::LowerLeft)
                .draw()
                .map_err(|e| words(&e))?;
            area.present().map_err(|e| words(&e))?;
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::ticks;

    #[test]
    fn axes_have_round_numbers() {
        assert_eq!(
            ticks(&(8.0..1250.0)),
            [10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0]
        );
        assert_eq!(ticks(&(0.18..0.45)), [0.2, 0.3, 0.4]);
        assert_eq!(
            ticks(&(104.0..162.5)),
            [110.0, 120.0, 130.0, 140.0, 150.0, 160.0]
        );
        // Every range that is drawn is at least a factor 1.25^2 wide.
        for k in 0..500 {
            let low = 1e-3 * 1.03_f64.powi(k);
            let found = ticks(&(low..1.5625 * low));
            assert!(found.len() >= 3, "{low}: {found:?}");
        }
    }
}
