"""The sample orders: a tour of every outcome, and a stream of any length for load. Both are always the same."""

from local.sample.expectation import SampleOrder
from local.sample.stream import stream
from local.sample.tour import tour

__all__ = ["SampleOrder", "stream", "tour"]
