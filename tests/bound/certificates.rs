//! Certificates: what is written, that Coq proves it, and that it refuses a decimal that is too small.
//!
//! Coq is used where it is installed; the tests that need it say so when it is not. `./test` says it too.

use crate::support::tools;
use attention_bounds::attention::{Head, QueryLaw};
use attention_bounds::bound::{
    Bound, GaussianOutput, KnownMoments, SubGaussianMoments, ValueSpectrum, output_bounds,
    participation_bounds, tail_bound,
};
use attention_bounds::certificate::{Certificates, run};
use attention_bounds::law::{Gaussian, Sphere, TokenLaw};
use attention_bounds::parameter::{Positive, PromptLength, VarianceProxy};
use attention_bounds::record::{Metric, QueryLabel, Row};
use attention_bounds::study::TableOptions;
use attention_bounds::study::table::rows;
use attention_bounds::study::{Question, Silent};
use nalgebra::{DMatrix, DVector};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn coq() -> bool {
    tools::coq("certificates of printed bounds, proved by Coq")
}

fn length(l: u64) -> PromptLength {
    PromptLength::new(l).unwrap()
}

/// Standard normal tokens in the plane, two queries.
fn table(tokens: &dyn TokenLaw, lengths: &[u64]) -> Vec<Row> {
    let identity = DMatrix::identity(2, 2);
    let head = Head::new(identity.clone(), identity).unwrap();
    let queries = DMatrix::from_row_slice(2, 2, &[0.5, 1.0, 0.0, 0.25]);
    let query = QueryLaw::uniform(queries).unwrap();
    let question = Question::new(tokens, &head, &query).unwrap();
    let lengths: Vec<PromptLength> = lengths.iter().map(|l| length(*l)).collect();
    let options = TableOptions {
        participation: true,
        tail: Some(Positive::new("eps", 0.5).unwrap()),
        ..TableOptions::default()
    };
    rows(&question, &lengths, &options, &Silent).unwrap()
}

#[test]
fn lemmas_state_the_formula_at_exact_rationals() {
    let tokens = Gaussian::centred(DMatrix::identity(2, 2)).unwrap();
    let all = table(&tokens, &[4096]);
    let certificates = Certificates::new(&all, false);
    let text = certificates.text(&["a *) comment".to_owned()]);
    for function in [
        "gaussian_laplace_split_bound two_splits (",
        "gaussian_chernoff_bound (",
        "participation_split_bound two_splits (exp (",
        "chernoff_tail_bound (exp (",
        "chernoff_bound (subgaussian_A2 (",
    ] {
        assert!(text.contains(function), "{function}: {text}");
    }
    assert!(text.starts_with("(* a * ) comment *)\n"), "{text}");
    // Every valid bound of the table has its lemma.
    let valid = all
        .iter()
        .flat_map(|row| &row.bounds)
        .filter(|b| b.useful_value().is_some())
        .count();
    assert_eq!(
        certificates.certified() + certificates.left_out.len(),
        valid
    );
    // T15 and T6.chernoff-entropy have none, nor the averages that they are a part of.
    for left_out in &certificates.left_out {
        let expected = ["T15", "T6.chernoff-entropy", "T6 output-concentration"];
        assert!(
            expected.iter().any(|t| left_out.theorem.starts_with(t)),
            "{left_out:?}"
        );
        assert!(left_out.reason.contains("T15"), "{left_out:?}");
    }
    assert!(certificates.certified() > certificates.left_out.len());
    // The printed decimal of T5 at query 0, as in a table.
    let bound = all[0]
        .bounds
        .iter()
        .find(|b| b.theorem().id() == "T5")
        .unwrap();
    let decimal = attention_bounds::render::round_up(bound.value().unwrap(), 4);
    let lemma = certificates
        .lemmas
        .iter()
        .find(|lemma| lemma.about.starts_with("T5 ") && lemma.about.contains("output, query 0"))
        .unwrap();
    assert_eq!(lemma.decimal, decimal);
}

/// Constants that are floats appear as they are: `s^2 = 1/4`, `tau = 2`, `eta = 1/10` (the float), `nu = 3, 1/2`.
#[test]
fn arguments_are_the_floats_of_the_record() {
    let known = KnownMoments::gaussian(GaussianOutput::new(0.25, 2.0, 0.1).unwrap());
    let values = ValueSpectrum::from_eigenvalues(vec![0.5, 3.0]).unwrap();
    let class = SubGaussianMoments::new(VarianceProxy::new(1.0).unwrap(), 0.5, &values).unwrap();
    let bounds = output_bounds(Some(&known), Some(&class), length(4096));
    let parameter = |id: &str, name: &str| {
        let bound = bounds.iter().find(|b| b.theorem().id() == id).unwrap();
        let found = bound.parameters().iter().find(|p| p.name == name).unwrap();
        attention_bounds::certificate::exact(found.value).unwrap()
    };
    let (delta, theta) = (parameter("T4", "del"), parameter("T5", "th of I_2"));
    let lambda = parameter("T6.crude", "lam");
    let row = Row::new(
        Metric::Output,
        QueryLabel::Index(0),
        4096,
        Err("none".into()),
        bounds.clone(),
    );
    let text = Certificates::new(&[row], true).text(&[]);
    let eta = "(3602879701896397/36028797018963968)";
    for term in [
        format!("  gaussian_chernoff_bound (1/4) 2 {eta} 4096 {delta}\n"),
        format!("  gaussian_laplace_split_bound two_splits (1/4) 2 {eta} 4096 {theta}\n"),
        format!(" 1 (3 :: (1/2) :: nil) 3 {lambda} 4096\n"),
    ] {
        assert!(text.contains(&term), "{term} {text}");
    }
}

