"""A classifier small enough to be checked by hand, in the Hugging Face layout: its logits are the channels' means.

The ONNX file is written here field by field (protobuf's wire format), so that the tests need no package to make models.
"""

import json

FLOAT, FLOAT16 = 1, 10


def field(number, value):
    """Encode a field: whole numbers as varints, all else as bytes with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def value_info(name, kind, shape):
    dims = b"".join(field(1, field(1, size) if isinstance(size, int) else field(2, size)) for size in shape)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, dims)))


def channel_means(shape=("batch", 3, 8, 8), kind=FLOAT):
    """Return a model file: pictures of `shape` -> the mean of each channel."""
    axes = field(1, "axes") + field(20, 7) + field(8, 2) + field(8, 3)
    keep = field(1, "keepdims") + field(20, 2) + field(3, 0)
    node = field(1, "pixel_values") + field(2, "logits") + field(4, "ReduceMean") + field(5, axes) + field(5, keep)
    graph = field(1, node) + field(2, "means")
    graph += field(11, value_info("pixel_values", kind, shape)) + field(12, value_info("logits", kind, [shape[0], 3]))
    return field(1, 8) + field(8, field(1, "") + field(2, 13)) + field(7, graph)


CONFIG = {"id2label": {"0": "Red", "1": "Very Green", "2": "blue"}, "problem_type": "multi_label_classification"}
PREPROCESSOR = {
    "image_processor_type": "ViTImageProcessor",
    "do_resize": True,
    "size": {"height": 8, "width": 8},
    "resample": 2,
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
}


def classifier(folder, config=CONFIG, preprocessor=PREPROCESSOR, model=None):
    """Lay out a classifier in the folder, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor))
    (folder / "model.onnx").write_bytes(channel_means() if model is None else model)
    return folder
