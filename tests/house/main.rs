//! The house itself: which room imports which, the pages against the code, the library as another crate sees it.

mod layering;
mod library;
mod page;
mod readme;
mod theory;
mod traceability;

/// `.cargo/config.toml` is read, so that a property test draws the same cases on every run.
#[test]
fn property_tests_have_a_seed() {
    assert!(std::env::var("PROPTEST_RNG_SEED").is_ok_and(|seed| seed.parse::<u64>().is_ok()));
}
