"""A run that is stopped on its way: what is told is true, and the same night is taken up again."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import batch
from engine.batch import run_batch
from engine.book import FILE_NAME, Book
from engine.errors import Interrupted, UsageError
from engine.resuming import interrupted
from engine.runs import open_run
from engine.runs.folders import STAGING, published

SIGTERM = 15


def stop(*_: object, **__: object) -> None:
    raise Interrupted(SIGTERM)


@pytest.fixture
def tables(tiny_tables):
    return tiny_tables(5, orders=3)


@pytest.fixture
def workspace(tmp_path, tables, tiny_workspace) -> Path:
    return tiny_workspace(tmp_path / "night", tables)


def test_a_stopped_run_is_taken_up_for_its_own_night_and_seed(workspace, tmp_path, tables, tiny_workspace, monkeypatch):
    night = batch.the_night(batch.read_settings(workspace), None).replace(day=25)
    for stage in ("load", "pick"):
        with monkeypatch.context() as patched:
            patched.setattr(batch, stage, stop)
            with pytest.raises(Interrupted, match=r"signal 15; nothing was published.*--resume"):
                run_batch(workspace, as_of=night, seed=4)
        assert published(workspace) == []
        question = interrupted(workspace)
        assert question is not None
        assert (question.as_of, question.seed) == (night, 4)
    result = run_batch(workspace, resume=True)
    whole = run_batch(tiny_workspace(tmp_path / "whole", tables), as_of=night, seed=4)
    assert (result.run_id, result.summary) == (whole.run_id, whole.summary)
    assert not (workspace / "runs" / STAGING).exists()
    with pytest.raises(UsageError, match="no run was interrupted"):
        run_batch(workspace, resume=True)


def test_a_signal_after_the_rename_does_not_say_that_nothing_was_published(workspace, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(batch, "record", stop)
        with pytest.raises(
            Interrupted, match="was published before; the order book learns of it with the next run"
        ) as told:
            run_batch(workspace)
    run = open_run(workspace)
    assert run.run_id in str(told.value)
    with Book(workspace / "book" / FILE_NAME) as book:
        assert book.known_runs() == set()
    result = run_batch(workspace, resume=True)
    assert result.is_repeat
    assert result.run_id == run.run_id
    with Book(workspace / "book" / FILE_NAME) as book:
        assert book.known_runs() == {run.run_id}


def test_an_error_that_was_told_leaves_nothing_to_take_up(workspace):
    (workspace / "inbox" / "stock.csv").write_text("warehouse_id\n", encoding="utf-8")
    with pytest.raises(Exception, match="missing"):
        run_batch(workspace)
    assert interrupted(workspace) is None
    assert not (workspace / "runs" / STAGING).exists()


def test_resume_takes_no_night_of_its_own(workspace):
    for options in ({"seed": 1}, {"dry_run": True}):
        with pytest.raises(UsageError, match="--resume takes night and seed"):
            run_batch(workspace, resume=True, **options)
    note = workspace / "runs" / STAGING / "question.json"
    note.parent.mkdir(parents=True)
    note.write_text("{}", encoding="utf-8")
    with pytest.raises(UsageError, match=r"question\.json cannot be read"):
        run_batch(workspace, resume=True)
