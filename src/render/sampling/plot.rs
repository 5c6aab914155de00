//! The error of sampled attention against the number of keys read, as a picture (SVG).

use plotters::prelude::SeriesLabelPosition;

use crate::record::{QueryLabel, Reading, SampleRow, SampleTable};
use crate::render::plot::{COLOURS, Mark, Panel, Series, svg};

impl SampleTable {
    /// The picture: the error over `|T|^2` on average over the queries against the keys read, of every way of reading, and the dots of a simulation, if there
    /// was one. Both axes are logarithmic; an error of 0 is left out.
    ///
    /// # Errors
    /// In words, if there is nothing to draw.
    pub fn svg(&self) -> Result<String, String> {
        let average = self
            .kept
            .iter()
            .find(|part| part.query == QueryLabel::Average);
        let relative_to = average.map_or(f64::NAN, |part| part.relative_to);
        let rows = |reading: Reading| {
            let rows = self.rows.iter();
            rows.filter(move |row| row.query == QueryLabel::Average && row.reading == reading)
        };
        let curve = |reading: Reading, label: String, colour| {
            let point = |row: &SampleRow| Some((row.read() as f64, row.relative?));
            let points: Vec<(f64, f64)> = rows(reading).filter_map(point).collect();
            Series::new(label, points, colour, Mark::Both)
        };
        let [blue, red, green, purple, ..] = COLOURS;
        let kept = average.map_or(0, |part| part.kept);
        let hybrid = match kept {
            0 => format!("drawn from all keys, {}", self.design),
            kept => format!("{kept} keys kept, others drawn {}", self.design),
        };
        let mut series = vec![curve(Reading::Hybrid, hybrid, blue)];
        if rows(Reading::Uniform).next().is_some() {
            let label = "drawn from all keys".to_owned();
            series.push(curve(Reading::Uniform, label, green));
        }
        if rows(Reading::Top).next().is_some() {
            let label = "top keys alone".to_owned();
            series.push(curve(Reading::Top, label, red));
        }
        let estimate = |row: &SampleRow| {
            let found = row.monte_carlo.as_ref()?.as_ref().ok()?;
            let point = (row.read() as f64, found.mean / relative_to);
            Some((point, 2.0 * found.standard_error / relative_to))
        };
        let (points, errors): (Vec<_>, Vec<_>) = rows(Reading::Hybrid).filter_map(estimate).unzip();
        if !points.is_empty() {
            let label = "simulated, 2 standard errors".to_owned();
            let dots = Series::new(label, points, purple, Mark::Dots);
            series.push(Series { errors, ..dots });
        }
        let panel = Panel {
            title: format!("Attention over a part of {} keys", self.keys),
            x_name: "keys read",
            y_name: "E|That - T|^2 / |T|^2",
            series,
            legend: SeriesLabelPosition::LowerLeft,
            linear: false,
        };
        svg((900, 600), vec![panel])
    }
}
