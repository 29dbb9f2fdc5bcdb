"""What recovery needs from the outside; `Bookmark` is needed by other walks, too."""

from __future__ import annotations

from chalicelib.ports import Bookmark

__all__ = ["Bookmark"]
