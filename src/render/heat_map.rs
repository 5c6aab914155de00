//! Heat maps (SVG): a value for each pair of a row and a column as a colour, with the scale of the colours beside it.

use plotters::prelude::{
    BLACK, Color, IntoDrawingArea, IntoFont, PathElement, RGBColor, Rectangle, SVGBackend, Text,
    WHITE,
};
use plotters::style::TextStyle;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::plot::{Area, number, ticks, words};

/// From low to high, evenly spaced: dark to bright, and told apart in grey (viridis).
const COLOURS: [RGBColor; 7] = [
    RGBColor(68, 1, 84),
    RGBColor(70, 50, 127),
    RGBColor(54, 92, 141),
    RGBColor(39, 127, 142),
    RGBColor(31, 161, 135),
    RGBColor(110, 206, 88),
    RGBColor(253, 231, 37),
];
/// Of a cell without a value, which is crossed out.
const NONE: RGBColor = RGBColor(235, 235, 235);
/// Room around the cells, in pixels: left, right, above, below.
const ROOM: (i32, i32, i32, i32) = (70, 120, 56, 56);
/// Steps of the scale's colours.
const STEPS: i32 = 64;

/// One map.
pub(super) struct HeatMap {
    pub title: String,
    /// Row by row; a value that the scale cannot show is none.
    pub values: Vec<Vec<Option<f64>>>,
    /// Is the scale logarithmic?
    pub logarithmic: bool,
}

/// What stands at rows and columns.
pub(super) struct Axes<'a> {
    pub row_name: &'a str,
    pub rows: Vec<String>,
    pub column_name: &'a str,
    pub columns: Vec<String>,
}

/// The maps, two side by side.
///
/// # Errors
/// In words, if there is no value to show.
pub(super) fn svg(axes: &Axes<'_>, maps: &[HeatMap]) -> Result<String, String> {
    let maps: Vec<(&HeatMap, Scale)> = maps
        .iter()
        .filter_map(|map| Some((map, Scale::of(map)?)))
        .collect();
    if maps.is_empty() {
        return Err("there is no value to draw".into());
    }
    let size = |count: usize, room: i32, least: i32| {
        let cells = count as i32 * cell(count);
        (room + cells.max(least)) as u32
    };
    // A title needs its width.
    let width = size(axes.columns.len(), ROOM.0 + ROOM.1, 330);
    let height = size(axes.rows.len(), ROOM.2 + ROOM.3, 120);
    let (across, down) = (maps.len().min(2), maps.len().div_ceil(2));
    let mut text = String::new();
    {
        let whole = (width * across as u32, height * down as u32);
        let area = SVGBackend::with_string(&mut text, whole).into_drawing_area();
        area.fill(&WHITE).map_err(words)?;
        let places = area.split_evenly((down, across));
        for (place, (map, scale)) in places.iter().zip(maps) {
            draw(place, axes, map, &scale)?;
        }
        area.present().map_err(words)?;
    }
    Ok(text)
}

/// The side of a cell, of so many in a line.
fn cell(count: usize) -> i32 {
    (520 / count.max(1) as i32).clamp(6, 34)
}

/// Values to colours.
struct Scale {
    low: f64,
    high: f64,
    logarithmic: bool,
}

impl Scale {
    fn of(map: &HeatMap) -> Option<Self> {
        let all = map.values.iter().flatten().flatten().copied();
        let shown = all.filter(|x| x.is_finite() && (!map.logarithmic || *x > 0.0));
        let (low, high) = shown.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
            (low.min(x), high.max(x))
        });
        (low <= high).then_some(Self {
            low,
            high,
            logarithmic: map.logarithmic,
        })
    }

    /// Where a value is, from 0 (low) to 1 (high); none if it cannot be shown.
    fn place(&self, value: f64) -> Option<f64> {
        let on_axis = |x: f64| if self.logarithmic { x.ln() } else { x };
        let range = on_axis(self.high) - on_axis(self.low);
        if range == 0.0 && value == self.low {
            return Some(0.5);
        }
        let place = (on_axis(value) - on_axis(self.low)) / range;
        (0.0..=1.0).contains(&place).then_some(place)
    }

    /// Values that are named beside the scale: round numbers between its ends, or the ends.
    fn named(&self) -> Vec<f64> {
        let ends = if self.low < self.high {
            vec![self.low, self.high]
        } else {
            vec![self.low]
        };
        if !(self.logarithmic && self.high > 2.0 * self.low) {
            let middle = 0.5 * (self.low + self.high);
            return if ends.len() == 2 {
                vec![self.low, middle, self.high]
            } else {
                ends
            };
        }
        let round = ticks(&(self.low..self.high));
        if round.len() >= 2 { round } else { ends }
    }
}

