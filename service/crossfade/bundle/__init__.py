"""What one indexing job leaves behind, and the only code that reads and writes it.

A *store* is the directory given to ``--out`` and ``--bundle``::

    current                      the name of the version being served, one line
    earlier                      those served before it, oldest first, one a line
    versions/<time>-<hash>/      one bundle each: manifest, vectors, FAISS indexes, tables, encoder

``store`` moves between versions, ``bundle`` is one of them opened, ``writer`` makes one. A bundle is data: opening
one runs no code from it.
"""

from crossfade.bundle.bundle import Bundle
from crossfade.bundle.contents import (
    NO_TIME,
    Catalogue,
    ContentSpace,
    ItemSpaces,
    Past,
    UserAttributes,
    VectorSpace,
)
from crossfade.bundle.context_space import ContextSpace
from crossfade.bundle.erasing import ErasedVersion, Erasure, Erasures, erase_users, forget_rejects
from crossfade.bundle.manifest import Manifest
from crossfade.bundle.store import BundleStore
from crossfade.bundle.vector_index import VectorIndex
from crossfade.bundle.writer import BundleContents, write_bundle

__all__ = [
    "NO_TIME",
    "Bundle",
    "BundleContents",
    "BundleStore",
    "Catalogue",
    "ContentSpace",
    "ContextSpace",
    "ErasedVersion",
    "Erasure",
    "Erasures",
    "ItemSpaces",
    "Manifest",
    "Past",
    "UserAttributes",
    "VectorIndex",
    "VectorSpace",
    "erase_users",
    "forget_rejects",
    "write_bundle",
]
