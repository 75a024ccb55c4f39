"""Writers of data sets: tables of Arrow in, a folder of Parquet, CSV and a manifest out. No database."""
