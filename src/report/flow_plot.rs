//! The picture of `flow` (SVG): risk against time, distance of the flows, minimum against length.

use plotters::coord::Shift;
use plotters::coord::combinators::IntoLogRange;
use plotters::prelude::{
    BLACK, ChartBuilder, Circle, Color, DrawingArea, IntoDrawingArea, IntoFont, LineSeries,
    PathElement, RGBColor, SVGBackend, SeriesLabelPosition, WHITE,
};

use super::FlowAnswer;

/// Size in pixels: three panels side by side.
const SIZE: (u32, u32) = (1650, 560);
/// Most lengths that are drawn as curves.
const MOST_CURVES: usize = 6;
const COLOURS: [RGBColor; 6] = [
    RGBColor(190, 60, 20),
    RGBColor(220, 140, 20),
    RGBColor(40, 120, 40),
    RGBColor(0, 140, 150),
    RGBColor(0, 90, 160),
    RGBColor(110, 60, 150),
];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A labelled set of points, drawn as a line, or as dots if it says so.
struct Series {
    label: String,
    points: Vec<(f64, f64)>,
    colour: RGBColor,
    dots: bool,
}

impl FlowAnswer {
    /// The picture.
    ///
    /// # Errors
    /// In words, if a panel has no points that a logarithmic scale can show.
    pub fn svg(&self) -> Result<String, String> {
        let mut text = String::new();
        {
            let area = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
            area.fill(&WHITE).map_err(|e| e.to_string())?;
            let panels = area.split_evenly((1, 3));
            let [risk, distance, minimum] = panels.as_slice() else {
                return Err("the picture could not be divided into panels".into());
            };
            let chosen = self.chosen();
            panel(
                risk,
                "risk less v/2 along the flow",
                "time",
                &self.series(&chosen, |s| s.excess),
                SeriesLabelPosition::LowerLeft,
            )?;
            let finite: Vec<usize> = chosen
                .iter()
                .copied()
                .filter(|&i| self.curves.get(i).is_some_and(|c| c.length.is_some()))
                .collect();
            panel(
                distance,
                "distance from the infinite flow at the same time",
                "time",
                &self.series(&finite, |s| s.distance),
                SeriesLabelPosition::LowerRight,
            )?;
            panel(
                minimum,
                "least risk less v/2",
                "L",
                &self.minima(),
                SeriesLabelPosition::LowerLeft,
            )?;
            area.present().map_err(|e| e.to_string())?;
        }
        Ok(text)
    }

    /// The curves that are drawn: evenly chosen lengths, and the infinite prompt.
    fn chosen(&self) -> Vec<usize> {
        let finite = self.curves.len().saturating_sub(1);
        let shown = finite.min(MOST_CURVES - 1);
        let mut chosen: Vec<usize> = (0..shown)
            .map(|i| {
                if shown < 2 {
                    0
                } else {
                    i * (finite - 1) / (shown - 1)
                }
            })
            .collect();
        chosen.push(finite);
        chosen
    }

    fn series(&self, chosen: &[usize], pick: impl Fn(&super::FlowSample) -> f64) -> Vec<Series> {
        chosen
            .iter()
            .zip(COLOURS)
            .filter_map(|(&i, colour)| self.curves.get(i).map(|curve| (curve, colour)))
            .map(|(curve, colour)| Series {
                label: curve
                    .length
                    .map_or_else(|| "infinite prompt".to_owned(), |l| format!("L = {l}")),
                points: curve.samples.iter().map(|s| (s.time, pick(s))).collect(),
                colour: if curve.length.is_some() {
                    colour
                } else {
                    BLACK
                },
                dots: false,
            })
            .collect()
    }

    fn minima(&self) -> Vec<Series> {
        let base = self.limit.risk;
        let list = |pick: &dyn Fn(&super::FlowRow) -> f64| {
            self.rows
                .iter()
                .map(|row| (row.length as f64, pick(row)))
                .collect::<Vec<_>>()
        };
        let [red, _, green, _, blue, violet] = COLOURS;
        vec![
            Series {
                label: "softmax attention, exact".into(),
                points: list(&|row| row.excess),
                colour: blue,
                dots: true,
            },
            Series {
                label: "its first order, constant / L".into(),
                points: list(&|row| self.limit.constant / row.length as f64),
                colour: violet,
                dots: false,
            },
            Series {
                label: "linear attention, exact".into(),
                points: list(&|row| row.linear - base),
                colour: red,
                dots: true,
            },
            Series {
                label: "Bayes risk, simulated".into(),
                points: list(&|row| row.bayes.as_ref().map_or(f64::NAN, |b| b.0 - base)),
                colour: green,
                dots: false,
            },
        ]
    }
}

/// A doubly logarithmic panel; points that are not positive are left out.
fn panel(
    area: &Area<'_>,
    caption: &str,
    horizontal: &str,
    series: &[Series],
    legend: SeriesLabelPosition,
) -> Result<(), String> {
    let words = |error: &dyn std::fmt::Display| error.to_string();
    let good = |(x, y): &(f64, f64)| *x > 0.0 && *y > 1e-14 && x.is_finite() && y.is_finite();
    let all: Vec<(f64, f64)> = series
        .iter()
        .flat_map(|s| s.points.iter().copied().filter(good))
        .collect();
    if all.is_empty() {
        return Err(format!("nothing to draw: {caption}"));
    }
    let range = |pick: &dyn Fn(&(f64, f64)) -> f64| {
        let low = all.iter().map(pick).fold(f64::INFINITY, f64::min);
        let high = all.iter().map(pick).fold(0.0, f64::max);
        (0.8 * low, 1.25 * high)
    };
    let (x, y) = (range(&|p| p.0), range(&|p| p.1));
    let mut chart = ChartBuilder::on(area)
        .caption(caption, ("sans-serif", 22).into_font())
        .margin(14)
        .x_label_area_size(50)
        .y_label_area_size(80)
        .build_cartesian_2d((x.0..x.1).log_scale(), (y.0..y.1).log_scale())
        .map_err(|e| words(&e))?;
    chart
        .configure_mesh()
        .x_desc(horizontal)
        .axis_desc_style(("sans-serif", 17))
        .label_style(("sans-serif", 14))
        .x_label_formatter(&|x| format!("{x:.0e}"))
        .y_label_formatter(&|y| format!("{y:.0e}"))
        .light_line_style(RGBColor(244, 244, 244))
        .draw()
        .map_err(|e| words(&e))?;
    for one in series {
        let points: Vec<(f64, f64)> = one.points.iter().copied().filter(good).collect();
        let colour = one.colour;
        if one.dots {
            chart
                .draw_series(points.iter().map(|p| Circle::new(*p, 4, colour.filled())))
                .map_err(|e| words(&e))?;
        }
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)))
            .map_err(|e| words(&e))?
            .label(one.label.clone())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 22, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .background_style(WHITE)
        .border_style(BLACK)
        .label_font(("sans-serif", 15))
        .position(legend)
        .draw()
        .map_err(|e| words(&e))
}
