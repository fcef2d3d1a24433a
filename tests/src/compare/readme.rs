//! Puts the tables where the README shows them.

use anyhow::Context;

/// Around what is written by the program.
const BEGIN: &str = "<!-- compare: written by the command above -->";
const END: &str = "<!-- compare: end -->";

/// The README with everything between the two markers replaced.
pub fn with_tables(readme: &str, tables: &str) -> anyhow::Result<String> {
    let (before, rest) = readme.split_once(BEGIN).with_context(|| format!("no {BEGIN}"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("no {END} after it"))?;
    Ok(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", tables.trim()))
}
