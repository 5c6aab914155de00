//! One small table in every format.

use crate::bound::{Bound, LowerBound, Theorem};
use crate::exact::Exact;

use proptest::prelude::*;

use crate::record::*;
use crate::render::table::formats::render_from;
use crate::render::table::*;

pub(in crate::render) fn provenance() -> Provenance {
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
pub(super) fn table() -> Table {
    let exact = |value, error| Ok(Exact::proved(value, error));
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

pub(super) fn printed(table: &Table, format: Format, queries: QuerySelection) -> String {
    let style = Style {
        format,
        queries,
        vacuous: true,
        ..Style::default()
    };
    render_from(table, &provenance(), &style)
}

pub(super) fn show(format: Format) -> String {
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
exact values are proved: the truth is within the relative error (T16 exact-enclosure)
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
- exact values are proved: the truth is within the relative error (T16 exact-enclosure)
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
exact values are proved: the truth is within the relative error (T16 exact-enclosure)\par
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
metric,query,length,exact_value,exact_error,exact_proved,exact_reason,trivial_value,trivial_status,\
T4_value,T4_status,T5_value,T5_status,\
best_theorem,best_value,monte_carlo_mean,monte_carlo_standard_error,monte_carlo_lower,\
monte_carlo_upper,monte_carlo_prompts,monte_carlo_largest_share,monte_carlo_reliability,\
standardised_difference,verdict
output,average,4,2.5e-1,1e-5,true,,1e0,valid,2.5e0,vacuous,,not applicable,trivial,1e0,,,,,,,,,consistent
output,average,1024,,,,no atoms,1e0,valid,inf,vacuous,1.23456e-3,valid,T5,1.23456e-3,,,,,,,,,inconclusive
";
    assert_eq!(show(Format::Csv), expected);
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
    table.rows[0].exact = Ok(Exact::proved(1.5, 0.1));
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

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
        prop_assert!(one_line(&latex) && one_line(&crate::render::table::markdown::escape(&given)));
        prop_assert!(!['%', '&', '#', '_'].into_iter().any(bare));
    }
}

#[test]
fn lower_bounds_are_shown_on_request_and_rounded_down() {
    let mut table = table();
    table.rows[0].lower_bounds = vec![LowerBound {
        theorem: Theorem::LOWER_BOUND,
        value: 0.123_456,
    }];
    let with = |lower| {
        let style = Style {
            lower,
            ..Style::default()
        };
        render_from(&table, &provenance(), &style)
    };
    let shown = with(true);
    assert!(
        shown.contains(" 1.234e-1 ") && shown.contains("T19 lower-bound: "),
        "{shown}"
    );
    assert!(!with(false).contains("1.234e-1"));
}
