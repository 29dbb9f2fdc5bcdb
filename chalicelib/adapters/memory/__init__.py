"""All fakes in memory under one name: they pass the same contract suites as the real adapters."""

from chalicelib.adapters.memory.event_store import MemoryEventStore
from chalicelib.adapters.memory.inventory import MemoryInventory
from chalicelib.adapters.memory.read_model import MemoryProjection
from chalicelib.adapters.memory.runtime import FixedClock, MemoryReferenceData, MemoryWorkflowEngine, SequentialIds

__all__ = [
    "FixedClock",
    "MemoryEventStore",
    "MemoryInventory",
    "MemoryProjection",
    "MemoryReferenceData",
    "MemoryWorkflowEngine",
    "SequentialIds",
]
