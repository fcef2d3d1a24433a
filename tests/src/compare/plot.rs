//! The figure, from what is stored: a dot for each kill and each cancellation, a bar at the median.
//!
//! Times are on a logarithmic scale, since what is compared lies between milliseconds and half a
//! minute; what is below its lower end is drawn there.

use std::ops::Range;

use anyhow::anyhow;
use plotters::{
    coord::{Shift, types::RangedCoordf64},
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::{
    results::Results,
    spread::Spread,
    stage::Order,
    variant::{TIMEOUTS, Variant},
};

const SIZE: (u32, u32) = (960, 420);

/// Seconds from the bottom to the top.
const SECONDS: Range<f64> = 0.009..40.0;

const FONT: &str = "sans-serif";
const INK: RGBColor = RGBColor(51, 51, 51);
const PALE: RGBColor = RGBColor(222, 222, 222);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, LogCoord<f64>>>;

/// What is drawn of one variant at one timeout.
type Column<'a> = (u64, Variant, &'a Spread);

/// Draws it, as SVG.
pub fn render(results: &Results) -> anyhow::Result<String> {
    let repeats = results.repeats.as_ref().map_or(&[][..], |section| &section.rows);
    let repeats: Vec<Column<'_>> =
        repeats.iter().map(|row| (row.timeout, row.variant, &row.repeated)).collect();
    let delays = results.delays.as_ref().map_or(&[][..], |section| &section.rows);
    let delays: Vec<Column<'_>> = delays
        .iter()
        .filter(|row| row.order == Order::Cancel)
        .map(|row| (row.timeout, row.variant, &row.delay))
        .collect();
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        root.fill(&WHITE).map_err(failed)?;
        let (legend, panels) = root.split_vertically(36);
        draw_legend(&legend)?;
        let (left, right) = panels.split_horizontally(SIZE.0 / 2);
        draw_panel(&left, "Work repeated after a kill", &repeats)?;
        draw_panel(&right, "From a cancellation to the body", &delays)?;
        root.present().map_err(failed)?;
    }
    Ok(svg)
}

/// What it says where it cannot be drawn: its errors borrow nothing that is worth keeping.
fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("the figure: {error}")
}

fn colour(variant: Variant) -> RGBColor {
    // Told apart by those who do not see all colours as well.
    match variant {
        Variant::ByHand => RGBColor(213, 94, 0),
        Variant::Default => RGBColor(0, 114, 178),
        Variant::EachSecond => RGBColor(0, 158, 115),
        Variant::Commits => RGBColor(204, 121, 167),
    }
}

fn name(variant: Variant) -> &'static str {
    match variant {
        Variant::ByHand => "by hand, a heartbeat an item",
        Variant::Default => "autobeat",
        Variant::EachSecond => "interval of 1 s",
        Variant::Commits => "a commit each 100 items",
    }
}

fn draw_legend(area: &Area<'_>) -> anyhow::Result<()> {
    let places = [80, 320, 460, 630];
    for (variant, x) in Variant::ALL.into_iter().zip(places) {
        area.draw(&Circle::new((x, 20), 5, colour(variant).filled())).map_err(failed)?;
        let style = text(15).pos(Pos::new(HPos::Left, VPos::Center));
        area.draw(&Text::new(name(variant), (x + 12, 20), style)).map_err(failed)?;
    }
    Ok(())
}

fn text(size: u32) -> TextStyle<'static> {
    (FONT, size).into_font().color(&INK)
}

fn draw_panel(area: &Area<'_>, title: &str, columns: &[Column<'_>]) -> anyhow::Result<()> {
    let groups = 0.0..f64::from(u32::try_from(TIMEOUTS.len())?);
    let mut chart = ChartBuilder::on(area)
        .caption(title, text(19))
        .margin(12)
        .x_label_area_size(34)
        .y_label_area_size(56)
        .build_cartesian_2d(groups, SECONDS.log_scale())
        .map_err(failed)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .disable_x_axis()
        .light_line_style(TRANSPARENT)
        .bold_line_style(PALE)
        .axis_style(PALE)
        .label_style(text(14))
        .y_labels(5)
        .y_label_formatter(&|seconds| duration(*seconds))
        .draw()
        .map_err(failed)?;
    for (group, timeout) in (0_u32..).zip(TIMEOUTS) {
        let of_group: Vec<_> = columns.iter().filter(|column| column.0 == timeout).collect();
        let width = 1.0 / f64::from(u32::try_from(of_group.len())? + 1);
        for (place, (_, variant, spread)) in (1_u32..).zip(of_group) {
            let x = f64::from(group) + width * f64::from(place);
            draw_column(&mut chart, x, *variant, spread)?;
        }
    }
    draw_timeouts(area, &chart)
}

fn draw_column(
    chart: &mut Chart<'_, '_>,
    x: f64,
    variant: Variant,
    spread: &Spread,
) -> anyhow::Result<()> {
    let within = |seconds: f64| seconds.clamp(SECONDS.start, SECONDS.end);
    let dots = spread
        .samples
        .iter()
        .map(|sample| Circle::new((x, within(*sample)), 4, colour(variant).mix(0.45).filled()));
    chart.draw_series(dots).map_err(failed)?;
    if spread.count > 0 {
        let median = within(spread.median);
        let bar = [(x - 0.07, median), (x + 0.07, median)];
        let bar = PathElement::new(bar, colour(variant).stroke_width(3));
        chart.draw_series([bar]).map_err(failed)?;
    }
    Ok(())
}

/// Which timeout each group stands for, below it.
fn draw_timeouts(area: &Area<'_>, chart: &Chart<'_, '_>) -> anyhow::Result<()> {
    let (origin_x, origin_y) = area.get_base_pixel();
    for (group, timeout) in (0_u32..).zip(TIMEOUTS) {
        let (x, y) = chart.backend_coord(&(f64::from(group) + 0.5, SECONDS.start));
        let style = text(15).pos(Pos::new(HPos::Center, VPos::Top));
        let label = format!("timeout {timeout} s");
        let place = (x - origin_x, y - origin_y + 10);
        area.draw(&Text::new(label, place, style)).map_err(failed)?;
    }
    Ok(())
}

fn duration(seconds: f64) -> String {
    if seconds < 0.1 { format!("{:.0} ms", seconds * 1_000.0) } else { format!("{seconds} s") }
}
