//! A table as a picture (SVG): the exact value, its bounds and a simulation against the prompt length.

use plotters::prelude::{RGBColor, SeriesLabelPosition};

use crate::bound::Theorem;
use crate::record::{Metric, QueryLabel, Row, Table};
use crate::render::plot::{COLOURS, Mark, Panel, Series, svg};
use crate::render::table::document::select;
use crate::render::table::heading::headings;
use crate::render::table::style::QuerySelection;

/// The panels of one picture: beyond them nothing can be read.
const MOST_PANELS: usize = 6;
const BLACK: RGBColor = RGBColor(0, 0, 0);
const GREY: RGBColor = RGBColor(120, 120, 120);
const PALE: RGBColor = RGBColor(210, 210, 210);

impl Table {
    /// The picture: a panel for each metric and query that the formats for people show, on logarithmic axes. The exact value is black, with a guide of slope -1 through
    /// its last point; bounds are lines, vacuous ones left out, at most as many as there are colours, those that are closest at the longest prompt; simulated values are dots with
    /// half the width of their confidence intervals to either side (the intervals themselves need not be symmetric).
    ///
    /// # Errors
    /// In words, if there is nothing to draw or there are more than six panels.
    pub fn svg(&self, queries: QuerySelection) -> Result<String, String> {
        let (rows, _) = select(self, queries);
        let mut groups: Vec<((QueryLabel, Metric), Vec<&Row>)> = Vec::new();
        for row in rows {
            let key = (row.query, row.metric);
            match groups.iter_mut().find(|(k, _)| *k == key) {
                Some((_, group)) => group.push(row),
                None => groups.push((key, vec![row])),
            }
        }
        if groups.len() > MOST_PANELS {
            return Err(format!(
                "{} panels are too many for a picture of at most {MOST_PANELS}; --queries average shows the average only",
                groups.len()
            ));
        }
        let panels = groups.iter().map(|(_, group)| panel(group, self));
        svg((760, 560), panels.collect())
    }
}

fn panel(rows: &[&Row], table: &Table) -> Panel<'static> {
    let points = |pick: &dyn Fn(&Row) -> Option<f64>| -> Vec<(f64, f64)> {
        let all = rows.iter();
        all.filter_map(|row| Some((row.length as f64, pick(row)?)))
            .collect()
    };
    let curve = |label: String, pick: &dyn Fn(&Row) -> Option<f64>, colour, mark| {
        Series::new(label, points(pick), colour, mark)
    };
    let exact = points(&|row| row.exact.as_ref().ok().map(|exact| exact.value));
    let mut series = Vec::new();
    if let (Some(&(first, _)), Some(&(last, value))) = (exact.first(), exact.last()) {
        let guide = vec![(first, value * last / first), (last, value)];
        series.push(Series::new("slope -1".into(), guide, PALE, Mark::Line));
    }
    let bounds = bounds_shown(rows);
    for (theorem, colour) in bounds.into_iter().zip(COLOURS) {
        let value = |row: &Row| {
            let mut bounds = row.bounds.iter();
            bounds.find(|b| b.theorem() == theorem)?.useful_value()
        };
        series.push(curve(theorem.id().into(), &value, colour, Mark::Line));
    }
    let claims = rows.iter().flat_map(|row| &row.claims);
    let mut names: Vec<&str> = claims.map(|claim| claim.name.as_str()).collect();
    names.dedup();
    names.sort_unstable();
    names.dedup();
    for (name, colour) in names.into_iter().zip(COLOURS.into_iter().rev()) {
        let value = |row: &Row| {
            let claim = row.claims.iter().find(|c| c.name == name)?;
            claim.value.as_ref().ok().copied()
        };
        series.push(curve(name.into(), &value, colour, Mark::Line));
    }
    let lower = |row: &Row| row.lower_bounds.iter().map(|b| b.value).reduce(f64::max);
    series.push(curve("T19".into(), &lower, GREY, Mark::Both));
    series.push(Series::new("exact".into(), exact, BLACK, Mark::Both));
    let simulated = rows.iter().filter_map(|row| {
        let found = row.monte_carlo?;
        let half = 0.5 * (found.upper - found.lower);
        Some(((row.length as f64, found.mean), half))
    });
    let (points, errors): (Vec<_>, Vec<_>) = simulated.unzip();
    if !points.is_empty() {
        let [.., colour] = COLOURS;
        let dots = Series::new("simulated".into(), points, colour, Mark::Dots);
        series.push(Series { errors, ..dots });
    }
    let title = rows.first().map(|row| headings(row, table).0);
    Panel {
        title: title.unwrap_or_default(),
        x_name: "prompt length L",
        y_name: "",
        series: series
            .into_iter()
            .filter(|series| !series.points.is_empty())
            .collect(),
        legend: SeriesLabelPosition::LowerLeft,
        linear: false,
    }
}

/// The bounds that are drawn: not vacuous everywhere, the closest at the longest prompt first.
fn bounds_shown(rows: &[&Row]) -> Vec<Theorem> {
    let mut found: Vec<(Theorem, f64)> = Vec::new();
    for row in rows.iter().rev() {
        for bound in &row.bounds {
            let known = found.iter().any(|(theorem, _)| *theorem == bound.theorem());
            if let (false, Some(value)) = (known, bound.useful_value()) {
                found.push((bound.theorem(), value));
            }
        }
    }
    found.sort_by(|x, y| x.1.total_cmp(&y.1));
    // T6 is the smallest of the others, row by row.
    let mut shown: Vec<Theorem> = found.into_iter().map(|(theorem, _)| theorem).collect();
    shown.retain(|theorem| *theorem != Theorem::OUTPUT_CONCENTRATION);
    shown.truncate(COLOURS.len() - 1);
    shown
}
