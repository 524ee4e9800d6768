"""What holds for the repository as a whole: its papers agree with each other and the code."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import mien

ROOT = Path(__file__).parents[1]

# Nothing that only one workplace knows. Put together here, so that this file has none of it.
PRIVATE = re.compile(
    "|".join(
        (
            r"(?<![\w.])/(?:wo" + r"rk|ho" + r"me|ro" + r"ot|tm" + r"p|op" + r"t|mnt)/\w",
            "py" + r"pi\.org",
            "files.python" + "hosted",
            "download.py" + "torch",
            "index" + "-url",
            "find" + "-links",
        )
    )
)
SHARED = "../sha" + "red"
MAY_NAME_SHARED = {".ci/run"}
TEXT = {".cfg", ".csv", ".json", ".md", ".py", ".pyi", ".toml", ".txt", ".yaml", ".yml", ""}


def tracked() -> list[Path]:
    """Files under version control, and new ones that are not ignored."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        pytest.skip("not a git repository")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_nothing_private_is_under_version_control() -> None:
    for path in tracked():
        name = path.relative_to(ROOT).as_posix()
        if path.suffix not in TEXT:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = PRIVATE.search(line)
            assert not found, f"{name}:{number} says {found[0] if found else ''}"
            assert name in MAY_NAME_SHARED or SHARED not in line, f"{name}:{number} says {SHARED}"


def test_no_file_is_larger_than_a_model_may_be() -> None:
    for path in tracked():
        assert path.stat().st_size <= 12_000_000, path


def test_the_readme_says_what_the_results_say() -> None:
    program = [sys.executable, "docs/make_readme.py", "--check"]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_readme_links_to_files_that_are_there() -> None:
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", text):
            assert (ROOT / target).exists(), f"{name} links to {target}"


def test_the_version_is_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert mien.__version__ == project["version"]
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(project['version'])}\b", changes, re.MULTILINE)


def test_the_extras_all_and_dev_bring_every_other() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]

    def brought(name: str) -> set[str]:
        inner = {
            part
            for one in extras[name]
            if (match := re.fullmatch(r"mien\[(.+)\]", one))
            for part in match[1].split(",")
        }
        return inner | {deeper for one in inner for deeper in brought(one)}

    assert brought("all") == set(extras) - {"all", "dev", "test"}
    assert brought("dev") == set(extras) - {"dev"}


def test_the_example_comes_with_its_attribution() -> None:
    examples = ROOT / "src" / "mien" / "examples"
    text = (examples / "ATTRIBUTION.md").read_text(encoding="utf-8")
    for photo in examples.glob("*.jpg"):
        assert photo.name in text
        assert photo.stat().st_size < 150_000


def test_the_licence_is_apache_2() -> None:
    words = (ROOT / "LICENSE").read_text(encoding="utf-8").split()
    assert " ".join(words).startswith("Apache License Version 2.0, January 2004")
    assert len(words) == 1581
