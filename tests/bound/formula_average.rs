//! The average of a user's formula over a Gaussian query, against closed forms and against lists of queries.

use attention_bounds::attention::{Head, QueryLaw};
use attention_bounds::claim::{Formula, VARIABLES};
use attention_bounds::error::Result;
use attention_bounds::law::{Gaussian, Rademacher, TokenLaw};
use attention_bounds::parameter::PromptLength;
use attention_bounds::record::{Metric, QueryLabel, Row};
use attention_bounds::study::claims::add_formulas;
use attention_bounds::study::{Question, Silent, rate};
use nalgebra::{DMatrix, DVector};
use statrs::function::gamma::gamma;

/// The values of a formula in the average row at these lengths.
fn averages(
    tokens: &dyn TokenLaw,
    head: &Head,
    query: &QueryLaw,
    text: &str,
    lengths: &[u64],
) -> Result<Vec<f64>> {
    let question = Question::new(tokens, head, query)?;
    let row = |length: &u64| {
        let none = Err("not computed".to_owned());
        Row::new(
            Metric::Output,
            QueryLabel::Average,
            *length,
            none,
            Vec::new(),
        )
    };
    let mut rows: Vec<Row> = lengths.iter().map(row).collect();
    add_formulas(&question, &[Formula::new(text, &VARIABLES)?], &mut rows)?;
    let value = |row: &Row| row.claims[0].value.clone().unwrap();
    Ok(rows.iter().map(value).collect())
}

fn average(tokens: &dyn TokenLaw, head: &Head, query: &Gaussian, text: &str) -> Result<f64> {
    let query = QueryLaw::Gaussian(query.clone());
    averages(tokens, head, &query, text, &[10]).map(|values| values[0])
}

fn close(found: f64, wanted: f64, what: &str) {
    assert!(
        (found / wanted - 1.0).abs() < 1e-9,
        "{what}: {found:e}, not {wanted:e}"
    );
}

fn isotropic(d: usize, u: f64) -> (Gaussian, Head, Gaussian) {
    let one = DMatrix::identity(d, d);
    (
        Gaussian::centred(one.clone()).unwrap(),
        Head::new(&one * u, one.clone()).unwrap(),
        Gaussian::centred(one).unwrap(),
    )
}

#[test]
fn isotropic_queries_have_closed_forms() {
    // s = u |z| with |z|^2 chi-square of d degrees: E s^p = (u sqrt 2)^p Gamma((d+p)/2) / Gamma(d/2), E e^{c s^2} =
    // (1 - 2 c u^2)^{-d/2}; tau_V = d, eta = s^2.
    for (d, u) in [(1, 0.3), (1, 0.65), (2, 0.5), (3, 0.05), (8, 0.6)] {
        let (tokens, head, query) = isotropic(d, u);
        let of = |text: &str| average(&tokens, &head, &query, text).unwrap();
        let n = d as f64;
        let power = |p: f64| (u * 2f64.sqrt()).powf(p) * gamma((n + p) / 2.0) / gamma(n / 2.0);
        let exponential = |c: f64| (1.0 - 2.0 * c * u * u).powf(-n / 2.0);
        close(of("s"), power(1.0), "E s");
        close(of("norm_a^3"), power(3.0), "E |a|^3");
        close(
            of("s + 2*norm_a^2"),
            power(1.0) + 2.0 * power(2.0),
            "s and norm_a",
        );
        close(of("1/sqrt(s)"), power(-0.5), "E s^-1/2");
        close(of("d*exp(s^2)/L"), n * exponential(1.0) / 10.0, "E e^{s^2}");
        close(of("rho - kap + exp(-s^2)"), exponential(-1.0), "E e^{-s^2}");
        close(of("F0/L + L"), (n + n * u * u) / 10.0 + 10.0, "E F0");
        // E[s^2 e^{s^2}] = d u^2 (1 - 2 u^2)^{-d/2 - 1}.
        let slope = n * u * u * exponential(1.0) / (1.0 - 2.0 * u * u);
        close(of("2*A2"), 2.0 * (n * exponential(1.0) + slope), "E A2");
        // Kinks are found: E min(s, 1/2) of d = 1 is an error function.
        if d == 1 {
            let k = 0.5 / u;
            let density = (-0.5 * k * k).exp() / (2.0 * std::f64::consts::PI).sqrt();
            let beyond = statrs::function::erf::erfc(k / 2f64.sqrt());
            // E[|z|; |z| < k] = 2 (phi(0) - phi(k)).
            let below = 2.0 * u * (1.0 / (2.0 * std::f64::consts::PI).sqrt() - density);
            close(of("min(s, 0.5)"), below + 0.5 * beyond, "E min(s, 1/2)");
        }
    }
}

