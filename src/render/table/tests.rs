//! One small table in every format.

use crate::bound::{Bound, Theorem};
use crate::exact::Exact;

use super::*;
use crate::record::*;
use proptest::prelude::*;

fn provenance() -> Provenance {
    Provenance {
        version: "1.2.3".into(),
        git: "abc1234".into(),
        scenario: "a_b.toml".into(),
        seed: Some(7),
        created: "2026-01-02T03:04:05Z".into(),
    }
}

/// Two lengths: at the first, one bound is vacuous and one does not apply; at the second, one bound
/// overflows.
fn table() -> Table {
    let exact = |value, error| Ok(Exact { value, error });
    let row = |length, exact, bounds| {
        Row::new(Metric::Output, QueryLabel::Average, length, exact, bounds)
    };
    Table {
        scenario: "a_b.toml".into(),
        description: "tokens: x; 50% of y".into(),
        notes: vec!["L x error -> 3".into()],
        request: Request::default(),
        simulation: None,
        check: None,
        rows: vec![
            row(
                4,
                exact(0.25, 1e-5),
                vec![
                    Bound::proved(Theorem::TRIVIAL_BOUND, 1.0, 1.0, "variance"),
                    Bound::proved(Theorem::CHERNOFF_BOUND, 2.5, 1.0, "failure")
                        .with_hypothesis("rho", 0.1)
                        .with_parameter("del", 0.5),
                    Bound::not_applicable(Theorem::LAPLACE_BOUND, "L = 4 is below 7"),
                ],
            ),
            row(
                1024,
                Err("no atoms".into()),
                vec![
                    Bound::proved(Theorem::TRIVIAL_BOUND, 1.0, 1.0, "variance"),
                    Bound::proved(Theorem::CHERNOFF_BOUND, f64::INFINITY, 1.0, "failure"),
                    Bound::proved(Theorem::LAPLACE_BOUND, 0.001_234_56, 1.0, "main"),
                ],
            ),
        ],
    }
}

fn printed(table: &Table, format: Format, queries: QuerySelection) -> String {
    let style = Style {
        format,
        queries,
        vacuous: true,
        ..Style::default()
    };
    render_from(table, &provenance(), &style)
}

fn show(format: Format) -> String {
    printed(&table(), format, QuerySelection::Auto)
}

/// Expected text, with the titles of the registry filled in.
fn titled(expected: &str) -> String {
    let mut text = expected.to_string();
    for (place, theorem) in [
        ("TRIVIAL", Theorem::TRIVIAL_BOUND),
        ("CHERNOFF", Theorem::CHERNOFF_BOUND),
        ("LAPLACE", Theorem::LAPLACE_BOUND),
    ] {
        text = text.replace(place, theorem.statement().title);
    }
    text
}

#[test]
fn text_table() {
    let expected = "\
tokens: x; 50% of y

Expected squared output error E|That - T|^2, average over queries

    L      exact   relative   trivial-          T4          T5
                      error      bound   chernoff-    laplace-
                                             bound       bound
---------------------------------------------------------------
    4   2.500e-1       5e-5     1.000*     (2.500)          -
 1024          -                1.000        (inf)   1.235e-3*

Bounds are rounded up; the tightest of a row is marked *; one in parentheses is vacuous: the trivial
  bound is smaller; - does not apply.
trivial-bound: TRIVIAL
T4 chernoff-bound: CHERNOFF
T5 laplace-bound: LAPLACE
T5 laplace-bound does not apply: L = 4 is below 7 (L = 4)
no exact value: no atoms (L = 1024)
L x error -> 3
attention-bounds 1.2.3 (git abc1234), scenario a_b.toml, seed 7, created 2026-01-02T03:04:05Z
";
    assert_eq!(show(Format::Text), titled(expected));
}

