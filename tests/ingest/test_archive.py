import gzip
import os
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hometrial_ingest import archive, members
from hometrial_ingest.archive import DiskFile, open_source
from hometrial_ingest.errors import UnreadableFileError, UnsafeArchiveError

CONTENT = b"Id,Time,Value\r\n" + b"".join(b"1,4/12/2016 7:21:%02d AM,97\r\n" % s for s in range(60))


def write_zip(path, contents, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as packed:
        for name, data in contents:
            packed.writestr(name, data)
    return path


def read_all(path):
    with open_source(path) as source:
        found = {}
        for file in source.files:
            with file.open() as stream:
                found[file.path] = stream.read()
        return found


def refusal(path, kind=UnreadableFileError):
    with pytest.raises(kind) as caught:
        read_all(path)
    return str(caught.value)


def test_a_folder_is_read_with_all_below_it_in_the_order_of_paths(tmp_path):
    (tmp_path / "b" / "deep").mkdir(parents=True)
    (tmp_path / "b" / "deep" / "x.csv").write_bytes(b"x")
    (tmp_path / "a.csv").write_bytes(b"a")
    assert list(read_all(tmp_path).items()) == [("a.csv", b"a"), ("b/deep/x.csv", b"x")]


def test_a_single_file_stands_under_its_bare_name(tmp_path):
    (tmp_path / "a.csv").write_bytes(CONTENT)
    with open_source(tmp_path / "a.csv") as source:
        assert [(file.path, file.size) for file in source.files] == [("a.csv", len(CONTENT))]


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_a_zip_gives_whole_paths_and_the_same_bytes_as_often_as_one_likes(tmp_path, method):
    path = write_zip(tmp_path / "t.ZIP", [("Takeout/Fitbit/x.csv", CONTENT)], method)
    assert read_all(path) == read_all(path) == {"Takeout/Fitbit/x.csv": CONTENT}


def test_folders_inside_a_zip_are_no_files(tmp_path):
    path = write_zip(tmp_path / "t.zip", [("empty/", b""), ("a/x.csv", b"x")])
    assert list(read_all(path)) == ["a/x.csv"]


def test_packed_and_unpacked_content_has_one_path(tmp_path):
    plain, packed, zipped = tmp_path / "plain", tmp_path / "packed", tmp_path / "z.zip"
    plain.mkdir()
    packed.mkdir()
    (plain / "x.csv").write_bytes(CONTENT)
    (packed / "x.csv.gz").write_bytes(gzip.compress(CONTENT))
    write_zip(zipped, [("x.csv.GZ", gzip.compress(CONTENT))])
    assert read_all(plain) == read_all(packed) == read_all(zipped) == {"x.csv": CONTENT}


def test_the_size_of_a_gzip_is_that_of_all_its_parts(tmp_path):
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(CONTENT) + gzip.compress(b"more"))
    with open_source(tmp_path / "x.csv.gz") as source:
        assert source.files[0].size == len(CONTENT) + 4


def test_a_file_that_is_there_packed_and_unpacked_is_refused(tmp_path):
    (tmp_path / "x.csv").write_bytes(CONTENT)
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(CONTENT))
    assert "x.csv: it is there twice; keep one of them" in refusal(tmp_path)


def test_two_members_of_one_name_are_refused(tmp_path):
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("x.csv", b"one")
        with pytest.warns(UserWarning, match="Duplicate name"):
            packed.writestr("x.csv", b"two")
    assert "it is there twice" in refusal(path, UnsafeArchiveError)


def test_what_is_not_there_is_refused(tmp_path):
    assert "no such file or folder" in refusal(tmp_path / "gone.zip")


@pytest.mark.parametrize("name", ["x.csv", "x.zip", "x.csv.gz"])
def test_an_empty_file_is_refused(tmp_path, name):
    (tmp_path / name).touch()
    assert f"{name}: the file is empty (0 bytes)" in refusal(tmp_path / name)


def test_an_empty_file_among_others_is_refused_only_when_it_is_opened(tmp_path):
    path = write_zip(tmp_path / "t.zip", [("empty.csv", b""), ("x.csv", b"x")])
    with open_source(path) as source:
        assert [file.path for file in source.files] == ["empty.csv", "x.csv"]
        with pytest.raises(UnreadableFileError, match="empty"):
            source.files[0].open()


