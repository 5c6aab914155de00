//! Where a result comes from: version, commit, scenario, seed and time.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::text::visible;

/// What a reader needs to compute a result again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// Version of this crate.
    pub version: String,
    /// Short id of the commit that was built, `unknown` outside a checkout.
    pub git: String,
    /// The scenario as the user named it.
    pub scenario: String,
    /// Seed of the simulation, if there is one.
    pub seed: Option<u64>,
    /// When the result was computed: RFC 3339, UTC.
    pub created: String,
}

impl Provenance {
    /// The provenance of a result computed now by this build.
    ///
    /// The environment variable `SOURCE_DATE_EPOCH` (seconds since 1970) replaces the clock if it is
    /// set, so that output can be reproduced byte for byte.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::record::Provenance;
    ///
    /// assert!(Provenance::now("toy", Some(7)).line().contains("scenario toy, seed 7, created "));
    /// ```
    pub fn now(scenario: impl Into<String>, seed: Option<u64>) -> Self {
        let fixed = std::env::var("SOURCE_DATE_EPOCH")
            .ok()
            .and_then(|seconds| seconds.trim().parse().ok());
        let seconds = fixed.unwrap_or_else(|| {
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |elapsed| elapsed.as_secs())
        });
        Self {
            version: env!("CARGO_PKG_VERSION").into(),
            git: option_env!("ATTENTION_BOUNDS_GIT")
                .unwrap_or("unknown")
                .into(),
            scenario: scenario.into(),
            seed,
            created: rfc3339(seconds),
        }
    }

    /// The provenance in one line.
    pub fn line(&self) -> String {
        let seed = self
            .seed
            .map_or_else(String::new, |seed| format!(", seed {seed}"));
        format!(
            "attention-bounds {} (git {}), scenario {}{seed}, created {}",
            self.version,
            self.git,
            visible(&self.scenario),
            self.created
        )
    }
}

/// Seconds since 1970-01-01T00:00:00Z as an RFC 3339 time, in the proleptic Gregorian calendar.
fn rfc3339(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Count days from 0000-03-01, so that a leap day is the last day of its year: 146,097 days are 400
    // years, and month m of a year that starts in March begins on day (153 m + 2) / 5.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use crate::record::provenance::*;

    #[test]
    fn known_times() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_782_399), "2000-02-28T23:59:59Z");
        assert_eq!(rfc3339(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(1_234_567_890), "2009-02-13T23:31:30Z");
        assert_eq!(rfc3339(4_107_542_400), "2100-03-01T00:00:00Z");
    }

    #[test]
    fn days_follow_one_another_for_four_centuries() {
        // Oracle: count days up by the rule for leap years.
        let (mut year, mut month, mut day) = (1970_u64, 1_usize, 1_u64);
        for days in 0..146_097 {
            let expected = format!("{year:04}-{month:02}-{day:02}T00:00:00Z");
            assert_eq!(rfc3339(days * 86_400), expected);
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let lengths = [
                31,
                28 + u64::from(leap),
                31,
                30,
                31,
                30,
                31,
                31,
                30,
                31,
                30,
                31,
            ];
            day += 1;
            if day > lengths[month - 1] {
                (day, month) = (1, month + 1);
            }
            if month > 12 {
                (month, year) = (1, year + 1);
            }
        }
    }
}
