import numpy as np
import pytest

from scorers.onnx import runtime as runtimes
from scorers.onnx import session as sessions
from scorers.onnx.binding import run_bound
from scorers.onnx.packaged import packaged
from scorers.onnx.runtime import CPU, CUDA, GPU_COMMAND, ModelUnavailableError, chosen, installed, needed, runtime
from scorers.onnx.session import OnnxModel, model_file
from scorers.values import told
from tests.scorers.images.tiny import FLOAT16, channel_means
from tests.scorers.onnx.tiny import WEIGHTS, dynamic_int8, file, plain, summed

IDS = np.array([[4, 5, 0], [6, 7, 5]])
MASK = np.array([[1, 1, 0], [1, 1, 1]])
SUMS = [WEIGHTS[[4, 5]].sum(axis=0), WEIGHTS[[6, 7, 5]].sum(axis=0)]


@pytest.fixture
def path(tmp_path):
    (tmp_path / "model.onnx").write_bytes(plain())
    return tmp_path / "model.onnx"


def inputs(**more):
    return {"input_ids": IDS, "attention_mask": MASK, **more}


def test_a_model_says_what_it_takes_and_what_it_runs_on(path):
    model = OnnxModel.open(path, "cpu")
    assert model.provider == model.session.get_providers()[0] == CPU
    assert (model.device, model.on_cuda) == ("cpu", False)
    assert model.input_names == ("input_ids", "attention_mask")
    assert model.output_names == ("logits",)
    assert model.inputs[0].shape == (None, None)
    assert model.outputs[0].shape == (None, 3)
    assert not model.quantised_at_run


def test_a_model_runs_on_arrays_of_any_type_and_ignores_what_it_does_not_take(path):
    (given,) = OnnxModel.open(path).run(inputs(token_type_ids=IDS, input_ids=IDS.astype(np.int32)), ["logits"])
    np.testing.assert_array_equal(given, SUMS)


def test_an_input_that_lacks_is_named(path):
    with pytest.raises(KeyError, match="attention_mask"):
        OnnxModel.open(path).run({"input_ids": IDS})


def test_io_binding_gives_what_the_plain_call_gives(path):
    model = OnnxModel.open(path)
    (bound,) = run_bound(model.module, model.session, inputs(), ["logits"], "cpu")
    np.testing.assert_array_equal(bound, SUMS)


def test_half_precision_is_fed_and_comes_back_as_float32(tmp_path):
    (tmp_path / "model_fp16.onnx").write_bytes(channel_means(kind=FLOAT16))
    (given,) = OnnxModel.open(model_file(tmp_path)).run({"pixel_values": np.full((1, 3, 8, 8), 0.5)})
    assert given.dtype == np.float32
    np.testing.assert_array_equal(given, [[0.5, 0.5, 0.5]])


def test_warm_up_fills_open_axes(path, monkeypatch):
    seen = []
    model = OnnxModel.open(path)
    monkeypatch.setattr(OnnxModel, "run", lambda _self, arrays: seen.append({n: a.shape for n, a in arrays.items()}))
    model.warm_up({1: 5})
    assert seen == [{"input_ids": (1, 5), "attention_mask": (1, 5)}]


def test_cuda_that_is_not_there_is_refused(path):
    if CUDA in runtime().get_available_providers():
        pytest.skip("this runtime was built with CUDA")
    assert OnnxModel.open(path, "auto").provider == CPU
    with pytest.raises(ModelUnavailableError, match=r"`device: cuda` does not run.*`CPU`.*pip install 'limen\[gpu\]'"):
        OnnxModel.open(path, "cuda")


class Built:
    """A runtime built with CUDA whose sessions fall back to the CPU, as happens where a driver or a library is missing."""

    def __init__(self, raises=False):
        self.real, self.asked, self.raises = runtime(), [], raises
        self.SessionOptions = self.real.SessionOptions

    def get_available_providers(self):
        return [CUDA, CPU]

    def InferenceSession(self, path, options, providers, enable_fallback):  # noqa: N802
        self.asked.append(providers)
        if self.raises and len(providers) > 1:
            raise RuntimeError("CUDA failure 35: driver too old")
        return self.real.InferenceSession(path, options, providers=[CPU], enable_fallback=enable_fallback)


def test_what_runs_is_what_the_session_says_not_what_was_compiled(path, monkeypatch):
    built = Built()
    monkeypatch.setattr(sessions, "runtime", lambda: built)
    assert OnnxModel.open(path, "auto").provider == CPU
    assert built.asked[0][0][0] == CUDA
    with pytest.raises(ModelUnavailableError, match="the session has only `CPU`; see that a GPU"):
        OnnxModel.open(path, "cuda")


def test_cuda_that_fails_to_start_is_told_or_replaced(path, monkeypatch):
    monkeypatch.setattr(sessions, "runtime", lambda: Built(raises=True))
    assert OnnxModel.open(path, "auto").provider == CPU
    with pytest.raises(ModelUnavailableError, match="cannot be opened on CUDA: CUDA failure 35"):
        OnnxModel.open(path, "cuda")


