"""Open mHealth and IEEE 1752.1: data points of any app that speaks the published schemas."""

from hometrial_ingest.readers.omh.reader import OmhReader

reader = OmhReader()

__all__ = ["OmhReader", "reader"]
