"""What the release build may cost. Where that is meant to change, `make bench-budget` writes tests/budget.json anew."""

import shutil

import pytest
from bench import budget
from bench.world import running_fake


@pytest.fixture(scope="module")
def fake():
    with running_fake() as fake:
        yield fake
        assert fake.complaints() == []


@pytest.mark.parametrize("case", budget.CASES)
def test_requests_make_the_calls_of_the_budget_and_take_no_more_memory(fake, case):
    found = budget.of_case(fake, case)
    assert budget.other_calls(case, found) == {}
    assert budget.exceeded(budget.read()["most"], found["most"]) == {}


def test_binaries_are_no_larger_than_the_budget():
    assert budget.exceeded(budget.read()["sizes"], budget.sizes()) == {}


@pytest.mark.skipif(not shutil.which("valgrind"), reason="instructions are counted by valgrind, which is not installed")
def test_instructions_are_no_more_than_the_budget(fake):
    assert budget.exceeded(budget.read()["instructions"], budget.instructions(fake, print)) == {}