#[test]
fn markdown_table() {
    let expected = r"tokens: x; 50% of y

**Expected squared output error E\|That - T\|^2, average over queries**

| L | exact | relative error | trivial-bound | T4 chernoff-bound | T5 laplace-bound |
| ---: | ---: | ---: | ---: | ---: | ---: |
| 4 | 2.500e-1 | 5e-5 | **1.000** | (2.500) | - |
| 1024 | - |  | 1.000 | (inf) | **1.235e-3** |

- Bounds are rounded up; the tightest of a row is bold; one in parentheses is vacuous: the trivial bound is smaller; - does not apply.
- trivial-bound: TRIVIAL
- T4 chernoff-bound: CHERNOFF
- T5 laplace-bound: LAPLACE
- T5 laplace-bound does not apply: L = 4 is below 7 (L = 4)
- no exact value: no atoms (L = 1024)
- L x error -\> 3

*attention-bounds 1.2.3 (git abc1234), scenario a\_b.toml, seed 7, created 2026-01-02T03:04:05Z*
";
    assert_eq!(show(Format::Markdown), titled(expected));
}

#[test]
fn latex_table() {
    let expected = r"% attention-bounds 1.2.3 (git abc1234), scenario a_b.toml, seed 7, created 2026-01-02T03:04:05Z
% needs \usepackage{booktabs}
\begin{table}
\centering
\caption{Expected squared output error $E|\hat T - T|^2$, average over queries. tokens: x; 50\% of y.}
\label{tab:attention-bounds}
\begin{tabular}{rrrrrr}
\toprule
$L$ & exact & \shortstack[r]{relative\\error} & \shortstack[r]{trivial-\\bound} & \shortstack[r]{T4\\chernoff-\\bound} & \shortstack[r]{T5\\laplace-\\bound} \\
\midrule
$4$ & $2.500\times10^{-1}$ & $5\times10^{-5}$ & $\mathbf{1.000}$ & $(2.500)$ & -- \\
$1024$ & -- &  & $1.000$ & $(\infty)$ & $\mathbf{1.235\times10^{-3}}$ \\
\bottomrule
\end{tabular}
\par\smallskip
{\footnotesize
Bounds are rounded up; the tightest of a row is bold; one in parentheses is vacuous: the trivial bound is smaller; - does not apply.\par
trivial-bound: TRIVIAL\par
T4 chernoff-bound: CHERNOFF\par
T5 laplace-bound: LAPLACE\par
T5 laplace-bound does not apply: L = 4 is below 7 (L = 4)\par
no exact value: no atoms (L = 1024)\par
L x error -\textgreater{} 3\par}
\end{table}
";
    assert_eq!(show(Format::Latex), titled(expected));
}

#[test]
fn csv_table() {
    let expected = "\
# attention-bounds 1.2.3 (git abc1234), scenario a_b.toml, seed 7, created 2026-01-02T03:04:05Z
# tokens: x; 50% of y
# L x error -> 3
metric,query,length,exact_value,exact_error,exact_reason,trivial_value,trivial_status,\
T4_value,T4_status,T5_value,T5_status,\
best_theorem,best_value,monte_carlo_mean,monte_carlo_standard_error,monte_carlo_lower,\
monte_carlo_upper,monte_carlo_prompts,monte_carlo_largest_share,monte_carlo_reliability,\
standardised_difference,verdict
output,average,4,2.5e-1,1e-5,,1e0,valid,2.5e0,vacuous,,not applicable,trivial,1e0,,,,,,,,,consistent
output,average,1024,,,no atoms,1e0,valid,inf,vacuous,1.23456e-3,valid,T5,1.23456e-3,,,,,,,,,inconclusive
";
    assert_eq!(show(Format::Csv), expected);
}