def test_a_file_that_is_missing_or_no_model_is_refused(tmp_path):
    with pytest.raises(ModelUnavailableError, match="there is no model file"):
        OnnxModel.open(tmp_path / "model.onnx")
    for content in (b"", b"no protobuf at all"):
        (tmp_path / "model.onnx").write_bytes(content)
        with pytest.raises(ModelUnavailableError, match=r"`model\.onnx` cannot be opened"):
            OnnxModel.open(tmp_path / "model.onnx")


def test_quantising_at_run_is_noticed(tmp_path):
    (tmp_path / "model_int8.onnx").write_bytes(dynamic_int8())
    assert OnnxModel.open(tmp_path / "model_int8.onnx").quantised_at_run


@pytest.mark.parametrize(
    ("files", "precision", "expected"),
    [
        (["model.onnx", "model_int8.onnx"], "auto", "model.onnx"),
        (["model_int8.onnx", "model_fp16.onnx"], "auto", "model_fp16.onnx"),
        (["onnx/model.onnx", "onnx/model_quantized.onnx"], "int8", "onnx/model_quantized.onnx"),
        (["model.onnx", "onnx/model.onnx"], "fp32", "model.onnx"),
    ],
)
def test_a_precision_chooses_the_file(tmp_path, files, precision, expected):
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert model_file(tmp_path, precision) == tmp_path / expected


def test_a_precision_that_is_not_offered_is_refused_with_what_there_is(tmp_path):
    with pytest.raises(ModelUnavailableError, match="no model is there"):
        model_file(tmp_path)
    (tmp_path / "model.onnx").write_bytes(file(*summed()))
    with pytest.raises(ModelUnavailableError, match=r"has no `model_int8\.onnx`: there is `model\.onnx` \(fp32\)"):
        model_file(tmp_path, "int8")


def test_two_runtimes_are_refused_and_none_is_told_how_to_get_one():
    assert chosen(["onnxruntime-gpu"]) == "onnxruntime-gpu"
    with pytest.raises(ModelUnavailableError, match=r"pip install 'limen\[cpu\]'"):
        chosen([])
    with pytest.raises(
        ModelUnavailableError, match=r"`onnxruntime` and `onnxruntime-gpu` overwrite.*limen\[cpu\].*limen\[gpu\]"
    ):
        chosen(["onnxruntime", "onnxruntime-gpu"])


def test_what_to_do_fits_into_the_reason_of_a_decision():
    with pytest.raises(ModelUnavailableError) as refused:
        chosen(["onnxruntime", "onnxruntime-gpu"])
    assert told(refused.value).endswith(f"or `{GPU_COMMAND}`")


def test_a_second_runtime_is_noticed_on_the_path(tmp_path, monkeypatch, path):
    """Both distributions stand in the environment, as `pip install` leaves them: loading refuses, importing Limen does not."""
    info = tmp_path / "onnxruntime_gpu-1.20.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: onnxruntime-gpu\nVersion: 1.20.0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert set(installed()) >= {"onnxruntime-gpu"}
    if "onnxruntime" in installed():
        with pytest.raises(ModelUnavailableError, match="overwrite each other"):
            OnnxModel.open(path)


def test_a_runtime_that_cannot_be_imported_is_told(monkeypatch):
    def broken(name):
        raise ImportError("libcudart.so.12: no such file")

    monkeypatch.setattr(runtimes, "import_module", broken)
    with pytest.raises(ModelUnavailableError, match=r"cannot be imported.*libcudart"):
        runtime(lambda: ["onnxruntime"])
    with pytest.raises(ModelUnavailableError, match=r"`tokenizers` is there but cannot be imported \(libcudart"):
        needed("tokenizers", "text")


def test_a_library_that_is_not_there_is_told_from_one_that_lacks_another(monkeypatch):
    with pytest.raises(ModelUnavailableError, match=r"`gone.part` is not installed: run `pip install 'limen\[text\]'`"):
        needed("gone.part", "text")

    def lacking(name):
        raise ModuleNotFoundError("No module named 'cv2'", name="cv2")

    monkeypatch.setattr(runtimes, "import_module", lacking)
    with pytest.raises(
        ModelUnavailableError, match=r"`rapidocr` is there but cannot be imported \(No module named 'cv2'"
    ):
        needed("rapidocr", "ocr")


def test_a_packaged_model_is_found_without_its_package_and_only_if_it_is_the_one():
    with pytest.raises(ModelUnavailableError, match="run `pip install it`"):
        packaged("no-such-distribution-here", "model.onnx", "0" * 64, "pip install it")
    with pytest.raises(ModelUnavailableError, match="run `pip install it`"):
        packaged("numpy", "no_such_file.onnx", "0" * 64, "pip install it")
    with pytest.raises(ModelUnavailableError, match=r"has the SHA-256 .*, expected 000000000000"):
        packaged("numpy", "numpy/__init__.py", "0" * 64, "pip install it")
