use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

/// What was proven, row by row and column by column. Cells exist from the start; a proof fills one.
#[derive(Debug, Default)]
pub struct Table {
    cells: Mutex<BTreeMap<(String, usize), Option<String>>>,
}

impl Table {
    /// A cell that must be filled.
    pub fn expect(&self, row: &str, column: usize) {
        self.lock().insert((row.to_owned(), column), None);
    }

    /// Fills a cell.
    pub fn fill(&self, row: &str, column: usize, with: String) {
        self.lock().insert((row.to_owned(), column), Some(with));
    }

    /// How many cells are empty.
    pub fn empty(&self) -> usize {
        self.lock().values().filter(|cell| cell.is_none()).count()
    }

    /// The table with these headings; an empty cell shows as `-`.
    pub fn print(&self, headings: &[String]) -> String {
        let cells = self.lock();
        let width = |text: &str| text.chars().count();
        let first = cells.keys().map(|(row, _)| width(row)).max().unwrap_or(0) + 2;
        let widths: Vec<_> = (headings.iter().enumerate())
            .map(|(column, heading)| {
                let filled = cells.iter().filter(|((_, at), _)| *at == column).filter_map(|(_, cell)| cell.as_ref());
                filled.map(|cell| width(cell)).max().unwrap_or(0).max(width(heading)) + 2
            })
            .collect();
        let mut text = format!("{:first$}", "");
        for (heading, width) in headings.iter().zip(&widths) {
            let _ = write!(text, "{heading:width$}");
        }
        let mut last = "";
        for ((row, column), cell) in cells.iter() {
            if row != last {
                let _ = write!(text, "\n{row:first$}");
                last = row;
            }
            let width = widths.get(*column).copied().unwrap_or(0);
            let _ = write!(text, "{:width$}", cell.as_deref().unwrap_or("-"));
        }
        text.push('\n');
        text
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<(String, usize), Option<String>>> {
        self.cells.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