def test_a_file_that_is_no_zip_is_refused(tmp_path):
    (tmp_path / "x.zip").write_bytes(b"<html>please sign in</html>")
    assert "x.zip: it is not a zip" in refusal(tmp_path / "x.zip")


def test_a_zip_without_its_end_is_refused(tmp_path):
    path = write_zip(tmp_path / "t.zip", [("x.csv", os.urandom(10_000))])
    path.write_bytes(path.read_bytes()[:9_000])
    assert "t.zip: the zip is truncated or damaged" in refusal(path)


def test_a_member_whose_checksum_is_wrong_is_refused_when_it_is_read(tmp_path):
    path = write_zip(tmp_path / "t.zip", [("x.csv", CONTENT)], zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"7:21:30 AM", b"7:21:31 AM"))
    assert "x.csv: its packed content is damaged or cut short" in refusal(path)


@pytest.mark.parametrize("cut", [12, 60, -1])
def test_a_gzip_without_its_end_is_refused(tmp_path, cut):
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(CONTENT)[:cut])
    assert "x.csv: its packed content is damaged or cut short" in refusal(tmp_path)


def test_a_file_that_is_no_gzip_is_refused(tmp_path):
    (tmp_path / "x.csv.gz").write_bytes(CONTENT)
    assert "damaged or cut short (found" in refusal(tmp_path)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_one_wrong_byte_gives_the_same_bytes_or_a_refusal(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("fuzz")
    path = write_zip(folder / "t.zip", [("a/x.csv", CONTENT), ("b.csv.gz", gzip.compress(CONTENT))])
    damaged = bytearray(path.read_bytes())
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(damaged)
    try:
        found = read_all(path)
    except UnreadableFileError:
        return
    assert set(found.values()) <= {CONTENT, gzip.compress(CONTENT)}


@pytest.mark.parametrize(
    "name", ["../x.csv", "a/../../x.csv", "/etc/passwd", "C:/x.csv", "..\\x.csv", "\\\\host\\x"]
)
def test_a_path_that_leads_out_of_the_zip_is_refused(tmp_path, name):
    path = write_zip(tmp_path / "t.zip", [(name, b"x")])
    assert "a path that leads out of the zip" in refusal(path, UnsafeArchiveError)


def test_a_link_inside_a_zip_is_refused(tmp_path):
    info = zipfile.ZipInfo("x.csv")
    info.external_attr = 0o120777 << 16
    path = write_zip(tmp_path / "t.zip", [(info, b"/etc/passwd")])
    assert "a link inside a zip" in refusal(path, UnsafeArchiveError)


def patch_directory(path, offset, layout, value):
    """Overwrite a field of the first entry in a zip's list of members."""
    data = bytearray(path.read_bytes())
    struct.pack_into(layout, data, data.rindex(b"PK\x01\x02") + offset, value)
    path.write_bytes(data)


def test_an_encrypted_member_is_refused(tmp_path):
    path = write_zip(tmp_path / "t.zip", [("x.csv", CONTENT)])
    patch_directory(path, 8, "<H", 1)
    assert "x.csv: it is encrypted; export the zip without a password" in refusal(path)


def test_a_member_packed_by_an_unknown_method_is_refused(tmp_path):
    path = write_zip(tmp_path / "t.zip", [("x.csv", CONTENT)])
    patch_directory(path, 10, "<H", 9)
    assert "a method that is not known here (found 9)" in refusal(path)


def test_a_member_that_declares_too_much_is_refused_before_it_is_read(tmp_path):
    path = write_zip(tmp_path / "t.zip", [("zeros.csv", bytes(11 << 20))])
    with pytest.raises(UnsafeArchiveError, match=r"zeros\.csv: a zip bomb: it unpacks from"):
        open_source(path)


def test_a_member_that_declares_too_little_is_refused_while_it_is_read(tmp_path):
    path = write_zip(tmp_path / "t.zip", [("zeros.csv", bytes(11 << 20))])
    patch_directory(path, 24, "<L", 1_000)
    assert "damaged or cut short" in refusal(path)


def test_a_gzip_of_zeros_is_refused_before_it_fills_the_memory(tmp_path):
    (tmp_path / "zeros.csv.gz").write_bytes(gzip.compress(bytes(64 << 20)))
    with open_source(tmp_path) as source, source.files[0].open() as stream:
        blocks = iter(lambda: stream.read(1 << 20), b"")
        read = []
        with pytest.raises(UnsafeArchiveError, match="it unpacks from"):
            read.extend(map(len, blocks))
    assert sum(read) <= 16 << 20


def test_a_zip_that_declares_more_than_may_be_unpacked_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MOST_UNPACKED", 2_000)
    path = write_zip(tmp_path / "t.zip", [("a", bytes(1_500)), ("b", bytes(1_500))])
    assert "it would unpack to more than" in refusal(path, UnsafeArchiveError)


def test_a_stream_that_does_not_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(members, "MOST_UNPACKED", 3 << 20)
    (tmp_path / "x.gz").write_bytes(gzip.compress(os.urandom(4 << 20)))
    assert "it unpacks from" in refusal(tmp_path, UnsafeArchiveError)


def test_members_that_overlap_are_refused(tmp_path):
    path = write_zip(tmp_path / "t.zip", [("a", CONTENT), ("b", CONTENT)], zipfile.ZIP_STORED)
    patch_directory(path, 20, "<L", 3 * len(CONTENT))
    assert "its members overlap" in refusal(path, UnsafeArchiveError)


def test_too_many_members_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MOST_MEMBERS", 2)
    path = write_zip(tmp_path / "t.zip", [(name, b"x") for name in "abc"])
    assert "it holds more than 2 files (found 3)" in refusal(path, UnsafeArchiveError)
    (tmp_path / "a").touch()
    (tmp_path / "b").touch()
    assert "it holds more than 2 files (found 3)" in refusal(tmp_path, UnsafeArchiveError)


@pytest.mark.parametrize("large", [False, True])
def test_too_long_a_list_of_members_is_refused_before_it_is_read(tmp_path, monkeypatch, large):
    path = write_zip(tmp_path / "t.zip", [(f"{number}.csv", b"x") for number in range(200)])
    if large:
        make_zip64(path)
    assert len(read_all(path)) == 200
    monkeypatch.setattr(archive, "LARGEST_DIRECTORY", 1_000)
    assert "its list of members is longer" in refusal(path, UnsafeArchiveError)


def make_zip64(path):
    data = path.read_bytes()
    end = data.rindex(b"PK\x05\x06")
    count, size, offset = struct.unpack_from("<HLL", data, end + 10)
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    final = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65_535, 65_535, 2**32 - 1, 2**32 - 1, 0)
    path.write_bytes(data[:end] + record + locator + final)


