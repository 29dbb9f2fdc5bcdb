"""The mapping language lives in `chalicelib.mapping`, which batches use too; this name is kept for importers."""

from chalicelib.mapping.values import *  # noqa: F403
