//! Why numbers of a row are missing.

use crate::record::ScanRow;

impl ScanRow {
    /// Why numbers are missing, each reason once.
    pub(super) fn reasons(&self) -> Vec<&str> {
        let profile = match &self.profile {
            Ok(profile) => profile,
            Err(reason) => return vec![reason],
        };
        let errors = profile
            .errors
            .iter()
            .map(|error| error.exact.as_ref().err());
        let others = [
            profile.participation.as_ref().err(),
            profile.entropy.as_ref().err(),
            profile
                .reached
                .as_ref()
                .and_then(|cell| cell.as_ref().err()),
        ];
        let mut reasons: Vec<&str> = Vec::new();
        for reason in errors.chain(others).flatten() {
            if !reasons.contains(&reason.as_str()) {
                reasons.push(reason);
            }
        }
        reasons
    }
}
