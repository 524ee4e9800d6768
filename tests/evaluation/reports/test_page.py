"""The page: whole, closed to the world, and true to its records."""

from __future__ import annotations

import base64
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from report_records import around, comparison, crops, result, scores

from mien.errors import DataError, MissingExtra, OutputError
from mien.evaluation.reports.page import report, write_report
from mien.evaluation.scores import GroupScores, Mistake

VOID = {"meta", "img", "br"}
NASTY = "<script>alert(1)</script>\"'&\udc80"


class Page(HTMLParser):
    """Elements in order, with a check that each is closed by its own end."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def having(self, name: str) -> list[str]:
        return [values[name] or "" for _, values in self.elements if name in values]


@pytest.fixture(scope="module")
def two() -> str:
    return report(
        [result(), result("large", 0.891)],
        [comparison()],
        {"small": crops(), "large": {}},
    )


def test_a_page_is_whole_and_has_every_section(two: str) -> None:
    page = Page(two)
    assert page.having("id") == [
        "measured",
        "numbers",
        "comparisons",
        "classes",
        "robustness",
        "groups",
        "mistakes",
    ]
    assert page.having("href") == [f"#{name}" for name in page.having("id")]
    tables = sum(tag == "table" for tag, _ in page.elements)
    assert tables == sum(tag == "caption" for tag, _ in page.elements) == 9
    drawn = [values for tag, values in page.elements if tag == "svg" and "viewbox" in values]
    assert len(drawn) == 1 + 2 * (3 + 2 + 2 + 1) + 11 + 1
    assert all(one["aria-label"] for one in drawn)


def test_nothing_is_fetched_and_nothing_runs(two: str) -> None:
    page = Page(two)
    assert not {tag for tag, _ in page.elements} & {"script", "link", "iframe", "object", "base"}
    assert all(one.startswith("data:image/") for one in page.having("src"))
    assert not re.search(r"url\(|@import|https?:", two)
    assert not [name for _, values in page.elements for name in values if name.startswith("on")]
    (policy,) = (one for one in page.having("content") if "default-src" in one)
    assert policy.startswith("default-src 'none'")


def test_the_numbers_are_those_of_the_records(two: str) -> None:
    text = Page(two).text
    for words in (
        "2 models on ferplus public-test",
        "gives 86.6 % of 1,120 pictures their label (95 % interval 84.6 to 88.6; protocol",
        "With every class counted alike it is 66.7 % (64.7 to 68.7).",
        "1,120 89.1 87.1 to 91.1",
        "argmax, clean",
        "0.432 0.412 to 0.452",
        "small large 1,120 20 48 +2.5 +1.1 to +3.9 0.012 large is right more often",
        "neutral 1,000 96.2 90.0 93.0 900 90 10",
        "12 pictures, too few to judge",
        "small 10.0 points (5.0 to 15.0) between 10-19 and 3-9;",
        "cropped amiss",
        "answer anger , 98.7 % truth fear one.png",
        "Some CPU, 2 cores, Python 3.11.7",
        "mien evaluate small ferplus --root ferplus.zip",
    ):
        assert words in text, words
    # As they are; mean over kinds 1 to 10 and strengths 1 to 5 of 0.866 - 0.01 * kind * strength.
    assert "small 86.6 84.6 to 88.6 70.1 59.1" in text


def test_what_was_not_measured_is_left_out() -> None:
    bare = result(robustness=(), groups=(), gaps=(), mistakes=(), scores=())
    page = Page(report([bare]))
    assert page.having("id") == ["measured"]
    assert "small on ferplus public-test" in page.text
    plain = scores()
    thin = type(plain)(protocol="labels", subset="whole", images=9, metrics={"found": around(0.9)})
    page = Page(report([result(scores=(thin,), robustness=(), groups=(), mistakes=())]))
    assert page.having("id") == ["measured", "numbers"]
    assert "90.0 88.0 to 92.0" in page.text


def test_names_from_files_are_only_names() -> None:
    nasty = result(
        NASTY,
        settings={NASTY: NASTY},
        command=NASTY,
        groups=(
            GroupScores(column=NASTY, group=NASTY, images=9, accuracy=around(0.5), judged=True),
        ),
        mistakes=(Mistake(name=NASTY, truth=NASTY, predicted=NASTY, confidence=0.5),),
        scores=(scores(NASTY, NASTY),),
    )
    text = report([nasty, result()], [comparison(NASTY)], {NASTY: {NASTY: crops()["one.png"]}})
    page = Page(text)
    assert "script" not in {tag for tag, _ in page.elements}
    assert "<script" not in text
    assert page.text.count("<script>alert(1)</script>\"'&\ufffd") > 10
    text.encode("utf-8")


def test_pictures_are_in_the_page_as_they_were() -> None:
    large = np.full((400, 200, 3), (200, 30, 60), np.uint8)
    mistakes = tuple(
        Mistake(name=name, truth="fear", predicted="anger", confidence=0.9)
        for name in ("one.png", "two.png", "large.png", "lost.png")
    )
    pictures = {**crops(), "large.png": large}
    page = Page(report([result(mistakes=mistakes)], (), {"small": pictures}))
    shown = [
        cv2.imdecode(
            np.frombuffer(base64.b64decode(one.split(",")[1]), np.uint8), cv2.IMREAD_UNCHANGED
        )
        for one in page.having("src")
    ]
    assert np.array_equal(shown[0], crops()["one.png"])
    assert np.array_equal(shown[1][..., ::-1], crops()["two.png"])
    assert shown[2].shape == (192, 96, 3)
    assert np.abs(shown[2][..., ::-1].astype(int) - (200, 30, 60)).max() <= 4
    styles = [values.get("class") for tag, values in page.elements if tag == "img"]
    assert styles == ["coarse", "coarse", None]
    assert page.having("alt") == ["one.png", "two.png", "large.png"]
    assert "lost.png" in page.text


def test_the_same_records_give_the_same_page_and_a_small_one(two: str) -> None:
    again = report(
        [result(), result("large", 0.891)], [comparison()], {"small": crops(), "large": {}}
    )
    assert again == two
    assert len(report([result(f"model {number}") for number in range(4)])) < 1_000_000


def test_a_missing_template_engine_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtra, match=r"jinja2 is not installed.*mien\[train\]"):
        report([result()])


def test_models_of_one_name_are_told_apart() -> None:
    text = Page(report([result(), result(accuracy=0.7), result("other")])).text
    assert "small (1) gives 86.6 %" in text
    assert "small (2) gives 70.0 %" in text
    assert "other gives" in text


def test_a_page_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.html"
    write_report([result()], (), {}, path)
    assert path.read_text(encoding="utf-8") == report([result()])
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"the report cannot be written \(.+\); .*--report"):
        write_report([result()], (), {}, tmp_path / "file" / "report.html")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError) as caught:
        write_report([result()], (), {}, tmp_path / "folder")
    assert "\n" not in str(caught.value)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "folder", "new"]
    with pytest.raises(DataError, match="at least one model"):
        write_report([], (), {}, path)
