"""Write docs/openapi.json anew: ``PYTHONPATH=tests python -m api.rewrite_openapi [SAMPLE_BUNDLE]``.

With the sample bundle (``make demo`` leaves it in ``crossfade-demo/bundle``) the examples' answers are recorded first.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from api.asking import ask, copy_of
from api.hand_made import publish
from fastapi import FastAPI
from fastapi.testclient import TestClient

from crossfade import Recommender, create_app
from crossfade.bundle import BundleStore

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLES = REPOSITORY / "service" / "crossfade" / "api" / "examples.json"
DOCUMENT = REPOSITORY / "docs" / "openapi.json"


def document_of(app: FastAPI) -> str:
    """Return the document as it is committed."""
    return json.dumps(app.openapi(), indent=2, ensure_ascii=False) + "\n"


def record(bundle: Path) -> None:
    """Send every example, in their order, to a service over a bundle and write its answer beside it."""
    examples = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as directory:
        recommender = Recommender.open(copy_of(bundle, Path(directory)))
        app = create_app(recommender)
        with TestClient(app) as client:
            for operation_id, named in examples.items():
                for example in named.values():
                    response = ask(client, app, operation_id, example).raise_for_status()
                    if response.content:
                        example["answer"] = response.json()
        recommender.close()
    EXAMPLES.write_text(json.dumps(examples, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def rewrite() -> None:
    """Write the document of the application as it is."""
    with tempfile.TemporaryDirectory() as directory:
        store = BundleStore(Path(directory))
        publish(store)
        DOCUMENT.write_text(document_of(create_app(Recommender(store))), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) == 1:
        rewrite()
    else:
        record(Path(sys.argv[1]))
        # The examples were read when the application was imported; a new process reads the new ones.
        subprocess.run([sys.executable, "-m", "api.rewrite_openapi"], check=True)
