//! Durations as people write them: whole numbers with a unit each, `"1h 30m"`.

use std::time::Duration;

use crate::diagnostics::nearest;

/// The spellings of the units, the shortest of each first, and their lengths in milliseconds.
const UNITS: [(&[&str], u64); 5] = [
    (&["ms", "msec", "millis", "millisecond", "milliseconds"], 1),
    (&["s", "sec", "secs", "second", "seconds"], 1_000),
    (&["m", "min", "mins", "minute", "minutes"], 60_000),
    (&["h", "hr", "hrs", "hour", "hours"], 3_600_000),
    (&["d", "day", "days"], 86_400_000),
];

/// Ten years: a longer time is a slip of the pen, and the server would shorten it.
const LONGEST: Duration = Duration::from_hours(10 * 365 * 24);

const BELOW_A_MILLISECOND: &str = "below a millisecond, which no server keeps to";

/// Why a text is no duration, and what to write.
pub(super) enum Wrong {
    /// Something else was probably meant.
    Write(String),
    /// It is one, but not one that can be declared.
    Because(&'static str),
    /// Nobody knows what was meant.
    Unclear,
}

/// Reads what stands between the quotes.
pub(super) fn parse(text: &str) -> Result<Duration, Wrong> {
    let parts = parts(text).filter(|parts| !parts.is_empty()).ok_or(Wrong::Unclear)?;
    if let Some(reason) = parts.iter().find_map(|(_, unit)| refused(unit)) {
        return Err(Wrong::Because(reason));
    }
    if parts.len() > 1 && parts.iter().any(|(_, unit)| unit.is_empty()) {
        // Of which unit the one is cannot be told from the other.
        return Err(Wrong::Unclear);
    }
    let mut is_exact = true;
    let mut total = 0.0_f64;
    let mut seen = Vec::new();
    for (number, unit) in &parts {
        let (millis, as_written) = length(unit).ok_or(Wrong::Unclear)?;
        if seen.contains(&millis) {
            return Err(Wrong::Because("in one unit twice"));
        }
        seen.push(millis);
        is_exact &= as_written && !number.contains('.');
        #[expect(clippy::cast_precision_loss, reason = "the lengths are small whole numbers")]
        let millis = millis as f64;
        total += number.parse::<f64>().map_err(|_| Wrong::Unclear)? * millis;
    }
    if total > 0.0 && total < 1.0 {
        return Err(Wrong::Because(BELOW_A_MILLISECOND));
    }
    if total > LONGEST.as_secs_f64() * 1_000.0 {
        return Err(Wrong::Because("longer than ten years"));
    }
    let duration = Duration::try_from_secs_f64((total.round()) / 1_000.0);
    let duration = duration.map_err(|_| Wrong::Unclear)?;
    // As whole milliseconds, which the sum is up to its rounding.
    let duration = Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
    if is_exact {
        return Ok(duration);
    }
    Err(Wrong::Write(written(duration)))
}

/// The numbers of a text and their units, which may be empty.
fn parts(text: &str) -> Option<Vec<(String, String)>> {
    let mut parts: Vec<(String, String)> = Vec::new();
    let mut before = ' ';
    for character in text.chars() {
        let is_apart = before.is_whitespace();
        let begins = parts.last().is_none_or(|(_, unit)| !unit.is_empty());
        match (character, parts.last_mut()) {
            ('0'..='9' | '.', _) if begins => parts.push((character.into(), String::new())),
            // What stands apart from a number does not belong to it: `1 5s` lacks a unit.
            ('0'..='9' | '.', Some((number, _))) if !is_apart => number.push(character),
            (_, Some((_, unit))) if character.is_alphabetic() && (unit.is_empty() || !is_apart) => {
                unit.push(character);
            }
            // Rust and Python write numbers so.
            ('_', Some((_, unit))) if unit.is_empty() => {}
            // A list of parts may have commas; within a number one may mean a point, or nothing.
            (',', Some(_)) if begins => {}
            (_, _) if character.is_whitespace() => {}
            _ => return None,
        }
        before = character;
    }
    Some(parts)
}

/// The length of a unit in milliseconds, and whether it is spelled right.
fn length(unit: &str) -> Option<(u64, bool)> {
    let of = |word: &str| {
        UNITS.iter().find(|(spellings, _)| spellings.contains(&word)).map(|(_, it)| *it)
    };
    if unit.is_empty() {
        return Some((1_000, false));
    }
    if let Some(millis) = of(unit) {
        return Some((millis, true));
    }
    let spellings: Vec<&str> =
        UNITS.iter().flat_map(|(spellings, _)| *spellings).copied().collect();
    let lowercase = unit.to_lowercase();
    // One letter is near to every other.
    let meant = of(&lowercase).or_else(|| {
        let nearest = nearest(&lowercase, &spellings).filter(|_| unit.chars().count() > 1)?;
        of(nearest)
    });
    Some((meant?, false))
}

/// Units that are known, and not taken.
fn refused(unit: &str) -> Option<&'static str> {
    const MONTHS: &str = "in months, which differ in length: `m` is minutes, `d` is days";
    if unit == "M" {
        return Some(MONTHS);
    }
    // The sign of a millionth is one of two characters: that of its own, or the Greek letter.
    match unit.to_lowercase().as_str() {
        "ns" | "nsec" | "nanos" | "nanosecond" | "nanoseconds" | "us" | "\u{b5}s" | "\u{3bc}s"
        | "usec" | "micros" | "microsecond" | "microseconds" => Some(BELOW_A_MILLISECOND),
        "mo" | "mon" | "mos" | "month" | "months" => Some(MONTHS),
        "w" | "wk" | "wks" | "week" | "weeks" => Some("in weeks: write days, as in \"7d\""),
        "y" | "yr" | "yrs" | "year" | "years" => Some("in years: write days, as in \"365d\""),
        _ => None,
    }
}

/// A duration in the largest units that are exact.
pub(crate) fn written(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if rest < 10_000 && rest % 1_000 > 0 {
        return format!("{rest}ms");
    }
    let mut parts = Vec::new();
    for (spellings, millis) in UNITS.iter().rev() {
        if rest >= *millis {
            parts.push(format!("{}{}", rest / millis, spellings[0]));
            rest %= millis;
        }
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}
