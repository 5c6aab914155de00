//! The Coq files that a certificate needs, compiled into the program.

/// Path and text of each file, in the order of their dependence.
pub(super) const FILES: [(&str, &str); 3] = [
    (
        "foundation/exponential_bounds.v",
        include_str!("../../proofs/foundation/exponential_bounds.v"),
    ),
    (
        "certificate/bounds_definitions.v",
        include_str!("../../proofs/certificate/bounds_definitions.v"),
    ),
    (
        "certificate/certificate_library.v",
        include_str!("../../proofs/certificate/certificate_library.v"),
    ),
];
