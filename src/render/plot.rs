//! Pictures (SVG): panels side by side with curves, dots and error bars on logarithmic axes.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::combinators::{BindKeyPoints, IntoLogRange};
use plotters::coord::ranged1d::{Ranged, ValueFormatter};
use plotters::prelude::{
    BLACK, Cartesian2d, ChartBuilder, ChartContext, Circle, Color, DrawingArea, IntoDrawingArea,
    IntoFont, LineSeries, PathElement, RGBColor, SVGBackend, SeriesLabelPosition, WHITE,
};

/// Colours that are told apart, by the colour-blind too (Okabe and Ito 2008).
pub(super) const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// How points are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Joined by a line.
    Line,
    /// Dots.
    Dots,
    /// Dots joined by a line.
    Both,
}

/// A labelled list of points; those that an axis cannot show are left out.
#[derive(Debug, Clone)]
pub(super) struct Series {
    pub label: String,
    pub points: Vec<(f64, f64)>,
    /// Half of the error bar of each point; those beyond the list have none.
    pub errors: Vec<f64>,
    pub colour: RGBColor,
    pub mark: Mark,
}

impl Series {
    /// Without error bars.
    pub fn new(label: String, points: Vec<(f64, f64)>, colour: RGBColor, mark: Mark) -> Self {
        Self {
            label,
            points,
            errors: Vec::new(),
            colour,
            mark,
        }
    }
}

/// One panel; its vertical axis is logarithmic.
pub(super) struct Panel<'a> {
    pub title: String,
    pub x_name: &'a str,
    pub y_name: &'a str,
    pub series: Vec<Series>,
    /// The corner of the legend.
    pub legend: SeriesLabelPosition,
    /// Whether the horizontal axis is linear.
    pub linear: bool,
}

/// Panels side by side.
const ACROSS: usize = 3;

/// The panels, at most three side by side, each of this size in pixels.
///
/// # Errors
/// In words, if a panel has no points that its axes can show.
pub(super) fn svg(size: (u32, u32), panels: Vec<Panel<'_>>) -> Result<String, String> {
    let mut text = String::new();
    {
        let across = panels.len().clamp(1, ACROSS);
        let down = panels.len().div_ceil(across);
        let whole = (size.0 * across as u32, size.1 * down as u32);
        let area = SVGBackend::with_string(&mut text, whole).into_drawing_area();
        area.fill(&WHITE).map_err(words)?;
        for (area, panel) in area.split_evenly((down, across)).iter().zip(panels) {
            panel.draw(area)?;
        }
        area.present().map_err(words)?;
    }
    Ok(text)
}

pub(super) fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Can a logarithmic axis show it? Differences below the last digits of a risk are not shown either.
fn is_shown(x: f64) -> bool {
    x > 1e-14 && x < f64::INFINITY
}

impl Panel<'_> {
    fn draw(mut self, area: &Area<'_>) -> Result<(), String> {
        let linear = self.linear;
        let across = |x: f64| if linear { x.is_finite() } else { is_shown(x) };
        let mut corners: Vec<(f64, f64)> = Vec::new();
        for series in &mut self.series {
            let errors = series.errors.iter().copied().chain(std::iter::repeat(0.0));
            let pairs = series.points.iter().copied().zip(errors);
            let kept = pairs.filter(|((x, y), _)| across(*x) && is_shown(*y));
            (series.points, series.errors) = kept.unzip();
            for (&(x, y), error) in series.points.iter().zip(&series.errors) {
                let ends = [y - error, y, y + error].into_iter();
                corners.extend(ends.filter(|y| is_shown(*y)).map(|y| (x, y)));
            }
        }
        if corners.is_empty() {
            return Err(format!("there is nothing to draw: {}", self.title));
        }
        let ends = |pick: fn(&(f64, f64)) -> f64| {
            corners
                .iter()
                .map(pick)
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
                    (low.min(x), high.max(x))
                })
        };
        let ((left, right), (low, high)) = (ends(|c| c.0), ends(|c| c.1));
        let up = low / 1.25..high * 1.25;
        let bottom = up.start;
        let ticks_up = ticks(&up);
        let up = up.log_scale().with_key_points(ticks_up);
        let mut builder = ChartBuilder::on(area);
        builder
            .caption(&self.title, ("sans-serif", 22).into_font())
            .margin(16)
            .x_label_area_size(56)
            .y_label_area_size(90);
        if linear {
            let chart = builder.build_cartesian_2d(left..right, up).map_err(words)?;
            self.fill(chart, bottom, &|x| format!("{x:.2}"))
        } else {
            let across = left / 1.25..right * 1.25;
            let ticks_across = ticks(&across);
            let across = across.log_scale().with_key_points(ticks_across);
            let chart = builder.build_cartesian_2d(across, up).map_err(words)?;
            self.fill(chart, bottom, &number)
        }
    }

    fn fill<'a, X, Y>(
        self,
        mut chart: ChartContext<'a, SVGBackend<'a>, Cartesian2d<X, Y>>,
        bottom: f64,
        across: &dyn Fn(&f64) -> String,
    ) -> Result<(), String>
    where
        X: Ranged<ValueType = f64> + ValueFormatter<f64>,
        Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        chart
            .configure_mesh()
            .x_desc(self.x_name)
            .y_desc(self.y_name)
            .axis_desc_style(("sans-serif", 18))
            .label_style(("sans-serif", 15))
            .x_label_formatter(&across)
            .y_label_formatter(&number)
            .light_line_style(RGBColor(240, 240, 240))
            .draw()
            .map_err(words)?;
        for one in self.series {
            let Series {
                label,
                points,
                errors,
                colour,
                mark,
            } = one;
            if points.is_empty() {
                continue;
            }
            let bars = points.iter().zip(errors).filter(|(_, error)| *error > 0.0);
            let bars = bars.map(|(&(x, y), error)| {
                let ends = [(x, (y - error).max(bottom)), (x, y + error)];
                PathElement::new(ends, colour.stroke_width(2))
            });
            chart.draw_series(bars).map_err(words)?;
            if mark != Mark::Line {
                let dots = points.iter().map(|p| Circle::new(*p, 4, colour.filled()));
                let drawn = chart.draw_series(dots).map_err(words)?;
                if mark == Mark::Dots {
                    drawn
                        .label(label)
                        .legend(move |(x, y)| Circle::new((x + 11, y), 4, colour.filled()));
                    continue;
                }
            }
            chart
                .draw_series(LineSeries::new(points, colour.stroke_width(2)))
                .map_err(words)?
                .label(label)
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 22, y)], colour.stroke_width(2))
                });
        }
        chart
            .configure_series_labels()
            .background_style(WHITE)
            .border_style(BLACK)
            .label_font(("sans-serif", 16))
            .position(self.legend)
            .draw()
            .map_err(words)
    }
}

