"""The Fitbit Web API as it was until November 2026, over real HTTP: see the README beside this file."""

from hometrial_ingest.simulators.fitbit.face import FitbitFace
from hometrial_ingest.simulators.fitbit.faults import FitbitFaults

__all__ = ["FitbitFace", "FitbitFaults"]
