//! Jacobians of attention against central differences and automatic differentiation.

use attention_bounds::attention::{
    Head, finite_prompt_attention, finite_prompt_jacobians, population_attention,
    population_jacobians,
};
use attention_bounds::law::{Empirical, Gaussian, Rademacher, Sphere, TokenLaw};
use nalgebra::{DMatrix, DVector};
use num_dual::{Dual64, DualNum};

/// Numbers without pattern in [-1, 1], the same on every machine.
fn numbers(seed: u64, count: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..count)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
        })
        .collect()
}

fn matrix(seed: u64, rows: usize, columns: usize) -> DMatrix<f64> {
    DMatrix::from_vec(rows, columns, numbers(seed, rows * columns))
}

struct Case {
    head: Head,
    query: DVector<f64>,
    value_direction: DMatrix<f64>,
    key_query_direction: DMatrix<f64>,
}

/// `d = 3`, `e = 2`, `m = 2`, with a tilt bias.
fn case(seed: u64) -> Case {
    Case {
        head: Head::with_tilt_bias(
            matrix(seed, 3, 2),
            matrix(seed + 1, 2, 3),
            DVector::from_vec(numbers(seed + 2, 3)),
        )
        .unwrap(),
        query: DVector::from_vec(numbers(seed + 3, 2)),
        value_direction: matrix(seed + 4, 2, 3),
        key_query_direction: matrix(seed + 5, 3, 2),
    }
}

impl Case {
    fn moved(&self, in_value: f64, in_key_query: f64) -> Head {
        Head::with_tilt_bias(
            self.head.key_query() + &self.key_query_direction * in_key_query,
            self.head.value() + &self.value_direction * in_value,
            self.head.tilt_bias().clone(),
        )
        .unwrap()
    }

    /// Central differences of an output in both directions; off by about 1e-10.
    fn differences(&self, output: &dyn Fn(&Head) -> DVector<f64>) -> (DVector<f64>, DVector<f64>) {
        let h = 1e-5;
        let at = |v: f64, u: f64| output(&self.moved(v, u));
        (
            (at(h, 0.0) - at(-h, 0.0)) / (2.0 * h),
            (at(0.0, h) - at(0.0, -h)) / (2.0 * h),
        )
    }
}

fn close(found: &DVector<f64>, wanted: &DVector<f64>, tolerance: f64) {
    assert!(
        (found - wanted).norm() <= tolerance * (1.0 + wanted.norm()),
        "{found} is not {wanted}"
    );
}

#[test]
fn central_differences_of_a_prompt() {
    for seed in [1, 20, 300] {
        let case = case(seed);
        let prompt = matrix(seed + 9, 3, 7) * 2.0;
        let jacobians = finite_prompt_jacobians(&case.head, &prompt, &case.query).unwrap();
        let (value, key_query) =
            case.differences(&|head| finite_prompt_attention(head, &prompt, &case.query).unwrap());
        close(
            &jacobians.in_value(&case.value_direction).unwrap(),
            &value,
            1e-9,
        );
        close(
            &jacobians.in_key_query(&case.key_query_direction).unwrap(),
            &key_query,
            1e-9,
        );
    }
}

#[test]
fn central_differences_of_the_population() {
    let root = matrix(77, 3, 3);
    let laws: [Box<dyn TokenLaw>; 4] = [
        Box::new(
            Gaussian::new(DVector::from_vec(numbers(5, 3)), &root * root.transpose()).unwrap(),
        ),
        Box::new(Rademacher::new(3, 1.5).unwrap()),
        Box::new(Sphere::new(3, 2.0).unwrap()),
        Box::new(Empirical::new(&matrix(6, 9, 3)).unwrap()),
    ];
    for (law, seed) in laws.iter().zip([1, 20, 300, 4000]) {
        let case = case(seed);
        let jacobians = population_jacobians(law.as_ref(), &case.head, &case.query).unwrap();
        let (value, key_query) = case
            .differences(&|head| population_attention(law.as_ref(), head, &case.query).unwrap());
        close(
            &jacobians.in_value(&case.value_direction).unwrap(),
            &value,
            1e-8,
        );
        close(
            &jacobians.in_key_query(&case.key_query_direction).unwrap(),
            &key_query,
            1e-8,
        );
    }
}

