"""A data set with a variable of each kind, for values that formats find odd."""

from hometrial.exports.metadata import Column, DataSet

ADXX = DataSet(
    "ADXX", "Odd Values", "BASIC DATA STRUCTURE", "One record per value", ("ADSEQ",),
    (
        Column("ADSEQ", "Sequence Number", "integer"),
        Column("AVALC", "Text", "text"),
        Column("AVAL", "Number", "float"),
        Column("ADT", "Day", "date"),
        Column("ADTM", "Time", "datetime"),
    ),
    purpose="Analysis",
)  # fmt: skip
