"""Where an exported value comes from: value, rule, chunk, batch and verdict, the bytes that were sent, device, consent (D11, N8)."""

from hometrial.services.lineage.chain import Chain, Raw, Step
from hometrial.services.lineage.tracing import trace

__all__ = ["Chain", "Raw", "Step", "trace"]
