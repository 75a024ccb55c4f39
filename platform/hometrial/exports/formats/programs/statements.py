"""How each statistical package reads each format: one statement a file."""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from hometrial.exports.formats import frames
from hometrial.exports.formats.frames import Frame
from hometrial.exports.metadata import Column

Statement = Callable[["DataFile"], str]
_SAS_TYPES = {
    "integer": ("8", ":32."), "float": ("8", ":32."), "date": ("8", ":yymmdd10."), "datetime": ("$ 27", "$"),
}  # fmt: skip
_SPSS_TYPES = {"integer": "F20.0", "float": "F32.16", "date": "SDATE10", "datetime": "A27"}


@dataclass(frozen=True)
class DataFile:
    """A file that is there: `name` for the data set in the program, and its path from the folder."""

    name: str
    path: str
    frame: Frame
    delivery: str

    def is_truth(self, column: Column) -> bool:
        """Tell if a CSV writes the variable as true and false."""
        return bool(pa.types.is_boolean(self.frame.fullest.schema.field(column.name).type))

    def width(self, column: Column) -> int:
        """Return the bytes that a text variable needs."""
        return frames.length(self.frame.table[column.name])

    @property
    def breaks_lines(self) -> bool:
        """Tell if a text holds a line break: SAS and SPSS end the row of a CSV there, whatever the quotation marks say."""
        texts = (each for each in self.frame.data_set.columns if each.kind == "text")
        return any(
            pc.any(pc.match_substring_regex(self.frame.table[each.name], "[\r\n]")).as_py()
            for each in texts
        )


_BROKEN = "was not read: a text in it holds a line break, where this program ends a row; read {path} with R, Python or Stata"


def quoted(text: str, sign: str) -> str:
    """Return a text in quotation marks, with those in it doubled."""
    return f"{sign}{text.replace(sign, sign * 2)}{sign}"


def _r(call: str) -> Statement:
    return lambda file: f'{file.name} <- {call}(at("{file.path}"))'


def _r_csv(file: DataFile) -> str:
    kinds = {"text": "character", "integer": "numeric", "float": "numeric", "date": "Date", "datetime": "character"}  # fmt: skip
    columns = file.frame.data_set.columns
    classes = ", ".join(f'"{"character" if file.is_truth(each) else kinds[each.kind]}"' for each in columns)  # fmt: skip
    labels = ", ".join(_r_text(each.label) for each in columns)
    return f'{file.name} <- plain("{file.path}", c({classes}),\n  c({labels}))'


def _r_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _sas_xpt5(file: DataFile) -> str:
    return f'libname one xport "&folder/{file.path}"; proc copy in=one out=work; run; libname one clear;'


def _sas_xpt8(file: DataFile) -> str:
    member = file.frame.data_set.name.lower()
    read = f'%xpt2loc(libref=work, memlist={member}, filespec="&folder/{file.path}");'
    if member == file.name:
        return read
    return f"{read}\nproc datasets lib=work nolist; change {member}={file.name}; quit;"


def _sas_csv(file: DataFile) -> str:
    if file.breaks_lines:
        return f"%put ERROR: {file.name} {_BROKEN.format(path=file.path)};"
    lengths, inputs, labels, dates = [], [], [], []
    for column in file.frame.data_set.columns:
        text = (f"$ {max(5, file.width(column))}", "$") if column.kind == "text" else None
        length, read = text or (("$ 5", "$") if file.is_truth(column) else _SAS_TYPES[column.kind])
        lengths.append(f"{column.name} {length}")
        inputs.append(f"{column.name} {read}")
        labels.append(f"    {column.name} = {quoted(column.label, chr(39))}")
        dates += [column.name] if column.kind == "date" else []
    formats = f"  format {' '.join(dates)} date9.;\n" if dates else ""
    return (
        f"data {file.name};\n"
        f'  infile "&folder/{file.path}" dsd truncover firstobs=2 lrecl=1000000 encoding="utf-8" termstr=lf;\n'
        f"  length {' '.join(lengths)};\n{formats}  input {' '.join(inputs)};\n  label\n"
        + "\n".join(labels)
        + ";\nrun;"
    )


def _stata(command: str) -> Statement:
    return lambda file: f'{_stata_frame(file)}\nframe {file.name}: {command} "{file.path}", clear'


def _stata_frame(file: DataFile) -> str:
    return f"capture frame drop {file.name}\nframe create {file.name}"


def _stata_csv(file: DataFile) -> str:
    """Return how Stata reads a CSV: all that is no number stays text, as it would take 001 for 1, and doubles stay doubles."""
    columns = list(enumerate(file.frame.data_set.columns, 1))
    numbers = ("integer", "float")
    texts = [str(at) for at, each in columns if each.kind not in numbers or file.is_truth(each)]
    kept = f"stringcols({' '.join(texts)}) " if texts else ""
    return "\n".join(
        [
            _stata_frame(file),
            f'frame {file.name}: import delimited "{file.path}", varnames(1) case(preserve) bindquote(strict) '
            f'maxquotedrows(unlimited) {kept}asdouble encoding("utf-8") clear',
            *(
                f'frame {file.name}: label variable {each.name} `"{each.label}"\''
                for _, each in columns
            ),
        ]
    )


def _spss(command: str) -> Statement:
    return lambda file: f'{command}="{file.path}".\n{_spss_kept(file)}'


def _spss_kept(file: DataFile) -> str:
    """Return how what was read stays under its name: PSPP reads the next file over a data set that bears one, SPSS does not."""
    return f"DATASET COPY {file.name}."


def _spss_csv(file: DataFile) -> str:
    if file.breaks_lines:
        return f'ECHO "{file.name} {_BROKEN.format(path=file.path)}".'
    fields, labels = [], []
    for column in file.frame.data_set.columns:
        text = f"A{max(5, file.width(column))}" if column.kind == "text" else None
        read = text or ("A5" if file.is_truth(column) else _SPSS_TYPES[column.kind])
        # No line begins with a name: PSPP would take one that is called `document` for the command.
        fields.append(f"{column.name}\n  {read}")
        labels.append(f"{column.name} {quoted(column.label, chr(34))}")
    return (
        f'GET DATA /TYPE=TXT /FILE="{file.path}" /ENCODING="UTF8" /ARRANGEMENT=DELIMITED\n'
        f'  /DELIMITERS="," /QUALIFIER=\'"\' /FIRSTCASE=2 /VARIABLES={" ".join(fields)}.\n'
        "VARIABLE LABELS " + "\n  /".join(labels) + f".\n{_spss_kept(file)}"
    )


R: dict[str, Statement] = {
    "xpt5": _r("haven::read_xpt"),
    "stata": _r("haven::read_dta"),
    "spss": _r("haven::read_sav"),
    "xpt8": _r("haven::read_xpt"),
    "parquet": _r("arrow::read_parquet"),
    "csv": _r_csv,
}
SAS: dict[str, Statement] = {"xpt5": _sas_xpt5, "xpt8": _sas_xpt8, "csv": _sas_csv}
STATA: dict[str, Statement] = {
    "stata": _stata("use"),
    "xpt5": _stata("import sasxport5"),
    "xpt8": _stata("import sasxport8"),
    "csv": _stata_csv,
}
SPSS: dict[str, Statement] = {"spss": _spss("GET FILE"), "stata": _spss("GET STATA FILE"), "csv": _spss_csv}  # fmt: skip
"""By format, the one that each package reads best first."""