def test_a_zip_inside_a_zip_is_one_file_and_not_entered(tmp_path):
    inner = write_zip(tmp_path / "inner.zip", [("../../x", b"x")]).read_bytes()
    path = write_zip(tmp_path / "t.zip", [("inner.zip", inner)])
    assert read_all(path) == {"inner.zip": inner}


def test_a_link_that_leaves_the_folder_is_refused(tmp_path):
    (tmp_path / "secret.csv").write_bytes(b"x")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "x.csv").symlink_to(tmp_path / "secret.csv")
    assert "x.csv: a link that leads out of the folder" in refusal(folder, UnsafeArchiveError)


def test_a_link_to_a_folder_outside_is_refused(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "up").symlink_to(tmp_path)
    assert "up: a link that leads out of the folder" in refusal(folder, UnsafeArchiveError)


def test_a_link_inside_the_folder_adds_nothing(tmp_path):
    (tmp_path / "x.csv").write_bytes(b"x")
    (tmp_path / "y.csv").symlink_to("x.csv")
    (tmp_path / "loop").symlink_to(".")
    assert read_all(tmp_path) == {"x.csv": b"x"}


def test_a_link_that_leads_nowhere_is_refused(tmp_path):
    (tmp_path / "x.csv").symlink_to("gone.csv")
    assert "a link that leads nowhere" in refusal(tmp_path)


def test_a_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "x.csv")
    assert "neither a file nor a folder" in refusal(tmp_path, UnsafeArchiveError)
    assert "neither a file nor a folder" in refusal(tmp_path / "x.csv", UnsafeArchiveError)


def test_a_file_that_has_gone_since_is_refused(tmp_path):
    with pytest.raises(UnreadableFileError, match=r"x\.csv: it may not be opened"):
        DiskFile("x.csv", Path(tmp_path / "x.csv")).open()
