from __future__ import annotations

from pathlib import Path

import pytest

from engine.config import Settings, read_settings
from engine.errors import UsageError
from solvers.assignment import Effort


def written(folder: Path, text: str | bytes) -> Path:
    (folder / "ordermill.toml").write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    assert read_settings(written(tmp_path, "")) == Settings()


def test_a_night_searches_prices_half_as_long_as_the_solver_does_by_itself() -> None:
    # As long would take ten seconds more of the night, for the same gap to a hundredth of a percent.
    assert 2 * Settings().assign.iterations == Effort().price_rounds


def test_what_is_written_counts_and_the_environment_overrides_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = written(tmp_path, "[night]\nseed = 4\ntimezone = 'Europe/Paris'\n[carriers.post]\nprefix = '12'\n")
    assert read_settings(workspace).night.seed == 4
    assert read_settings(workspace).carrier("post").prefix == "12"
    assert read_settings(workspace).carrier("unknown").is_synthetic
    monkeypatch.setenv("ORDERMILL_NIGHT__SEED", "9")
    night = read_settings(workspace).night
    assert (night.seed, night.timezone) == (9, "Europe/Paris")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[night\n", "not valid TOML"),
        (b"\xff\xfe", "not valid TOML"),
        ("[night]\nsede = 1\n", "night.sede: is no setting"),
        ("[night]\nsede = 1\n", "docs/settings.md"),
        ("[nights]\nseed = 1\n", "nights"),
        ("[night]\nseed = -1\n", "night.seed"),
        ("[night]\nseed = 'one'\n", "value: 'one'"),
        ("[night]\ntimezone = 'Europe/Pariss'\n", "'Europe/Pariss' is not an IANA time zone"),
        ("[night]\ntimezone = 'localtime'\n", "'localtime' is not an IANA time zone"),
        ("[night]\ntimezone = ''\n", "not an IANA time zone"),
        ("[night]\ntimezone = '../UTC'\n", "not an IANA time zone"),
        ("[night]\nas_of = 'tonight'\n", "night.as_of"),
        ("[night]\nas_of = 0001-01-01T00:00:00Z\n", "night.as_of"),
        ("[load]\ntolerated_reject_share = 1.5\n", "load.tolerated_reject_share"),
        ("[load]\ntolerated_reject_share = nan\n", "load.tolerated_reject_share"),
        ("[receive]\nrelease_payments = ['gold']\n", "receive.release_payments"),
        ("[carriers.post]\ntracking = 'pigeon'\n", "carriers.post.tracking"),
    ],
)
def test_settings_that_cannot_be_used_are_named(tmp_path: Path, text: str | bytes, named: str) -> None:
    with pytest.raises(UsageError, match=r"ordermill\.toml") as error:
        read_settings(written(tmp_path, text))
    assert named in str(error.value)


def test_an_environment_variable_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERMILL_NIGHT", "tomorrow")
    with pytest.raises(UsageError, match="night"):
        read_settings(written(tmp_path, ""))


def test_a_folder_without_settings_says_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Make a workspace with: ordermill init"):
        read_settings(tmp_path)
