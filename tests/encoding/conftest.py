"""A small random transformer saved as sentence-transformers does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from crossfade_indexing.encoders import open_item_encoder

WORDS = [
    *["the", "crime", "drama", "in", "far", "north", "heist", "that", "goes", "wrong", "dog", "robot", "city"],
    *"aéü映画.,!?",
]


@pytest.fixture(scope="session")
def _saved_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Here, because they take seconds to import and most tests of this folder need neither.
    import torch  # noqa: PLC0415
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors  # noqa: PLC0415
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("model")
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer = Tokenizer(models.WordPiece({w: i for i, w in enumerate(special + WORDS)}, unk_token=special[1]))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token"), special, strict=True))
    wrapped = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call] # transformers leaves it without types
        tokenizer_object=tokenizer, model_max_length=24, **names
    )
    wrapped.save_pretrained(folder)
    torch.manual_seed(6)
    config = BertConfig(
        vocab_size=len(special + WORDS),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=32,
        initializer_range=0.1,
    )
    BertModel(config).save_pretrained(folder)
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": 32, "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    return folder


@pytest.fixture
def tiny_model(_saved_model: Path, tmp_path: Path) -> Path:
    """A folder of its own with a random BERT of 32 dimensions: mean pooling, no normalisation, 24 tokens."""
    return shutil.copytree(_saved_model, tmp_path / "tiny")


@pytest.fixture(scope="session")
def tiny_export(_saved_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the random BERT leaves for the service; read-only."""
    directory = tmp_path_factory.mktemp("export")
    open_item_encoder(str(_saved_model)).export(directory)
    return directory
