"""Wearable clouds, one package each; see `hometrial_ingest.provider` for what they promise."""
