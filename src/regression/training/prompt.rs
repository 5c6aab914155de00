//! One prompt, and what a head's sums over its tokens need.

use nalgebra::DMatrix;
use rand::Rng;

use super::prompt_law::PromptLaw;
use super::square::dot;
use crate::monte_carlo::fill_normals;

/// Tokens whose numbers lie side by side, so that one vector instruction serves several.
pub(super) const LANES: usize = 4;

/// A prompt of `L` tokens, its query token and its target; drawn again and again into the same memory.
///
/// Tokens are kept as the standard normal vectors `g` of [`PromptLaw`], `X = T g`: sums over tokens are taken of `g`
/// and carried over by `T`, which is linear.
#[derive(Debug, Clone)]
pub struct Prompt {
    law: PromptLaw,
    length: usize,
    /// Numbers of the tokens: for each group of [`LANES`] tokens, its `d + 1` coordinates one after the other.
    /// The places of tokens beyond `L` hold zeros. Then the numbers of `w`, of the query and of its noise.
    numbers: Vec<f64>,
    /// How many of the numbers belong to tokens.
    tokens: usize,
    vector: Vec<f64>,
    query: Vec<f64>,
    target: f64,
}

impl Prompt {
    /// Memory for a prompt of `length` tokens; all zeros.
    pub fn new(law: PromptLaw, length: usize) -> Self {
        let rest = 2 * law.dimension() + 1;
        let tokens = length.div_ceil(LANES) * LANES * law.size();
        Self {
            law,
            length,
            numbers: vec![0.0; tokens + rest],
            tokens,
            vector: vec![0.0; law.dimension()],
            query: vec![0.0; law.size()],
            target: 0.0,
        }
    }

    /// Draws everything anew.
    pub fn draw<R: Rng>(&mut self, random: &mut R) {
        fill_normals(random, &mut self.numbers);
        let beyond = self.length.next_multiple_of(LANES) - self.length;
        let size = self.law.size();
        let d = self.law.dimension();
        let (tokens, rest) = self.numbers.split_at_mut(self.tokens);
        if beyond > 0 {
            let (rows, _) = tokens.as_chunks_mut::<LANES>();
            for row in rows.iter_mut().rev().take(size) {
                row.iter_mut().rev().take(beyond).for_each(|x| *x = 0.0);
            }
        }
        let (vector, rest) = rest.split_at(d);
        for (w, number) in self.vector.iter_mut().zip(vector) {
            *w = self.law.spread() * number;
        }
        let (inputs, noise) = rest.split_at(d);
        if let (Some((label, query)), Some(noise)) = (self.query.split_last_mut(), noise.first()) {
            query.copy_from_slice(inputs);
            self.law.colour(query);
            // The query token does not show its label.
            *label = 0.0;
            self.target = dot(&self.vector, query) + self.law.noise() * noise;
        }
    }

    /// Replaces `w` by `-w` and all noise by its opposite: every label changes its sign, and the law of the prompt
    /// is the same.
    pub fn reflect(&mut self) {
        let (tokens, _) = self.numbers.split_at_mut(self.tokens);
        let (rows, _) = tokens.as_chunks_mut::<LANES>();
        for group in rows.chunks_exact_mut(self.law.size()) {
            if let Some(noise) = group.last_mut() {
                noise.iter_mut().for_each(|x| *x = -*x);
            }
        }
        self.vector.iter_mut().for_each(|w| *w = -*w);
        self.target = -self.target;
    }

    /// The law it is drawn from.
    pub fn law(&self) -> &PromptLaw {
        &self.law
    }

    /// `L`.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The task vector `w`.
    pub fn vector(&self) -> &[f64] {
        &self.vector
    }

    /// The query token `(x, 0)`.
    pub fn query(&self) -> &[f64] {
        &self.query
    }

    /// The target `y = <w, x> + noise` of the query.
    pub fn target(&self) -> f64 {
        self.target
    }

    /// The numbers of all tokens, in rows of [`LANES`] tokens.
    pub(super) fn rows(&self) -> &[[f64; LANES]] {
        let (tokens, _) = self.numbers.split_at(self.tokens);
        tokens.as_chunks::<LANES>().0
    }

    /// The tokens `X_i` themselves, one a column: for tests and for whoever wants to see them.
    pub fn tokens(&self) -> DMatrix<f64> {
        let size = self.law.size();
        let mut tokens = DMatrix::zeros(size, self.length);
        for (number, mut column) in tokens.column_iter_mut().enumerate() {
            let rows = self.rows().iter().skip(number / LANES * size);
            for (place, row) in column.iter_mut().zip(rows) {
                *place = row[number % LANES];
            }
            self.law.token(&self.vector, column.as_mut_slice());
        }
        tokens
    }
}
