"""The optional alarms of the provider stack, which the tests switch on."""

from . import provider
from .conftest import ALARM_TOPIC


def test_the_topic_hears_of_refused_failed_and_dropped_events(emulator):
    alarms = emulator.client("cloudwatch").describe_alarms()["MetricAlarms"]
    metrics = {(alarm["Namespace"], alarm["MetricName"]): alarm["AlarmActions"] for alarm in alarms}
    assert metrics == {
        (provider.STACK, "RefusedEvents"): [ALARM_TOPIC],
        ("AWS/Lambda", "Errors"): [ALARM_TOPIC],
        ("AWS/Lambda", "AsyncEventsDropped"): [ALARM_TOPIC],
    }


def test_refused_events_are_counted_where_their_alarm_looks(emulator):
    filters = emulator.client("logs").describe_metric_filters(logGroupName=provider.LOG_GROUP)["metricFilters"]
    counted = [(each["metricNamespace"], each["metricName"]) for one in filters for each in one["metricTransformations"]]
    assert counted == [(provider.STACK, "RefusedEvents")]