#[test]
fn integrals_and_suprema_are_left_out_with_their_reason() {
    let identity = DMatrix::identity(2, 2);
    let tokens = Gaussian::centred(identity.clone()).unwrap();
    let head = Head::new(&identity * 0.3, identity.clone()).unwrap();
    let query = QueryLaw::gaussian(tokens.clone());
    let question = Question::new(&tokens, &head, &query).unwrap();
    let all = rows(
        &question,
        &[length(10_000)],
        &TableOptions::default(),
        &Silent,
    )
    .unwrap();
    let certificates = Certificates::new(&all, false);
    assert!(
        certificates
            .left_out
            .iter()
            .any(|left| left.theorem.starts_with("T5"))
    );
    assert!(
        certificates
            .left_out
            .iter()
            .all(|left| left.reason.contains("integral"))
    );
}

#[test]
#[ignore = "long: run by ./test --all"]
fn coq_proves_the_certificates_of_a_table_and_refuses_a_wrong_decimal() {
    if !coq() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let tokens = Sphere::new(2, 1.0).unwrap();
    let certificates = Certificates::new(&table(&tokens, &[4096]), false);
    let text = certificates.text(&[]);
    run(folder.path(), &text).unwrap();
    // One in the fourth digit of each kind of bound, downwards: Coq refuses, at that lemma.
    let mut refused = 0;
    for kind in [
        "T4 chernoff",
        "T5 laplace",
        "T6.crude",
        "T4.tail",
        "T5.participation",
        "trivial",
    ] {
        let Some(lemma) = certificates
            .lemmas
            .iter()
            .find(|lemma| lemma.about.starts_with(kind) && lemma.about.contains("query 0"))
        else {
            // Beaten by the trivial bound in this table.
            assert_eq!(kind, "T6.crude");
            continue;
        };
        let (before, after) = text.split_once(&format!("Lemma {} :", lemma.name)).unwrap();
        let (statement, rest) = after.split_once("\n  <= (").unwrap();
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let less = (digits.parse::<u64>().unwrap() - 1).to_string();
        let wrong = format!(
            "{before}Lemma {} :{statement}\n  <= ({less}{}",
            lemma.name,
            &rest[digits.len()..]
        );
        let error = run(folder.path(), &wrong).unwrap_err().to_string();
        let line = before.matches('\n').count() + 1;
        let place: usize = error
            .split("line ")
            .nth(1)
            .and_then(|rest| rest.split(',').next())
            .and_then(|number| number.parse().ok())
            .unwrap_or_else(|| panic!("{kind}: {error}"));
        assert!(
            place >= line && place <= line + 4,
            "{kind}: {error}, the lemma is in line {line}"
        );
        refused += 1;
    }
    assert!(refused >= 5, "{refused}");
}

/// Random and extreme arguments: s^2 to 80, L to 2^53, values from 1e-6 to 1e6, one and two splits. The enclosures
/// of the program against Coq's own arithmetic.
#[test]
#[ignore = "long: run by ./test --all"]
fn enclosures_agree_with_coq_on_two_hundred_bounds() {
    let mut random = ChaCha8Rng::seed_from_u64(31);
    let mut all = Vec::new();
    let mut add = |metric, bounds: Vec<Bound>| {
        all.push(Row::new(
            metric,
            QueryLabel::Index(all.len()),
            1,
            Err("none".into()),
            bounds,
        ));
    };
    for _ in 0..28 {
        let s2 = 80.0 * random.random::<f64>().powi(4);
        let tau = 10f64.powf(random.random_range(-6.0..6.0));
        let eta = s2 * tau * random.random::<f64>();
        let l = length(2f64.powf(random.random_range(3.0..53.0)) as u64);
        let known = KnownMoments::gaussian(GaussianOutput::new(s2, tau, eta).unwrap());
        let spectrum = (0..random.random_range(1..6))
            .map(|_| random.random::<f64>())
            .collect();
        let values = ValueSpectrum::from_eigenvalues(spectrum).unwrap();
        let proxy = VarianceProxy::new(random.random_range(0.1..3.0)).unwrap();
        let tilt = 4.0 * random.random::<f64>().powi(2);
        let class = SubGaussianMoments::new(proxy, tilt, &values).unwrap();
        add(Metric::Output, output_bounds(Some(&known), Some(&class), l));
        add(Metric::Participation, participation_bounds(&known, l));
        let eps = Positive::new("eps", 10f64.powf(random.random_range(-2.0..2.0))).unwrap();
        add(Metric::Tail, vec![tail_bound(&known, eps, l)]);
    }
    // A law that is not Gaussian: the general forms.
    let sphere = Sphere::new(3, 2.0).unwrap();
    let output = sphere.through(&DMatrix::identity(3, 3));
    for _ in 0..6 {
        let tilt = DVector::from_fn(3, |_, _| random.random_range(-2.0..2.0));
        let known = KnownMoments::new(output.as_ref(), &tilt).unwrap();
        let l = length(2f64.powf(random.random_range(3.0..40.0)) as u64);
        add(Metric::Output, output_bounds(Some(&known), None, l));
    }
    let certificates = Certificates::new(&all, true);
    let proved = certificates
        .lemmas
        .iter()
        .filter(|l| !l.about.starts_with("trivial"))
        .count();
    println!("{proved} certificates");
    assert!(proved >= 200, "{proved}");
    for left_out in &certificates.left_out {
        let expected = ["T15", "T6.chernoff-entropy"];
        assert!(
            expected.iter().any(|t| left_out.theorem.starts_with(t)),
            "{left_out:?}"
        );
    }
    if coq() {
        let folder = tempfile::tempdir().unwrap();
        let times = run(folder.path(), &certificates.text(&[])).unwrap();
        println!("{times:?}");
    }
}