#[test]
fn json_table() {
    let mut small = table();
    small.rows.remove(0);
    let expected = r#"{
  "schema": "attention-bounds/table/1",
  "provenance": {
    "version": "1.2.3",
    "git": "abc1234",
    "scenario": "a_b.toml",
    "seed": 7,
    "created": "2026-01-02T03:04:05Z"
  },
  "description": "tokens: x; 50% of y",
  "notes": [
    "L x error -> 3"
  ],
  "request": {
    "scenario": null,
    "bias": false,
    "participation": false,
    "gradients": false,
    "operator_norm": false,
    "tail": null,
    "quantiles": [],
    "formulas": [],
    "negative_control": false
  },
  "simulation": null,
  "rows": [
    {
      "metric": "output",
      "query": "average",
      "length": 1024,
      "exact": null,
      "reason": "no atoms",
      "bounds": [
        {
          "theorem": "trivial",
          "name": "trivial-bound",
          "value": 1.0,
          "status": "valid",
          "hypotheses": [],
          "parameters": [],
          "dominant": "variance"
        },
        {
          "theorem": "T4",
          "name": "chernoff-bound",
          "value": null,
          "status": "vacuous",
          "overflow": true,
          "trivial": 1.0,
          "hypotheses": [],
          "parameters": [],
          "dominant": "failure"
        },
        {
          "theorem": "T5",
          "name": "laplace-bound",
          "value": 0.00123456,
          "status": "valid",
          "hypotheses": [],
          "parameters": [],
          "dominant": "main"
        }
      ],
      "best": {
        "theorem": "T5",
        "name": "laplace-bound",
        "value": 0.00123456
      },
      "monte_carlo": null,
      "verdict": "inconclusive"
    }
  ]
}
"#;
    assert_eq!(
        printed(&small, Format::Json, QuerySelection::Auto),
        expected
    );
}

#[test]
fn json_holds_hypotheses_parameters_and_reasons() {
    let json: serde_json::Value = serde_json::from_str(&show(Format::Json)).unwrap();
    let row = &json["rows"][0];
    assert_eq!(row["exact"]["value"], 0.25);
    assert_eq!(row["exact"]["error"], 1e-5);
    assert!(row.get("reason").is_none());
    let chernoff = &row["bounds"][1];
    assert_eq!(chernoff["status"], "vacuous");
    assert_eq!(chernoff["trivial"], 1.0);
    assert_eq!(chernoff["hypotheses"][0]["name"], "rho");
    assert_eq!(chernoff["parameters"][0]["value"], 0.5);
    let laplace = &row["bounds"][2];
    assert_eq!(laplace["status"], "not applicable");
    assert_eq!(laplace["reason"], "L = 4 is below 7");
    assert!(laplace["value"].is_null());
    assert_eq!(row["verdict"], "consistent");
}

/// A table of `queries` queries and their average.
fn listed(queries: usize) -> Table {
    let mut table = table();
    let row = table.rows[0].clone();
    table.rows = (0..queries)
        .map(QueryLabel::Index)
        .chain([QueryLabel::Average])
        .map(|query| Row {
            query,
            ..row.clone()
        })
        .collect();
    table
}

#[test]
fn many_queries_are_shown_by_their_average() {
    for format in [Format::Text, Format::Markdown, Format::Latex] {
        let headings = |queries, selection| {
            let text = printed(&listed(queries), format, selection);
            let single = text.matches(", query ").count();
            (single, text.matches(", average over queries").count())
        };
        assert_eq!(headings(8, QuerySelection::Auto), (8, 1));
        assert_eq!(headings(9, QuerySelection::Auto), (0, 1));
        assert_eq!(headings(9, QuerySelection::All), (9, 1));
        assert_eq!(headings(2, QuerySelection::Average), (0, 1));
    }
    let text = printed(&listed(9), Format::Text, QuerySelection::Auto);
    assert!(text.contains("9 queries were computed and only their average is shown"));
    let csv = printed(&listed(9), Format::Csv, QuerySelection::Average);
    assert_eq!(csv.lines().filter(|l| l.starts_with("output,")).count(), 10);
    let json = printed(&listed(9), Format::Json, QuerySelection::Average);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["rows"].as_array().unwrap().len(), 10);
}

#[test]
fn a_violation_is_shouted() {
    let mut table = table();
    table.rows[0].exact = Ok(Exact {
        value: 1.5,
        error: 0.1,
    });
    for format in [Format::Text, Format::Markdown, Format::Latex] {
        let text = printed(&table, format, QuerySelection::Auto);
        assert!(text.contains("VIOLATED: the exact value exceeds a bound (L = 4)"));
    }
    let json = printed(&table, Format::Json, QuerySelection::Auto);
    assert!(json.contains("\"violated\""));
}

