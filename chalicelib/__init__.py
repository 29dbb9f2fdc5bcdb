"""Orderbridge: takes orders out of any ERP and carries each to an outcome (docs/how-it-works.md)."""

__version__ = "0.2.0"
"""Of the release: the only place where it is written. `GET /health` answers it, pyproject.toml reads it."""

API_VERSION = "1.1.0"
"""Of the HTTP API, `info.version` of its document; when it moves is said in docs/api.md."""
