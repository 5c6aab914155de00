#!/usr/bin/env python3
"""Drops factors of the bounds and of the exact engine one at a time; some test must fail for each.

Works on a copy of the project (its own target directory, so the first build takes a minute), never on
the project itself. usage: tools/mutations.py WORK_FOLDER [part of a mutation's name ...]
Exit code 1 if a mutation survives or does not apply any more.
"""
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BOUND = ["--test", "bound_oracles"]
EXACT = ["--test", "oracle_participation", "--test", "oracle_output"]
AVERAGE = ["--test", "oracle_query_average"]
HOLD = ["--test", "bounds_hold"]
SIMULATION = ["--test", "deviations", "--test", "monte_carlo"]
JUDGE = ["--lib", "--test", "deviations"]

# (name, file, text to find (once), what replaces it, tests to run)
MUTATIONS = [
    ("T4 exponent of 1-del", "src/bound/chernoff.rs", "sum - 2.0 * u.ln_complement", "sum - u.ln_complement", BOUND),
    ("T4 L of L F0", "src/bound/chernoff.rs", "let complement = ln_length + moments.f0;", "let complement = moments.f0;", BOUND),
    ("T4 2 of the exponent", "src/bound/chernoff.rs", "ln_others - moments.rho - std::f64::consts::LN_2", "ln_others - moments.rho", BOUND),
    ("T4 rho of the exponent", "src/bound/chernoff.rs", "ln_others - moments.rho - std::f64::consts::LN_2", "ln_others - std::f64::consts::LN_2", BOUND),
    ("T4 averaged, 1-del", "src/bound/chernoff.rs", "score_variance - 2.0 * (-delta).ln_1p()", "score_variance - 0.0 * (-delta).ln_1p()", HOLD + ["--lib"]),
    ("T4 tail eps^2", "src/bound/chernoff_tail.rs", "2.0 * deviation.get().ln()", "deviation.get().ln()", BOUND),
    ("T4 tail 2 of the exponent", "src/bound/chernoff_tail.rs", "ln_length - moments.rho - std::f64::consts::LN_2", "ln_length - moments.rho", BOUND),
    ("T4 fourth 3", "src/bound/chernoff_fourth.rs", "3f64.ln() + 2.0", "2.0", BOUND),
    ("T4 fourth A4", "src/bound/chernoff_fourth.rs", "ln_add(diagonal, pairs)", "pairs", BOUND),
    ("T4 fourth power of 1-del", "src/bound/chernoff_fourth.rs", "sum - 4.0 * u.ln_complement", "sum - 2.0 * u.ln_complement", BOUND),
    ("T5 6", "src/bound/laplace.rs", "moments.a2 + 6f64.ln() + ln_length", "moments.a2 + ln_length", BOUND),
    ("T5 rho of the pairs", "src/bound/laplace.rs", "(length - 1.0).ln() + moments.rho + fourth.ln_value", "(length - 1.0).ln() + fourth.ln_value", BOUND),
    ("T5 L-1 of the pairs", "src/bound/laplace.rs", "(length - 1.0).ln() + moments.rho + fourth.ln_value", "moments.rho + fourth.ln_value", BOUND),
    ("T5 count of I_4", "src/bound/laplace.rs", "inverse_moment(moments, 4, length - 2.0)", "inverse_moment(moments, 4, length + 2.0)", BOUND),
    ("T5 participation rho", "src/bound/laplace.rs", "length.as_f64().ln() + moments.rho + second.ln_value", "length.as_f64().ln() + second.ln_value", BOUND),
    ("T5 main term's 1-th/2", "src/bound/inverse_moment.rs", "let main = -k * (n.ln() + half);", "let main = -k * n.ln();", BOUND),
    ("T5 kap^k", "src/bound/inverse_moment.rs", "k * (moments.kappa - k.ln());\n    let ln_rate", "-k * k.ln();\n    let ln_rate", BOUND),
    ("T5 1/k^k", "src/bound/inverse_moment.rs", "k * (moments.kappa - k.ln());\n    let ln_rate", "k * moments.kappa;\n    let ln_rate", BOUND),
    ("T5 n-k", "src/bound/inverse_moment.rs", "let ln_rate = (n - k).ln()", "let ln_rate = n.ln()", BOUND),
    ("T5 one split, 1-th/2 of the exponent", "src/bound/inverse_moment.rs", "(ln_rate + theta.ln + half).exp()", "(ln_rate + theta.ln).exp()", BOUND),
    ("T5 two splits, middle piece", "src/bound/inverse_moment.rs", "ln_add(body, ln_geometric - 0.5 * ln_rate.exp())", "ln_geometric - 0.5 * ln_rate.exp()", BOUND),
    ("T5 two splits, half of the exponent", "src/bound/inverse_moment.rs", "ln_geometric - 0.5 * ln_rate.exp()", "ln_geometric - ln_rate.exp()", BOUND),
    ("T5 incomplete gamma", "src/bound/inverse_moment.rs", "term *= x / j;", "term *= x;", BOUND + ["--lib"]),
    ("T6 8 sigma^2 |a|^2", "src/bound/sub_gaussian.rs", "self.minimise_over_lambda(8.0 * self.energy)", "self.minimise_over_lambda(0.0 * self.energy)", BOUND),
    ("T6 e^{2 sigma^2 |a|^2}", "src/bound/sub_gaussian.rs", "ln_value: 2.0 * self.energy + found.ln_value", "ln_value: found.ln_value", BOUND),
    ("T6 mean term of D", "src/bound/sub_gaussian.rs", "2.0 * self.energy * (unit.ln - unit.ln_complement).exp()", "0.0 * self.energy * (unit.ln - unit.ln_complement).exp()", BOUND),
    ("T6 1/(1-u) of the mean term", "src/bound/sub_gaussian.rs", "(unit.ln - unit.ln_complement).exp()", "unit.ln.exp()", BOUND),
    ("T6 determinant of D", "src/bound/sub_gaussian.rs", "+ half_log_determinant(self.values.ratios(), u, complement)", "+ 0.0 * half_log_determinant(self.values.ratios(), u, complement)", BOUND),
    ("T6 rho of the class", "src/bound/sub_gaussian.rs", "rho: 2.0 * self.energy", "rho: self.energy", BOUND),
    ("T6 kap of the class", "src/bound/sub_gaussian.rs", "kappa: self.energy", "kappa: 0.0 * self.energy", BOUND),
    ("T6 |c|^2 of F0", "src/bound/sub_gaussian.rs", "4.0 * self.values.largest() * self.energy", "0.0 * self.values.largest() * self.energy", BOUND),
    ("T6 ln L of the crude bound", "src/bound/sub_gaussian.rs", "self.minimise_over_lambda(length.ln())", "self.minimise_over_lambda(0.0 * length.ln())", BOUND),
    ("A2 mean shift", "src/bound/moments.rs", "twice.variance + (&twice.mean - &once.mean).norm_squared()", "twice.variance", BOUND),
    ("F0 mean shift", "src/bound/moments.rs", "origin.variance + (&origin.mean - &once.mean).norm_squared()", "origin.variance", BOUND),
    ("A2 rho", "src/bound/moments.rs", "ln_a2: ln_rho + second.ln()", "ln_a2: second.ln()", BOUND),
    ("T7 dimension", "src/bound/uniform_rate.rs", "-0.5 * self.rate.dimension * (-2.0 * theta).ln_1p()", "-0.5 * (-2.0 * theta).ln_1p()", BOUND),
    ("T7 right end of F", "src/bound/uniform_rate.rs", "right.ln_f - theta * left.y", "left.ln_f - theta * left.y", BOUND),
    ("T7 tail", "src/bound/uniform_rate.rs", "ln_value: self.query_factor(theta) + cells.max(tail)", "ln_value: self.query_factor(theta) + cells", BOUND),
    ("query average, mass left out", "src/bound/query_average.rs", "left: (total - inside).max(0.0) + SLACK * total", "left: 0.0", HOLD + ["--lib"]),
    ("query average, response", "src/bound/query_average.rs", "output_variance * d.density + d.response", "output_variance * d.density", HOLD),
    ("exact, factor of r_3", "src/exact/integral.rs", "third: third * scale / 2.0", "third: third * scale", EXACT),
    ("exact, pairs", "src/exact/integral.rs", "pairs * scale * (length - 1.0) / 6.0", "pairs * scale * length / 6.0", EXACT),
    ("exact, factor of eta", "src/exact/gaussian.rs", "6.0 * (r.squared_second.value - r.third.value)", "5.0 * (r.squared_second.value - r.third.value)", EXACT),
    ("exact, pair term of the output", "src/exact/output_moments.rs", "(single + (length - 1.0) * pairs)", "single", EXACT),
    ("exact, series below the table", "src/exact/lognormal.rs", "sums[0] += m1 - m2 / 2.0 + m3 / 6.0 - m4 / 24.0 + m5 / 120.0 - m6 / 720.0;", "sums[0] += m1;", EXACT),
    ("exact, upper score window", "src/law/atoms.rs", "tilt.min(rare.max(deviation)) + self.margin", "self.margin * 0.5", EXACT),
    ("density, mean of the query", "src/attention/score_variance.rs", "exponent -= pole.ln() * 0.5 + z * (nu * nu) / pole;", "exponent -= pole.ln() * 0.5;", AVERAGE),
    ("density, response", "src/attention/score_variance.rs", "total += self.response[(j, j)] * self.variances[j] / poles[j];", "total += self.response[(j, j)] * self.variances[j];", AVERAGE),
    ("simulation, shift of the softmax", "src/monte_carlo/softmax.rs", "*weight = exponential(scale * x - shift);", "*weight = exponential(scale * x - 0.0 * shift);", SIMULATION),
    ("simulation, sums when the shift moves", "src/monte_carlo/softmax.rs", "self.first.iter_mut().for_each(|sum| *sum *= factor);", "self.first.iter_mut().for_each(|sum| *sum *= 1.0 + 0.0 * factor);", SIMULATION),
    ("simulation, tilt", "src/monte_carlo/problem.rs", "self.drawn_tilt.gemv_tr(1.0, law.root(), &self.tilt, 0.0);", "self.drawn_tilt.gemv_tr(1.02, law.root(), &self.tilt, 0.0);", SIMULATION),
    ("simulation, sampler", "src/monte_carlo/normal.rs", "let x = symmetric(word) * ABSCISSAE[strip];", "let x = 1.01 * symmetric(word) * ABSCISSAE[strip];", ["--lib", *SIMULATION]),
    ("simulation, centre of other tokens", "src/monte_carlo/plain.rs", "*number = x - c;", "*number = x - 0.99 * c;", SIMULATION),
    ("simulation, orthogonal part", "src/monte_carlo/rao_blackwell.rs", "(shift * shift) + two * self.spread());", "(shift * shift) + 0.98 * two * self.spread());", SIMULATION),
    ("simulation, control variate", "src/monte_carlo/rao_blackwell.rs", "shift + self.deviation * two;", "shift + 1.05 * self.deviation * two;", SIMULATION),
    ("simulation, standard error", "src/monte_carlo/summary.rs", "(moments.deviations / (count - 1.0) / count).sqrt()", "(moments.deviations / (count - 1.0) / count).sqrt() * 0.7", SIMULATION + ["--test", "monte_carlo_runs"]),
    ("simulation, skewness of joined blocks", "src/monte_carlo/moments.rs", "+ 3.0 * difference * (share * other.deviations", "+ 2.0 * difference * (share * other.deviations", JUDGE),
    ("intervals, bend", "src/monte_carlo/interval.rs", "self.skewness / (3.0 * (self.prompts as f64).sqrt())", "self.skewness / (6.0 * (self.prompts as f64).sqrt())", JUDGE),
    ("intervals, lower binomial limit", "src/monte_carlo/interval.rs", "beta_quantile(prompts, count, half)", "beta_quantile(prompts, count + 1, half)", JUDGE),
    ("intervals, rank of a quantile", "src/monte_carlo/interval.rs", "let upper = last_rank(count, |rank| above(rank) > half) + 1;", "let upper = last_rank(count, |rank| above(rank) > half);", JUDGE),
    ("verdicts, family", "src/check/holm.rs", "if !(p(place) <= error / open) {", "if !(p(place) <= error) {", JUDGE),
    ("verdicts, heavy tails confirm nothing", "src/check/evidence.rs", "add(against, value, estimate.p_above(value), Some(below));", "add(against, value, estimate.p_above(value), Some(estimate.p_below(value)));", JUDGE),
    ("verdicts, negative control", "src/check/claim.rs", "value: checked(0.5 * value),", "value: checked(1.5 * value),", JUDGE),
    ("T8 determinant", "src/bound/sharp_rate.rs", "DMatrix::identity(size, size) - spread * 2.0", "DMatrix::identity(size, size) - spread", AVERAGE + ["--lib"]),
]


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    work = pathlib.Path(sys.argv[1]).resolve()
    wanted = sys.argv[2:]
    ignored = shutil.ignore_patterns("target", ".git", "proofs")
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
        command = ["cargo", "test", "--release", "--quiet", *tests]
        try:
            done = subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=600)
            red = done.returncode != 0
            compiled = "could not compile" not in done.stderr
        except subprocess.TimeoutExpired:
            red, compiled = True, True
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
