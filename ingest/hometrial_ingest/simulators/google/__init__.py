"""The Google Health API v4 over real HTTP: see the README of the simulators."""

from hometrial_ingest.simulators.google.face import GoogleFace
from hometrial_ingest.simulators.google.faults import GoogleFaults
from hometrial_ingest.simulators.google.notices import Shape

__all__ = ["GoogleFace", "GoogleFaults", "Shape"]