#[test]
fn a_text_table_is_never_wider_than_100_columns() {
    let mut table = table();
    table.rows[0].length = 1 << 53;
    table.rows[0].bounds = Theorem::ALL
        .into_iter()
        .map(|t| Bound::proved(t, 1.234_567e-200, 1.0, "main"))
        .collect();
    let text = printed(&table, Format::Text, QuerySelection::Auto);
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    // Every theorem keeps its column: one value each.
    assert_eq!(text.matches("1.235e-200").count(), Theorem::ALL.len());
}

#[test]
fn special_characters_of_latex_are_escaped() {
    let given = r"50% of $x_1 & {y}^2 ~ \cmd #3 <a|b>";
    let expected = r"50\% of \$x\_1 \& \{y\}\textasciicircum{}2 \textasciitilde{} \textbackslash{}cmd \#3 \textless{}a\textbar{}b\textgreater{}";
    assert_eq!(escape_latex(given), expected);
    let style = Style {
        format: Format::Latex,
        caption: Some("100% {".into()),
        label: Some("a}b%c:d".into()),
        ..Style::default()
    };
    let text = render_from(&table(), &provenance(), &style);
    assert!(text.contains("\\caption{100\\% \\{}\n\\label{a-b-c:d}\n"));
}

fn length_answer() -> LengthAnswer {
    LengthAnswer {
        description: "tokens: x".into(),
        query: QueryLabel::Average,
        epsilon: 0.01,
        relative_to: None,
        exact: Ok(ReachedLength {
            length: 90,
            value: 0.009_9,
            theorem: None,
        }),
        bound: Ok(ReachedLength {
            length: 120,
            value: 0.009_999_999_9,
            theorem: Some(Theorem::LAPLACE_BOUND),
        }),
        notes: vec![],
    }
}

#[test]
fn a_length_answer() {
    let expected = "\
tokens: x
Smallest L with E|That - T|^2 <= 1.00000e-2, average over queries
  exact error: L = 90 (error 9.90000e-3)
  best bound:  L = 120 (bound 1.00000e-2, T5 laplace-bound)
attention-bounds 1.2.3 (git abc1234), scenario a_b.toml, seed 7, created 2026-01-02T03:04:05Z
";
    assert_eq!(length_answer().text(&provenance()), expected);
    let json: serde_json::Value =
        serde_json::from_str(&length_answer().json(&provenance())).unwrap();
    assert_eq!(json["schema"], "attention-bounds/length/1");
    assert_eq!(json["bound"]["length"], 120);
    assert_eq!(json["bound"]["theorem"], "T5");
    assert_eq!(json["exact"]["value"], 0.009_9);
    let never = LengthAnswer {
        bound: Err("no bound gets there".into()),
        ..length_answer()
    };
    assert!(
        never
            .text(&provenance())
            .contains("none: no bound gets there")
    );
    let json: serde_json::Value = serde_json::from_str(&never.json(&provenance())).unwrap();
    assert_eq!(json["bound"]["reason"], "no bound gets there");
    assert!(json["bound"]["length"].is_null());
}

