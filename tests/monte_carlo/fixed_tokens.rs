//! Simulated prompts with fixed tokens: against exact values, and runs of other fixed tokens are never joined.

use attention_bounds::attention::{FixedTokens, Head, QueryLaw};
use attention_bounds::exact::fixed_output_error;
use attention_bounds::law::{Empirical, Gaussian, TokenLaw};
use attention_bounds::monte_carlo::{
    Control, Partial, Plan, QueryChoice, Route, Shard, Simulation,
};
use attention_bounds::parameter::PromptLength;
use nalgebra::{DMatrix, dmatrix, dvector};

use crate::support::simulation::{agrees, cell};

fn head() -> Head {
    Head::with_tilt_bias(
        dmatrix![0.7, 0.2; -0.3, 0.5],
        dmatrix![1.0, 2.0; 0.0, -1.0; 0.5, 0.5],
        dvector![0.1, -0.2],
    )
    .unwrap()
}

fn queries() -> QueryLaw {
    QueryLaw::weighted(dmatrix![1.0, -2.0; 0.5, 1.0], vec![0.25, 0.75]).unwrap()
}

#[test]
fn estimates_agree_with_exact_values() {
    let (head, queries) = (head(), queries());
    let normal = Gaussian::new(dvector![0.5, -1.0], dmatrix![1.0, 0.3; 0.3, 0.5]).unwrap();
    let points = Empirical::new(&dmatrix![0.0, 1.0; 2.0, -1.0; -1.0, 0.5; 1.0, 1.0]).unwrap();
    let given = FixedTokens::new(&dmatrix![3.0, 1.0; -1.0, 2.0]).unwrap();
    let far = FixedTokens::new(&dmatrix![800.0, 0.0]).unwrap();
    let fixed = [
        given.clone(),
        given.and_query(),
        FixedTokens::of_query(2),
        far,
    ];
    let laws: [&dyn TokenLaw; 2] = [&normal, &points];
    for (law, fixed) in laws
        .into_iter()
        .flat_map(|law| fixed.iter().map(move |f| (law, f)))
    {
        let (value, seen) = (head.value(), law.through(head.value()));
        let exact = |place: usize, length: PromptLength| {
            let QueryLaw::List { queries, .. } = &queries else {
                unreachable!()
            };
            let query = queries.column(place).into_owned();
            let (tilt, tokens) = (head.tilt(&query), fixed.at(&query));
            fixed_output_error(seen.as_ref(), value, &tilt, &tokens, &[length])
                .unwrap()
                .remove(0)
        };
        let choices = [
            QueryChoice::Index(0),
            QueryChoice::Index(1),
            QueryChoice::Average,
        ];
        let cells = choices
            .into_iter()
            .flat_map(|query| [1, 3, 40].map(|l| cell(query, l)))
            .collect();
        let plan = Plan {
            thresholds: vec![0.5],
            quantiles: true,
            ..Plan::new(6_000, 5, Route::Plain)
        };
        let simulation =
            Simulation::with_fixed_tokens(law, &head, &queries, fixed, cells, plan).unwrap();
        let begun = simulation.begin(Shard::whole()).unwrap();
        let done = simulation.advance(begun, &Control::default()).unwrap();
        for found in done.estimates().unwrap() {
            let length = PromptLength::new(found.length).unwrap();
            let parts = match found.query {
                QueryChoice::Index(place) => vec![(1.0, exact(place, length))],
                QueryChoice::Average => vec![(0.25, exact(0, length)), (0.75, exact(1, length))],
            };
            let mean = |of: &dyn Fn(usize) -> f64| {
                (0..parts.len()).map(|i| parts[i].0 * of(i)).sum::<f64>()
            };
            let output = |i: usize| &parts[i].1.output;
            agrees(
                "error",
                found.output_error,
                mean(&|i| output(i).squared_error.value),
            );
            agrees(
                "P_2",
                found.participation_two,
                mean(&|i| output(i).participation.value),
            );
            let share = mean(&|i| parts[i].1.share.value);
            // Exponentials of the simulation end at 1e-308.
            if share > 1e-300 {
                agrees("share", found.fixed_share.unwrap(), share);
            }
            for (k, bias) in found.bias.iter().enumerate() {
                agrees("bias", *bias, mean(&|i| output(i).bias[k].value));
            }
        }
    }
}

fn partial(fixed: Option<&FixedTokens>, shard: Shard) -> Partial {
    let (head, queries) = (head(), queries());
    let law = Empirical::new(&dmatrix![0.0, 1.0; 2.0, -1.0]).unwrap();
    let cells = vec![cell(QueryChoice::Average, 5)];
    let plan = Plan::new(4_000, 5, Route::Plain);
    let simulation = match fixed {
        Some(fixed) => Simulation::with_fixed_tokens(&law, &head, &queries, fixed, cells, plan),
        None => Simulation::new(&law, &head, &queries, cells, plan),
    }
    .unwrap();
    let begun = simulation.begin(shard).unwrap();
    simulation.advance(begun, &Control::default()).unwrap()
}

#[test]
fn runs_of_other_fixed_tokens_are_not_joined() {
    let half = |i| Shard::new(i, 2).unwrap();
    let tokens = FixedTokens::new(&dmatrix![1.0, 0.0]).unwrap();
    let moved = FixedTokens::new(&dmatrix![1.0, 1e-12]).unwrap();
    let first = partial(Some(&tokens), half(1));
    let joined = Partial::merge(&[first.clone(), partial(Some(&tokens), half(2))]).unwrap();
    assert_eq!(joined, partial(Some(&tokens), Shard::whole()));
    let with_query = tokens.clone().and_query();
    for other in [Some(&moved), Some(&with_query), None] {
        let refused = Partial::merge(&[first.clone(), partial(other, half(2))]);
        assert!(
            refused
                .unwrap_err()
                .to_string()
                .contains("different scenarios")
        );
    }
    // What a run writes is read again, and says that there are fixed tokens only where there are.
    let text = first.to_json().unwrap();
    assert!(text.contains("\"fixed_tokens\":true"));
    assert!(
        !partial(None, half(1))
            .to_json()
            .unwrap()
            .contains("fixed_tokens")
    );
}

#[test]
fn routes_gradients_and_shapes_that_do_not_serve_are_refused() {
    let (head, queries) = (head(), queries());
    let law = Gaussian::centred(DMatrix::identity(2, 2)).unwrap();
    let tokens = FixedTokens::new(&dmatrix![1.0, 0.0]).unwrap();
    let ask = |fixed: &FixedTokens, plan: Plan| {
        let cells = vec![cell(QueryChoice::Average, 5)];
        Simulation::with_fixed_tokens(&law, &head, &queries, fixed, cells, plan)
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    let good = || Plan::new(100, 1, Route::Plain);
    assert!(ask(&tokens, good()).is_ok());
    let scores = ask(&tokens, Plan::new(100, 1, Route::RaoBlackwell)).unwrap_err();
    assert!(scores.contains("plain"), "{scores}");
    for gradient in [true, false] {
        let plan = Plan {
            value_gradient: gradient,
            key_query_gradient: !gradient,
            ..good()
        };
        assert!(ask(&tokens, plan).unwrap_err().contains("gradients"));
    }
    let short = FixedTokens::new(&dmatrix![1.0]).unwrap();
    assert!(ask(&short, good()).unwrap_err().contains("n x 2"));
    let plan = Plan {
        fixed_tokens: true,
        ..good()
    };
    let cells = vec![cell(QueryChoice::Average, 5)];
    assert!(Simulation::new(&law, &head, &queries, cells, plan).is_err());
}
