import shutil
from pathlib import Path
from typing import Protocol

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]


class Reads(Protocol):
    def read(self, document: Path) -> None: ...


@pytest.fixture
def demo_beside(tmp_path: Path, demo_directory: Path, encoder_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a reader has who followed the README: the demo's folder, and an encoder that was exported before."""
    shutil.copytree(demo_directory, tmp_path / "crossfade-demo")
    monkeypatch.setenv("CROSSFADE_CACHE_DIR", str(encoder_cache))


@pytest.mark.usefixtures("curl", "demo_beside")
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_block_of_the_documentation_does_as_it_says(reader: Reads, document: Path) -> None:
    reader.read(document)


FAITHFUL = """
```python
answer = 42
```

```python
assert answer == 42
```

```csv events.csv
user_id,item_id
```

```console
$ cat \\
  events.csv
user_id,item_id
$ printf 'one\\ntwo  \\n3.14 three\\nfour\\n'
one
...
3... three
four
$ true
```

1. In a list:

   ```json
   {"numbers": [1, 2]}
   ```

<!-- not run: it never ends -->
```console
$ sleep infinity
```
"""


def test_a_document_that_does_as_it_says_passes(reader: Reads, tmp_path: Path) -> None:
    document = tmp_path / "faithful.md"
    document.write_text(FAITHFUL, encoding="utf-8")

    reader.read(document)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("```console\n$ echo one\ntwo\n```", "-two\n\\+one"),
        ("```console\n$ echo one; echo two\none\n```", "\\+two"),
        ("```console\n$ false\n```", "exit status 1"),
        ("```console\n$ crossfade serve --bundle nowhere\n```", "nowhere"),
        ("```bash\necho one\n```", "a block in 'bash'"),
        ("```\n$ echo one\n```", "a block in 'no language'"),
        ("<!-- not run: -->\n```bash\necho one\n```", "a block in 'bash'"),
        ('```json\n{"a": }\n```', "Expecting value"),
        ("```toml\na = \n```", "Invalid value"),
        ("```python\nint('one')\n```", "invalid literal"),
    ],
)
def test_a_document_that_does_not_do_as_it_says_fails(reader: Reads, tmp_path: Path, block: str, message: str) -> None:
    document = tmp_path / "false.md"
    document.write_text(block, encoding="utf-8")

    with pytest.raises((pytest.fail.Exception, ValueError, AssertionError), match=message):
        reader.read(document)
