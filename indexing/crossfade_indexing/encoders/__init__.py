"""What turns the items' text into embeddings, once, and leaves the service what it needs to do the same."""

from __future__ import annotations

from crossfade_indexing.encoders.cache import EncodingCache, encode_cached
from crossfade_indexing.encoders.item_encoder import ItemEncoder
from crossfade_indexing.encoders.opening import open_item_encoder

__all__ = ["EncodingCache", "ItemEncoder", "encode_cached", "open_item_encoder"]