#[test]
fn a_rate_answer_labels_the_conjecture() {
    let answer = RateAnswer {
        description: "tokens: x".into(),
        lambda: Ok(1.0),
        kappa: Ok(0.618),
        limiting_constant: Err("lam is at least 1/2".into()),
        slopes: vec![LocalSlope {
            from: 16,
            to: 64,
            slope: 0.5,
        }],
        notes: vec![],
    };
    let text = answer.text(&provenance());
    for part in [
        "lam = 1.00000\n",
        "kappa = 6.18000e-1 (T8 sharp-rate: a conjecture",
        "none: lam is at least 1/2",
        "L = 16 to 64: 0.5000",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let json: serde_json::Value = serde_json::from_str(&answer.json(&provenance())).unwrap();
    assert_eq!(json["kappa"]["status"], "conjecture");
    assert_eq!(json["limiting_constant"]["reason"], "lam is at least 1/2");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn floats_of_json_and_csv_read_back_identical(bits in prop::array::uniform3(any::<u64>())) {
        let [value, error, bound] = bits.map(f64::from_bits);
        let finite = |x: f64| if x.is_finite() { x } else { 1.0 };
        let (value, error, bound) = (finite(value), finite(error), finite(bound).abs());
        let mut table = table();
        table.rows.truncate(1);
        table.rows[0].exact = Ok(Exact { value, error });
        table.rows[0].bounds = vec![Bound::proved(Theorem::LAPLACE_BOUND, bound, 1.0, "main")];
        let json: serde_json::Value =
            serde_json::from_str(&printed(&table, Format::Json, QuerySelection::Auto)).unwrap();
        let row = &json["rows"][0];
        let same = |read: Option<f64>, x: f64| read.map(f64::to_bits) == Some(x.to_bits());
        let csv = printed(&table, Format::Csv, QuerySelection::Auto);
        let fields: Vec<&str> = csv.lines().last().unwrap().split(',').collect();
        prop_assert!(same(row["exact"]["value"].as_f64(), value));
        prop_assert!(same(row["exact"]["error"].as_f64(), error));
        prop_assert!(same(row["bounds"][0]["value"].as_f64(), bound));
        prop_assert!(same(fields[3].parse().ok(), value));
        prop_assert!(same(fields[4].parse().ok(), error));
        prop_assert!(same(fields[6].parse().ok(), bound));
    }

    #[test]
    fn any_text_makes_one_line_of_latex_and_markdown(given in any::<String>()) {
        let latex = escape_latex(&given);
        let bare = |special: char| {
            // Every special character that is left belongs to an escape.
            let mut rest = latex.as_str();
            while let Some(at) = rest.find(special) {
                if !rest[..at].ends_with('\\') {
                    return true;
                }
                rest = &rest[at + special.len_utf8()..];
            }
            false
        };
        let one_line = |text: &str| !text.contains(|c: char| c.is_control());
        prop_assert!(one_line(&latex) && one_line(&crate::render::markdown::escape(&given)));
        prop_assert!(!['%', '&', '#', '_'].into_iter().any(bare));
    }
}

#[test]
fn a_bound_that_is_always_vacuous_is_named_and_not_shown() {
    let text = render_from(&table(), &provenance(), &Style::default());
    assert!(
        text.contains("so not shown (--vacuous shows them): T4 chernoff-bound (at least 2.50)")
    );
    assert!(!text.contains("(inf)"));
    let json = render_from(
        &table(),
        &provenance(),
        &Style {
            format: Format::Json,
            ..Style::default()
        },
    );
    assert!(json.contains("\"T4\""));
}

/// The table with a simulation of its first row, which contradicts a claim, and a summary.
fn simulated_table() -> Table {
    let mut table = table();
    let row = &mut table.rows[0];
    row.claims = vec![Claim {
        name: "1/L".into(),
        control: false,
        value: Ok(0.2),
    }];
    row.monte_carlo = Some(Simulated {
        mean: 0.251,
        standard_error: Some(0.002),
        lower: 0.247_123_4,
        upper: 0.255_678_9,
        prompts: 5000,
        largest_share: Some(0.5),
        reliability: crate::monte_carlo::Reliability::HeavyTail,
        effective_length: 3.5,
    });
    let comparison = |against, standardised, verdict| Comparison {
        witness: Witness::MonteCarlo,
        against,
        standardised: Some(standardised),
        p_value: Some(1e-9),
        verdict,
        detectable: Some(1.25),
    };
    row.comparisons = vec![
        comparison(Against::Exact, 0.5, Verdict::Consistent),
        comparison(
            Against::Bound(Theorem::TRIVIAL_BOUND),
            -300.0,
            Verdict::Consistent,
        ),
        comparison(Against::Claim(0), 25.5, Verdict::Violated),
    ];
    table.simulation = Some(Family {
        prompts: 5000,
        seed: 7,
        route: crate::monte_carlo::Route::Plain,
        longest: None,
        average_only: false,
        confidence: 0.95,
        comparisons: 3,
        error_probability: 1e-6,
    });
    table.check = Some(CheckSummary {
        consistent: 2,
        violated: 1,
        inconclusive: 0,
        detectable_bound: Some(Detectable {
            metric: Metric::Output,
            query: QueryLabel::Average,
            length: 4,
            against: Against::Bound(Theorem::TRIVIAL_BOUND),
            size: 1.25,
        }),
        detectable_exact: None,
        control: Some(NegativeControl {
            comparisons: 2,
            known_false: 1,
            rejected: 0,
        }),
    });
    table
}

#[test]
fn simulated_values_stand_beside_exact_ones() {
    let table = simulated_table();
    let text = printed(&table, Format::Text, QuerySelection::Auto);
    // Limits are rounded outwards.
    let line = "    4   2.500e-1       5e-5   2.510e-1   2.471e-1   2.557e-1   0.50     1.000*";
    assert!(text.contains(line), "{text}");
    for part in [
        "2.001e-1!", // the float 0.2 exceeds 1/5
        "claim 1: 1/L",
        "VIOLATED: the simulation exceeds 1/L (L = 4)",
        "heavy tail: the largest 1% of the prompts",
        "5000 prompts a cell, seed 7, whole tokens drawn; limits at 95%",
        "CHECK FAILED: 2 comparisons confirmed, 1 violated, 0 inconclusive",
        "a true value of 1.250 times trivial-bound",
        "more prompts are needed",
        "an exclamation mark is contradicted",
    ] {
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(part), "{part}: {text}");
    }
    let markdown = printed(&table, Format::Markdown, QuerySelection::Auto);
    assert!(markdown.contains("| 4 | 2.500e-1 | 5e-5 | 2.510e-1 | 2.471e-1 | 2.557e-1 | 0.50 | **1.000** | (2.500) | - | 2.001e-1! |"), "{markdown}");
    assert!(
        markdown.contains("| 1024 | - |  | - |  |  |  | 1.000 |"),
        "{markdown}"
    );
    let latex = printed(&table, Format::Latex, QuerySelection::Auto);
    let line = "$4$ & $2.500\\times10^{-1}$ & $5\\times10^{-5}$ & $2.510\\times10^{-1}$ & $2.471\\times10^{-1}$ & $2.557\\times10^{-1}$ & $0.50$ &";
    assert!(latex.contains(line), "{latex}");
    assert!(latex.contains("\\begin{tabular}{rrrrrrrrrrr}"), "{latex}");
    let csv = printed(&table, Format::Csv, QuerySelection::Auto);
    assert!(
        csv.contains(
            "2.51e-1,2e-3,2.471234e-1,2.556789e-1,5000,5e-1,heavy-tail,5e-1,2e-1,violated"
        ),
        "{csv}"
    );
    assert!(csv.contains("# claim 1: 1/L"));
}

