//! What is said about scenarios that are not accepted.

use super::tests::{assert_refused, read, with};

/// A line each: table | its body, `\n` between lines | key | value | what is accepted, which the message must contain.
const REFUSED: &str = r"
grid | lengths = [64, 0] | grid.lengths[1] | = 0  | from 1 to 2^53
grid | lengths = [-3] | grid.lengths[0] | = -3  | from 1 to 2^53
grid | lengths = [1.5] | grid.lengths[0] | = 1.5  | from 1 to 2^53
grid | lengths = [nan] | grid.lengths[0] | = NaN  | from 1 to 2^53
grid | lengths = [inf] | grid.lengths[0] | = inf  | from 1 to 2^53
grid | lengths = [9007199254740993] | grid.lengths[0] | 9007199254740993 | 2^53
grid | lengths = [1e20] | grid.lengths[0] | 1e20 | 2^53
grid | lengths = [] | grid.lengths | = [] | a list of prompt lengths
grid | lengths = 5 | grid.lengths | = 5 | { from, to, factor }
grid | lengths = ['a'] | grid.lengths[0] | a | an integer
grid |  | grid.lengths | nothing | a list of prompt lengths
grid | lengths = [1]\nfrom = 1 | grid.from | = 1  | not both
grid | from = 8\nto = 4\nfactor = 2 | grid.to | = 4  | from 8
grid | from = 1\nto = 4\nfactor = 1.0 | grid.factor | = 1  | greater than 1
grid | from = 1\nto = 4\nfactor = nan | grid.factor | = NaN  | greater than 1
grid | from = 1\nto = 9e15\nfactor = 1.000001 | grid.factor | 1.000001 | 10000
grid | lengths = { from = 1, to = 4 } | grid.lengths.factor | nothing | greater than 1
grid | lengths = { from = 1, step = 4 } | grid.lengths.step | = 4 | from, to, factor
grid | length = [3] | grid.length | [3] | lengths, from, to, factor
tokens |  | tokens.law | nothing | gaussian, mixture, sphere, rademacher, cube, rare-atom, empirical or key-value
tokens | law = 'normal' | tokens.law | normal | gaussian, mixture
tokens | law = 3 | tokens.law | = 3 | gaussian, mixture
tokens | law = 'gaussian' | tokens.covariance | nothing | identity, diagonal
tokens | law = 'gaussian'\ncovariance = 1 | tokens.covariance | = 1 | identity, diagonal
tokens | law = 'gaussian'\ncovariance = { kind = 'eye' } | tokens.covariance.kind | eye | identity, diagonal, toeplitz, matrix or file
tokens | law = 'gaussian'\ncovariance = { kind = 'identity', size = 3 } | tokens.covariance.size | = 3 | kind, dimension, scale
tokens | law = 'gaussian'\ncovariance = { kind = 'identity', dimension = 0 } | tokens.covariance.dimension | = 0 | from 1 to 65536
tokens | law = 'gaussian'\ncovariance = { kind = 'identity', dimension = 65537 } | tokens.covariance.dimension | = 65537 | from 1 to 65536
tokens | law = 'gaussian'\ncovariance = { kind = 'identity', scale = nan } | tokens.covariance.scale | = NaN | a finite number
tokens | law = 'gaussian'\ncovariance = { kind = 'toeplitz', dimension = 2, rho = 1.5 } | tokens.covariance.rho | = 1.5 | -1 to 1
tokens | law = 'gaussian'\ncovariance = { kind = 'toeplitz', dimension = 2, rho = nan } | tokens.covariance.rho | = NaN | -1 to 1
tokens | law = 'gaussian'\ncovariance = { kind = 'toeplitz', rho = 0.5 } | tokens.covariance.dimension | nothing | from 1 to 65536
tokens | law = 'gaussian'\ncovariance = { kind = 'diagonal', values = [1, inf] } | tokens.covariance.values[1] | = inf | a finite number
tokens | law = 'gaussian'\ncovariance = { kind = 'matrix', rows = [[1, 2], [3]] } | tokens.covariance.rows[1] | [3] | a row of 2 numbers
tokens | law = 'gaussian'\ncovariance = { kind = 'matrix', rows = [[]] } | tokens.covariance.rows[0] | [] | rows of finite numbers
tokens | law = 'gaussian'\ncovariance = { kind = 'file', path = 3 } | tokens.covariance.path | = 3 | .npy, .npz, .csv
tokens | law = 'gaussian'\nmean = 'a'\ncovariance = { kind = 'identity' } | tokens.mean | a | a list of finite numbers
tokens | law = 'mixture'\ncomponents = [] | tokens.components | [] | weight, mean, covariance
tokens | law = 'mixture'\ncomponents = [{ weight = -1 }] | tokens.components[0].weight | = -1 | greater than 0
tokens | law = 'mixture'\ncomponents = [{ weight = 1, wait = 2 }] | tokens.components[0].wait | = 2 | weight, mean, covariance
tokens | law = 'sphere'\ndimension = 3\nradius = 0 | tokens.radius | = 0 | greater than 0
tokens | law = 'sphere'\ndimension = 2.5\nradius = 1 | tokens.dimension | = 2.5 | an integer
tokens | law = 'cube'\ndimension = 3 | tokens.half_width | nothing | greater than 0
tokens | law = 'rademacher'\ndimension = 3\nscale = nan | tokens.scale | = NaN | greater than 0
tokens | law = 'rademacher'\ndimension = 3\nradius = 1 | tokens.radius | = 1 | law, dimension, scale
tokens | law = 'empirical' | tokens.file | nothing | .npy, .npz, .csv
tokens | law = 'empirical'\nfile = 't.csv'\nheader = 'yes' | tokens.header | yes | true or false
query | law = 'fixed'\nrows = [[1]]\nindex = true | query.index | true | of a file only
query | law = 'fixed' | query.rows | nothing | queries.npy
query | law = 'fixed'\nrows = [[1]]\nfile = 'q.npy' | query.file | q.npy | not both
query | law = 'fixed'\nrows = [[nan]] | query.rows[0][0] | = NaN | a finite number
query | law = 'tokens'\nmean = [1] | query.mean | [1] | the keys here are law
query | law = 'token' | query.law | token | gaussian, fixed or tokens
head | value = { kind = 'identity' } | head.key_query | nothing | identity, diagonal
head | prefix = 'a'\nhead = 1 | head.weights | nothing | .safetensors
head | weights = 'w'\nprefix = 'a'\nhead = 12\nheads = 12 | head.head | = 12 | from 0 to 11
head | weights = 'w'\nprefix = 'a'\nhead = 0\nheads = 0 | head.heads | = 0 | from 1 to 65536
head | weights = 'w'\nkey_query = 1 | head.key_query | = 1 | weights, prefix, head, heads
head | weights = 'w'\nprefix = 'a'\nhead = 0\nheads = 1\nlayout = 'fused' | head.layout | fused | query|key|value, q_proj|k_proj|v_proj
head | weights = 'w'\nprefix = 'a'\nhead = 0\nheads = 1\nrope = { base = 0, offset = 1 } | head.rope.base | = 0 | greater than 0
head | weights = 'w'\nprefix = 'a'\nhead = 0\nheads = 1\nrope = { base = 1e4 } | head.rope.offset | nothing | negative for tokens before it
head | weights = 'w'\nprefix = 'a'\nhead = 0\nheads = 1\nrope = { base = 1e4, offset = 0, pairing = 'both' } | head.rope.pairing | both | halves or neighbours
head | scale = 1 | head.weights | nothing | .safetensors
head | query_bias = [1] | head.query_bias | [1] | key_query, value, tilt_bias
monte_carlo | prompts = 1\nseed = 1 | monte_carlo.prompts | = 1 | from 2
monte_carlo | prompts = 10\nseed = -1 | monte_carlo.seed | = -1 | from 0
monte_carlo | prompts = 10 | monte_carlo.seed | nothing | from 0
plots | x = 1 | plots | x = 1 | tokens, query, head, grid, sampling, monte_carlo
sampling | bugdets = [1] | sampling.bugdets | [1] | keep, design, proxy, budgets
sampling | keep = 3 | sampling.keep | = 3 | indices, sink, window, top
sampling | keep = { first = 1 } | sampling.keep.first | = 1 | indices, sink, window, top
sampling | keep = { top = -1 } | sampling.keep.top | = -1 | from 0
sampling | keep = { indices = [] } | sampling.keep.indices | = [] | a list of integers
sampling | keep = { indices = [1.5] } | sampling.keep.indices[0] | = 1.5 | from 0
sampling | design = 'systematic' | sampling.design | systematic | bernoulli
sampling | design = 'importance-sampling' | sampling.proxy | nothing | a table of numbers
sampling | proxy = 'p.npy' | sampling.proxy | p.npy | importance-sampling
sampling | budgets = [0] | sampling.budgets[0] | = 0 | from 1
sampling | budgets = 5 | sampling.budgets | = 5 | { from, to, factor }
";

#[test]
fn every_refusal_names_file_key_value_and_what_is_accepted() {
    for case in REFUSED.lines().skip(1) {
        let fields: Vec<&str> = case.split(" | ").collect();
        let [table, body, parts @ ..] = fields.as_slice() else {
            panic!("{case}");
        };
        let body = body.replace(r"\n", "\n");
        assert_refused(read(&with(table, &body)), case, parts);
    }
}
