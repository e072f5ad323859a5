"""The classifier over the corpus of tests/bounces, whose answers are known."""

from __future__ import annotations

import pytest
from tests.bounces.corpus import CORPUS, Sample, confusion, measure, samples

from pressrun.core.bounces.classes import BounceClass

_ALL = samples()
_COMPLAINTS = [one for one in _ALL if one.wanted == "complaint"]
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
    found = [(sample, sample.read_as()) for sample in _ALL]
    print(confusion(found))
    figures = measure(found)
    assert 0.97 <= figures.precision
    assert 0.95 <= figures.recall
    assert 0 == figures.wrongly_counted


@pytest.mark.parametrize("sample", _ALL, ids=_name)
def test_each_mail_is_read_as_what_it_is(sample: Sample) -> None:
    """One by one, so that a failure names the mail."""
    assert sample.wanted == sample.read_as()


@pytest.mark.parametrize("sample", [one for one in _ALL if one.wanted in ("vacation", "disposition")], ids=_name)
def test_what_a_machine_wrote_is_known_as_such(sample: Sample) -> None:
    """A vacation notice says why it is one."""
    assert sample.report.automatic is not None


@pytest.mark.parametrize("sample", [one for one in _ALL if one.wanted == "person"], ids=_name)
def test_what_a_person_wrote_is_no_machines_mail(sample: Sample) -> None:
    """Neither a notification nor automatic."""
    found = sample.report
    assert ((), None) == (found.recipients, found.automatic)


@pytest.mark.parametrize("sample", [one for one in _COMPLAINTS if not _is_independent(one)], ids=_name)
def test_a_complaint_encloses_our_token(sample: Sample) -> None:
    """Whatever the provider took out; and its type is the file's name up to the first underscore."""
    found = sample.report
    assert sample.path.stem.split("_")[0] == found.feedback_type
    assert "news-bounces+k4q7m2xw5ra3tz6b@lists.harbour.example" == found.enclosed.return_path
    assert "mailto:news-unsubscribe+p7w2k5m3qz4x6rta@lists.harbour.example" in found.enclosed.unsubscribe
    assert "news:e17:p7w2k5m3" == found.enclosed.feedback_id


@pytest.mark.parametrize("sample", [one for one in _COMPLAINTS if _is_independent(one)], ids=_name)
def test_a_complaint_that_others_wrote_encloses_a_return_path_of_ours(sample: Sample) -> None:
    """Each of them has another token."""
    found = sample.report
    assert sample.path.stem.split("_")[0] == found.feedback_type
    assert found.enclosed.return_path.startswith("news-bounces+")
    assert found.enclosed.return_path.endswith("@lists.example")
