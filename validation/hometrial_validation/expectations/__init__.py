"""Our own expectations of Great Expectations. Importing this loads GX: only the gate does it."""

from hometrial_validation.expectations.amounts import (
    ExpectDaySumNearTotal,
    ExpectStagesToAddUp,
    ExpectValueUsualForPerson,
)
from hometrial_validation.expectations.limits import (
    ExpectCodeToBeInSet,
    ExpectMeasureToBeBetween,
    ExpectMeasureToBeKnown,
    ExpectRowNotToBeMarked,
    ExpectWholeValue,
)
from hometrial_validation.expectations.placing import ExpectPlacementToNotBe
from hometrial_validation.expectations.row import RowExpectation
from hometrial_validation.expectations.spans import (
    ExpectEndToAgreeWithDuration,
    ExpectNoGap,
    ExpectNoOverlap,
    ExpectRowToLast,
    ExpectSessionToEndAfterStart,
    ExpectStageInsideSession,
)

EXPECTATIONS: dict[str, type[RowExpectation]] = {
    expectation.__name__: expectation
    for expectation in (
        ExpectCodeToBeInSet,
        ExpectDaySumNearTotal,
        ExpectEndToAgreeWithDuration,
        ExpectMeasureToBeBetween,
        ExpectMeasureToBeKnown,
        ExpectNoGap,
        ExpectNoOverlap,
        ExpectPlacementToNotBe,
        ExpectRowNotToBeMarked,
        ExpectRowToLast,
        ExpectSessionToEndAfterStart,
        ExpectStageInsideSession,
        ExpectStagesToAddUp,
        ExpectValueUsualForPerson,
        ExpectWholeValue,
    )
}
"""Every expectation by the name that rules call it."""
