"""From a torch model to ``model.onnx``: one graph from token ids to the unit vector, its weights as int8.

Imports torch: only ``torch_model`` does so, late.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, cast

import numpy as np
import onnxruntime  # type: ignore[import-untyped] # ships no types
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import QuantType, quantize_dynamic  # type: ignore[import-untyped] # the same
from torch import Tensor, nn
from transformers import PreTrainedModel

from crossfade.encoding.onnx import INPUT, OUTPUT
from crossfade.errors import EncoderError
from crossfade_indexing.encoders.quiet import quiet

__all__ = ["export_model"]

# How much of an input channel's range moves into the weights; the best of 0.3, 0.5, 0.6, 0.7, 0.8 and 0.9.
_MIGRATION = 0.7
# Where int8 costs more than this on the texts below, the model stays in float32.
_LOWEST_COSINE = 0.98
# What large channels are found with. Which ones are large hardly depends on what a transformer reads, but random tokens
# served worse than sentences.
CALIBRATION_TEXTS = (
    "A lighthouse keeper on a stormy island finds a locked diary that names people who have not been born yet.",
    "The 1962 expedition to the polar ice, told by the two sisters who repaired its radio. Documentary, history.",
    "heist that goes wrong",
    "In this fast-paced comedy, a wedding cook must feed four hundred guests after the power fails.",
    "Stainless steel kettle, 1.7 litres, with automatic shut-off and a removable filter.",
    "Book three of the trilogy: the siege of the river city begins, and an old promise is called in.",
    "Learn to play the guitar in thirty days, with songs for beginners, chord charts and video lessons.",
    "A detective returns to the village of her childhood. Crime, Drama, Mystery. 2014. Directed by M. Okafor.",
    "Why do bees dance? A show for curious children, with experiments to try at home!",
    "Live recording of the string quartet's farewell concert in Vienna, remastered in high resolution.",
    "Robots, aliens and a talking cat cross the galaxy in search of the last library.",
    "Women's waterproof running jacket; reflective stripes, two zip pockets, sizes XS to XXL.",
)


def export_model(
    model: PreTrainedModel,
    pooling: Literal["mean", "cls"],
    token_ids: Callable[[str], Sequence[int]],
    path: Path,
) -> None:
    """Write a transformer as int8, or as float32 if int8 would change its vectors too much.

    Args:
        model: Takes ``input_ids`` of shape (1, tokens); stays as it is.
        pooling: How token vectors become one.
        token_ids: Turns a text into the model's tokens, marks of beginning and end included.
        path: Where to write.

    Raises:
        EncoderError: If the model cannot be exported.
    """
    samples = [torch.tensor([list(token_ids(text))]) for text in CALIBRATION_TEXTS]
    exported = _Pooled(copy.deepcopy(model).cpu(), pooling)
    exported.train(mode=False)
    exported.model.set_attn_implementation("eager")  # the other kinds are traced into operators for GPUs
    largest, expected = _observe(exported, samples)
    with tempfile.TemporaryDirectory() as directory, quiet():
        balanced, quantized = Path(directory, "balanced.onnx"), Path(directory, "quantized.onnx")
        _balance(exported, largest)
        _write(exported, balanced)
        # Unsigned, because products with signed weights saturate the 16-bit sums of x86 processors without VNNI.
        quantize_dynamic(balanced, quantized, per_channel=True, weight_type=QuantType.QUInt8)
        cosines = (_run(quantized, samples) * expected).sum(axis=1)
        path.write_bytes((quantized if cosines.min() >= _LOWEST_COSINE else balanced).read_bytes())


class _Pooled(nn.Module):
    """The graph: transformer, pooling, scaling to unit length. One text at a time needs no mask."""

    def __init__(self, model: PreTrainedModel, pooling: Literal["mean", "cls"]) -> None:
        super().__init__()
        self.model = model
        self._pooling = pooling

    def forward(self, input_ids: Tensor) -> Tensor:
        hidden: Tensor = self.model(input_ids=input_ids).last_hidden_state
        pooled = hidden[:, 0] if self._pooling == "cls" else hidden.mean(dim=1)
        return nn.functional.normalize(pooled, dim=1)


class _Balanced(nn.Module):
    """A linear layer whose input channels are divided by a scale that its weights were multiplied with."""

    def __init__(self, linear: nn.Linear, scale: Tensor) -> None:
        super().__init__()
        self.inverse = nn.Parameter(1 / scale, requires_grad=False)
        self.weight = nn.Parameter(linear.weight * scale, requires_grad=False)
        self.bias = linear.bias

    def forward(self, inputs: Tensor) -> Tensor:
        return nn.functional.linear(inputs * self.inverse, self.weight, self.bias)


def _observe(exported: _Pooled, samples: Sequence[Tensor]) -> tuple[dict[str, Tensor], NDArray[np.float32]]:
    """The largest magnitude of each input channel by the linear layer's name, and the vectors of shape (n, d)."""
    largest: dict[str, Tensor] = {}

    def observe(name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def hook(_module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            seen = inputs[0].abs().flatten(0, -2).amax(dim=0)
            largest[name] = torch.maximum(largest[name], seen) if name in largest else seen

        return hook

    layers = [(name, module) for name, module in exported.named_modules() if isinstance(module, nn.Linear)]
    hooks = [layer.register_forward_pre_hook(observe(name)) for name, layer in layers]
    with torch.inference_mode():
        vectors = np.vstack([exported(ids).numpy() for ids in samples])
    for hook in hooks:
        hook.remove()
    return largest, vectors


def _balance(exported: _Pooled, largest: dict[str, Tensor]) -> None:
    """Move the range of large input channels into the weights, in place; the function computed stays the same.

    A few channels of a transformer are a hundred times larger than the others, and one int8 scale for all leaves these
    few bits. On MovieLens the lowest cosine to float32 is 0.983 without this step and 0.995 with it.

    Source:
        Xiao et al., SmoothQuant, ICML 2023, eq. 4.
    """
    for name, inputs in largest.items():
        layer = cast("nn.Linear", exported.get_submodule(name))
        weights = layer.weight.detach().abs().amax(dim=0).clamp_min(1e-5)
        scale = inputs.clamp_min(1e-5) ** _MIGRATION / weights ** (1 - _MIGRATION)
        exported.set_submodule(name, _Balanced(layer, scale))


def _write(exported: _Pooled, path: Path) -> None:
    try:
        torch.onnx.export(
            exported,
            (torch.tensor([[0, 1, 2]]),),
            path,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes=({1: torch.export.Dim("tokens")},),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    except (RuntimeError, ValueError, TypeError, NotImplementedError, torch.onnx.OnnxExporterError) as error:
        reason = " ".join(str(error).split())
        raise EncoderError(f"the model cannot be exported to ONNX ({type(error).__name__}: {reason})") from error


def _run(path: Path, samples: Sequence[Tensor]) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return np.vstack([session.run([OUTPUT], {INPUT: ids.numpy()})[0] for ids in samples])
