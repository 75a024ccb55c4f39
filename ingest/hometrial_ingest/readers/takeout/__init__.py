"""Google Takeout: the archive that a participant downloads of a Fitbit or Google Health account."""

from hometrial_ingest.readers.takeout.reader import TakeoutReader

reader = TakeoutReader()

__all__ = ["TakeoutReader", "reader"]
