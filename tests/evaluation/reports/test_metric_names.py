"""Names of metrics."""

from __future__ import annotations

from report_records import around

from mien.evaluation.reports.metric_names import METRICS, in_order, metric_name, task_title


def test_units_are_applied() -> None:
    assert metric_name("accuracy").heading == "accuracy %"
    assert metric_name("accuracy").value(0.86549) == "86.5"
    assert metric_name("loss").heading == "loss in points"
    assert metric_name("negative_log_likelihood").interval(around(0.5, 0.1)) == "0.400 to 0.600"


def test_an_unknown_metric_is_a_plain_number() -> None:
    assert metric_name("some_new_one").heading == "some new one"
    assert metric_name("some_new_one").value(2) == "2.000"
    assert in_order(["new", "loss", "accuracy", "new"]) == ["accuracy", "loss", "new"]


def test_every_metric_is_explained() -> None:
    assert all(one.meaning and one.better for one in METRICS.values())


def test_the_whole_goes_without_saying() -> None:
    assert task_title("majority", "whole") == "majority"
    assert task_title("majority", "clean") == "majority, clean"
