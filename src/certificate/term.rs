//! Formulas of bounds as Coq terms: the functions of proofs/certificate/bounds_definitions.v at exact rationals.

use super::rational::exact;
use crate::bound::{Formula, InverseMomentForm, SecondMoment, SubGaussianClass};

/// The Coq term of a formula; `None` if an argument is not finite (an overflow).
///
/// An average is not a term of its own: see [`super::Certificates`].
pub(super) fn term(formula: &Formula) -> Option<String> {
    Some(match formula {
        Formula::Constant(value) => exact(*value)?,
        Formula::Jensen { length, f0 } => format!("({} * {})", exact(*length)?, exact(*f0)?),
        Formula::Variance { tau_v, eta } => format!("({} + {})", exact(*tau_v)?, exact(*eta)?),
        Formula::Chernoff {
            a2,
            f0,
            ln_rho,
            length,
            delta,
        } => format!(
            "chernoff_bound {} {} {} {} {}",
            second_moment(a2)?,
            exact(*f0)?,
            exponential(*ln_rho)?,
            exact(*length)?,
            exact(*delta)?
        ),
        Formula::GaussianChernoff {
            score_variance,
            tau_v,
            eta,
            length,
            delta,
        } => format!(
            "gaussian_chernoff_bound {} {} {} {} {}",
            exact(*score_variance)?,
            exact(*tau_v)?,
            exact(*eta)?,
            exact(*length)?,
            exact(*delta)?
        ),
        Formula::ChernoffTail {
            ln_a2,
            ln_rho,
            length,
            delta,
            deviation,
        } => format!(
            "chernoff_tail_bound {} {} {} {} {}",
            exponential(*ln_a2)?,
            exponential(*ln_rho)?,
            exact(*length)?,
            exact(*delta)?,
            exact(*deviation)?
        ),
        Formula::Laplace {
            a2,
            ln_rho,
            ln_kappa,
            length,
            second,
            fourth,
        } => format!(
            "laplace_split_bound {} {} {} {} {} {} {} {}",
            splits(second),
            splits(fourth),
            second_moment(a2)?,
            exponential(*ln_rho)?,
            exponential(*ln_kappa)?,
            exact(*length)?,
            exact(second.theta)?,
            exact(fourth.theta)?
        ),
        Formula::GaussianLaplace {
            score_variance,
            tau_v,
            eta,
            length,
            second,
        } => format!(
            "gaussian_laplace_split_bound {} {} {} {} {} {}",
            splits(second),
            exact(*score_variance)?,
            exact(*tau_v)?,
            exact(*eta)?,
            exact(*length)?,
            exact(second.theta)?
        ),
        Formula::Participation {
            ln_rho,
            ln_kappa,
            length,
            second,
        } => format!(
            "participation_split_bound {} {} {} {} {}",
            splits(second),
            exponential(*ln_rho)?,
            exponential(*ln_kappa)?,
            exact(*length)?,
            exact(second.theta)?
        ),
        Formula::Crude { class, length } => format!(
            "crude_bound {} {}",
            class_arguments(class)?,
            exact(*length)?
        ),
        Formula::Average(_) => return None,
    })
}

/// Bits with which the formula is evaluated: 64, and more where a small proof parameter `u` makes terms cancel, of which
/// `u^2` is left (`del + (1 - del) ln(1 - del)`, `ln(1 - u nu_j)` divided by `u`).
pub(super) fn precision(formula: &Formula) -> u32 {
    let of_class = |class: &SubGaussianClass| class.lambda * class.sigma_squared * class.largest;
    let of_moment = |a2: &SecondMoment| match a2 {
        SecondMoment::Exponential(_) => 1.0,
        SecondMoment::SubGaussian(class) => of_class(class),
    };
    let least: f64 = match formula {
        Formula::Chernoff { a2, delta, .. } => of_moment(a2).min(*delta),
        Formula::GaussianChernoff { delta, .. } | Formula::ChernoffTail { delta, .. } => *delta,
        Formula::Laplace {
            a2, second, fourth, ..
        } => of_moment(a2).min(second.theta).min(fourth.theta),
        Formula::GaussianLaplace { second, .. } | Formula::Participation { second, .. } => {
            second.theta
        }
        Formula::Crude { class, .. } => of_class(class),
        Formula::Constant(_)
        | Formula::Jensen { .. }
        | Formula::Variance { .. }
        | Formula::Average(_) => 1.0,
    };
    // A power of two, so that few precisions are in use.
    let bits = 48.0 - 2.0 * least.clamp(f64::MIN_POSITIVE, 1.0).log2();
    (bits.max(64.0) as u32).next_power_of_two()
}

/// Is the certificate of this formula an inequality between rationals?
pub(super) fn is_rational(formula: &Formula) -> bool {
    matches!(
        formula,
        Formula::Constant(_) | Formula::Jensen { .. } | Formula::Variance { .. }
    )
}

fn splits(form: &InverseMomentForm) -> &'static str {
    if form.two_splits {
        "two_splits"
    } else {
        "one_split"
    }
}

/// `(exp x)`, or 0 for `-inf`.
fn exponential(x: f64) -> Option<String> {
    if x == f64::NEG_INFINITY {
        return Some("0".to_owned());
    }
    Some(format!("(exp {})", exact(x)?))
}

fn second_moment(a2: &SecondMoment) -> Option<String> {
    match a2 {
        SecondMoment::Exponential(x) => exponential(*x),
        SecondMoment::SubGaussian(class) => {
            Some(format!("(subgaussian_A2 {})", class_arguments(class)?))
        }
    }
}

/// `y sig2 (nu_1 :: ... :: nil) op2 lam`.
fn class_arguments(class: &SubGaussianClass) -> Option<String> {
    let mut list = String::from("(");
    for nu in &class.eigenvalues {
        list.push_str(&exact(*nu)?);
        list.push_str(" :: ");
    }
    list.push_str("nil)");
    Some(format!(
        "{} {} {list} {} {}",
        exact(class.energy)?,
        exact(class.sigma_squared)?,
        exact(class.largest)?,
        exact(class.lambda)?
    ))
}
