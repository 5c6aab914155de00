//! The Coq files that a certificate needs, compiled into the program.

/// Name and text of each file, in the order of their dependence.
pub(super) const FILES: [(&str, &str); 3] = [
    (
        "exponential_bounds.v",
        include_str!("../../proofs/exponential_bounds.v"),
    ),
    (
        "bounds_definitions.v",
        include_str!("../../proofs/bounds_definitions.v"),
    ),
    (
        "certificate_library.v",
        include_str!("../../proofs/certificate_library.v"),
    ),
];
