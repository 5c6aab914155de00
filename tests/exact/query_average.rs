//! Averages over a Gaussian query against the reference of tests/data/query_average.json.
//!
//! The reference integrates over the query in Cartesian coordinates by Gauss-Legendre panels
//! (tools/golden/query_average.py); the product integrates against the density of the score variance.

use crate::support::golden::{self, matrix, number, vector};
use attention_bounds::attention::Head;
use attention_bounds::bound::{GaussianSetting, GaussianSpectrum};
use attention_bounds::exact::gaussian_query_average;
use attention_bounds::law::Gaussian;
use attention_bounds::parameter::PromptLength;
use serde_json::Value;

#[test]
fn averages_and_limits_agree_with_the_reference() {
    let rows = golden::rows("query_average", 50);
    let mut worst: f64 = 0.0;
    for row in &rows {
        let covariance = matrix(&row["token_covariance"]);
        let tokens = Gaussian::centred(covariance.clone()).unwrap();
        let query =
            Gaussian::new(vector(&row["query_mean"]), matrix(&row["query_covariance"])).unwrap();
        let head = Head::with_tilt_bias(
            matrix(&row["key_query"]),
            matrix(&row["value"]),
            vector(&row["tilt_bias"]),
        )
        .unwrap();
        let lengths = [PromptLength::new(row["L"].as_u64().unwrap()).unwrap()];
        let average = gaussian_query_average(&tokens, &head, &query, &lengths).unwrap()[0];
        for (name, computed) in [
            ("error", average.squared_error),
            ("participation", average.participation),
        ] {
            let reference = number(&row[name]);
            let error = (computed.value - reference).abs();
            let label = format!("{name} of {row}");
            assert!(
                error <= computed.error + 1e-15 * reference,
                "{label}: {error:e} exceeds {:e}",
                computed.error
            );
            assert!(
                error <= 1e-8 * reference && computed.error <= 1e-8 * reference,
                "{label}: {error:e}"
            );
            worst = worst.max(error / reference);
        }
        let spectrum = GaussianSpectrum::new(GaussianSetting {
            token_covariance: &covariance,
            key_query: head.key_query(),
            value: head.value(),
            query_mean: query.mean(),
            query_covariance: query.covariance(),
            tilt_bias: head.tilt_bias(),
        })
        .unwrap();
        let lambda = number(&row["lam"]);
        assert!(
            (spectrum.lambda() - lambda).abs() <= 1e-12 * lambda.max(1e-6),
            "lam of {row}"
        );
        match (&row["limit"], spectrum.limiting_constant()) {
            (Value::String(limit), Ok(computed)) => {
                let limit: f64 = limit.parse().unwrap();
                approx::assert_relative_eq!(computed, limit, max_relative = 1e-10);
            }
            (Value::String(_), Err(error)) => assert!(lambda >= 0.5 - 1e-9, "{error}"),
            (_, computed) => assert!(computed.is_err(), "lam = {lambda} has no limit"),
        }
    }
    println!("{} rows, worst relative error {worst:.1e}", rows.len());
}

/// The exponent of T8 by exact averages: `kappa` is a limit, and is reached slowly.
#[test]
fn slopes_tend_to_the_exponent_of_the_sharp_rate() {
    let one = Gaussian::centred(nalgebra::dmatrix![1.0]).unwrap();
    let ends = [10_u64.pow(12), 10_u64.pow(14)].map(|l| PromptLength::new(l).unwrap());
    for lambda in [1.0_f64, 2.0, 4.0] {
        let head = Head::new(nalgebra::dmatrix![lambda.sqrt()], nalgebra::dmatrix![1.0]).unwrap();
        let found = gaussian_query_average(&one, &head, &one, &ends).unwrap();
        let [from, to] = [0, 1].map(|i: usize| found[i].squared_error.value.ln());
        let slope = (from - to) / 100f64.ln();
        let kappa = (1.0 / lambda + 0.25).sqrt() - 0.5;
        assert!((slope - kappa).abs() < 0.04, "{lambda}: {slope} {kappa}");
    }
}
