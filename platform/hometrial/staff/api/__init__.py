"""The read interface for programs, `/api/v1`: what staff see, by their tokens (features.md D15, D17)."""

from hometrial.staff.api import compared, describing, elsewhere, locks, people, samples, tables
from hometrial.staff.api.declaring import doors

__all__ = ["compared", "describing", "doors", "elsewhere", "locks", "people", "samples", "tables"]
