"""Grafana's dashboards: what is shown together, and by which expression."""

from typing import Final

from ultra.telemetry.grafana import Dashboard, Panel

_OF: Final = '{instance=~"$instance"}'
"""The instances that are chosen on the page."""


def _rate(metric: str, by: str, more: str = "") -> str:
    return f'sum by ({by}) (rate({metric}{{instance=~"$instance"{more}}}[$__rate_interval]))'


def _quantile(share: str, metric: str, by: str = "") -> str:
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, {_rate(f'{metric}_bucket', labels)})"


def _share(part: str, whole: str) -> str:
    return f"{part} / {whole}"


_BREAKERS: Final = 'sum by (model, state) (ultra_breaker_state{instance=~"$instance", state!="closed"})'

OVERVIEW: Final = Dashboard(
    "ultra-overview",
    "Ultra: overview",
    (
        Panel("Requests", "reqps", {"{{status}}": _rate("ultra_http_requests_total", "status")}),
        Panel(
            "Share of requests that failed",
            "percentunit",
            {
                "{{instance}}": _share(
                    _rate("ultra_http_requests_total", "instance", ', status="5xx"'),
                    _rate("ultra_http_requests_total", "instance"),
                )
            },
        ),
        Panel(
            "How long requests take",
            "s",
            {
                "half": _quantile("0.5", "ultra_http_request_duration_seconds"),
                "95 of 100": _quantile("0.95", "ultra_http_request_duration_seconds"),
            },
        ),
        Panel("Being served", "short", {"{{instance}}": f"ultra_http_requests_in_progress{_OF}"}),
        Panel("By route", "reqps", {"{{route}}": _rate("ultra_http_requests_total", "route")}),
        Panel("Refused by limits", "cps", {"{{limit}}": _rate("ultra_limit_refusals_total", "limit")}),
        Panel(
            "Parts that are not well",
            "short",
            {"{{name}}": f"ultra_condition_health{_OF} > 0"},
            "1 is warn, 2 is fail; empty is good.",
        ),
        Panel("Workers", "short", {"{{instance}}": f"ultra_workers{_OF}"}),
        Panel("Versions", "short", {"{{instance}} {{version}}": f"ultra_build_info{_OF}"}),
    ),
)

MODELS: Final = Dashboard(
    "ultra-models",
    "Ultra: models and money",
    (
        Panel("Calls", "reqps", {"{{model}} {{outcome}}": _rate("ultra_upstream_calls_total", "model, outcome")}),
        Panel("Failures", "cps", {"{{model}} {{kind}}": _rate("ultra_upstream_failures_total", "model, kind")}),
        Panel(
            "To the first token, 95 of 100",
            "s",
            {"{{model}}": _quantile("0.95", "ultra_upstream_first_token_seconds", "model")},
        ),
        Panel(
            "Whole answers, 95 of 100",
            "s",
            {"{{model}}": _quantile("0.95", "ultra_upstream_call_duration_seconds", "model")},
        ),
        Panel("Retries and other candidates", "cps", {"{{model}}": _rate("ultra_upstream_retries_total", "model")}),
        Panel(
            "Breakers that are not closed",
            "short",
            {"{{model}} {{state}}": _BREAKERS},
            "In how many workers.",
        ),
        Panel("Tokens", "cps", {"{{model}} {{kind}}": _rate("ultra_tokens_total", "model, kind")}),
        Panel(
            "Money in the chosen time",
            "currencyUSD",
            {"{{model}}": f"sum by (model) (increase(ultra_cost_usd_total{_OF}[$__range]))"},
        ),
        Panel("Calls of unknown cost", "cps", {"{{model}}": _rate("ultra_unpriced_calls_total", "model")}),
        Panel(
            "Budgets reached",
            "cps",
            {"{{period}} {{percent}}": _rate("ultra_budgets_reached_total", "period, percent")},
        ),
    ),
)

RUNS: Final = Dashboard(
    "ultra-runs",
    "Ultra: runs",
    (
        Panel("Runs", "cps", {"{{status}}": _rate("ultra_runs_total", "status")}),
        Panel("By pattern and flow", "cps", {"{{pattern}} {{flow}}": _rate("ultra_runs_total", "pattern, flow")}),
        Panel(
            "How long runs take, 95 of 100",
            "s",
            {"{{pattern}}": _quantile("0.95", "ultra_run_duration_seconds", "pattern")},
        ),
        Panel(
            "Share of the panel that answers",
            "percentunit",
            {
                "{{pattern}}": _share(
                    _rate("ultra_run_models_answered_total", "pattern"),
                    _rate("ultra_run_models_asked_total", "pattern"),
                )
            },
        ),
        Panel(
            "Waiting and under way",
            "short",
            {"waiting": f"sum(ultra_runs_waiting{_OF})", "under way": f"sum(ultra_runs_running{_OF})"},
        ),
        Panel("From journal to reader, 95 of 100", "s", {"lag": _quantile("0.95", "ultra_journal_lag_seconds")}),
    ),
)

INSIDE: Final = Dashboard(
    "ultra-inside",
    "Ultra: inside",
    (
        Panel(
            "Event loop wakes late, 99 of 100",
            "s",
            {"{{instance}}": _quantile("0.99", "ultra_event_loop_lag_seconds", "instance")},
        ),
        Panel("Processor time", "percentunit", {"{{instance}}": _rate("process_cpu_seconds_total", "instance")}),
        Panel("Memory", "bytes", {"{{instance}}": f"process_resident_memory_bytes{_OF}"}),
        Panel(
            "Open files",
            "percentunit",
            {"{{instance}}": f"process_open_fds{_OF} / process_max_fds{_OF}"},
            "Share of what a worker may open, of the worker that has most.",
        ),
        Panel("Ledger rows that wait", "short", {"{{instance}}": f"ultra_ledger_rows_waiting{_OF}"}),
        Panel(
            "Lost",
            "cps",
            {
                "ledger rows": _rate("ultra_ledger_rows_lost_total", "instance"),
                "audit entries": _rate("ultra_audit_entries_lost_total", "instance"),
            },
            "Anything but nothing is an alarm.",
        ),
        Panel(
            "Limits without the shared counter",
            "cps",
            {"decisions": _rate("ultra_limits_degraded_decisions_total", "instance")},
        ),
        Panel("Attempts to sign in that failed", "cps", {"{{cause}}": _rate("ultra_sign_in_failures_total", "cause")}),
        Panel("Credentials refused", "cps", {"{{action}}": _rate("ultra_credentials_refused_total", "action")}),
    ),
)

DASHBOARDS: Final = (OVERVIEW, MODELS, RUNS, INSIDE)
