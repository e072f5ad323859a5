"""The classifier over the corpus of tests/bounces, whose answers are known."""

from __future__ import annotations

import pytest
from tests.bounces.corpus import CORPUS, Sample, confusion, measure, samples

from pressrun.core.bounces.classes import BounceClass

_ALL = samples()
_COMPLAINTS = [sample for sample in _ALL if sample.wanted == "complaint"]
_CLASSES = {*map(str, BounceClass)} - {"auto-reply"} | {"vacation", "disposition", "person", "complaint"}


def _name(sample: Sample) -> str:
    return str(sample.path.relative_to(CORPUS).with_suffix(""))


def _is_independent(sample: Sample) -> bool:
    return "independent" in sample.path.parts


def test_the_corpus_has_mails_of_every_class() -> None:
    """At least 150, in their folders."""
    assert _CLASSES == {sample.wanted for sample in _ALL}
    assert 150 <= len(_ALL)


def test_hard_bounces_are_found_and_nothing_else_is_taken_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Precision 0.97 and recall 0.95 at least, and nothing counts that never may."""
    readings = [(sample, sample.read_as()) for sample in _ALL]
    print(confusion(readings))
    figures = measure(readings)
    assert 0.97 <= figures.precision
    assert 0.95 <= figures.recall
    assert 0 == figures.wrongly_counted


@pytest.mark.parametrize("sample", _ALL, ids=_name)
def test_each_mail_is_read_as_what_it_is(sample: Sample) -> None:
    """One by one, so that a failure names the mail."""
    assert sample.wanted == sample.read_as()


@pytest.mark.parametrize(
    "sample", [sample for sample in _ALL if sample.wanted in ("vacation", "disposition")], ids=_name
)
def test_what_a_machine_wrote_is_known_as_such(sample: Sample) -> None:
    """A vacation notice says why it is one."""
    assert sample.report.automatic is not None


@pytest.mark.parametrize("sample", [sample for sample in _ALL if sample.wanted == "person"], ids=_name)
def test_what_a_person_wrote_is_no_machines_mail(sample: Sample) -> None:
    """Neither a notification nor automatic."""
    report = sample.report
    assert ((), None) == (report.recipients, report.automatic)


@pytest.mark.parametrize("sample", [sample for sample in _COMPLAINTS if not _is_independent(sample)], ids=_name)
def test_a_complaint_encloses_our_token(sample: Sample) -> None:
    """Whatever the provider took out; and its type is the file's name up to the first underscore."""
    report = sample.report
    assert sample.path.stem.split("_")[0] == report.feedback_type
    assert "news-bounces+k4q7m2xw5ra3tz6b@lists.harbour.example" == report.enclosed.return_path
    assert "mailto:news-unsubscribe+p7w2k5m3qz4x6rta@lists.harbour.example" in report.enclosed.unsubscribe
    assert "news:e17:p7w2k5m3" == report.enclosed.feedback_id


@pytest.mark.parametrize("sample", [sample for sample in _COMPLAINTS if _is_independent(sample)], ids=_name)
def test_a_complaint_that_others_wrote_encloses_a_return_path_of_ours(sample: Sample) -> None:
    """Each of them has another token."""
    report = sample.report
    assert sample.path.stem.split("_")[0] == report.feedback_type
    assert report.enclosed.return_path.startswith("news-bounces+")
    assert report.enclosed.return_path.endswith("@lists.example")
