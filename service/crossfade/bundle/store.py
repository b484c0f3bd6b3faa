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
        self._earlier_file = directory / "earlier"

    @property
    def versions_directory(self) -> Path:
        """Where the versions lie."""
        return self.directory / "versions"

    @property
    def rejects(self) -> Path:
        """Where the last indexing run wrote the rows it dropped, if it dropped any."""
        return self.directory / "rejects.jsonl"

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

    def earlier(self) -> list[str]:
        """Return the versions that were in use before the current one and still exist, oldest use first.

        Going back to one of them ends the list there: what came after it was left for a reason. A store that has not
        kept this list yet is taken to have used its versions one after the other.
        """
        current, versions = self.current_or_none(), self.versions()
        try:
            names = self._earlier_file.read_text(encoding="utf-8", errors="replace").split()
        except OSError:
            names = [] if current is None else [name for name in versions if name < current]
        if current in names:
            names = names[: names.index(current)]
        return [name for name in names if name in versions]

    def use(self, version: str) -> Bundle:
        """Point at a version, in one atomic step, after checking that it opens; return it opened.

        Raises:
            BundleError: If there is no such version or it cannot be served; the pointer then stays where it was.
        """
        bundle = Bundle.open(self._directory_of(version))
        current, earlier = self.current_or_none(), self.earlier()
        if current is not None and version not in earlier:
            # Written first: should the pointer not follow, the list ends in the current version, which is cut off.
            self._replace(self._earlier_file, [*earlier, current])
        self._replace(self._pointer, [version])
        return bundle

    def roll_back(self) -> str:
        """Point at the version that was in use before the current one and return its name.

        Versions that were built but not published, or rolled back from, are passed over.

        Raises:
            BundleNotFoundError: If there is none.
            BundleError: If it cannot be served; the pointer then stays where it was.
        """
        current, earlier = self.current(), self.earlier()
        if not earlier:
            raise BundleNotFoundError(f"{self.directory}: no version older than {current} has been in use")
        self.use(earlier[-1])
        return earlier[-1]

    def prune(self, keep: int) -> list[str]:
        """Remove versions until ``keep`` are left; return what was removed.

        First go those that could not be rolled back to, then those that could, oldest first; the current and the
        newest stay.
        """
        versions, earlier = self.versions(), self.earlier()
        spared = {self.current(), *versions[-1:]}
        removable = sorted((name for name in versions if name not in spared), key=lambda name: (name in earlier, name))
        removable = removable[: max(0, len(versions) - keep)]
        for name in removable:
            shutil.rmtree(self.versions_directory / name)
        return removable

    def substitute(self, version: str, by: str) -> None:
        """Let a version take the place of another wherever that is named, and remove the other.

        Raises:
            BundleError: If ``by`` cannot be served; nothing is changed then.
        """
        Bundle.open(self._directory_of(by))
        current, earlier = self.current_or_none(), self.earlier()
        if version in earlier:
            names = [by if name == version else name for name in earlier]
            self._replace(self._earlier_file, names if current is None else [*names, current])
        if version == current:
            self._replace(self._pointer, [by])
        self.remove(version)

    def remove(self, version: str) -> None:
        """Remove a version that is not in use.

        Raises:
            ValueError: If it is in use.
        """
        if version == self.current_or_none():
            raise ValueError(f"version: {version} is in use")
        shutil.rmtree(self.versions_directory / version)

    def current_or_none(self) -> str | None:
        """Return the name of the version in use, None where there is none."""
        try:
            return self.current()
        except BundleNotFoundError:
            return None

    def _replace(self, path: Path, names: list[str]) -> None:
        temporary = self.directory / f".{path.name}-{uuid.uuid4().hex[:8]}"
        try:
            temporary.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
            flush_to_disk(temporary)
            temporary.replace(path)
            flush_to_disk(self.directory)
        finally:
            temporary.unlink(missing_ok=True)

    def _directory_of(self, version: str) -> Path:
        directory = self.versions_directory / version
        if not _VERSION_NAME.fullmatch(version) or not directory.is_dir():
            known = ", ".join(self.versions()) or "none"
            raise BundleNotFoundError(f"{self.directory}: no version {version!r}; there are: {known}")
        return directory
