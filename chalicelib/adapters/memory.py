"""All twins in memory under one name: they pass the same contract suites as the real adapters."""

from chalicelib.adapters.memory_event_store import MemoryEventStore
from chalicelib.adapters.memory_inventory import MemoryInventory
from chalicelib.adapters.memory_misc import FixedClock, MemoryReferenceData, MemoryWorkflowEngine, SequentialIds
from chalicelib.adapters.memory_projection import MemoryProjection

__all__ = [
    "FixedClock",
    "MemoryEventStore",
    "MemoryInventory",
    "MemoryProjection",
    "MemoryReferenceData",
    "MemoryWorkflowEngine",
    "SequentialIds",
]