#[test]
fn json_of_a_check_has_comparisons_and_summary() {
    let table = simulated_table();
    let text = printed(&table, Format::Json, QuerySelection::Auto);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["check"]["verdict"], "violated");
    assert_eq!(
        json["check"]["smallest_detectable_violation"]["against"],
        "trivial"
    );
    assert_eq!(json["check"]["negative_control"]["rejected"], 0);
    assert_eq!(json["simulation"]["route"], "plain");
    let row = &json["rows"][0];
    assert_eq!(row["monte_carlo"]["upper"], 0.255_678_9);
    assert_eq!(row["monte_carlo"]["reliability"], "heavy-tail");
    assert_eq!(row["claims"][0]["value"], 0.2);
    assert_eq!(row["comparisons"][2]["against"], "claim 0");
    assert_eq!(row["comparisons"][2]["verdict"], "violated");
    assert_eq!(row["verdict"], "violated");
    assert!(json["rows"][1]["monte_carlo"].is_null());
}

#[test]
fn only_exact_columns_that_exist_are_shown() {
    let mut table = simulated_table();
    table.rows.truncate(1);
    table.rows[0].exact = Err("none".into());
    table.rows[0].comparisons.remove(0);
    let text = printed(&table, Format::Markdown, QuerySelection::Auto);
    assert!(
        text.contains("| L | Monte Carlo | lower limit | upper limit | trivial-bound |"),
        "{text}"
    );
}
