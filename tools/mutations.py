#!/usr/bin/env python3
"""Drops factors of the bounds and of the exact engine one at a time; some test must fail for each.

Works on a copy of the project (its own target directory, so the first build takes a minute), never on
the project itself. usage: tools/mutations.py WORK_FOLDER [part of a mutation's name ...]
Exit code 1 if a mutation survives or does not apply any more.
"""
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BOUND = ["--test", "bound"]
EXACT = ["--test", "exact", "--test", "exact"]
AVERAGE = ["--test", "exact"]
EXACT_GRADIENT = ["--test", "exact"]
HOLD = ["--test", "bound"]
SIMULATION = ["--test", "monte_carlo", "--test", "monte_carlo"]
JUDGE = ["--lib", "--test", "monte_carlo"]
ROUNDING = ["--test", "bound"]
GRADIENT = ["--test", "bound"]
FLOWS = ["--test", "regression"]
KEY_QUERY_AVERAGE = ["--lib", "--test", "bound"]
GRADIENT_AVERAGE = ["--test", "exact"]
REGRESSION = ["--test", "regression", "--test", "regression"]
QUERY = ["--test", "bound"]
CAPPED = ["--test", "bound"]
TRAINING = ["--test", "regression"]
REPRODUCE = ["--test", "command_line"]
CONDITIONAL = ["--lib", "--test", "regression"]
FULL_LINEAR = ["--test", "regression"]

# Only what a mutation touches is compiled again.
ENVIRONMENT = dict(os.environ, CARGO_INCREMENTAL="1", CARGO_PROFILE_RELEASE_CODEGEN_UNITS="256")

LAWS = ["--test", "question"]
OFFSET = ["--test", "bound"]

