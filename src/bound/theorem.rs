//! The registry of theorems.

/// A theorem of the theory pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Theorem {
    /// T0.
    CgfAttention,
    /// T1, the paper's Lemma 2.1.
    GaussianLinearity,
    /// T2.
    LaplaceIdentity,
    /// T3.
    GaussianExact,
    /// T3, order: `P_2^2 <= P_3`.
    ParticipationOrder,
    /// The bound that every other is compared with.
    TrivialBound,
    /// T4.
    ChernoffBound,
    /// T4, tail form.
    ChernoffTail,
    /// T4, fourth moment.
    ChernoffFourthMoment,
    /// T5.
    LaplaceBound,
    /// T5, participation form.
    LaplaceParticipation,
    /// T6, known law and sub-Gaussian constants.
    OutputConcentration,
    /// T6, tilted mean of a sub-Gaussian law.
    TiltedMean,
    /// T6, moment generating function of the squared output norm.
    NormMgf,
    /// T6 with T4: sub-Gaussian tokens, law otherwise unknown.
    SubGaussianChernoff,
    /// T6 with T5: sub-Gaussian tokens, law otherwise unknown.
    SubGaussianLaplace,
    /// T6, any length.
    CrudeBound,
    /// T7, the paper's Proposition 3.1.
    UniformRate,
    /// T8, the limit of L times the error.
    LimitingConstant,
    /// T8, the exponent.
    SharpRate,
}

/// How far a statement is established.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofStatus {
    /// A proof is written out in docs/theory.md.
    ProvedOnPaper,
    /// A Coq lemma states and proves it.
    MachineChecked,
    /// Supported by numbers only.
    Conjecture,
}

impl Theorem {
    /// Id.
    pub fn id(self) -> &'static str {
        match self {
            Theorem::CgfAttention => "T0",
            Theorem::GaussianLinearity => "T1",
            Theorem::LaplaceIdentity => "T2",
            Theorem::GaussianExact => "T3",
            Theorem::ParticipationOrder => "T3",
            Theorem::TrivialBound => "T4",
            Theorem::ChernoffBound => "T4",
            Theorem::ChernoffTail => "T4",
            Theorem::ChernoffFourthMoment => "T4",
            Theorem::LaplaceBound => "T5",
            Theorem::LaplaceParticipation => "T5",
            Theorem::OutputConcentration => "T6",
            Theorem::TiltedMean => "T6",
            Theorem::NormMgf => "T6",
            Theorem::SubGaussianChernoff => "T6",
            Theorem::SubGaussianLaplace => "T6",
            Theorem::CrudeBound => "T6",
            Theorem::UniformRate => "T7",
            Theorem::LimitingConstant => "T8",
            Theorem::SharpRate => "T8",
        }
    }
    /// Name.
    pub fn name(self) -> &'static str {
        match self {
            Theorem::CgfAttention => "cgf-attention",
            Theorem::GaussianLinearity => "gaussian-linearity",
            Theorem::LaplaceIdentity => "laplace-identity",
            Theorem::GaussianExact => "gaussian-exact",
            Theorem::ParticipationOrder => "participation-order",
            Theorem::TrivialBound => "trivial-bound",
            Theorem::ChernoffBound => "chernoff-bound",
            Theorem::ChernoffTail => "chernoff-tail",
            Theorem::ChernoffFourthMoment => "chernoff-fourth-moment",
            Theorem::LaplaceBound => "laplace-bound",
            Theorem::LaplaceParticipation => "laplace-participation",
            Theorem::OutputConcentration => "output-concentration",
            Theorem::TiltedMean => "tilted-mean",
            Theorem::NormMgf => "norm-mgf",
            Theorem::SubGaussianChernoff => "sub-gaussian-chernoff",
            Theorem::SubGaussianLaplace => "sub-gaussian-laplace",
            Theorem::CrudeBound => "crude-bound",
            Theorem::UniformRate => "uniform-rate",
            Theorem::LimitingConstant => "limiting-constant",
            Theorem::SharpRate => "sharp-rate",
        }
    }
    /// Title.
    pub fn title(self) -> &'static str {
        "title"
    }
}
