"""Requests made up from the interface's own description: every answer is as it says, and none is a failure of ours."""

from fake_service import FakeService
from hypothesis import HealthCheck, settings
from small_app import small_app

from benchmarks.api_fuzz import described_api

API = described_api(small_app(FakeService(pause_s=0)))
OPERATIONS, EXAMPLES = 10, 300


@API.parametrize()
@settings(
    max_examples=EXAMPLES // OPERATIONS,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_as_described(case):
    case.call_and_validate()


def test_each_operation_is_tried():
    assert len(list(API.get_all_operations())) == OPERATIONS