/// A tick's label.
pub(super) fn number(x: &f64) -> String {
    if *x >= 1e-3 && *x < 1e5 {
        x.to_string()
    } else {
        format!("{x:e}")
    }
}

/// Round numbers in a range: 1, 2 and 5 times powers of ten, more of them where these are fewer than three, fewer where they are many.
pub(super) fn ticks(range: &Range<f64>) -> Vec<f64> {
    const MOST: usize = 12;
    let fine: Vec<u32> = (10..100).collect();
    let digits: [&[u32]; 3] = [&[1, 2, 5], &[1, 2, 3, 4, 5, 6, 7, 8, 9], &fine];
    let powers = range.start.log10().floor() as i32 - 1..=range.end.log10().ceil() as i32;
    let at = |digits: &[u32], every: usize| -> Vec<f64> {
        // Read from text, so that a tick is the number that its label shows.
        let all = powers.clone().step_by(every);
        all.flat_map(|power| digits.iter().map(move |digit| format!("{digit}e{power}")))
            .filter_map(|text| text.parse().ok())
            .filter(|tick| range.contains(tick))
            .collect()
    };
    let found = digits
        .iter()
        .map(|digits| at(digits, 1))
        .find(|found| found.len() >= 3);
    match found {
        Some(found) if found.len() > MOST => {
            let powers = (range.end / range.start).log10().ceil() as usize;
            let few = at(&[1], powers.div_ceil(MOST).max(1));
            // A narrow range may hold many two-digit numbers and no power of ten.
            if few.len() >= 3 {
                few
            } else {
                let every = found.len().div_ceil(MOST);
                found.into_iter().step_by(every).collect()
            }
        }
        Some(found) => found,
        None => at(&fine, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_round_numbers_and_not_too_many() {
        assert_eq!(
            ticks(&(8.0..1250.0)),
            [10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0]
        );
        assert_eq!(ticks(&(0.18..0.45)), [0.2, 0.3, 0.4]);
        assert_eq!(
            ticks(&(104.0..162.5)),
            [110.0, 120.0, 130.0, 140.0, 150.0, 160.0]
        );
        assert_eq!(
            ticks(&(0.5e-3..2e3)),
            [1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0, 1e3]
        );
        // Every range that is drawn is at least a factor 1.25^2 wide.
        for k in 0..500 {
            let low = 1e-3 * 1.03_f64.powi(k);
            for width in [1.5625, 1e4, 1e30] {
                let found = ticks(&(low..width * low));
                assert!((3..=13).contains(&found.len()), "{low}: {found:?}");
            }
        }
    }

    #[test]
    fn what_an_axis_cannot_show_is_left_out() {
        let panel = |points| Panel {
            title: "title".into(),
            x_name: "x",
            y_name: "y",
            series: vec![Series::new("name".into(), points, BLACK, Mark::Dots)],
            legend: SeriesLabelPosition::LowerLeft,
            linear: false,
        };
        let good = vec![
            (1.0, 2.0),
            (0.0, 1.0),
            (3.0, f64::NAN),
            (2.0, 4.0),
            (2.0, -1.0),
        ];
        let text = svg((400, 300), vec![panel(good)]).unwrap();
        // Two points, and one in the legend.
        assert_eq!(text.matches("<circle ").count(), 3);
        let error = svg((400, 300), vec![panel(vec![(1.0, 0.0)])]).unwrap_err();
        assert!(error.contains("title"), "{error}");
    }
}