fn colour(place: f64) -> RGBColor {
    let along = place.clamp(0.0, 1.0) * (COLOURS.len() - 1) as f64;
    let before = (along as usize).min(COLOURS.len() - 2);
    let share = along - before as f64;
    let (from, to) = match COLOURS.get(before..before + 2) {
        Some([from, to]) => (*from, *to),
        _ => return NONE,
    };
    let mix = |x: u8, y: u8| (f64::from(x) + share * (f64::from(y) - f64::from(x))).round() as u8;
    RGBColor(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
}

fn draw(area: &Area<'_>, axes: &Axes<'_>, map: &HeatMap, scale: &Scale) -> Result<(), String> {
    let (wide, high) = (cell(axes.columns.len()), cell(axes.rows.len()));
    let (left, top) = (ROOM.0, ROOM.2);
    let (columns, rows) = (axes.columns.len() as i32, axes.rows.len() as i32);
    let (right, bottom) = (left + wide * columns, top + high * rows);
    let write = |text: &str, at: (i32, i32), size: i32, h: HPos, v: VPos| {
        let style = TextStyle::from(("sans-serif", size).into_font());
        let style = style.color(&BLACK).pos(Pos::new(h, v));
        area.draw(&Text::new(text.to_owned(), at, style))
            .map_err(words)
    };
    let centre = (left + right) / 2;
    write(&map.title, (left, top - 16), 18, HPos::Left, VPos::Bottom)?;
    for (y, line) in (0..).zip(&map.values) {
        for (x, value) in (0..).zip(line) {
            let corner = (left + x * wide, top + y * high);
            let other = (corner.0 + wide, corner.1 + high);
            let place = value.and_then(|value| scale.place(value));
            let fill = place.map_or(NONE, colour);
            area.draw(&Rectangle::new([corner, other], fill.filled()))
                .map_err(words)?;
            if place.is_none() {
                let cross = PathElement::new([corner, other], BLACK.stroke_width(1));
                area.draw(&cross).map_err(words)?;
            }
        }
    }
    area.draw(&Rectangle::new(
        [(left, top), (right, bottom)],
        BLACK.stroke_width(1),
    ))
    .map_err(words)?;
    // Every label needs about 24 pixels across and 14 down.
    let every = |size: i32, room: i32| (room + size - 1) / size.max(1);
    for (x, name) in (0..).zip(&axes.columns).step_by(every(wide, 24) as usize) {
        let at = (left + x * wide + wide / 2, bottom + 6);
        write(name, at, 13, HPos::Center, VPos::Top)?;
    }
    for (y, name) in (0..).zip(&axes.rows).step_by(every(high, 14) as usize) {
        let at = (left - 6, top + y * high + high / 2);
        write(name, at, 13, HPos::Right, VPos::Center)?;
    }
    write(
        axes.column_name,
        (centre, bottom + 26),
        15,
        HPos::Center,
        VPos::Top,
    )?;
    write(axes.row_name, (8, top - 6), 15, HPos::Left, VPos::Bottom)?;
    legend(area, scale, (right + 20, top), (bottom - top).max(96))
}

/// The scale of the colours, from low (below) to high, with some of its values.
fn legend(area: &Area<'_>, scale: &Scale, at: (i32, i32), height: i32) -> Result<(), String> {
    const WIDTH: i32 = 16;
    let y = |place: f64| at.1 + height - (place * f64::from(height)).round() as i32;
    for step in 0..STEPS {
        let place = |step: i32| f64::from(step) / f64::from(STEPS);
        let corners = [(at.0, y(place(step + 1))), (at.0 + WIDTH, y(place(step)))];
        let fill = colour(place(step) + 0.5 / f64::from(STEPS));
        area.draw(&Rectangle::new(corners, fill.filled()))
            .map_err(words)?;
    }
    for value in scale.named() {
        let Some(place) = scale.place(value) else {
            continue;
        };
        let tick = [(at.0 + WIDTH, y(place)), (at.0 + WIDTH + 5, y(place))];
        area.draw(&PathElement::new(tick, BLACK.stroke_width(1)))
            .map_err(words)?;
        let style = TextStyle::from(("sans-serif", 13).into_font());
        let style = style.color(&BLACK).pos(Pos::new(HPos::Left, VPos::Center));
        let text = number(&short(value));
        area.draw(&Text::new(text, (at.0 + WIDTH + 9, y(place)), style))
            .map_err(words)?;
    }
    Ok(())
}

/// Three digits of a number, which are enough beside a scale.
fn short(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}
