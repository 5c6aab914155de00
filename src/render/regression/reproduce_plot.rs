//! The pictures of `reproduce` (SVG): risk and distance of trained heads against the prompt length.

use plotters::prelude::SeriesLabelPosition;

use crate::regression::reproduction::{ReproduceAnswer, TrainedHead};
use crate::regression::training::HeadKind;
use crate::render::plot::{COLOURS, Mark, Panel, Series, svg};

/// A curve that is laid over points.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Its name in the legend.
    pub label: String,
    /// `(x, y)`, in the order of `x`.
    pub points: Vec<(f64, f64)>,
}

impl ReproduceAnswer {
    /// The risk against `L`, with bars of one standard error, and these curves; exact risks are a curve too where
    /// the lines have them.
    ///
    /// # Errors
    /// In words, if there is no point that a logarithmic axis can show.
    pub fn risk_svg(&self, curves: &[Curve]) -> Result<String, String> {
        self.svg(
            ("Risk of the trained heads", "risk"),
            |line| (line.risk, line.risk_standard_error),
            |line| line.exact_risk,
            curves,
        )
    }

    /// `|b A - Sig^{-1}|_F` against `L`, and these curves. One run has no error bar here.
    ///
    /// # Errors
    /// In words, if there is no point that a logarithmic axis can show.
    pub fn distance_svg(&self, curves: &[Curve]) -> Result<String, String> {
        self.svg(
            (
                "Distance of the trained heads from linear attention",
                "|b A - Sig^-1|",
            ),
            |line| (line.distance, 0.0),
            |line| line.exact_distance,
            curves,
        )
    }

    fn svg(
        &self,
        (title, y_name): (&str, &str),
        found: impl Fn(&TrainedHead) -> (f64, f64),
        exact: impl Fn(&TrainedHead) -> Option<f64>,
        curves: &[Curve],
    ) -> Result<String, String> {
        let of = |head: HeadKind| self.lines.iter().filter(move |line| line.head == head);
        let heads = || self.settings.heads.iter().copied();
        let mut series: Vec<Series> = heads()
            .zip(COLOURS)
            .map(|(head, colour)| {
                let (points, errors) = of(head)
                    .map(|line| {
                        let (y, error) = found(line);
                        ((line.length as f64, y), error)
                    })
                    .unzip();
                Series {
                    label: head.name().to_owned(),
                    points,
                    errors,
                    colour,
                    mark: Mark::Dots,
                }
            })
            .collect();
        // The exact curves come first, in the order of the heads: each has the colour of its points.
        let optima = heads().map(|head| Curve {
            label: format!("{}, exact optimum", head.name()),
            points: of(head)
                .filter_map(|line| Some((line.length as f64, exact(line)?)))
                .collect(),
        });
        let all = optima.chain(curves.iter().cloned());
        series.extend(
            all.zip(COLOURS.into_iter().cycle())
                .map(|(mut curve, colour)| {
                    curve.points.sort_by(|a, b| a.0.total_cmp(&b.0));
                    Series::new(curve.label, curve.points, colour, Mark::Line)
                }),
        );
        let panel = Panel {
            title: title.to_owned(),
            x_name: "prompt length L",
            y_name,
            series,
            // Risks fall with L and are not below the curve of the optimum: this corner is free.
            legend: SeriesLabelPosition::LowerLeft,
            linear: false,
        };
        svg((900, 600), vec![panel])
    }
}
