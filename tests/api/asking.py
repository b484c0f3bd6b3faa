"""Send the requests that stand in the OpenAPI document as examples."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shutil import copyfile
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
from fastapi import FastAPI
from fastapi.testclient import TestClient

__all__ = ["ask", "copy_of"]


def ask(client: TestClient, app: FastAPI, operation_id: str, example: Mapping[str, Any]) -> httpx2.Response:
    """Send one example of ``examples.json`` to the operation it stands under."""
    ((method, path),) = (
        (method, path)
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
        if operation["operationId"] == operation_id
    )
    filled = path.format(**{name: quote(value, safe="") for name, value in example.get("path", {}).items()})
    query = urlencode(example.get("query", {}), doseq=True)
    return client.request(method.upper(), f"{filled}?{query}", json=example.get("body"))


def copy_of(bundle: Path, directory: Path) -> Path:
    """Make a store beside which live data can be written; the versions stay where they are."""
    (directory / "versions").symlink_to(bundle.resolve() / "versions", target_is_directory=True)
    copyfile(bundle / "current", directory / "current")
    return directory