# (name, file, text to find (once), what replaces it, tests to run)
MUTATIONS = [
    ("T4 exponent of 1-del", "src/bound/chernoff/mod.rs", "ln_length - ln_complement.double();", "ln_length - ln_complement;", BOUND),
    ("T4 L of L F0", "src/bound/chernoff/mod.rs", "let small = ln_length + Interval::point(moments.f0).ln()", "let small = Interval::point(moments.f0).ln()", BOUND),
    ("T4 2 of the exponent", "src/bound/chernoff/mod.rs", "(length - Interval::ONE).double()", "(length - Interval::ONE)", BOUND),
    ("T4 rho of the exponent", "src/bound/chernoff/mod.rs", " * (-Interval::point(ln_rho)).exp()", "", BOUND),
    ("T4 search, exponent of 1-del", "src/bound/chernoff/mod.rs", "balance(sum, 2.0,", "balance(sum, 9.0,", BOUND),
    ("T4 search, L of L F0", "src/bound/chernoff/mod.rs", "let complement = ln_length + moments.f0.ln();", "let complement = moments.f0.ln();", BOUND),
    ("T4 search, 2 and rho of the exponent", "src/bound/chernoff/mod.rs", "ln_others - moments.rho - std::f64::consts::LN_2", "ln_others", BOUND),
    ("T4 tail eps^2", "src/bound/chernoff/tail.rs", "Interval::point(deviation).ln().double()", "Interval::point(deviation).ln()", BOUND),
    ("T4 tail 2 of the exponent", "src/bound/chernoff/tail.rs", "delta.square() / Interval::point(2.0)", "delta.square()", BOUND),
    ("T4 tail search", "src/bound/chernoff/tail.rs", "ln_length - moments.rho - std::f64::consts::LN_2", "ln_length - moments.rho", BOUND),
    ("T4 fourth 3", "src/bound/chernoff/fourth_moment.rs", "Interval::point(3.0).ln() + Interval", "Interval", BOUND),
    ("T4 fourth A4", "src/bound/chernoff/fourth_moment.rs", "diagonal.ln_add(pairs)", "pairs", BOUND),
    ("T4 fourth power of 1-del", "src/bound/chernoff/fourth_moment.rs", "ln_complement.double().double()", "ln_complement.double()", BOUND),
    ("T4.fixed F", "src/bound/chernoff/fixed.rs", "let sum = Interval::point(fixed.ln_pull)\n        .double()\n        .ln_add(ln_length + Interval::point(moments.a2));", "let sum = ln_length + Interval::point(moments.a2);", BOUND),
    ("T4.fixed W0", "src/bound/chernoff/fixed.rs", "let weight = Interval::point(fixed.ln_weight).ln_add(ln_length + (Interval::ONE - del).ln());", "let weight = ln_length + (Interval::ONE - del).ln();", BOUND),
    ("T4.fixed fixed tokens", "src/bound/chernoff/fixed.rs", "(sum - weight.double()).ln_add(random).ln_add(pulled)", "(sum - weight.double()).ln_add(random)", BOUND),
    ("T17 squares", "src/exact/output/output_lattice.rs", "self.square += masses.square * second;", "self.square += masses.probability * second;", ["--lib"]),
    ("T17 other kernel", "src/exact/output/output_lattice.rs", "*other = -k.finite() * k.rise;", "*other = k.finite() * k.rise;", ["--lib"]),
    ("T17 cell", "src/exact/output/cells.rs", "(cell as usize, scaled - scaled.floor())", "(cell as usize, scaled.ceil() - scaled)", ["--lib"]),
    ("T17 mass", "src/exact/output/output_lattice.rs", "output.iter_mut().for_each(|entry| *entry *= p);", "output.iter_mut().for_each(|entry| *entry *= p * p);", ["--lib"]),
    ("T17 points", "src/exact/sums/interpolation.rs", "const BEFORE: usize = POINTS / 2 - 1;", "const BEFORE: usize = POINTS / 2;", ["--lib"]),
    ("T16 mean of weights", "src/exact/value.rs", "let share = 1.0 / total;", "let share = 1.0;", EXACT),
    ("T18 Euler's constant", "src/exact/output/entropy.rs", "let logarithm = tau + ln_w + EULER;", "let logarithm = tau + ln_w;", EXACT),
    ("deviations of finite laws", "src/law/finite/output.rs", "self.law.weigh(&scores, multiple, &squares)", "self.law.weigh(&scores, 1.0, &squares)", BOUND),
    ("T2.fixed product in the middle", "src/exact/output/fixed_integrals.rs", "let cross = 2.0 * u * self.centre.dot(g);", "let cross = u * self.centre.dot(g);", EXACT),
    ("T2.fixed F", "src/exact/output/fixed_integrals.rs", "let own = u * u * size * size;", "let own = 0.5 * u * u * size * size;", EXACT),
    ("T2.fixed pairs", "src/exact/output/fixed_integrals.rs", "let pairs = length * (length - 1.0) * power", "let pairs = length * length * power", EXACT),
    ("T2.fixed weight in the exponent", "src/exact/output/fixed_integrals.rs", "let exponent = of_phi - u;", "let exponent = of_phi - 0.999 * u;", EXACT),
    ("T2.fixed one token", "src/exact/output/fixed_integrals.rs", "let both = 2.0 * s * r", "let both = s * r", EXACT),
    ("T14 pairs of tokens", "src/exact/layer/pair.rs", "let pairs = (length - 1.0) * power * apart;", "let pairs = length * power * apart;", EXACT),
    ("T14 both heads in phi", "src/exact/layer/pair.rs", "at(-1.0, &rise, 0, &rise_across, &mut total);", "", EXACT),
    ("T14 cross term twice", "src/exact/layer/errors.rs", "term.scaled(2.0)", "term.scaled(1.0)", EXACT),
    ("T14 G of one head given the other", "src/exact/layer/pair.rs", "at(-1.0, &near, 2 + place, &rise_across, &mut g);", "", EXACT),
    ("layer of a prompt", "src/monte_carlo/layer.rs", "sum *= shrink;", "", SIMULATION),
    ("fixed tokens of a prompt", "src/monte_carlo/prompt/fixed.rs", "output.axpy(-w, limit, 1.0);", "", SIMULATION),
    ("T5 6", "src/bound/laplace/mod.rs", "Interval::point(6.0).ln()", "Interval::ZERO", BOUND),
    ("T5 rho of the pairs", "src/bound/laplace/mod.rs", "            + Interval::point(moments.rho)\n            + ln_enclosure", "            + ln_enclosure", BOUND),
    ("T5 L-1 of the pairs", "src/bound/laplace/mod.rs", "+ (l - Interval::ONE).ln()", "", BOUND),
    ("T5 count of I_4", "src/bound/laplace/mod.rs", "ln_enclosure(moments, 4, length - 2.0,", "ln_enclosure(moments, 4, length + 2.0,", BOUND),
    ("T5 participation rho", "src/bound/laplace/mod.rs", "        + Interval::point(moments.rho)\n        + ln_enclosure", "        + ln_enclosure", BOUND),
    ("T5 main term's 1-th/2", "src/bound/laplace/inverse_moment.rs", "let main = -(k * (n.ln() + (-half).ln_1p()));", "let main = -(k * n.ln());", BOUND),
    ("T5 kap^k", "src/bound/laplace/inverse_moment.rs", "k * (Interval::point(moments.kappa) - k.ln())", "-(k * k.ln())", BOUND),
    ("T5 1/k^k", "src/bound/laplace/inverse_moment.rs", "k * (Interval::point(moments.kappa) - k.ln())", "k * Interval::point(moments.kappa)", BOUND),
    ("T5 n-k", "src/bound/laplace/inverse_moment.rs", "ln_geometric - (n - k) * theta", "ln_geometric - n * theta", BOUND),
    ("T5 one split, 1-th/2 of the exponent", "src/bound/laplace/inverse_moment.rs", "theta * rate * (Interval::ONE - half)", "theta * rate", BOUND),
    ("T5 two splits, middle piece", "src/bound/laplace/inverse_moment.rs", "body.ln_add(ln_geometric - (n - k) * rate / two)", "ln_geometric - (n - k) * rate / two", BOUND),
    ("T5 two splits, half of the exponent", "src/bound/laplace/inverse_moment.rs", "ln_geometric - (n - k) * rate / two", "ln_geometric - (n - k) * rate", BOUND),
    ("T5 incomplete gamma", "src/bound/laplace/inverse_moment.rs", "term = term * x / Interval::point(f64::from(j));", "term = term * x;", BOUND + ["--lib"]),
    ("T5 search, incomplete gamma", "src/bound/laplace/inverse_moment.rs", "term *= x / j;", "term *= x;", BOUND + ["--lib"]),
    ("T6 8 sigma^2 |a|^2", "src/bound/sub_gaussian/mod.rs", "(divergence + self.norm_mgf_enclosure(lambda)).ln()", "self.norm_mgf_enclosure(lambda).ln()", BOUND),
    ("T6 e^{2 sigma^2 |a|^2}", "src/bound/sub_gaussian/mod.rs", "energy.double() + (divergence", "(divergence", BOUND),
    ("T6 mean term of D", "src/bound/sub_gaussian/mod.rs", "mean - determinant / Interval::point(2.0)", "-(determinant / Interval::point(2.0))", BOUND),
    ("T6 1/(1-u) of the mean term", "src/bound/sub_gaussian/mod.rs", "* u / (Interval::ONE - u)", "* u", BOUND),
    ("T6 determinant of D", "src/bound/sub_gaussian/mod.rs", "mean - determinant / Interval::point(2.0)", "mean", BOUND),
    ("T6 rho of the class", "src/bound/sub_gaussian/mod.rs", "rho: 2.0 * self.energy", "rho: self.energy", BOUND),
    ("T6 kap of the class", "src/bound/sub_gaussian/mod.rs", "kappa: self.energy", "kappa: 0.0 * self.energy", BOUND),
    ("T6 |c|^2 of F0", "src/bound/sub_gaussian/mod.rs", "Interval::point(self.values.largest()) * energy;", "Interval::ZERO * energy;", BOUND),
    ("T6 ln L of the crude bound", "src/bound/sub_gaussian/mod.rs", "Interval::point(length).ln() + self.norm_mgf_enclosure(lambda);\n        sum", "self.norm_mgf_enclosure(lambda);\n        sum", BOUND),
    ("A2 mean shift", "src/bound/moments/known.rs", "false => (Interval::point(found.variance) + shift).upper(),", "false => found.variance,", BOUND),
    ("A2 variance", "src/bound/moments/known.rs", "false => (Interval::point(found.variance) + shift).upper(),", "false => shift.upper(),", BOUND),
    ("F0 at the origin", "src/bound/moments/known.rs", "let f0 = spread(origin).upper();", "let f0 = spread(twice).upper();", BOUND),
    ("A2 rho", "src/bound/moments/known.rs", "let ln_a2 = (Interval::point(ln_rho) + Interval::point(second).ln())", "let ln_a2 = Interval::point(second).ln()", BOUND),
    ("T7 dimension", "src/bound/rate/uniform.rs", "let half_dimension = Interval::point(0.5 * self.rate.tilt.dimension);", "let half_dimension = Interval::point(0.5);", BOUND),
    ("T7 and T9 uniform, right end of F", "src/bound/rate/cells.rs", "Interval::point(right.ln_f) - theta", "Interval::point(left.ln_f) - theta", BOUND),
    ("T7 tail", "src/bound/rate/uniform.rs", "(query_factor + cells.max(self.tail_enclosure(th))).exp()", "(query_factor + cells).exp()", BOUND),
    ("interval, sum", "src/interval/arithmetic.rs", "        sum.next_up()", "        sum", ROUNDING),
    ("interval, product and quotient, upper end", "src/interval/arithmetic.rs", "if exact { value } else { value.next_up() }", "value", ROUNDING),
    ("interval, product and quotient, lower end", "src/interval/arithmetic.rs", "if exact { value } else { value.next_down() }", "value", ROUNDING),
    ("interval, upper end of a product", "src/interval/arithmetic.rs", "up(product(x, y), is_exact(x, y))", "product(x, y)", ROUNDING),
    ("interval, upper end of a quotient", "src/interval/arithmetic.rs", "let upper = ends.map(|e| up(e.0, e.1));", "let upper = ends.map(|e| e.0);", ROUNDING),
    ("interval, upper end of a root", "src/interval/arithmetic.rs", "up(high.0, high.1)", "high.0", ROUNDING),
    ("interval, elementary functions, upper ends", "src/interval/elementary.rs", "(0..STEPS).fold(value, |x, _| x.next_up())", "value", ROUNDING),
    ("interval, elementary functions, lower ends", "src/interval/elementary.rs", "(0..STEPS).fold(value, |x, _| x.next_down())", "value", ROUNDING),
    ("interval, sign of a quotient of negatives", "src/interval/arithmetic.rs", "            (self.upper, other.lower),\n            (self.upper, other.upper),\n        ];\n        let quotient", "            (self.upper, other.upper),\n            (self.upper, other.upper),\n        ];\n        let quotient", ROUNDING),
    ("interval, lower end of an even power", "src/interval/arithmetic.rs", "Self::up_to((-self.lower).max(self.upper))", "self", ROUNDING + ["--lib"]),
    ("query average, mass left out", "src/bound/query/average.rs", "left: (total - inside).max(0.0) + SLACK * total", "left: 0.0", HOLD + ["--lib"]),
    ("query average, response", "src/bound/query/average.rs", "(output_variance * d.density, d.response)", "(output_variance * d.density, 0.0)", HOLD),
    ("exact, factor of r_3", "src/exact/sums/integral.rs", "            scale / 2.0,", "            scale,", EXACT),
    ("exact, pairs", "src/exact/sums/integral.rs", "            scale * (length - 1.0) / 6.0,", "            scale * length / 6.0,", EXACT),
    ("exact, factor of eta", "src/exact/output/gaussian.rs", "r.squared_second.plus(r.third.scaled(-1.0)).scaled(6.0)", "r.squared_second.plus(r.third.scaled(-1.0)).scaled(5.0)", EXACT),
    ("exact, pair term of the output", "src/exact/output/moments.rs", "(single + (length - 1.0) * pairs)", "single", EXACT),
    ("exact, series below the table", "src/exact/sums/lognormal.rs", "sums[0] += m1 - m2 / 2.0 + m3 / 6.0 - m4 / 24.0 + m5 / 120.0 - m6 / 720.0;", "sums[0] += m1;", EXACT),
    ("exact, upper score window", "src/law/atoms.rs", "tilt.min(rare.max(deviation)) + self.margin", "self.margin * 0.5", EXACT),
    ("density, mean of the query", "src/attention/score_variance.rs", "exponent -= pole.ln() * 0.5 + z * (nu * nu) / pole;", "exponent -= pole.ln() * 0.5;", AVERAGE),
    ("density, response", "src/attention/score_variance.rs", "total += self.response[(j, j)] * self.variances[j] / poles[j];", "total += self.response[(j, j)] * self.variances[j];", AVERAGE),
    ("gradient, fourth power, four tokens", "src/exact/gradient/nodes.rs", "                    + four * square * square)", "                    + 0.0 * four)", EXACT_GRADIENT),
    ("gradient, fourth power, three tokens", "src/exact/gradient/nodes.rs", "+ 6.0 * three * yy_2 * square", "+ 5.0 * three * yy_2 * square", EXACT_GRADIENT),
    ("gradient, fourth power, two tokens", "src/exact/gradient/nodes.rs", "4.0 * yyy_3 * y + 3.0 * yy_2 * yy_2", "4.0 * yyy_3 * y + yy_2 * yy_2", EXACT_GRADIENT),
    ("gradient, mixed power, three tokens", "src/exact/gradient/nodes.rs", "                    + three * g * square),", "                    + 0.0 * three * g),", EXACT_GRADIENT),
    ("gradient, second", "src/exact/gradient/nodes.rs", "second: pyy - 2.0 * mpy + mmp,", "second: pyy - mpy + mmp,", EXACT_GRADIENT),
    ("gradient, cross", "src/exact/gradient/nodes.rs", "cross: mmp - ap,", "cross: mmp,", EXACT_GRADIENT),
    ("gradient, ways to choose tokens", "src/exact/gradient/nodes.rs", "count *= length - place as f64;", "count *= length;", EXACT_GRADIENT),
    ("gradient, mixed term of the law", "src/exact/gradient/errors.rs", ".plus(factors.cross.scaled(2.0 * self.cross));", ";", EXACT_GRADIENT),
    ("gradient, V G v", "src/exact/gradient/errors.rs", "+ along * spread + 2.0 * cross,", "+ along * spread,", EXACT_GRADIENT),
    ("gradient, tr G", "src/exact/gradient/errors.rs", ".plus(pairs.scaled(self.traces))", "", EXACT_GRADIENT),
    ("gradient, |z|^2", "src/exact/gradient/errors.rs", "        .scaled(self.query_square)", "", EXACT_GRADIENT),
    ("gradient, rows of V", "src/exact/gradient/errors.rs", "error.squared_error.scaled(outputs as f64)", "error.squared_error.scaled(1.0 + 0.0 * outputs as f64)", EXACT_GRADIENT),
    ("finite gradient, mixed terms", "src/exact/gradient/node.rs", "sign * dot(&self.mixed)", "2.0 * sign * dot(&self.mixed)", EXACT_GRADIENT),
    ("finite gradient, 1/6", "src/exact/gradient/node.rs", "dot(&self.square) / 6.0", "dot(&self.square) / 2.0", EXACT_GRADIENT),
    ("finite gradient, F^T o", "src/exact/gradient/features.rs", "second.rows(after, d).dot(&y)", "0.0 * second.rows(after, d).dot(&y)", EXACT_GRADIENT),
    ("finite gradient, K and H", "src/exact/gradient/features.rs", "+ linear.dot(&pairs)", "", EXACT_GRADIENT),
    ("finite gradient, two pairs", "src/exact/gradient/features.rs", "+ 2.0 * pairs.norm_squared()", "+ pairs.norm_squared()", EXACT_GRADIENT),
    ("finite gradient, one pair", "src/exact/gradient/features.rs", "+ 4.0 * pair_form", "+ 2.0 * pair_form", EXACT_GRADIENT),
    ("finite gradient, four tokens", "src/exact/gradient/features.rs", "                    oo * yy,\n", "                    0.0 * oo * yy,\n", EXACT_GRADIENT),
    ("finite gradient, C of the second moment", "src/exact/gradient/features.rs", "(square + &self.covariance * row.bump)", "square", EXACT_GRADIENT),
    ("gradient average, k", "src/exact/gradient/average.rs", "(&self.mean + &self.slope * xi).norm_squared() + self.rest", "self.mean.norm_squared() + self.slope.norm_squared() + self.rest + 0.0 * xi", EXACT_GRADIENT),
    ("gradient average, tr Sig", "src/exact/gradient/average.rs", ".norm_squared() + self.rest", ".norm_squared()", EXACT_GRADIENT),
    ("gradient average, cumulant of two", "src/attention/quadratic.rs", "total += inner * outer * 2.0;", "total += inner * outer;", GRADIENT_AVERAGE),
    ("gradient average, cumulant of three, gradients", "src/attention/quadratic.rs", "+ bent * 2.0", "+ bent", GRADIENT_AVERAGE),
    ("gradient average, cumulant of three, trace", "src/attention/quadratic.rs", "triple_trace(q.matrix, r.matrix, t.matrix, variances) * 8.0", "triple_trace(q.matrix, r.matrix, t.matrix, variances) * 4.0", GRADIENT_AVERAGE),
    ("gradient average, query unseen", "src/attention/weighted_score_variance.rs", "+ unseen.norm_squared(),", "+ 0.0 * unseen.norm_squared(),", GRADIENT_AVERAGE),
    ("gradient average, query mean", "src/attention/weighted_score_variance.rs", "seen.tr_mul(query.mean()) * 2.0", "seen.tr_mul(query.mean())", GRADIENT_AVERAGE),
    ("gradient average, fixed coordinates", "src/attention/weighted_score_variance.rs", "2.0 * deviation(i) * image(moved[i])", "deviation(i) * image(moved[i])", GRADIENT_AVERAGE),
    ("gradient average, step of the inversion", "src/attention/weighted_score_variance.rs", "const STEP: f64 = 0.1;", "const STEP: f64 = 0.2;", GRADIENT_AVERAGE + ["--lib"]),
    ("gradient average, 4 k2", "src/exact/gradient/query_average.rs", "f.second.scaled(-4.0)", "f.second.scaled(-3.0)", GRADIENT_AVERAGE),
    ("gradient average, cross", "src/exact/gradient/query_average.rs", ".scaled(2.0 * cross * inverse)", ".scaled(cross * inverse)", GRADIENT_AVERAGE),
    ("gradient average, k2 - ea", "src/exact/gradient/query_average.rs", ".plus(pairs.scaled(-1.0))", "", GRADIENT_AVERAGE),
    ("simulation, shift of the softmax", "src/monte_carlo/prompt/softmax.rs", "*weight = exponential(scale * x - shift);", "*weight = exponential(scale * x - 0.0 * shift);", SIMULATION),
    ("simulation, sums when the shift moves", "src/monte_carlo/prompt/softmax.rs", "self.first.iter_mut().for_each(|sum| *sum *= factor);", "self.first.iter_mut().for_each(|sum| *sum *= 1.0 + 0.0 * factor);", SIMULATION),
    ("simulation, tilt", "src/monte_carlo/prompt/problem.rs", "self.drawn_tilt.gemv_tr(1.0, law.root(), &self.tilt, 0.0);", "self.drawn_tilt.gemv_tr(1.02, law.root(), &self.tilt, 0.0);", SIMULATION),
    ("simulation, sampler", "src/monte_carlo/random/normal.rs", "let x = symmetric(word) * abscissae[strip];", "let x = 1.01 * symmetric(word) * abscissae[strip];", ["--lib", *SIMULATION]),
    ("simulation, centre of other tokens", "src/monte_carlo/prompt/plain.rs", "*number = x - c;", "*number = x - 0.99 * c;", SIMULATION),
    ("simulation, orthogonal part", "src/monte_carlo/prompt/rao_blackwell.rs", "(shift * shift) + two * self.spread();", "(shift * shift) + 0.98 * two * self.spread();", SIMULATION),
    ("simulation, control variate", "src/monte_carlo/prompt/rao_blackwell.rs", "shift + self.deviation * two;", "shift + 1.05 * self.deviation * two;", SIMULATION),
    ("simulation, standard error", "src/monte_carlo/run/summary.rs", "(moments.deviations / (count - 1.0) / count).sqrt()", "(moments.deviations / (count - 1.0) / count).sqrt() * 0.7", SIMULATION + ["--test", "monte_carlo"]),
    ("simulation, skewness of joined blocks", "src/monte_carlo/estimator/moments.rs", "+ 3.0 * difference * (share * other.deviations", "+ 2.0 * difference * (share * other.deviations", JUDGE),
    ("intervals, bend", "src/monte_carlo/confidence/interval.rs", "self.skewness / (3.0 * (self.prompts as f64).sqrt())", "self.skewness / (6.0 * (self.prompts as f64).sqrt())", JUDGE),
    ("intervals, lower binomial limit", "src/monte_carlo/confidence/interval.rs", "binomial_quantile(prompts, count, ln_half(error))", "binomial_quantile(prompts, count + 1, ln_half(error))", JUDGE),
    ("intervals, rank of a quantile", "src/monte_carlo/confidence/interval.rs", "let upper = last_rank(count, |rank| above(rank) > half) + 1;", "let upper = last_rank(count, |rank| above(rank) > half);", JUDGE),
    ("verdicts, family", "src/study/verdict/holm.rs", "if !(p(place) * open <= error) {", "if !(p(place) <= error) {", JUDGE),
    ("verdicts, heavy tails confirm nothing", "src/study/verdict/evidence.rs", "Reliability::HeavyTail => 1.0,", "Reliability::HeavyTail => self.estimate.p_below(self.verdict.lowered(value)),", JUDGE),
    ("verdicts, what was missed", "src/study/verdict/unseen/allowance.rs", "value - self.carried.min(by_supremum)", "value - 0.0 * self.carried.min(by_supremum)", JUDGE),
    ("verdicts, smaller values that were missed", "src/study/verdict/unseen/allowance.rs", "value + by_prompts.min(by_weights)", "value + 0.0 * by_prompts.min(by_weights)", JUDGE),
    ("verdicts, weights without what was missed", "src/study/verdict/unseen/tokens.rs", "let others = (length - 1.0) * (1.0 - first).max(0.0);", "let others = length - 1.0;", JUDGE),
    ("verdicts, queries that were missed", "src/study/verdict/unseen/tokens.rs", "missed: mean + largest + queries,", "missed: mean + largest + 0.0 * queries,", JUDGE),
    ("verdicts, largest scores of a Gaussian query", "src/study/verdict/unseen/gaussian_query.rs", "Some(queries + 2.0", "Some(0.0 * queries + 2.0", JUDGE),
    ("verdicts, negative control", "src/study/claims.rs", "value: checked(0.5 * value),", "value: checked(1.5 * value),", JUDGE),
    ("T6 entropy, 1-del", "src/bound/chernoff/entropy.rs", "ln_length - ln_share.double();", "ln_length - ln_share;", QUERY),
    ("T6 entropy, x ln x", "src/bound/chernoff/entropy.rs", "(del + (Interval::ONE - del) * ln_share).known_non_negative();", "(del + Interval::ONE * ln_share * Interval::ZERO).known_non_negative();", QUERY),
    ("T6 entropy, rho", "src/bound/chernoff/entropy.rs", "(ln_length + cramer.ln()).exp() * rate;", "(ln_length + cramer.ln()).exp();", QUERY),
    ("T6 entropy, ln p", "src/bound/chernoff/entropy.rs", "sum.ln_add((exponent + decay).ln() - decay", "sum.ln_add(exponent.ln() - decay", QUERY),
    ("T6 entropy, ln L", "src/bound/chernoff/entropy.rs", "let exponent = ln_length + self.norm_mgf_enclosure(lambda);", "let exponent = self.norm_mgf_enclosure(lambda);", QUERY),
    ("T6 entropy, second lam", "src/bound/chernoff/entropy.rs", "self.minimise_over_lambda(extra).1;", "self.minimise_over_lambda(length.ln()).1 * 0.5;", QUERY),
    ("T6 entropy, A2", "src/bound/chernoff/entropy.rs", "by_divergence.min(self.ln_weighted_moment(2, 1).value)", "by_divergence", QUERY),
    ("T7 Gaussian query, right end", "src/bound/query/staircase.rs", "self.nodes.get(1).map_or(f64::INFINITY, |n| n.f);", "self.nodes.first().map_or(f64::INFINITY, |n| n.f * 0.5);", QUERY),
    ("T7 Gaussian query, survival", "src/bound/query/staircase.rs", "let part = step * Interval::point(left.survival);", "let part = step * Interval::point(right.survival * 0.9);", QUERY),
    ("T7 Gaussian query, splits", "src/bound/query/staircase.rs", "const SPLITS: usize = 400;", "const SPLITS: usize = 4;", QUERY),
    ("T7 Gaussian query, odd dimensions", "src/bound/query/survival.rs", "(first, two * root / pi_root, 1.5)", "(first, two * root / pi_root, 1.0)", ["--lib", *QUERY]),
    ("T7 Gaussian query, erfc", "src/bound/query/survival.rs", "two_by_root / (root", "Interval::ONE / pi_root / (root", ["--lib", *QUERY]),
    ("T7 Gaussian query, scale", "src/bound/query/survival.rs", "ln_scale = ln_scale - Interval::point(SCALE).ln();", "", ["--lib"]),
    ("T7 Gaussian query, hazard rate", "src/bound/query/survival.rs", "/ Interval::point(2.0)\n    }", "* Interval::point(2.0)\n    }", ["--lib"]),
    ("T7 Gaussian query, A2", "src/bound/rate/uniform_gaussian.rs", "moments.a2 = moments.a2.min(class.ln_weighted_moment(2, 1).value);", "", QUERY),
    ("T7 Gaussian query, T5", "src/bound/rate/uniform_gaussian.rs", "least = least.min(laplace.ln_enclosure(&moments, l).upper());", "let _ = laplace;", QUERY),
    ("T7 Gaussian query, jump", "src/bound/rate/uniform_gaussian.rs", "(jump.known_non_negative() + beta / self.tilt.query_size().hazard(end))", "(beta / self.tilt.query_size().hazard(end))", ["--lib"]),
    ("T7 Gaussian query, slope", "src/bound/rate/uniform_gaussian.rs", "(jump.known_non_negative() + beta / self.tilt.query_size().hazard(end))", "jump.known_non_negative()", ["--lib"]),
    ("T9 Gaussian query, jump", "src/bound/gradient/uniform_gaussian.rs", "(jump + crude * growth)", "(crude * growth)", ["--lib"]),
    ("T9 Gaussian query, growth", "src/bound/gradient/uniform_gaussian.rs", "(jump + crude * growth)", "jump", ["--lib"]),
    ("T9 Gaussian query, varsigma^2", "src/bound/gradient/uniform_gaussian.rs", "(query * (sum + tail)).upper()", "(sum + tail).upper()", QUERY),
    ("T9 capped, 6 of the pairs", "src/bound/gradient/capped.rs", "ln_up(6.0)", "ln_up(1.0)", CAPPED),
    ("T9 capped, rho of the pairs", "src/bound/gradient/capped.rs", "            first.rho,\n            first.a2,", "            first.a2,", CAPPED),
    ("T9 capped, D3", "src/bound/gradient/capped.rs", "1.0 / (3.0 * e)", "1.0 / (9.0 * e)", CAPPED),
    ("T9 capped, D2", "src/bound/gradient/capped.rs", "2.0 / (3.0 * e * e)", "2.0 / (3.0 * e * e * e)", CAPPED),
    ("T9 capped, 3 of two pairs", "src/bound/gradient/capped.rs", "factor(3.0, 2,", "factor(1.0, 2,", CAPPED),
    ("T9 capped, three and one", "src/bound/gradient/capped.rs", "factor(4.0 / e, 2,", "factor(1.0 / e, 2,", CAPPED),
    ("T9 capped, 120", "src/bound/gradient/capped.rs", "factor(120.0, 3,", "factor(12.0, 3,", CAPPED),
    ("T9 capped, 840", "src/bound/gradient/capped.rs", "factor(840.0, 4,", "factor(84.0, 4,", CAPPED),
    ("T9 capped, c", "src/bound/gradient/capped.rs", "Interval::point(ln_factor) - power * (ln_c + Interval", "Interval::point(ln_factor) - power * (Interval", CAPPED),
    ("T9 capped, beyond the cut", "src/bound/gradient/capped.rs", "kept.fold(rest, Interval::ln_add)", "kept.fold(rest - Interval::point(3.0), Interval::ln_add)", CAPPED),
    ("T9 capped, th of the rest", "src/bound/gradient/capped.rs", "Interval::point(self.ln_rest) - order * (-theta).ln_1p() - decay;", "Interval::point(self.ln_rest) - decay;", CAPPED),
    ("T9 capped, rho_3", "src/bound/gradient/component_law.rs", "(at_three - three * at_one + at_zero.double())", "(at_three - at_one.double() + at_zero.double())", CAPPED),
    ("T9 capped, tilt of D3", "src/bound/gradient/component_law.rs", "at(3.0, at_three)", "at(2.0, at_three)", CAPPED),
    ("T9 square of the sum of roots", "src/bound/gradient/key_query.rs", "        .ln_add(half * Interval::point(y))\n        .double()", "        .ln_add(half * Interval::point(y))", GRADIENT),
    ("T9 mixed fourth moment", "src/bound/gradient/key_query.rs", "ln_value: ln_square_of_sum(ln_first, ln_fourth).upper(),", "ln_value: ln_first,", GRADIENT),
    ("T9 L of the trivial bound", "src/bound/gradient/key_query.rs", "Interval::point(length.as_f64()).ln() + first.ln_add(second).double()", "first.ln_add(second).double()", GRADIENT),
    ("T9 |z|^2", "src/bound/gradient/key_query.rs", "(Interval::point(ln_value) + Interval::point(square).ln())", "(Interval::point(ln_value))", GRADIENT),
    ("T9 4 of the bounded support", "src/bound/gradient/key_query.rs", "product.double().double().upper()", "(product * Interval::point(1e-3)).upper()", GRADIENT),
    ("T9 rho of A2", "src/bound/gradient/component_law.rs", "(ln_rho + spread(&two).ln()).upper()", "spread(&two).ln().upper()", GRADIENT),
    ("T9 rho_4 of A4", "src/bound/gradient/component_law.rs", "(ln_rho_four + mixed_fourth(&four).ln()).upper()", "(ln_rho + mixed_fourth(&four).ln()).upper()", GRADIENT),
    ("T9 rho of the pairs", "src/bound/gradient/component_law.rs", "(ln_rho + half * (second.ln() + second_token.ln())).upper()", "(half * (second.ln() + second_token.ln())).upper()", GRADIENT),
    ("T9 |V|^2 of F4", "src/bound/gradient/component_law.rs", "(norm * fourth).ln().upper()", "fourth.ln().upper()", GRADIENT),
    ("T9 cross term of |VF|^2", "src/bound/gradient/component_law.rs", "(mixed_fourth(list) - cross.double() + squared)", "(mixed_fourth(list) - cross + squared)", GRADIENT),
    ("T9 |VC|^2", "src/bound/gradient/component_law.rs", "(mixed_fourth(list) - cross.double() + squared)", "(mixed_fourth(list) - cross.double())", GRADIENT),
    ("T9 tilted offset", "src/bound/gradient/component_law.rs", "*x + scale * *y - *m", "*x + *y - *m", GRADIENT),
    ("T9 variance in the cumulant", "src/bound/gradient/component_law.rs", "k * i.score + half * i.variance", "k * i.score", GRADIENT),
    ("T9 weights that do not sum to 1", "src/bound/gradient/component_law.rs", "(at_one + opposite - at_zero.double())", "(at_one + opposite)", GRADIENT),
    ("T9 trace", "src/bound/gradient/component_moments.rs", "trace + norm_squared(&self.offset)", "norm_squared(&self.offset)", GRADIENT),
    ("T9 tau_V", "src/bound/gradient/component_moments.rs", "tau_v + norm_squared(&self.output)", "norm_squared(&self.output)", GRADIENT),
    ("T9 E|Y|^4", "src/bound/gradient/component_moments.rs", "square + (spread.norm_squared + form.double()).double()", "square + (spread.norm_squared + form).double()", GRADIENT),
    ("T9 E|VY|^2|Y|^2", "src/bound/gradient/component_moments.rs", "product + (spread.value_norm_squared + form.double()).double()", "product + (spread.value_norm_squared + form).double()", GRADIENT),
    ("T9 covariance of V E[YY^T]", "src/bound/gradient/component_moments.rs", "*entry = *entry + tilted.gate * *x;", "*entry = *entry + *x;", GRADIENT),
    ("T9 k^2/2 of N", "src/bound/sub_gaussian/norm_moment.rs", "Interval::point(0.5 * f64::from(power * power))", "Interval::point(0.25 * f64::from(power * power))", GRADIENT),
    ("T9 mean term of N", "src/bound/sub_gaussian/norm_moment.rs", "let factor = f64::from(power * power / 4).max(1.0);", "let factor = 1.0;", GRADIENT),
    ("T9 (j/e)^j of N", "src/bound/sub_gaussian/norm_moment.rs", "j * (j.ln() - Interval::ONE - Interval::point(lambda).ln())", "j * (j.ln() - Interval::point(lambda).ln())", GRADIENT),
    ("T9 search of N", "src/bound/sub_gaussian/norm_moment.rs", "class.norm_mgf(unit) - j * unit.ln", "class.norm_mgf(unit) - 3.0 * j * unit.ln", GRADIENT),
    ("T9 divergence of |C|", "src/bound/sub_gaussian/norm_moment.rs", "(divergence - (-point).ln_1p()) / point", "(-(-point).ln_1p()) / point", GRADIENT),
    ("T9 logarithm of |C|", "src/bound/sub_gaussian/norm_moment.rs", "(divergence - (-point).ln_1p()) / point", "(divergence + point) / point", GRADIENT),
    ("T9 rho of |VC| in A2 of the class", "src/bound/gradient/sub_gaussian.rs", "(energy.double() + Interval::point(ln_covariance)).upper()", "ln_covariance", GRADIENT),
    ("T9 |V|_F of |VC|", "src/bound/gradient/sub_gaussian.rs", "Interval::point(self.output.values.sum()).ln()", "Interval::point(self.output.values.largest()).ln()", GRADIENT),
    ("T9 rho of the class", "src/bound/gradient/sub_gaussian.rs", "            energy.double().upper(),\n            energy.upper(),", "            energy.upper(),\n            energy.upper(),", GRADIENT),
    ("T9 |V|^2 of F4 of the class", "src/bound/gradient/sub_gaussian.rs", "(ln_norm + Interval::point(at_zero.1)).upper()", "at_zero.1", GRADIENT),
    ("T9 1 of 1 + ln L", "src/bound/gradient/sub_gaussian.rs", "(Interval::ONE.exp() * Interval::point(length)).upper()", "length", GRADIENT),
    ("T9 K_I of the crude bound", "src/bound/gradient/sub_gaussian.rs", "Interval::point(output.value).ln() + Interval::point(token.value).ln();", "Interval::point(output.value).ln().double();", GRADIENT),
    ("T9 covariance of the crude bound", "src/bound/gradient/sub_gaussian.rs", "ln_value: ln_square_of_sum(product.upper(), ln_covariance).upper(),", "ln_value: product.upper(),", GRADIENT),
    ("T9 uniform, varsigma^2", "src/bound/gradient/uniform.rs", "value: (ln_sup.exp() * query).upper(),", "value: ln_sup.exp().upper(),", GRADIENT),
    ("T9 uniform, dimension", "src/bound/gradient/uniform.rs", "let half_dimension = 0.5 * self.tilt.dimension;", "let half_dimension = 0.5;", GRADIENT),
    ("T9 uniform Gaussian, tilt of A4", "src/bound/gradient/gaussian.rs", "y.double() + y.double().double() + mixed.ln()", "y.double().double() + mixed.ln()", GRADIENT),
    ("T9 uniform Gaussian, moments", "src/bound/gradient/gaussian.rs", "output(1.0) * token(1.0) + squared + form(1.0).double()", "output(1.0) * token(1.0)", GRADIENT),
    ("T9 average, left out mass", "src/bound/gradient/key_query_average.rs", "let left = total.excess_over(inside).plus(total.scaled(SLACK));", "let left = Masses::default();", KEY_QUERY_AVERAGE),
    ("T9 average, factors of A4", "src/bound/gradient/key_query_average.rs", "let diagonal = two.double() + two + inverse - ln_length;", "let diagonal = two.double() + inverse - ln_length;", KEY_QUERY_AVERAGE),
    ("T9 average, 3 of the pairs", "src/bound/gradient/key_query_average.rs", "Interval::point(3.0).ln() + two + inverse", "two + inverse", KEY_QUERY_AVERAGE),
    ("T9 average, L of F4", "src/bound/gradient/key_query_average.rs", "let small = ln_length - chernoff", "let small = -chernoff", KEY_QUERY_AVERAGE),
    ("T9 average, B", "src/bound/gradient/key_query_average.rs", "        square_of_sum(first, second)\n", "        first + 0.0 * second\n", KEY_QUERY_AVERAGE),
    ("T9 average, L of Jensen", "src/bound/gradient/key_query_average.rs", "outward(number * square_of_sum(", "outward(square_of_sum(", KEY_QUERY_AVERAGE),
    ("T9 average, cross of M", "src/bound/gradient/key_query_masses.rs", "first: pairs + seen * one + 2.0 * cross,", "first: pairs + seen * one,", KEY_QUERY_AVERAGE),
    ("T9 average, 9 of Q", "src/bound/gradient/key_query_masses.rs", "81.0 * product;", "9.0 * product;", KEY_QUERY_AVERAGE),
    ("T9 average, h^T Gamma h of F4", "src/bound/gradient/key_query_masses.rs", "2.0 * gamma * one + 4.0 * form;", "2.0 * gamma * one + 0.0 * form;", KEY_QUERY_AVERAGE),
    ("T9 average, e of K", "src/bound/gradient/key_query_masses.rs", "(Interval::ONE.exp() * Interval::point(length)).upper()", "length", KEY_QUERY_AVERAGE),
    ("T9 average, V Gamma of the crude bound", "src/bound/gradient/key_query_masses.rs", "ln_square_of_sum(product.upper(), self.output.1.ln())", "product", KEY_QUERY_AVERAGE),
    ("T9 m of A2", "src/bound/moments/known.rs", "ln_a2: (factor.ln() + Interval::point(self.ln_a2)).upper(),", "ln_a2: self.ln_a2,", GRADIENT),
    ("T9 m of F0", "src/bound/moments/known.rs", "let f0 = scaled(self.f0);", "let f0 = self.f0;", GRADIENT),
    ("T9 m of the spectrum", "src/bound/gradient/value.rs", "vec![outputs.get() as f64; tokens.get()]", "vec![1.0; tokens.get()]", GRADIENT),
    ("T9 average of the bounded support", "src/bound/gradient/key_query.rs", "let value = value.double().double().upper();", "let value = (value * Interval::point(1e-4)).upper();", GRADIENT),
    ("Jacobians, response", "src/attention/gradient.rs", "column *= *weight;", "column *= weight.sqrt();", ["--test", "question"]),
    ("Jacobians, Frobenius norm in V", "src/attention/gradient.rs", "value_frobenius: self.response.nrows() as f64 * mean,", "value_frobenius: mean,", ["--test", "question"]),
    ("rare atoms, average over the query", "src/exact/average/scalar.rs", "(-0.5 * x * x).exp()", "(-0.49 * x * x).exp()", ["--test", "exact"]),
    ("T12, constant", "src/bound/rate/minimax.rs", "Ok(0.16 * scale", "Ok(1.6 * scale", ["--lib", "--test", "exact"]),
    ("printed proposition, power of sigma", "src/claim/printed_form.rs", "(sigma.powi(6) * logarithm)", "(sigma.powi(5) * logarithm)", ["--lib"]),
    ("printed proposition, exponent", "src/claim/printed_form.rs", "(-c2 / (sigma * sigma) * logarithm)", "(-c2 / sigma * logarithm)", ["--lib"]),
    ("printed proposition, powers of sigma and ln(L) in U", "src/claim/printed_form.rs", "c1 * shape(found.sigma, c2, length, 2)", "c1 * shape(found.sigma, c2, length, 1)", ["--test", "command_line"]),
    ("printed proposition, power of ln(L)", "src/claim/printed_form.rs", "(sigma.powi(6) * logarithm).powi(order)", "sigma.powi(6).powi(order) * logarithm", ["--test", "command_line"]),
    ("printed proposition, square of the query's parameter", "src/claim/printed_form.rs", ".max(1.0).powi(2)", ".max(1.0)", ["--test", "command_line"]),
    ("fit, largest ratio", "src/claim/fit.rs", ".max_by(|x, y| x.c1.total_cmp(&y.c1))", ".min_by(|x, y| x.c1.total_cmp(&y.c1))", ["--lib", "--test", "command_line"]),
    ("T10.gaussian, label variance", "src/bound/regression/gaussian/query.rs", "let output = label + c.weight_variance * signal;", "let output = c.weight_variance * signal;", FLOWS),
    ("T10.gaussian, 2 of the bias", "src/bound/regression/gaussian/query.rs", "c.square_trace.sqrt() + 2.0 * signal", "c.square_trace.sqrt() + signal", FLOWS),
    ("T10.gaussian, error of the variance", "src/bound/regression/gaussian/query.rs", "let covariance = c.weight_variance * direct * direct", "let covariance = direct * 0.0", FLOWS),
    ("T10.gaussian, weighted covariance", "src/bound/regression/gaussian/query.rs", "(c.trace + 2.0 * c.largest) + label)", "(c.trace + 2.0 * c.largest))", FLOWS),
    ("T10.gaussian, degrees of freedom of u", "src/bound/regression/gaussian/query.rs", "(2.0, 1.0), (2.0, 1.0), (1.0, 0.5)]", "(0.0, 1.0), (0.0, 1.0), (1.0, 0.5)]", FLOWS),
    ("T10.gaussian, d of E u", "src/bound/regression/gaussian/query.rs", "(total.ln().ln_add(tail) + factor)", "total.ln().ln_add(tail)", FLOWS),
    ("T10.gaussian, w^3 of E P_3", "src/bound/regression/gaussian/participation.rs", "let ln_factor = ln_l + half_order * q;", "let ln_factor = ln_l + q;", ["--lib"]),
    ("T10.gaussian, spread of the variance", "src/bound/regression/gaussian/spread.rs", "2.0 + 4.0 * q + q * q + third", "2.0 + 3.0 * q + q * q + third", ["--lib"]),
    ("T10.gaussian, spread of the weighted sum", "src/bound/regression/gaussian/spread.rs", "(1.0 + q).sqrt() + root * z", "1.0 + root * z", ["--lib"]),
    ("T10.gaussian, MSE of the risk gap", "src/bound/regression/gaussian/gaps.rs", "ln_add(ln_b + ln_missed, ln_output_error - std::f64::consts::LN_2)", "(ln_b + ln_missed)", FLOWS),
    ("T10.gaussian, bias of the risk gap", "src/bound/regression/gaussian/gaps.rs", "ln_add(ln_b + ln_missed, ln_output_error - std::f64::consts::LN_2)", "(ln_output_error - std::f64::consts::LN_2)", FLOWS),
    ("T10.gaussian, output of the gap in b", "src/bound/regression/gaussian/gaps.rs", "ln_b + ln_add(m.ln_output, ln_weight + m.ln_signal)", "ln_b + ln_weight + m.ln_signal", FLOWS),
    ("T10.gaussian, bias of the gap in A", "src/bound/regression/gaussian/gaps.rs", "ln_b + ln_residual + m.ln_bias,", "ln_b + ln_residual + m.ln_bias - 3.0,", FLOWS),
    ("T10.gaussian, residual of a set", "src/bound/regression/gaussian/constants.rs", "r * (slope + 0.5 * step * r)", "0.3 * r * slope", FLOWS),
    ("T10.gaussian, curvature of a set", "src/bound/regression/gaussian/constants.rs", "constants.weight_variance * slope * slope", "0.5 * constants.weight_variance * slope * slope", FLOWS),
    ("T10.gaussian, slope of the curvature", "src/bound/regression/gaussian/constants.rs", "3.0 * constants.weight_variance * step * self.slope(constants)", "2.0 * constants.weight_variance * step * self.slope(constants)", FLOWS),
    ("least curvature, border", "src/regression/risk/curvature.rs", "(b * li * li * lj * a + li * lj * (b * li * a - one))", "(b * li * li * lj * a)", FLOWS),
    ("tube, gap of the gradients", "src/bound/regression/gaussian/gronwall.rs", "gradient_gap * step.duration * mean", "1e-9 * gradient_gap * step.duration * mean", FLOWS + ["--lib"]),
    ("tube, growth", "src/bound/regression/gaussian/gronwall.rs", "(start * growth.exp() + gradient_gap", "(start + gradient_gap", FLOWS + ["--lib"]),
    ("training, f of the softmax derivative", "src/regression/training/response.rs", "*place -= self.prediction * mean;", "*place -= 0.9 * self.prediction * mean;", TRAINING),
    ("training, shift of the softmax", "src/regression/training/response.rs", "*score = exponential(*score - top);", "*score = exponential(*score - 0.0 * top);", TRAINING),
    ("training, places without a token", "src/regression/training/response.rs", "    beyond.fill(f64::NEG_INFINITY);\n", "    beyond.fill(0.0);\n", TRAINING),
    ("training, L of the linear head", "src/regression/training/response.rs", "1.0 / prompt.length() as f64", "0.99 / prompt.length() as f64", TRAINING),
    ("training, value in the second sum", "src/regression/training/response.rs", "*both *= weight;", "*both *= weight.sqrt();", TRAINING),
    ("training, sqrt(d+1) of the scores", "src/regression/training/weights.rs", "let scale = 1.0 / (weights.size() as f64).sqrt();", "let scale = 1.0 / weights.size() as f64;", TRAINING),
    ("training, sqrt(d+1) of the gradients", "src/regression/training/weights.rs", "let scale = mean / (weights.size() as f64).sqrt();", "let scale = mean;", TRAINING),
    ("training, residual", "src/regression/training/weights.rs", "add_multiple(&mut self.by_values, residual, response.by_values());", "add_multiple(&mut self.by_values, -residual, response.by_values());", TRAINING),
    ("training, transpose in dK", "src/regression/training/square.rs", "*place = scale * dot(a, b);", "*place = 1.1 * scale * dot(a, b);", TRAINING),
    ("training, last row of O", "src/regression/training/weights.rs", "*place = mean * dot(row, &self.by_values);", "*place = dot(row, &self.by_values);", TRAINING),
    ("training, direction of descent", "src/regression/training/weights.rs", "add_multiple(&mut matrix.entries, -step, &gradient.entries);", "add_multiple(&mut matrix.entries, step, &gradient.entries);", TRAINING),
    ("training, half of the loss", "src/regression/training/weights.rs", "self.count(0.5 * residual * residual);", "self.count(residual * residual);", TRAINING),
    ("training, rho of the inputs", "src/regression/training/prompt_law.rs", "*number = self.correlation * before + self.innovation * *number;", "*number = 0.9 * self.correlation * before + self.innovation * *number;", ["--lib", *TRAINING]),
    ("training, noise of the labels", "src/regression/training/prompt_law.rs", "*label = dot(task, inputs) + self.noise * *label;", "*label = dot(task, inputs) + 1.1 * self.noise * *label;", TRAINING),
    ("training, noise of the scores", "src/regression/training/prompt_law.rs", "*white_label = self.noise * label;", "*white_label = *label;", TRAINING),
    ("training, precision", "src/regression/training/prompt_law.rs", "scale * (1.0 + rho * rho)", "scale", ["--lib", *TRAINING]),
    ("training, variance of w", "src/regression/training/prompt.rs", "*w = self.law.spread() * number;", "*w = 1.05 * self.law.spread() * number;", TRAINING),
    ("training, noise of the target", "src/regression/training/prompt.rs", "+ self.law.noise() * noise;", "+ 0.9 * self.law.noise() * noise;", TRAINING),
    ("training, stream of a block", "src/regression/training/descent.rs", "let block = state.steps / STEP_BLOCK;", "let block = state.steps / STEP_BLOCK * 0;", TRAINING),
    ("training, v a^T", "src/regression/training/evaluation.rs", "&product + &input_values * label_scores;", "&product + 0.9 * &input_values * label_scores;", TRAINING),
    ("training, risk of predicting nothing", "src/regression/training/evaluation.rs", "settings.task_variance * settings.dimension as f64 +", "settings.task_variance +", TRAINING),
    ("conditional, sign of the slope of 1-P", "src/regression/training/conditional.rs", "slope: -of.slope,", "slope: of.slope,", CONDITIONAL),
    ("conditional, 1/L of the linear head", "src/regression/training/conditional.rs", "constant(1.0 + uniform), noise]", "constant(1.0), noise]", CONDITIONAL),
    ("conditional, slope of the linear noise", "src/regression/training/conditional.rs", "slope: *uniform,", "slope: 0.0,", CONDITIONAL),
    ("conditional, n", "src/regression/training/conditional.rs", "square.value * m * m + noise.value * n", "square.value * m * m + 0.98 * noise.value * n", CONDITIONAL),
    ("conditional, 2 of the cross term", "src/regression/training/conditional.rs", "+ noise.slope * n - 2.0 * mean.slope", "+ noise.slope * n - mean.slope", CONDITIONAL),
    ("conditional, target in the derivative", "src/regression/training/conditional.rs", "square.value * m - mean.value * target;", "square.value * m - target;", CONDITIONAL),
    ("conditional, noise of the label", "src/regression/training/conditional.rs", "                + label_noise);", "                + 0.9 * label_noise);", CONDITIONAL),
    ("conditional, values in the derivative", "src/regression/training/conditional.rs", "by_m * c + noise.value * u", "by_m * c + 0.9 * noise.value * u", CONDITIONAL),
    ("conditional, second table for the square", "src/regression/training/conditional.rs", "rest(response), second]", "rest(second), second]", CONDITIONAL),
    ("conditional, query of the gradient", "src/regression/training/weights.rs", "self.by_circuit.add_outer(1.0, loss.by_scores(), query);", "self.by_circuit.add_outer(0.9, loss.by_scores(), query);", CONDITIONAL),
    ("participation curve, 1/L", "src/regression/participation/curve.rs", "|value| value + uniform", "|value| value", CONDITIONAL),
    ("participation curve, slope of the panel", "src/regression/participation/curve.rs", "slope: slope / self.half,", "slope: slope / self.half / 1.01,", CONDITIONAL),
    ("participation curve, first coefficient", "src/regression/participation/curve.rs", "let scale = if order == 0 { 1.0 } else { 2.0 };", "let scale = 2.0;", CONDITIONAL),
    ("full linear, 2 of c_2", "src/regression/risk/full_linear.rs", "label * label + 2.0 * tau * tau", "label * label + tau * tau", FULL_LINEAR),
    ("full linear, 2 b c_0", "src/regression/risk/full_linear.rs", "c.dot(&sc) + 2.0 * b * label * a_sc", "c.dot(&sc) + b * label * a_sc", FULL_LINEAR),
    ("full linear, 4 of the mixed term", "src/regression/risk/full_linear.rs", "+ 4.0 * b * tau * mixed", "+ 2.0 * b * tau * mixed", FULL_LINEAR),
    ("full linear, c_0 of the spread", "src/regression/risk/full_linear.rs", "(label * value_form + b * b * squares);", "(value_form + b * b * squares);", FULL_LINEAR),
    ("full linear, even part over L", "src/regression/risk/full_linear.rs", "inverse * (spread + noise + even)", "inverse * (spread + noise)", FULL_LINEAR),
    ("full linear, gradient in v", "src/regression/risk/full_linear.rs", "(sv * (score_form + label * a_sa)", "(sv * (score_form + 0.9 * label * a_sa)", FULL_LINEAR),
    ("full linear, gradient in b", "src/regression/risk/full_linear.rs", "2.0 * tau * mixed + b * squares * a_sa),", "tau * mixed + b * squares * a_sa),", FULL_LINEAR),
    ("full linear, gradient in a", "src/regression/risk/full_linear.rs", "(&sc * (b * label) + &sa * (b * b * squares)) * weight", "(&sc * (b * label) + &sa * (b * b * squares))", FULL_LINEAR),
    ("reproduce, too few steps to compare", "src/regression/reproduction/notes.rs", "_ if compared == 0 =>", "_ if compared == 7 =>", REPRODUCE),
    ("reproduce, fall of the loss", "src/regression/reproduction/notes.rs", "let fall = before - last;", "let fall = last - before;", REPRODUCE),
    ("reproduce, far from the solution", "src/regression/reproduction/notes.rs", "!(line.distance < 0.5 * norm)", "!(line.distance < 50.0 * norm)", REPRODUCE),
    ("reproduce, at the optimum", "src/regression/reproduction/notes.rs", "NEAR * least + CLEAR * line.conditional_standard_error", "9.0 * least", REPRODUCE),
    ("scan, rho", "src/study/scan/profile.rs", "(twice - 2.0 * question", "(twice - 1.0 * question", REPRODUCE),
    ("scan, s", "src/study/scan/profile.rs", ".tilted(&origin).variance.sqrt()", ".tilted(&origin).variance", REPRODUCE),
    ("scan, epsilon is relative", "src/study/scan/profile.rs", "epsilon.get() * relative_to;", "epsilon.get();", REPRODUCE),
    ("scan, places of the queries", "src/scenario/scan/layers.rs", "(2 * i + 1) * count", "2 * i * count", REPRODUCE),
    ("reproduce, colours of the exact curves", "src/render/regression/reproduce_plot.rs", "all.zip(COLOURS.into_iter().cycle())", "all.zip(COLOURS.into_iter().cycle().skip(1))", REPRODUCE),
    ("T8 determinant", "src/bound/rate/limiting_constant.rs", "DMatrix::identity(size, size) - spread * 2.0", "DMatrix::identity(size, size) - spread", AVERAGE + ["--lib"]),
    ("regression, 6 of Q", "src/regression/participation/table.rs", "second + 6.0 * (r.third.value", "second + 5.0 * (r.third.value", REGRESSION),
    ("regression, degrees of freedom of a squared pair", "src/regression/risk/expectations.rs", "if j == k { 3.0 } else { 1.0 }", "if j == k { 2.0 } else { 1.0 }", REGRESSION),
    ("regression, off the diagonal", "src/regression/risk/expectations.rs", "2.0 * form[(j, k)] * at(j, k)", "form[(j, k)] * at(j, k)", REGRESSION),
    ("regression, weight of P", "src/regression/risk/finite.rs", "second: 0.5 * b * b * task.label_variance(),", "second: b * b * task.label_variance(),", REGRESSION),
    ("regression, sign of the alignment", "src/regression/risk/finite.rs", "alignment: b * task.weight_variance(),", "alignment: -b * task.weight_variance(),", REGRESSION),
    ("regression, derivative of eta", "src/regression/risk/finite.rs", "+ 2.0 * self.signal * (task.covariance()", "+ self.signal * (task.covariance()", REGRESSION),
    ("regression, slope transform", "src/regression/risk/finite.rs", "found.add_slopes(inverse, -z * second,", "found.add_slopes(inverse, -z * 1.01 * second,", REGRESSION),
    ("regression, noise of the limit", "src/regression/risk/infinite.rs", "+ 0.5 * task.noise_variance())", ")", REGRESSION),
    ("regression, limit of the flow", "src/regression/risk/infinite.rs", "task.inverse_square_trace().sqrt().sqrt();", "task.inverse_square_trace().sqrt();", REGRESSION),
    ("regression, linear attention", "src/regression/risk/linear.rs", "task.weight_variance() * signal.1 + label * scores.1;", "task.weight_variance() * signal.1;", REGRESSION),
    ("regression, 1/L of the linear minimum", "src/regression/risk/linear.rs", "1.0 / ((1.0 + 1.0 / length) * l + ridge)", "1.0 / (l + ridge)", REGRESSION),
    ("regression, constant", "src/regression/risk/expansion.rs", "signal / room + task.label_variance()", "signal + task.label_variance()", REGRESSION),
    ("regression, stage of the integrator", "src/regression/numerics/rosenbrock.rs", "right.axpy(c / step, k, 1.0);", "right.axpy(0.99 * c / step, k, 1.0);", ["--lib"]),
    ("regression, Bayes prior", "src/regression/risk/bayes.rs", "gram / noise;", "gram;", ["--lib"]),
    ("T10, third derivative", "src/regression/transfer/path.rs", "4.0 / 3f64.sqrt() * self.weight", "0.4 / 3f64.sqrt() * self.weight", ["--lib"]),
    ("T10, Lipschitz constant, mixed block", "src/regression/transfer/path.rs", "+ mixed * mixed).sqrt()", ").sqrt()", ["--lib"]),
    ("T10, derivative in the radius", "src/regression/transfer/path.rs", "point.derivative + self.slope * radius", "point.derivative", ["--lib"]),
    ("T10, risk in the radius", "src/regression/transfer/path.rs", "point.risk + point.gradient * radius", "point.risk", ["--lib"]),
    ("T10, MSE of the gradient gap", "src/bound/regression/risk_transfer.rs", "+ size * (square * self.output).sqrt()", "", ["--lib"]),
    ("T10, output of the derivative", "src/bound/regression/risk_transfer.rs", "(square * self.derivative + self.output).sqrt()", "(1e-6 * square * self.derivative).sqrt()", ["--test", "regression"]),
    ("T10, risk of the risk gap", "src/bound/regression/risk_transfer.rs", "(2.0 * sizes.risk * squared).sqrt() + 0.5 * squared", "0.5 * squared", ["--test", "regression"]),
    ("T9 Gaussian query, y", "src/bound/gradient/uniform_gaussian.rs", "self.query_factor(y) * Interval::point(ln_f).exp()", "Interval::point(y.sqrt()) * Interval::point(ln_f).exp()", QUERY),
    ("T9 uniform, y", "src/bound/gradient/uniform.rs", "(self.query_factor(y).ln() + ln_f).upper()", "ln_f.upper()", GRADIENT),
    ("T9 uniform, no tilt", "src/bound/gradient/uniform.rs", "let scale = query * Interval::point(self.tilt.dimension) + mean;", "let scale = query;", GRADIENT),
    ("rare atoms, factor of the proxy", "src/law/rare_atom.rs", "(value + slack).double()", "(value + slack)", ["--lib", "--test", "exact"]),
    ("rare atoms, slack of the proxy", "src/law/rare_atom.rs", "(value + slack).double()", "value.double()", LAWS),
    ("two points, the larger weight", "src/law/mixture.rs", "weight(first.min(second))", "weight(first.max(second))", LAWS),
    ("mixture, spread of the means", "src/law/mixture.rs", "Interval::point(largest) + Interval::point(factor) * diameter", "Interval::point(largest)", LAWS),
    ("mixture, size of the exponents", "src/law/mixture.rs", "component.exponent_size(tilt) - weight.ln()", "1.0", LAWS),
    ("finite laws, weights by logarithms", "src/law/finite/empirical.rs", "if sum > LEAST_SUM {\n            weights /= sum;", "if sum > 0.0 {\n            weights /= sum;", LAWS),
    ("T7 offset", "src/bound/rate/tilt_scale.rs", "(varying.sqrt() + Interval::point(self.offset))\n            .square()\n            .upper()", "varying.upper()", OFFSET),
    ("T7 offset of the tail", "src/bound/rate/uniform.rs", "(s.square() + q * s * root).upper()", "0.0", ["--lib"]),
    ("T9 mean of the query", "src/bound/gradient/uniform.rs", "(Interval::point(y).sqrt() + mean).square()", "Interval::point(y)", OFFSET),
    ("T15 k_q", "src/bound/laplace/fractional.rs", "let single = ln_k(self.single) + of(list, self.single)", "let single = of(list, self.single)", BOUND),
    ("T15 Gamma(2q')", "src/bound/laplace/fractional.rs", "ln_gamma(2.0 * order(self.pairs))\n                    + of(&moments.weight", "of(&moments.weight", BOUND),
    ("T15 e^{-th} / (1-th)", "src/bound/laplace/fractional.rs", "let far = -theta - (-theta).ln_1p();", "let far = -theta;", BOUND),
    ("T15 power of phi", "src/bound/laplace/fractional.rs", "+ others * ln_phi_far", "+ l.double() * ln_phi_far", BOUND),
    ("T15.chords eigenvalue", "src/bound/moments/known.rs", "let square = (Interval::point(*square).sqrt() + moved).square();\n                let weight", "let square = (Interval::point(0.5 * *square).sqrt() + moved).square();\n                let weight", BOUND),
    ("T15.chords chords of eigenvalues", "src/bound/moments/fractional.rs", "(rest * Interval::point(from) + share * Interval::point(to)).upper()", "from.min(to)", BOUND),
    ("T15.chords first chord", "src/bound/laplace/chords.rs", "let head = ln_gamma(order(self.single)) - q * (ln_c + others.ln());", "let head = -q * (ln_c + others.ln()).double();", BOUND),
    ("T15.chords second chord", "src/bound/laplace/chords.rs", "((t + Interval::ONE / b) / b).ln();", "(Interval::ONE / b).ln();", BOUND),
    ("T15.chords phi at the knee", "src/bound/laplace/chords.rs", "let tail = others * at_knee + (q", "let tail = (others * at_knee).double() + (q", BOUND),
    ("T15.chords 6 of the pairs", "src/bound/laplace/chords.rs", "let six = point(6.0);", "let six = point(0.6);", BOUND),
    ("T15.chords pairs", "src/bound/laplace/chords.rs", "single.ln_add(pairs).ln_add(far)", "single.ln_add(far)", BOUND),
    ("T15.chords beyond", "src/bound/laplace/chords.rs", "single.ln_add(pairs).ln_add(far)", "single.ln_add(pairs)", BOUND),
    ("T15 (q-1)^2 eta", "src/bound/moments/fractional.rs", "point((q - 1.0) * (q - 1.0)) * share", "point(0.1 * (q - 1.0) * (q - 1.0)) * share", BOUND),
    ("T15 M_q of Gaussian scores", "src/bound/moments/fractional.rs", "point(0.5 * (q * q - q))", "point(0.4 * (q * q - q))", BOUND),
    ("T19 square of the share", "src/bound/lower.rs", "share * share * step.square", "share * step.square", BOUND),
    ("T19 L", "src/bound/lower.rs", "l * parts.sum::<f64>()", "2.0 * l * parts.sum::<f64>()", BOUND),
    ("T19 response", "src/bound/lower.rs", "part * ((z - s) * (z - s) - 1.0)", "part * (z - s) * (z - s)", BOUND),
    ("T20 L(L-1)", "src/bound/slow_growth.rs", "let pairs = l * (l - Interval::ONE);", "let pairs = l * l;", ["--doc"]),
]


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    work = pathlib.Path(sys.argv[1]).resolve()
    wanted = sys.argv[2:]
    ignored = shutil.ignore_patterns("target", ".git", "*.vo*", "*.glob", "*.aux")
    shutil.copytree(ROOT, work, ignore=ignored, dirs_exist_ok=True)
    failures = []
    for name, file, old, new, tests in MUTATIONS:
        if wanted and not any(part in name for part in wanted):
            continue
        original = (ROOT / file).read_text(encoding="utf-8")
        if original.count(old) != 1:
            failures.append(name)
            print(f"DOES NOT APPLY ({original.count(old)} places): {name}", flush=True)
            continue
        (work / file).write_text(original.replace(old, new), encoding="utf-8")
        # The long tests only where the short ones see nothing.
        for which in [], ["--", "--include-ignored"]:
            command = ["cargo", "test", "--release", "--quiet", *tests, *which]
            try:
                done = subprocess.run(command, cwd=work, env=ENVIRONMENT, capture_output=True, text=True, timeout=900)
                red = done.returncode != 0
                compiled = "could not compile" not in done.stderr
            except subprocess.TimeoutExpired:
                red, compiled = True, True
            if red:
                break
        (work / file).write_text(original, encoding="utf-8")
        if not compiled:
            failures.append(name)
            print(f"DOES NOT COMPILE: {name}\n{done.stderr[-600:]}", flush=True)
        elif red:
            print(f"caught: {name}", flush=True)
        else:
            failures.append(name)
            print(f"SURVIVED: {name}", flush=True)
    if failures:
        sys.exit(f"{len(failures)} mutations need attention: {', '.join(failures)}")
    print("every mutation was caught")


if __name__ == "__main__":
    main()
