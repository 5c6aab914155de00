use attention_bounds::{attention::*, bound::*, exact::*, law::*, parameter::*};
use nalgebra::*;
use std::time::Instant;
fn main() {
    let ls: Vec<_> = [1u64, 2, 4, 7, 30, 500, 20_000, 3_000_000, 1_000_000_000_000]
        .iter()
        .map(|i| PromptLength::new(*i).unwrap())
        .collect();
    let id = DMatrix::identity(2, 2);
    let vs = ValueSpectrum::new(&id).unwrap();
    for k in [0.1, 1.0, 4.0, 10.0] {
        let a = DVector::from_element(2, k);
        let laws: Vec<Box<dyn TokenLaw>> = vec![
            Box::new(Gaussian::centred(id.clone()).unwrap()),
            Box::new(
                Mixture::new(vec![
                    (0.5, Gaussian::centred(id.clone()).unwrap()),
                    (0.5, Gaussian::centred(id.clone()).unwrap()),
                ])
                .unwrap(),
            ),
            Box::new(Sphere::new(2, 3.0).unwrap()),
            Box::new(Rademacher::new(2, 2.0).unwrap()),
        ];
        for l in &laws {
            let seen = l.through(&id);
            let t = Instant::now();
            let r = output_error(seen.as_ref(), &a, &ls);
            let e = t.elapsed();
            let t = Instant::now();
            let km = KnownMoments::new(seen.as_ref(), &a).unwrap();
            let sg = SubGaussianMoments::new(l.variance_proxy().proxy, a.norm(), &vs).unwrap();
            let t1 = t.elapsed();
            let t = Instant::now();
            for &x in &ls {
                output_bounds(Some(&km), Some(&sg), x);
            }
            println!(
                "{k} {} exact {:?} {} moments {:?} bounds {:?}",
                l.name(),
                e,
                r.is_ok(),
                t1,
                t.elapsed()
            );
        }
    }
}