/// Softmax attention written once more, over dual numbers: nothing of the crate is used.
fn dual_attention(
    key_query: &[Vec<Dual64>],
    value: &[Vec<Dual64>],
    bias: &[f64],
    prompt: &DMatrix<f64>,
    query: &DVector<f64>,
) -> Vec<f64> {
    let tilt: Vec<Dual64> = key_query
        .iter()
        .zip(bias)
        .map(|(row, b)| {
            row.iter()
                .zip(query.iter())
                .fold(Dual64::from(*b), |sum, (u, z)| sum + *u * *z)
        })
        .collect();
    let weights: Vec<Dual64> = prompt
        .column_iter()
        .map(|token| {
            tilt.iter()
                .zip(token.iter())
                .fold(Dual64::from(0.0), |sum, (a, x)| sum + *a * *x)
                .exp()
        })
        .collect();
    let total = weights.iter().fold(Dual64::from(0.0), |sum, w| sum + *w);
    let mean: Vec<Dual64> = prompt
        .row_iter()
        .map(|row| {
            let sum = row
                .iter()
                .zip(&weights)
                .fold(Dual64::from(0.0), |sum, (x, w)| sum + *w * *x);
            sum / total
        })
        .collect();
    value
        .iter()
        .map(|row| {
            row.iter()
                .zip(&mean)
                .fold(Dual64::from(0.0), |sum, (v, m)| sum + *v * *m)
                .eps
        })
        .collect()
}

fn dual(matrix: &DMatrix<f64>, direction: Option<&DMatrix<f64>>) -> Vec<Vec<Dual64>> {
    (0..matrix.nrows())
        .map(|i| {
            (0..matrix.ncols())
                .map(|j| Dual64::new(matrix[(i, j)], direction.map_or(0.0, |h| h[(i, j)])))
                .collect()
        })
        .collect()
}

#[test]
fn automatic_differentiation_of_a_prompt() {
    for seed in [11, 222, 3333] {
        let case = case(seed);
        let prompt = matrix(seed + 9, 3, 5) * 3.0;
        let (u, v) = (case.head.key_query(), case.head.value());
        let bias = case.head.tilt_bias().as_slice();
        let jacobians = finite_prompt_jacobians(&case.head, &prompt, &case.query).unwrap();
        let derivative = |in_u: Option<&DMatrix<f64>>, in_v: Option<&DMatrix<f64>>| {
            DVector::from_vec(dual_attention(
                &dual(u, in_u),
                &dual(v, in_v),
                bias,
                &prompt,
                &case.query,
            ))
        };
        close(
            &jacobians.in_value(&case.value_direction).unwrap(),
            &derivative(None, Some(&case.value_direction)),
            1e-13,
        );
        close(
            &jacobians.in_key_query(&case.key_query_direction).unwrap(),
            &derivative(Some(&case.key_query_direction), None),
            1e-13,
        );
    }
}

/// Each norm from the matrix of the map, written out entry by entry in the basis of unit matrices.
#[test]
fn norms_are_those_of_the_maps() {
    let case = case(8);
    let law = Rademacher::new(3, 1.0).unwrap();
    let prompt = matrix(99, 3, 4);
    let hat = finite_prompt_jacobians(&case.head, &prompt, &case.query).unwrap();
    let limit = population_jacobians(&law, &case.head, &case.query).unwrap();
    let units = |rows: usize, columns: usize| {
        (0..rows * columns).map(move |i| {
            let mut unit = DMatrix::zeros(rows, columns);
            unit[i] = 1.0;
            unit
        })
    };
    let value: Vec<DVector<f64>> = units(2, 3)
        .map(|h| hat.in_value(&h).unwrap() - limit.in_value(&h).unwrap())
        .collect();
    let key_query: Vec<DVector<f64>> = units(3, 2)
        .map(|h| hat.in_key_query(&h).unwrap() - limit.in_key_query(&h).unwrap())
        .collect();
    let distance = hat.distance(&limit).unwrap();
    for (columns, frobenius, operator) in [
        (value, distance.value_frobenius, distance.value_operator),
        (
            key_query,
            distance.key_query_frobenius,
            distance.key_query_operator,
        ),
    ] {
        let map = DMatrix::from_columns(&columns);
        let largest = map.singular_values().max();
        assert!((map.norm_squared() - frobenius).abs() <= 1e-13 * frobenius);
        assert!((largest * largest - operator).abs() <= 1e-13 * operator);
        assert!(operator < frobenius);
    }
    assert_eq!(hat.distance(&hat).unwrap().key_query_operator, 0.0);
}

#[test]
fn what_does_not_fit_is_refused() {
    let case = case(8);
    let law = Rademacher::new(3, 1.0).unwrap();
    let limit = population_jacobians(&law, &case.head, &case.query).unwrap();
    let refusal = limit
        .in_value(&DMatrix::zeros(3, 2))
        .unwrap_err()
        .to_string();
    assert!(
        refusal.contains("3 x 2") && refusal.contains("2 x 3"),
        "{refusal}"
    );
    assert!(limit.in_key_query(&DMatrix::zeros(2, 3)).is_err());
    assert!(
        population_jacobians(&Rademacher::new(2, 1.0).unwrap(), &case.head, &case.query).is_err()
    );
    assert!(population_jacobians(&law, &case.head, &DVector::zeros(3)).is_err());
    assert!(finite_prompt_jacobians(&case.head, &DMatrix::zeros(3, 0), &case.query).is_err());
    let other = population_jacobians(&law, &case.head, &DVector::zeros(2)).unwrap();
    assert!(
        limit
            .distance(&other)
            .unwrap_err()
            .to_string()
            .contains("the same query")
    );
}
