//! The picture of a recording: an SVG in which each row stands for as long as it stood on the screen.
//!
//! It moves by style sheets alone, so that it does so in a page's `<img>` too, and begins again for ever.
//! What stood there at the end is what is visible where nothing may move.

use std::{fmt::Write, time::Duration};

use vt100::Color;

use super::{Look, Run};

const COLUMN: f64 = 8.43;
const ROW: u16 = 19;
const MARGIN: u16 = 16;

/// A row that did not change from one time to another.
struct Still<'a> {
    row: u16,
    runs: &'a [Run],
    from: Duration,
    to: Option<Duration>,
}

pub(super) fn draw(
    title: &str,
    looks: &[Look],
    (rows, columns): (u16, u16),
    whole: Duration,
) -> String {
    let width = f64::from(columns).mul_add(COLUMN, f64::from(2 * MARGIN));
    let height = rows * ROW + 2 * MARGIN;
    // Two of these may stand in one page, whose names are shared.
    let name: String = title.chars().filter(char::is_ascii_alphabetic).collect();
    let (mut styles, mut texts) = (String::new(), String::new());
    for (number, still) in stills(looks, rows).iter().enumerate() {
        let name = format!("{name}{number}");
        add_style(&mut styles, &name, still, whole);
        add_text(&mut texts, &name, still);
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height}\" \
         width=\"{width:.0}\" role=\"img\">\n<title>{title}</title>\n<style>\n{styles}\
         @media (prefers-reduced-motion: reduce) {{ text {{ animation: none !important }} }}\n</style>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#1f2430\"/>\n\
         <g font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"14\" \
         fill=\"#d8dee9\" style=\"white-space: pre\">\n{texts}</g>\n</svg>\n"
    )
}

fn stills(looks: &[Look], rows: u16) -> Vec<Still<'_>> {
    let mut stills: Vec<Still<'_>> = vec![];
    for row in 0..rows {
        let mut open: Option<Still<'_>> = None;
        for look in looks {
            let runs = &look.rows[usize::from(row)][..];
            if open.as_ref().is_some_and(|still| still.runs == runs) {
                continue;
            }
            let next = Still { row, runs, from: look.at, to: None };
            stills.extend(open.replace(next).map(|still| Still { to: Some(look.at), ..still }));
        }
        stills.extend(open);
    }
    stills.retain(|still| !still.runs.is_empty());
    stills
}

fn add_style(styles: &mut String, name: &str, still: &Still<'_>, whole: Duration) {
    let share = |at: Duration| 100.0 * at.as_secs_f64() / whole.as_secs_f64();
    let at_rest = if still.to.is_some() { "hidden" } else { "visible" };
    let end = still.to.map_or(100.0, share);
    let seconds = whole.as_secs_f64();
    let _never_fails = writeln!(
        styles,
        ".{name} {{ visibility: {at_rest}; animation: {name} {seconds:.1}s step-end infinite }} \
         @keyframes {name} {{ 0% {{ visibility: hidden }} {:.2}% {{ visibility: visible }} \
         {end:.2}%, 100% {{ visibility: {at_rest} }} }}",
        share(still.from),
    );
}

fn add_text(texts: &mut String, name: &str, still: &Still<'_>) {
    let y = MARGIN + still.row * ROW + 14;
    let _never_fails = write!(texts, "<text class=\"{name}\" y=\"{y}\">");
    for run in still.runs {
        let x = f64::from(run.column).mul_add(COLUMN, f64::from(MARGIN));
        let (weight, opacity) = (
            if run.is_bold { " font-weight=\"bold\"" } else { "" },
            if run.is_dim { " opacity=\"0.6\"" } else { "" },
        );
        let length = f64::from(u16::try_from(run.text.chars().count()).unwrap_or(u16::MAX));
        let _never_fails = write!(
            texts,
            "<tspan x=\"{x:.1}\" textLength=\"{:.1}\"{}{weight}{opacity}>{}</tspan>",
            length * COLUMN,
            fill(run.colour),
            escaped(&run.text),
        );
    }
    texts.push_str("</text>\n");
}

fn fill(colour: Color) -> String {
    /// The first eight of a terminal, as they read on a dark ground.
    const NAMED: [&str; 8] =
        ["#5c6773", "#f07178", "#a6cc70", "#ffd173", "#5c9ded", "#d4a0ff", "#6fd3d8", "#d8dee9"];
    match colour {
        Color::Default => String::new(),
        Color::Idx(index) => format!(" fill=\"{}\"", NAMED[usize::from(index % 8)]),
        Color::Rgb(red, green, blue) => format!(" fill=\"#{red:02x}{green:02x}{blue:02x}\""),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
