"""``file:`` keeps whole files under names that nobody else chooses."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred

from jqengine.errors import DeliveryFailed
from jqengine.job import Request
from jqengine.sinks.file import FileSink, file_name, parse_directory, write
from jqengine.sinkurl import parse_sink_url
from tests.sinks.values import ATTACKS, RUN_ID, a_parcel, a_result, a_run, some_tools


def delivered(delivery: Deferred[None]) -> None:
    """Fail the test for a delivery that failed or is not over."""
    failures: list[object] = []
    delivery.addErrback(lambda failure: failures.append(failure))
    assert delivery.called
    if failures:
        failures[0].raiseException()  # type: ignore[attr-defined]


def sink(directory: Path, name: str = "results") -> FileSink:
    return FileSink(parse_sink_url(f"file:{name}", {}), some_tools(directory))


@pytest.mark.parametrize(
    ("text", "directory"),
    [
        ("file:results", "results"),
        ("file:/var/results/", "/var/results/"),
        ("file:///var/results", "/var/results"),
        ("file://localhost/var/results", "/var/results"),
        ("file:r%C3%A9sultats%20d%27ici", "résultats d'ici"),
    ],
)
def test_which_directory_a_url_names(text: str, directory: str) -> None:
    assert parse_directory(parse_sink_url(text, {})) == directory


def test_a_body_becomes_a_file_and_latest_points_to_it(tmp_path: Path) -> None:
    delivered(sink(tmp_path, "a/b").deliver(a_parcel()))
    folder = tmp_path / "a/b"
    name = f"{RUN_ID}-1-200.txt"
    assert sorted(one.name for one in folder.iterdir()) == [name, "latest"]
    assert (folder / name).read_bytes() == b"hello\n"
    assert os.readlink(folder / "latest") == name


def test_the_same_result_again_is_the_same_file_and_the_next_is_latest(tmp_path: Path) -> None:
    results = sink(tmp_path)
    delivered(results.deliver(a_parcel()))
    delivered(results.deliver(a_parcel()))
    assert len(list((tmp_path / "results").iterdir())) == 2
    delivered(results.deliver(a_parcel(a_result(b"new"), run=a_run(id="f" * 26))))
    assert len(list((tmp_path / "results").iterdir())) == 3
    assert (tmp_path / "results/latest").read_bytes() == b"new"


@pytest.mark.parametrize(
    ("content_type", "suffix"),
    [
        ("text/html; charset=utf-8", ".html"),
        ("APPLICATION/PDF", ".pdf"),
        ("text/csv;header=present", ".csv"),
        ("application/x-evil/../../x", ".bin"),
        ("text/../../etc", ".bin"),
        ("", ".bin"),
    ],
)
def test_the_suffix_is_chosen_from_our_own(content_type: str, suffix: str) -> None:
    parcel = a_parcel(a_result(headers=(("Content-Type", content_type),)))
    assert file_name(parcel) == f"{RUN_ID}-1-200{suffix}"


def test_a_name_says_the_status_and_what_was_cut_off() -> None:
    result = a_result(b"", status=0, headers=(), truncated=True)
    assert file_name(a_parcel(result)) == f"{RUN_ID}-1-000-cut.bin"


@pytest.mark.parametrize("text", ATTACKS)
def test_nothing_of_a_job_reaches_a_name(text: str, tmp_path: Path) -> None:
    run = a_run(name=text, request=Request(target=f"/{text}", user=text))
    result = a_result(reason=text, headers=(("Content-Type", text), (text, text)))
    delivered(sink(tmp_path).deliver(a_parcel(result, run=run)))
    assert sorted(one.name for one in (tmp_path / "results").iterdir()) == [
        f"{RUN_ID}-1-200.bin",
        "latest",
    ]
    assert [one.name for one in tmp_path.iterdir()] == ["results"]


def test_a_directory_that_is_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "results").symlink_to("elsewhere")
    with pytest.raises(DeliveryFailed, match="is a symbolic link"):
        delivered(sink(tmp_path).deliver(a_parcel()))
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_dangling_symbolic_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results").symlink_to(tmp_path / "not-there")
    with pytest.raises(DeliveryFailed):
        delivered(sink(tmp_path).deliver(a_parcel()))
    assert not (tmp_path / "not-there").exists()


@pytest.mark.parametrize("planted", ["latest", f"{RUN_ID}-1-200.txt"])
def test_a_symbolic_link_in_the_directory_is_replaced_not_followed(
    planted: str, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("untouched")
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / planted).symlink_to(precious)
    delivered(sink(tmp_path).deliver(a_parcel()))
    assert precious.read_text() == "untouched"
    assert (tmp_path / "results" / f"{RUN_ID}-1-200.txt").read_bytes() == b"hello\n"
    assert not (tmp_path / "results" / f"{RUN_ID}-1-200.txt").is_symlink()


def test_a_directory_swapped_for_a_link_while_writing_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, aside, elsewhere = tmp_path / "results", tmp_path / "aside", tmp_path / "elsewhere"
    elsewhere.mkdir()
    original = os.open

    def swap(path: object, flags: int, *args: object, **keywords: object) -> int:
        if keywords.get("dir_fd") is not None and folder.exists():
            folder.rename(aside)
            folder.symlink_to(elsewhere)
        return original(path, flags, *args, **keywords)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", swap)
    write(str(folder), a_parcel())
    assert list(elsewhere.iterdir()) == []
    assert len(list(aside.iterdir())) == 2


def test_a_full_disk_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        delivered(sink(tmp_path).deliver(a_parcel()))
    assert list((tmp_path / "results").iterdir()) == []


def test_the_file_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    fsync, rename = os.fsync, os.rename

    def note_fsync(descriptor: int) -> None:
        kind = "directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        seen.append(f"fsync {kind}")
        fsync(descriptor)

    def note_rename(source: str, target: str, **folders: int) -> None:
        seen.append(f"rename {'latest' if target == 'latest' else 'file'}")
        rename(source, target, **folders)

    (tmp_path / "results").mkdir()
    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "rename", note_rename)
    delivered(sink(tmp_path).deliver(a_parcel()))
    assert seen == ["fsync file", "rename file", "rename latest", "fsync directory"]
