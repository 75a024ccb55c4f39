"""Minute and second data, from day chunks to partitioned Parquet: bounded memory, several processes, taken up where it stopped."""
