"""What a config file may say, and what is said of one that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossfade.engine import COMPONENTS
from crossfade.errors import InputError
from crossfade_indexing.config import FusionConfig, IndexingConfig, read_config


def written(directory: Path, text: str) -> Path:
    path = directory / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_a_file_leaves_out_keeps_its_default_and_is_not_named(tmp_path: Path) -> None:
    path = written(tmp_path, "[evidence]\nrecency = 0.5\nevent_weights = { hum = 2 }\n[factorization]\nrank = 64\n")

    config = read_config(path)

    assert config.evidence.recency == 0.5
    assert config.evidence.event_weights == {"hum": 2.0}
    assert config.evidence.model_fields_set == {"recency", "event_weights"}
    assert config.factorization.model_fields_set == {"rank"}
    assert config.fusion == FusionConfig()
    assert read_config(written(tmp_path, "")) == IndexingConfig()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("rank = ", "not TOML"),
        ("[factorization]\nranks = 3", "factorization.ranks: Extra inputs"),
        ("[factorization]\nrank = 0", r"factorization.rank: .*greater than or equal to 1 \(found 0\)"),
        ("[evidence]\nagainst = -0.1", "evidence.against"),
        ("[evidence]\nrecency = nan", "evidence.recency"),
        ("[evidence]\nevent_weights = { like = inf }", "evidence.event_weights.like"),
        ("[fusion]\nfade = 0", "fusion.fade"),
        ("[fusion.regular]\ncontent = 1", "fusion.regular: .*expected exactly collaborative, content"),
        ("keep_versions = 0", "keep_versions"),
    ],
)
def test_a_wrong_file_is_refused_with_where_it_is_wrong(tmp_path: Path, text: str, complaint: str) -> None:
    path = written(tmp_path, text)

    with pytest.raises(InputError, match=f"config.toml: {complaint}"):
        read_config(path)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(InputError, match="cannot be read"):
        read_config(tmp_path / "none.toml")
    with pytest.raises(InputError, match="not TOML"):
        read_config(tmp_path / "binary.toml")


def test_default_weights_name_every_component() -> None:
    assert set(FusionConfig().newcomer) == set(FusionConfig().regular) == set(COMPONENTS)
