"""The directory that holds a bundle's versions and says which of them is current."""

from __future__ import annotations

import re
import shutil
import uuid
from pathlib import Path

from crossfade.bundle.bundle import Bundle
from crossfade.bundle.writer import flush_to_disk
from crossfade.errors import BundleNotFoundError

__all__ = ["BundleStore"]

_VERSION_NAME = re.compile(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{12}")


class BundleStore:
    """Versions of one bundle, oldest first, and the pointer to the one in use.

    Args:
        directory: As given to ``crossfade index --out`` and ``crossfade serve --bundle``.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._pointer = directory / "current"

    @property
    def versions_directory(self) -> Path:
        """Where the versions lie."""
        return self.directory / "versions"

    def versions(self) -> list[str]:
        """Return the names of the finished versions, oldest first; empty when there are none."""
        if not self.versions_directory.is_dir():
            return []
        return sorted(p.name for p in self.versions_directory.iterdir() if _VERSION_NAME.fullmatch(p.name))

    def current(self) -> str:
        """Return the name of the version in use.

        Raises:
            BundleNotFoundError: If the directory holds no bundle, or the pointer names no version.
        """
        try:
            name = self._pointer.read_text(encoding="utf-8", errors="replace").strip()
        except OSError as error:
            raise BundleNotFoundError(
                f"{self.directory}: no bundle here (no readable file 'current'); make one with "
                f"'crossfade index --out {self.directory}'"
            ) from error
        if not _VERSION_NAME.fullmatch(name):
            raise BundleNotFoundError(f"{self._pointer}: names no version; choose one with 'crossfade rollback'")
        return name

    def open_current(self) -> Bundle:
        """Open the version in use.

        Raises:
            BundleError: If there is none, or it is damaged or too new.
        """
        return Bundle.open(self._directory_of(self.current()))

    def use(self, version: str) -> Bundle:
        """Point at a version, in one atomic step, after checking that it opens; return it opened.

        Raises:
            BundleError: If there is no such version or it cannot be served; the pointer then stays where it was.
        """
        bundle = Bundle.open(self._directory_of(version))
        temporary = self.directory / f".current-{uuid.uuid4().hex[:8]}"
        try:
            temporary.write_text(version + "\n", encoding="utf-8")
            flush_to_disk(temporary)
            temporary.replace(self._pointer)
            flush_to_disk(self.directory)
        finally:
            temporary.unlink(missing_ok=True)
        return bundle

    def roll_back(self) -> str:
        """Point at the newest version older than the current one and return its name.

        Raises:
            BundleNotFoundError: If there is no older version.
            BundleError: If the older version cannot be served; the pointer then stays where it was.
        """
        current = self.current()
        older = [name for name in self.versions() if name < current]
        if not older:
            raise BundleNotFoundError(f"{self.directory}: no version older than {current} to roll back to")
        self.use(older[-1])
        return older[-1]

    def prune(self, keep: int) -> list[str]:
        """Remove the oldest versions until ``keep`` are left, never the current one; return what was removed."""
        removable = [name for name in self.versions()[: -keep or None] if name != self.current()]
        for name in removable:
            shutil.rmtree(self.versions_directory / name)
        return removable

    def _directory_of(self, version: str) -> Path:
        directory = self.versions_directory / version
        if not _VERSION_NAME.fullmatch(version) or not directory.is_dir():
            known = ", ".join(self.versions()) or "none"
            raise BundleNotFoundError(f"{self.directory}: no version {version!r}; there are: {known}")
        return directory
