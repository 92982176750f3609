"""The optional alarms and the dashboard of the provider stack, which the tests switch on."""

import json
import re

import pytest

from . import provider
from .conftest import ALARM_TOPIC
from .emulator import REGION
from .stacks import concurrency_template, preset_template

CONCURRENCY_LOG_GROUP = provider.LOG_GROUP.replace("IamPreset", "LambdaConcurrency")
MESSAGE = re.compile(r"filter message = '(\w+)'")
# A word of the query language, or one that CloudWatch Logs adds.
NO_FIELD = re.compile(r"@\w+|count|by")


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


@pytest.fixture
def widgets(emulator):
    """Of the dashboard, as CloudFormation filled it in."""
    body = emulator.client("cloudwatch").get_dashboard(DashboardName=f"{provider.STACK}-{REGION}")["DashboardBody"]
    return json.loads(body)["widgets"]


def test_the_widgets_of_the_dashboard_are_beside_each_other(widgets):
    places = [
        (x, y)
        for it in widgets
        for x in range(it["x"], it["x"] + it["width"])
        for y in range(it["y"], it["y"] + it["height"])
    ]
    assert len(places) == len(set(places))
    assert max(x for x, _ in places) == 23
    assert {it["properties"]["region"] for it in widgets} == {REGION}


def test_the_tables_of_the_dashboard_ask_for_what_the_functions_write(widgets, emulator, account, quotas):
    function = f"{provider.STACK}-IamPreset"
    emulator.client("lambda").invoke(FunctionName=function, Payload=b'{"no": "request"}')
    account.create(preset_template("slimm"), name="-mistake", ends="ROLLBACK_COMPLETE")
    account.create(concurrency_template(DesiredConcurrency=1000), name="-quota")
    queries = [it["properties"]["query"] for it in widgets if it["type"] == "log"]
    assert len(queries) == 3
    for query in queries:
        groups = re.findall(r"SOURCE '([^']+)'", query)
        assert set(groups) <= {provider.LOG_GROUP, CONCURRENCY_LOG_GROUP}
        lines = [line for group in groups for line in logged(emulator, group)]
        messages = MESSAGE.findall(query)
        found = [names(line) for line in lines if not messages or line.get("message") in messages]
        assert any(fields(query) <= line for line in found), (query, found)


def logged(emulator, group):
    pages = emulator.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
    for page in pages:
        for event in page["events"]:
            if event["message"].startswith("{"):
                yield json.loads(event["message"])


def fields(query):
    """The fields that a query shows, filters by, or counts."""
    parts = [part.strip() for part in query.split("|")]
    shown = [part.split(maxsplit=1)[1] for part in parts if part.startswith(("fields ", "stats "))]
    words = re.findall(r"[@\w.]+", " ".join([*shown, *re.findall(r"ispresent\((\w+)\)", query)]))
    found = {word for word in words if not NO_FIELD.fullmatch(word)}
    assert found, query
    return found


def names(line, before=""):
    """The fields of a line of JSON, as CloudWatch Logs names them."""
    found = set()
    for name, value in line.items():
        found |= names(value, f"{before}{name}.") if isinstance(value, dict) else {before + name}
    return found
