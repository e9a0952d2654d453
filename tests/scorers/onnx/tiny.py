"""A text classifier small enough to be checked by hand, in the Hugging Face layout: each word adds its row to the logits."""

import json

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from tests.scorers.images.tiny import field, value_info

FLOAT, UINT8, INT32, INT64 = 1, 2, 6, 7
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "nice", "rude", "spam", "very"]
WEIGHTS = np.zeros((100, 3), np.float32)  # one row a token; those above the words are for the encoder's trial
WEIGHTS[4] = [-2, -1, 0]
WEIGHTS[5] = [3, 0.5, 0]
WEIGHTS[6] = [0, 0.25, 2]
WEIGHTS[7] = [0.5, 0.5, 0.5]
WEIGHTS[8:] = np.random.default_rng(7).normal(size=(92, 3))
CONFIG = {
    "id2label": {"0": "Toxic", "1": "Severe Toxic", "2": "spam"},
    "problem_type": "multi_label_classification",
    "max_position_embeddings": 64,
}


def node(operator, inputs, outputs, **attributes):
    out = b"".join(field(1, name) for name in inputs) + b"".join(field(2, name) for name in outputs)
    return field(1, out + field(4, operator) + b"".join(field(5, attribute(*item)) for item in attributes.items()))


def attribute(name, value):
    if isinstance(value, int):
        return field(1, name) + field(20, 2) + field(3, value)
    return field(1, name) + field(20, 7) + b"".join(field(8, one) for one in value)


def tensor(name, array):
    kind = {"float32": FLOAT, "uint8": UINT8, "int64": INT64}[array.dtype.name]
    dims = b"".join(field(1, size) for size in array.shape)
    return field(5, dims + field(2, kind) + field(8, name) + field(9, array.tobytes()))


def file(*parts, extra_input=None, labels=3):
    """Return a model file of these nodes and tensors, from `input_ids` and `attention_mask` to `logits`."""
    names = ["input_ids", "attention_mask", *([extra_input] if extra_input else [])]
    inputs = b"".join(field(11, value_info(name, INT64, ["batch", "sequence"])) for name in names)
    graph = b"".join(parts) + field(2, "words") + inputs
    graph += field(12, value_info("logits", FLOAT, ["batch", labels]))
    return field(1, 8) + field(8, field(1, "") + field(2, 13)) + field(7, graph)


def summed(output="logits"):
    """Add the rows of all tokens that are no padding."""
    return (
        tensor("weights", WEIGHTS),
        tensor("last", np.array([-1])),
        tensor("along", np.array([1])),
        node("Gather", ["weights", "input_ids"], ["rows"], axis=0),
        node("Cast", ["attention_mask"], ["mask"], to=FLOAT),
        node("Unsqueeze", ["mask", "last"], ["wide"]),
        node("Mul", ["rows", "wide"], ["kept"]),
        node("ReduceSum", ["kept", "along"], [output], keepdims=0),
    )


def plain():
    return file(*summed())


def moody(alone):
    """Return a model that adds 1 to a row alone in its run, or else (`alone` False) the number of rows in it."""
    flag = [tensor("one", np.array([1])), node("Equal", ["size", "one"], ["is_one"])]
    count = [node("Cast", ["is_one" if alone else "size"], ["extra"], to=FLOAT)]
    return file(
        *summed("sum"),
        tensor("first", np.array([0])),
        node("Shape", ["input_ids"], ["shape"]),
        node("Gather", ["shape", "first"], ["size"], axis=0),
        *(flag if alone else []),
        *count,
        node("Add", ["sum", "extra"], ["logits"]),
    )


def dynamic_int8():
    """Return a model whose sums are quantised at run time, by one scale for the whole batch."""
    identity = np.eye(3, dtype=np.uint8)
    return file(
        *summed("sum"),
        tensor("identity", identity),
        node("DynamicQuantizeLinear", ["sum"], ["small", "scale", "zero"]),
        node("MatMulInteger", ["small", "identity", "zero"], ["whole"]),
        node("Cast", ["whole"], ["real"], to=FLOAT),
        node("Mul", ["real", "scale"], ["logits"]),
    )


def tokenizer():
    """Return a tokenizer of the words above, with `[CLS]` and `[SEP]` around a text."""
    made = Tokenizer(models.WordLevel({word: index for index, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    made.enable_padding(length=32)  # as some files come; the scorer must not heed it
    return made


def classifier(folder, config=CONFIG, model=None, name="model.onnx"):
    """Lay out a classifier in the folder, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    tokenizer().save(str(folder / "tokenizer.json"))
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(plain() if model is None else model)
    return folder
