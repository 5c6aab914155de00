//! The answer of `scan` as comma-separated values.

use crate::exact::Exact;
use crate::record::{Cell, Provenance, ScanAnswer, ScanRow};
use crate::text::visible;

impl ScanAnswer {
    /// One line a head: `layer, head, s, rho, participation, effective_length, entropy, relative_to`, then
    /// `error_<L>, error_<L>_error, error_<L>_proved` for each length, `length` and `reason`. Lines that start with `#` are comments. Numbers read
    /// back to the same value; what is missing is empty.
    pub fn csv(&self, provenance: &Provenance) -> String {
        let mut text = String::new();
        let comments = [provenance.line(), self.description.clone()].into_iter();
        let epsilon = self.epsilon.map(|e| format!("epsilon: {e}"));
        for comment in comments
            .chain(epsilon)
            .chain(self.notes.iter().cloned())
            .chain(self.stopped())
        {
            text.push_str(&format!("# {}\n", visible(&comment)));
        }
        let mut header: Vec<String> = [
            "layer",
            "head",
            "s",
            "rho",
            "participation",
            "effective_length",
            "entropy",
            "relative_to",
        ]
        .map(String::from)
        .to_vec();
        for length in &self.lengths {
            header.extend(["", "_error", "_proved"].map(|part| format!("error_{length}{part}")));
        }
        header.extend(["length", "reason"].map(String::from));
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut written = writer.write_record(&header);
        for row in &self.rows {
            let fields = row.fields(header.len());
            written = written.and_then(|()| writer.write_record(fields));
        }
        // Writing records of one length to memory does not fail.
        let bytes = written.ok().and_then(|()| writer.into_inner().ok());
        text.push_str(&String::from_utf8_lossy(&bytes.unwrap_or_default()));
        text
    }
}

impl ScanRow {
    fn fields(&self, width: usize) -> Vec<String> {
        let mut fields = vec![self.layer.to_string(), self.head.to_string()];
        if let Ok(profile) = &self.profile {
            let float = |x: f64| format!("{x:e}");
            let of = |cell: Option<f64>| cell.map_or_else(String::new, float);
            let exact = |cell: &Cell<Exact>| of(cell.as_ref().ok().map(|e| e.value));
            fields.extend([float(profile.score_deviation), float(profile.rho)]);
            fields.push(exact(&profile.participation));
            fields.push(of(profile.effective_length.as_ref().ok().copied()));
            fields.push(exact(&profile.entropy));
            fields.push(float(profile.relative_to));
            for error in &profile.errors {
                let found = error.exact.as_ref().ok();
                fields.push(exact(&error.exact));
                fields.push(of(found.map(|found| found.error)));
                let proved = found.map(|found| found.unproved.is_none().to_string());
                fields.push(proved.unwrap_or_default());
            }
            let reached = profile.reached.as_ref().and_then(|cell| cell.as_ref().ok());
            fields.push(reached.map_or_else(String::new, |reached| reached.length.to_string()));
        }
        fields.resize(width.saturating_sub(1), String::new());
        fields.push(self.reasons().join("; "));
        fields
    }
}
