"""What the cinema shows where."""

from __future__ import annotations

__all__ = ["SCREENS"]

SCREENS = ("Grand Hall", "Balcony Room", "Cellar")
