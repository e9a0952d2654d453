"""A text encoder of a known model's size with random weights, in the Hugging Face layout: it serves to measure speed only.

    python -m benchmarks.encoders minilm FOLDER [--precision fp32|fp16]

The graph is a BERT classifier (post-norm, GELU by its error function, logits of two labels on the first token), written with the
`onnx` package (in the dependency group `bench`). The tokenizer is that of the shipped MiniLM, whatever the model's size.
"""

import argparse
import json
import math
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from scorers.builtin.text_minilm import shipped

OPSET = 17


@dataclass(frozen=True)
class Shape:
    layers: int
    hidden: int
    heads: int
    inner: int
    vocabulary: int


SHAPES = {
    "minilm": Shape(6, 384, 12, 1536, 30_522),
    "xlmr-large": Shape(24, 1024, 16, 4096, 250_002),
}
POSITIONS = 512


class Graph:
    """Nodes and weights, as they are added; every node's output has a name of its own."""

    def __init__(self, dtype):
        self.nodes, self.weights, self.dtype = [], [], dtype
        self._random = np.random.default_rng(7)
        self._names = iter(range(10**9))

    def weight(self, *shape):
        values = (self._random.standard_normal(shape, dtype=np.float32) * 0.02).astype(self.dtype)
        return self.constant(values)

    def constant(self, values):
        name = f"w{next(self._names)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def number(self, value):
        return self.constant(np.array(value, self.dtype))

    def add(self, kind, *inputs, output=None, **attributes):
        output = output or f"n{next(self._names)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def dense(self, x, size, width):
        return self.add("Add", self.add("MatMul", x, self.weight(size, width)), self.weight(width))

    def norm(self, x, size):
        one = self.constant(np.ones(size, self.dtype))
        return self.add("LayerNormalization", x, one, self.weight(size), axis=-1, epsilon=1e-5)

    def gelu(self, x):
        inner = self.add("Add", self.add("Erf", self.add("Div", x, self.number(math.sqrt(2)))), self.number(1))
        return self.add("Mul", self.add("Mul", x, inner), self.number(0.5))


def _attention(graph, x, mask, shape):
    split = graph.constant(np.array([0, 0, shape.heads, shape.hidden // shape.heads], np.int64))
    query, key, value = (graph.add("Reshape", graph.dense(x, shape.hidden, shape.hidden), split) for _ in range(3))
    query, value = (graph.add("Transpose", one, perm=[0, 2, 1, 3]) for one in (query, value))
    scores = graph.add("MatMul", query, graph.add("Transpose", key, perm=[0, 2, 3, 1]))
    scores = graph.add("Add", graph.add("Div", scores, graph.number(math.sqrt(shape.hidden / shape.heads))), mask)
    mixed = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), value)
    joined = graph.constant(np.array([0, 0, shape.hidden], np.int64))
    mixed = graph.add("Reshape", graph.add("Transpose", mixed, perm=[0, 2, 1, 3]), joined)
    return graph.dense(mixed, shape.hidden, shape.hidden)


def _embedded(graph, shape):
    words = graph.add("Gather", graph.weight(shape.vocabulary, shape.hidden), "input_ids")
    types = graph.add("Gather", graph.weight(2, shape.hidden), "token_type_ids")
    length = graph.add(
        "Slice", graph.add("Shape", "input_ids"), *(graph.constant(np.array([n], np.int64)) for n in (1, 2))
    )
    zero = graph.constant(np.array([0], np.int64))
    places = graph.add("Slice", graph.weight(POSITIONS, shape.hidden), zero, length, zero)
    return graph.norm(graph.add("Add", graph.add("Add", words, types), places), shape.hidden)


def _mask(graph):
    kind = TensorProto.FLOAT16 if graph.dtype == np.float16 else TensorProto.FLOAT
    kept = graph.add("Cast", "attention_mask", to=kind)
    hidden = graph.add("Mul", graph.add("Sub", graph.number(1), kept), graph.number(-10_000))
    return graph.add("Unsqueeze", hidden, graph.constant(np.array([1, 2], np.int64)))


def build(shape, precision):
    """Return the model; above 2 GB it must be saved with its weights beside it."""
    graph = Graph(np.float16 if precision == "fp16" else np.float32)
    x, mask = _embedded(graph, shape), _mask(graph)
    for _ in range(shape.layers):
        x = graph.norm(graph.add("Add", x, _attention(graph, x, mask, shape)), shape.hidden)
        inner = graph.dense(graph.gelu(graph.dense(x, shape.hidden, shape.inner)), shape.inner, shape.hidden)
        x = graph.norm(graph.add("Add", x, inner), shape.hidden)
    first = graph.add("Gather", x, graph.constant(np.array(0, np.int64)), axis=1)
    logits = graph.dense(first, shape.hidden, 2)
    graph.add("Cast", logits, output="logits", to=TensorProto.FLOAT)
    names = ("input_ids", "attention_mask", "token_type_ids")
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in names]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 2])
    made = helper.make_graph(graph.nodes, "encoder", inputs, [output], graph.weights)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)


def write(name, folder, precision="fp32"):
    """Write a model folder for `text-onnx`: configuration, tokenizer, weights."""
    folder.mkdir(parents=True, exist_ok=True)
    shape = SHAPES[name]
    config = {
        "model_type": "bert",
        "id2label": {"0": "first", "1": "second"},
        "problem_type": "multi_label_classification",
        "max_position_embeddings": POSITIONS,
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    shutil.copy(shipped() / "tokenizer.json", folder / "tokenizer.json")
    file = folder / ("model_fp16.onnx" if precision == "fp16" else "model.onnx")
    large = shape.vocabulary > 100_000
    onnx.save_model(build(shape, precision), file, save_as_external_data=large, location=f"{file.name}.data")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=SHAPES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--precision", choices=("fp32", "fp16"), default="fp32")
    arguments = parser.parse_args()
    write(arguments.name, arguments.folder, arguments.precision)
