"""The same training step in JAX: softmax or linear head, d = 5, batch 128, one thread, float32.

As a coprocess: a line "softmax 100" or "linear 1000" on standard input asks for a run of steps of this head and prompt
length; the answer is the time of one step in nanoseconds. Data are drawn inside the compiled loop, with JAX's
default generator. "risk softmax 20 3000 0.05" trains with 3,000 steps of size 0.05 and answers with the mean loss of the
last tenth instead, for a comparison of results.
"""

import os

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import functools
import sys
import time

import jax
import jax.numpy as jnp

DIMENSION, BATCH, NOISE = 5, 128, 0.1
SIZE = DIMENSION + 1
PLACES = jnp.arange(DIMENSION)
ROOT = jnp.linalg.cholesky(0.5 ** jnp.abs(PLACES[:, None] - PLACES[None, :]))


def loss(weights, key, kind, length):
    """Mean of (prediction - y)^2 / 2 over a batch of fresh prompts."""
    keys = jax.random.split(key, 5)
    task = jax.random.normal(keys[0], (BATCH, DIMENSION)) / jnp.sqrt(DIMENSION)
    inputs = jax.random.normal(keys[1], (BATCH, length, DIMENSION)) @ ROOT.T
    noise = jnp.sqrt(NOISE) * jax.random.normal(keys[2], (BATCH, length))
    labels = jnp.einsum("bld,bd->bl", inputs, task) + noise
    tokens = jnp.concatenate([inputs, labels[..., None]], axis=-1)
    asked = jax.random.normal(keys[3], (BATCH, DIMENSION)) @ ROOT.T
    target = (asked * task).sum(-1) + jnp.sqrt(NOISE) * jax.random.normal(keys[4], (BATCH,))
    query = jnp.concatenate([asked, jnp.zeros((BATCH, 1))], axis=-1)
    q, k, v, o = weights
    scores = jnp.einsum("bn,bln->bl", query @ q.T, tokens @ k.T) / jnp.sqrt(SIZE)
    weight = jax.nn.softmax(scores, axis=-1) if kind == "softmax" else scores / length
    output = jnp.einsum("bl,bln->bn", weight, tokens @ v.T) @ o.T
    return 0.5 * jnp.mean((output[:, -1] - target) ** 2)


@functools.partial(jax.jit, static_argnames=("kind", "length", "steps"))
def train(weights, key, step_size, kind, length, steps):
    """Weights after `steps` steps, and the loss of each."""

    def step(weights, key):
        value, gradient = jax.value_and_grad(loss)(weights, key, kind, length)
        return [w - step_size * g for w, g in zip(weights, gradient)], value

    return jax.lax.scan(step, weights, jax.random.split(key, steps))


def start(key):
    most = 1 / SIZE**0.5
    return [jax.random.uniform(k, (SIZE, SIZE), minval=-most, maxval=most) for k in jax.random.split(key, 4)]


def main():
    weights = start(jax.random.key(1))
    ready = set()
    for count, line in enumerate(sys.stdin):
        words = line.split()
        if words[0] == "risk":
            kind, length, steps, size = words[1], int(words[2]), int(words[3]), float(words[4])
            _, losses = train(weights, jax.random.key(2), size, kind, length, steps)
            print(float(losses[-(steps // 10) :].mean()), flush=True)
            continue
        kind, length = words[0], int(words[1])
        steps = max(20, 10_000 // length)
        run = functools.partial(train, weights, step_size=1e-3, kind=kind, length=length, steps=steps)
        if (kind, length) not in ready:
            # Compiled before the time is taken.
            jax.block_until_ready(run(key=jax.random.key(0)))
            ready.add((kind, length))
        begun = time.perf_counter()
        jax.block_until_ready(run(key=jax.random.key(count)))
        print((time.perf_counter() - begun) / steps * 1e9, flush=True)


if __name__ == "__main__":
    main()
