"""The one door to Great Expectations: all of it that we use, loaded quietly. Loading takes seconds."""

import os
import warnings

# GX reads this when it is imported, and without it would report its use to its makers.
os.environ["GX_ANALYTICS_ENABLED"] = "false"

with warnings.catch_warnings():
    # GX 1.24 imports sre_parse and sre_constants, which Python 3.11 deprecates: not ours to mend.
    warnings.simplefilter("ignore", DeprecationWarning)
    from great_expectations import ExpectationSuite, get_context
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.execution_engine import ExecutionEngine, PandasExecutionEngine
    from great_expectations.expectations.expectation import BatchExpectation
    from great_expectations.expectations.expectation_configuration import parse_result_format
    from great_expectations.expectations.metadata_types import FailureSeverity
    from great_expectations.expectations.metrics.metric_provider import (
        MetricProvider,
        metric_value,
    )
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView
    from great_expectations.validator.metric_configuration import MetricConfiguration
    from great_expectations.validator.validator import ValidationDependencies

__all__ = [
    "BatchDefinition",
    "BatchExpectation",
    "DefaultJinjaPageView",
    "ExecutionEngine",
    "ExpectationSuite",
    "ExpectationSuiteValidationResult",
    "ExpectationValidationResult",
    "FailureSeverity",
    "MetricConfiguration",
    "MetricProvider",
    "PandasExecutionEngine",
    "ProgressBarsConfig",
    "ValidationDependencies",
    "ValidationResultsPageRenderer",
    "get_context",
    "metric_value",
    "parse_result_format",
]