#[test]
fn any_gaussian_query_agrees_with_other_routes() {
    let tokens = Gaussian::new(
        DVector::from_vec(vec![0.2, 0.0, -1.0]),
        DMatrix::from_row_slice(3, 3, &[1.0, 0.4, 0.0, 0.4, 0.7, 0.1, 0.0, 0.1, 0.3]),
    )
    .unwrap();
    let head = Head::with_tilt_bias(
        DMatrix::from_row_slice(3, 2, &[0.4, 0.1, 0.0, 0.3, -0.2, 0.2]),
        DMatrix::from_row_slice(2, 3, &[1.0, 0.0, 0.5, 0.0, 2.0, 0.0]),
        DVector::from_vec(vec![0.1, 0.0, -0.2]),
    )
    .unwrap();
    let covariance = DMatrix::from_row_slice(2, 2, &[0.8, 0.3, 0.3, 0.5]);
    let query = Gaussian::new(DVector::from_vec(vec![0.5, -1.0]), covariance).unwrap();
    // E A2 is the limiting constant of T8, in closed form.
    let law = QueryLaw::Gaussian(query.clone());
    let question = Question::new(&tokens, &head, &law).unwrap();
    let lengths = [PromptLength::new(10).unwrap()];
    let limit = rate::rate(&question, &lengths, &Silent)
        .unwrap()
        .limiting_constant;
    close(
        average(&tokens, &head, &query, "A2").unwrap(),
        limit.unwrap(),
        "E A2",
    );
    // E s^2 = tr(Gamma E a a^T) for tokens of any law with this covariance.
    let moment = |gamma: &DMatrix<f64>| {
        let mean = head.tilt(query.mean());
        let spread = head.key_query() * query.covariance() * head.key_query().transpose();
        (gamma * (spread + &mean * mean.transpose())).trace()
    };
    let squares = average(&tokens, &head, &query, "s^2").unwrap();
    close(squares, moment(tokens.covariance()), "E s^2");
    let norms = average(&tokens, &head, &query, "norm_a^2").unwrap();
    close(norms, moment(&DMatrix::identity(3, 3)), "E |a|^2");
    let signs = Rademacher::new(3, 1.5).unwrap();
    let squares = average(&signs, &head, &query, "s^2").unwrap();
    close(
        squares,
        2.25 * moment(&DMatrix::identity(3, 3)),
        "E s^2 of signs",
    );

    // A query of almost no variance is a fixed query, and one of none exactly so.
    let mean = query.mean().clone();
    let fixed = QueryLaw::uniform(DMatrix::from_columns(std::slice::from_ref(&mean))).unwrap();
    for text in ["exp(s)/L", "A2/L + F0*s", "norm_a", "max(s, 0.3)*sigma"] {
        let wanted = averages(&tokens, &head, &fixed, text, &[3, 70]).unwrap();
        for scale in [0.0, 1e-12] {
            let narrow = Gaussian::new(mean.clone(), DMatrix::identity(2, 2) * scale).unwrap();
            let narrow = QueryLaw::Gaussian(narrow);
            let found = averages(&tokens, &head, &narrow, text, &[3, 70]).unwrap();
            for (found, wanted) in found.iter().zip(&wanted) {
                assert!(
                    (found / wanted - 1.0).abs() < 1e-5,
                    "{text}: {found} {wanted}"
                );
            }
        }
    }
}

#[test]
fn averages_that_do_not_exist_are_refused() {
    let (tokens, head, query) = isotropic(1, 0.8);
    let refusal = |text: &str| {
        average(&tokens, &head, &query, text)
            .unwrap_err()
            .to_string()
    };
    // 2 u^2 = 1.28: E e^{s^2} is infinite; E 1/s is infinite in one dimension.
    for text in ["exp(s^2)", "rho/L", "1/s", "1/s^2", "A2"] {
        assert!(
            refusal(text).contains("infinite"),
            "{text}: {}",
            refusal(text)
        );
    }
    assert!(refusal("ln(-s)").contains("not a number"));
    assert!(refusal("A2^2").contains("A2, which may only be added"));
    let signs = Rademacher::new(1, 1.0).unwrap();
    let message = average(&signs, &head, &query, "kap*s")
        .unwrap_err()
        .to_string();
    assert!(message.contains("kap, whose law is not known") && message.contains("s alone"));
    let skew = Gaussian::centred(DMatrix::from_row_slice(2, 2, &[1.0, 0.0, 0.0, 2.0])).unwrap();
    let (_, head, query) = isotropic(2, 0.3);
    let message = average(&skew, &head, &query, "s*norm_a")
        .unwrap_err()
        .to_string();
    assert!(message.contains("s beside norm_a"), "{message}");
    assert!(average(&skew, &head, &query, "s").is_ok());
}

#[test]
fn a_value_that_is_no_number_is_refused_with_its_cell() {
    let (tokens, head, _) = isotropic(1, 1.0);
    let query = QueryLaw::uniform(DMatrix::from_row_slice(1, 2, &[0.0, 40.0])).unwrap();
    for (text, part) in [
        ("exp(s^2)/L", "infinite at the average over queries, L = 7"),
        ("0/s", "not a number"),
    ] {
        let message = averages(&tokens, &head, &query, text, &[7])
            .unwrap_err()
            .to_string();
        assert!(
            message.contains(part) && message.contains(text),
            "{message}"
        );
    }
    // A negative value is a number, and no bound.
    let question = Question::new(&tokens, &head, &query).unwrap();
    let none = Err("not computed".to_owned());
    let mut rows = [Row::new(
        Metric::Output,
        QueryLabel::Index(1),
        7,
        none,
        Vec::new(),
    )];
    let formula = Formula::new("-s", &VARIABLES).unwrap();
    add_formulas(&question, &[formula], &mut rows).unwrap();
    assert_eq!(
        rows[0].claims[0].value,
        Err("the formula gives -40".to_owned())
    );
}
