"""The mapping language lives in `chalicelib.mapping`, which batches use too; this name is kept for importers."""

from chalicelib.mapping.field_model import *  # noqa: F403
