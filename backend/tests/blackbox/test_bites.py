"""The cases bite: each planted defect turns red the case that is there to catch it; without it the case is green."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox import (
    switchboard,
    test_api_keys,
    test_authorization,
    test_bodies,
    test_browsers,
    test_headers,
    test_input,
    test_limits,
    test_odd_values,
    test_pages,
    test_secrets,
    test_storage,
    test_test_mode,
    test_timing,
    test_tokens,
)
from tests.blackbox.houses import small
from tests.blackbox.targets import House

_PROGRAM = ("-m", "tests.blackbox.switchboard")

CAUGHT_BY: dict[str, Callable[[Any], None]] = {
    "trusts_forwarded_for": test_limits.test_R05_nobody_is_believed,
    "ignores_the_audience": test_tokens.test_J13_audience,
    "ignores_the_signature": test_tokens.test_J01_a_wrong_signature,
    "believes_every_page": test_browsers.test_C05_origins,
    "remembers_roles": test_tokens.test_J23_roles_and_states_count_at_once,
    "honours_every_header": test_test_mode.test_T05_only_a_signature_counts,
    "reads_bodies_first": test_authorization.test_A01_anonymous,
    "ignores_scopes": test_api_keys.test_K09_scopes,
    "ignores_the_models_of_a_key": test_api_keys.test_K09_models,
    "frees_the_keys_of_keys": test_api_keys.test_K13_a_key_stays_within_its_bounds,
    "spares_the_keys_of_keys": test_api_keys.test_K13_children_end_with_their_key,
    "gives_every_key_a_purse": test_api_keys.test_K13_one_purse,
    "begins_what_cannot_be_paid": test_limits.test_R19_runs_that_cannot_be_paid,
    "counts_no_runs": test_limits.test_R01_runs_at_once,
    "leaves_the_session_before": test_browsers.test_C11_signing_in_again,
    "tells_of_no_trip": test_headers.test_H15_runs_limits_and_allowances,
    "shows_everybodys_runs": test_authorization.test_A03_the_runs_of_others,
    "limits_nobody": test_limits.test_R01_a_limit_holds,
    "signs_nobody_out": test_browsers.test_C13_signing_out,
    "lets_scripts_read_cookies": test_browsers.test_C09_cookies,
    "takes_the_last_of_two": test_input.test_I13_names_that_stand_twice,
    "reads_whatever_is_sent": test_bodies.test_I01_many_small_values,
    "watches_from_the_first_byte": test_tokens.test_J15_nobody_is_answered_afterwards,
    "counts_whom_it_knows": test_limits.test_R05_looking_around,
    "answers_to_every_name": test_headers.test_H09_every_refusal_is_a_problem,
    "repeats_what_was_sent": test_secrets.test_S03_a_password_is_not_repeated,
    "logs_credentials": test_secrets.test_S01_nothing_comes_out,
    "takes_headers_again": test_test_mode.test_T05_only_a_signature_counts,
    "hears_proxies": test_test_mode.test_T05_not_through_a_proxy,
    "looks_at_the_credential_alone": test_test_mode.test_T07_beside_a_cookie,
    "writes_for_programs_alone": test_pages.test_H09_a_browser_reads_pages,
    "shares_repetitions": test_authorization.test_A19_somebody_elses_repetition,
    "takes_a_key_for_its_owner": test_authorization.test_A19_a_key_is_not_its_owner,
    "forgets_what_was_made": test_api_keys.test_K01_made_once,
    "keeps_every_session": test_browsers.test_C15_many_sign_ins,
    "lets_other_sites_listen": partial(test_browsers.test_C19_read_by_other_sites, site="cross-site"),
    "is_quick_with_strangers": test_timing.test_C23_refused_sign_ins,
    "fills_in_templates": test_odd_values.test_I29_templates_are_text,
    "mixes_bodies": test_odd_values.test_U21_whose_bytes,
    "waits_and_waits": test_storage.test_Z11_the_file_is_held_by_another_writer,
    "says_until_yesterday": test_headers.test_H21_whom_to_tell,
}


@pytest.fixture(scope="module")
def switch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file that says which defect is on."""
    file = tmp_path_factory.mktemp("switch") / "defect"
    file.write_text("")
    return file


@pytest.fixture(scope="module")
def defective(upstream: Any, switch: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Start Ultra with all defects in it, switched off."""
    folder = tmp_path_factory.mktemp("defective")
    with small(folder, upstream, program=_PROGRAM, TESTS_SWITCHBOARD=str(switch)) as house:
        yield house


def test_every_defect_has_its_case():
    """No defect is planted that no case is there for."""
    assert set(switchboard.DEFECTS) == set(CAUGHT_BY)


@pytest.mark.parametrize("name", CAUGHT_BY)
def test_a_case_bites(defective, switch, name):
    """The case is green without the defect and red with it."""
    case = CAUGHT_BY[name]
    case(defective)
    switch.write_text(name)
    try:
        with pytest.raises((AssertionError, ValueError)):
            case(defective)
    finally:
        switch.write_text("")
