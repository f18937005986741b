"""The pure core: who waits, who is free, who is offered to whom, what is due when.

Only the standard library is imported here, and of it nothing that reads a clock, does I/O, logs or draws random
numbers.
"""

from queue_engine.engine import QueueEngine, Step
from queue_engine.snapshot import AgentView, CallView, EngineCounts, EngineSnapshot, LineCounts, LineView

__all__ = ["AgentView", "CallView", "EngineCounts", "EngineSnapshot", "LineCounts", "LineView", "QueueEngine", "Step"]
