"""Doubles of the wearable clouds: real HTTP servers over one seeded truth, with a clock of their own."""

from hometrial_ingest.simulators.service import Simulators
from hometrial_ingest.simulators.truth import Scene, Truth

__all__ = ["Scene", "Simulators", "Truth"]
