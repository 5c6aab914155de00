use attention_bounds::exact::gaussian_participation;
use attention_bounds::parameter::PromptLength;
use std::time::Instant;
fn main() {
    for (s, l) in [
        (0.3, 5u64),
        (1.0, 1024),
        (3.5, 64),
        (1e-6, 1000),
        (12.0, 2),
        (12.0, 1000000000000),
        (0.42, 1000),
        (0.5, 1000),
    ] {
        let ls = [PromptLength::new(l).unwrap()];
        let r = gaussian_participation(s, &ls).unwrap()[0];
        println!(
            "{s} {l} {:.16e} {:.1e} {:.16e} {:.16e} {:.16e} {:.1e}",
            r.second.value,
            r.second.error,
            r.third.value,
            r.fourth.value,
            r.squared_second.value,
            r.squared_second.error
        );
        let t = Instant::now();
        for _ in 0..200 {
            std::hint::black_box(gaussian_participation(s, &ls).unwrap());
        }
        let one = t.elapsed().as_secs_f64() / 200.0;
        let ls: Vec<_> = (0..20)
            .map(|i| PromptLength::new(10f64.powf(0.5 + i as f64 * 0.6) as u64).unwrap())
            .collect();
        let t = Instant::now();
        for _ in 0..200 {
            std::hint::black_box(gaussian_participation(s, &ls).unwrap());
        }
        let many = t.elapsed().as_secs_f64() / 200.0;
        println!("   {:.1}us, 20 lengths {:.1}us", one * 1e6, many * 1e6);
    }
}
