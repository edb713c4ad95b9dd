//! Figures beside their targets.

/// One measured figure.
pub(crate) struct Figure {
    /// What was measured.
    pub(crate) name: &'static str,
    /// What came out, in `unit`.
    pub(crate) measured: f64,
    /// What it may be at most; none where it is only informative.
    pub(crate) target: Option<f64>,
    /// The unit of both.
    pub(crate) unit: &'static str,
    /// The same thing without the plugin's own work, measured in the same run, and what that is.
    pub(crate) reference: Option<(f64, &'static str)>,
}

impl Figure {
    /// Whether the target was missed.
    pub(crate) fn missed(&self) -> bool {
        self.target.is_some_and(|target| self.measured > target)
    }
}

/// Prints the figures as a table.
pub(crate) fn print(figures: &[Figure]) {
    println!("{:<44} {:>10} {:>10} {:<5} {:<8} reference in this run", "figure", "measured", "at most", "unit", "");
    for figure in figures {
        let target = figure.target.map_or_else(|| "-".to_owned(), |target| format!("{target:.1}"));
        let verdict = match (figure.target, figure.missed()) {
            (None, _) => "",
            (_, false) => "kept",
            (_, true) => "MISSED",
        };
        let reference = figure.reference.map_or_else(String::new, |(value, what)| {
            format!("{:.1} x {what} ({value:.2} {})", figure.measured / value, figure.unit)
        });
        println!(
            "{:<44} {:>10.2} {target:>10} {:<5} {verdict:<8} {reference}",
            figure.name, figure.measured, figure.unit
        );
    }
}
