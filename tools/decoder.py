#!/usr/bin/env python3
"""Trains the small decoder of examples/decoder on this project's own pages and writes one layer of it.

usage: python3 tools/decoder.py examples/decoder [STEPS]      (needs JAX and NumPy; some minutes on one core)

A language model of bytes: 2 layers of width 64, before each half of a layer an RMS norm with gains, grouped-query attention with rotary
positions (4 query heads on 2 key-value heads of dimension 16), a gated feed-forward part; no biases. Trained by Adam on docs/theory.md.
Written are the projections of the second layer under the names that Llama models use, the vectors that its attention
reads (hidden states after the norm) at 4,096 bytes, and at 16 later ones as queries.
"""
import json
import pathlib
import struct
import sys

import jax
import jax.numpy as jnp
import numpy as np

WIDTH, LAYERS, HEADS, GROUPS, SIZE, HIDDEN = 64, 2, 4, 2, 16, 160
CONTEXT, BATCH, BASE = 128, 16, 10_000.0
TOKENS, QUERIES, SEED = 4096, 16, 2512


def parameters(random):
    def normal(*shape):
        return jnp.asarray(random.normal(size=shape) * 0.5 / np.sqrt(shape[-1]), jnp.float32)

    def layer():
        return {
            "norm": jnp.ones(WIDTH), "norm2": jnp.ones(WIDTH),
            "q_proj": normal(HEADS * SIZE, WIDTH), "k_proj": normal(GROUPS * SIZE, WIDTH),
            "v_proj": normal(GROUPS * SIZE, WIDTH), "o_proj": normal(WIDTH, HEADS * SIZE),
            "gate": normal(HIDDEN, WIDTH), "up": normal(HIDDEN, WIDTH), "down": normal(WIDTH, HIDDEN),
        }

    return {"embed": normal(256, WIDTH), "norm": jnp.ones(WIDTH), "head": normal(256, WIDTH),
            "layers": [layer() for _ in range(LAYERS)]}


def norm(gain, x):
    return gain * x / jnp.sqrt(jnp.mean(x * x, axis=-1, keepdims=True) + 1e-6)


def rotate(x):
    """Coordinates i and i + SIZE / 2 turn by position * BASE^(-2 i / SIZE)."""
    position = jnp.arange(x.shape[-3])[:, None, None]
    angle = position * BASE ** (-2 * jnp.arange(SIZE // 2) / SIZE)
    first, second = jnp.split(x, 2, axis=-1)
    return jnp.concatenate(
        [first * jnp.cos(angle) - second * jnp.sin(angle), second * jnp.cos(angle) + first * jnp.sin(angle)], axis=-1
    )


def attention(layer, x):
    length = x.shape[0]
    q = rotate((x @ layer["q_proj"].T).reshape(length, HEADS, SIZE))
    k = rotate((x @ layer["k_proj"].T).reshape(length, GROUPS, SIZE))
    v = (x @ layer["v_proj"].T).reshape(length, GROUPS, SIZE)
    k, v = (jnp.repeat(y, HEADS // GROUPS, axis=1) for y in (k, v))
    scores = jnp.einsum("ihk,jhk->hij", q, k) / np.sqrt(SIZE)
    scores = jnp.where(jnp.tril(jnp.ones((length, length), bool)), scores, -jnp.inf)
    out = jnp.einsum("hij,jhk->ihk", jax.nn.softmax(scores), v)
    return out.reshape(length, -1) @ layer["o_proj"].T


def forward(model, text):
    """Logits, and what the attention of each layer reads."""
    x, read = model["embed"][text], []
    for layer in model["layers"]:
        read.append(norm(layer["norm"], x))
        x = x + attention(layer, read[-1])
        y = norm(layer["norm2"], x)
        x = x + (jax.nn.silu(y @ layer["gate"].T) * (y @ layer["up"].T)) @ layer["down"].T
    return norm(model["norm"], x) @ model["head"].T, read


def loss(model, batch):
    logits, _ = jax.vmap(lambda text: forward(model, text))(batch[:, :-1])
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), batch[:, 1:, None], axis=-1))


@jax.jit
def step(state, batch):
    model, mean, square, count = state
    value, gradient = jax.value_and_grad(loss)(model, batch)
    count = count + 1
    mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, gradient)
    square = jax.tree.map(lambda s, g: 0.98 * s + 0.02 * g * g, square, gradient)

    def moved(x, m, s):
        return x - 2e-3 * (m / (1 - 0.9**count)) / (jnp.sqrt(s / (1 - 0.98**count)) + 1e-8)

    return (jax.tree.map(moved, model, mean, square), mean, square, count), value


def write_tensors(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        raw = np.ascontiguousarray(tensor, "<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    steps = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    page = pathlib.Path(__file__).resolve().parent.parent / "docs" / "theory.md"
    text = np.frombuffer(page.read_bytes(), np.uint8).astype(np.int32)
    held, text = text[-20_000:], text[:-20_000]
    random = np.random.default_rng(SEED)
    model = parameters(random)
    zeros = jax.tree.map(jnp.zeros_like, model)
    state = (model, zeros, zeros, 0)
    for number in range(steps):
        places = random.integers(0, len(text) - CONTEXT - 1, BATCH)
        state, value = step(state, jnp.asarray(np.stack([text[p:p + CONTEXT + 1] for p in places])))
        if (number + 1) % 200 == 0:
            print(f"step {number + 1}: {value / np.log(2):.3f} bits a byte", flush=True)
    model = state[0]
    # Contexts of the text that was held back, one after the other; the first bytes of each, which read little, are left out.
    read = [forward(model, jnp.asarray(held[p:p + CONTEXT]))[1][1][32:] for p in range(0, len(held) - CONTEXT, CONTEXT)]
    read = np.concatenate(read)[:TOKENS + QUERIES].astype("<f4")
    print(f"held back: {loss(model, jnp.asarray(held[:128 * 150].reshape(150, 128))) / np.log(2):.3f} bits a byte")
    folder.mkdir(parents=True, exist_ok=True)
    layer = model["layers"][1]
    names = ["q_proj", "k_proj", "v_proj", "o_proj"]
    write_tensors(folder / "attention.safetensors",
                  {f"model.layers.1.self_attn.{name}.weight": np.asarray(layer[name]) for name in names})
    np.save(folder / "tokens.npy", read[:TOKENS])
    np.save(folder / "queries.npy", read[TOKENS:])


if __name__ == "__main__":
    main()
