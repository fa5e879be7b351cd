"""The way in for people, as a browser without script goes it, in development."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.journeys.programs import START_S, environment, until

FORM = {"sec-fetch-site": "same-origin"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where everything of this Ultra is kept."""
    return tmp_path_factory.mktemp("first")


@pytest.fixture(scope="module")
def first_start(folder: Path) -> Iterator[str]:
    """Start development for the first time, with nothing given, and return what it prints."""
    said = folder / "stdout.txt"
    variables = environment(folder, ENVIRONMENT="development")
    command = [sys.executable, "-m", "ultra", "serve", "--port", "0"]
    with said.open("wb") as out, (folder / "ultra.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=variables, stdout=out, stderr=log)
    try:
        yield until(lambda: _whole(said, process, folder), patience=START_S, what="a link on stdout")
    finally:
        process.terminate()
        process.wait(20)


def _whole(said: Path, process: "subprocess.Popen[bytes]", folder: Path) -> str | None:
    assert process.poll() is None, (folder / "ultra.log").read_text()
    text = said.read_text()
    return text if text.count(os.linesep) == 2 else None


@pytest.fixture
async def browser(first_start: str, anyio_backend: str) -> AsyncIterator[aiohttp.ClientSession]:
    """Return a browser that has never been here."""
    address = re.search(r"at (http://\S+)", first_start)
    assert address is not None
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(address[1], cookie_jar=jar, timeout=aiohttp.ClientTimeout(total=60)) as session:
        yield session


async def fields(browser: aiohttp.ClientSession, path: str, status: int = 200) -> dict[str, str]:
    """Open a page and return the hidden fields of its form."""
    async with browser.get(path) as response:
        text = await response.text()
        assert response.status == status, text
        return hidden(text)


def hidden(text: str) -> dict[str, str]:
    """Return the hidden fields of a page's form."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', text))


async def test_from_the_first_start_to_signing_out(first_start: str, browser: aiohttp.ClientSession) -> None:
    """The printed link opens a page; its button signs in, once; the front page says who it is; and out again."""
    link = re.search(r"as admin: http://[^/]+(/sign-in\?link=\S+)", first_start)
    assert link is not None
    form = await fields(browser, link[1])
    assert set(form) == {"csrf_token", "link"}
    assert await fields(browser, link[1]) | {"csrf_token": ""} == form | {"csrf_token": ""}, (
        "opening it uses nothing up"
    )
    form = await fields(browser, link[1])
    async with browser.post("/sign-in", data=form, headers=FORM, allow_redirects=False) as response:
        assert (response.status, response.headers["location"]) == (303, "/"), await response.text()
        assert response.cookies["ultra"]["httponly"]
    async with browser.get("/") as response:
        front = await response.text()
        assert response.status == 200
        assert "<strong>admin</strong>, admin, in development" in front
        assert "script-src" not in response.headers["content-security-policy"]
        assert response.headers["cache-control"] == "no-store"
    async with browser.post("/sign-out", data=hidden(front), headers=FORM, allow_redirects=False) as response:
        assert (response.status, response.headers["location"]) == (303, "/sign-in")
    async with browser.get("/", allow_redirects=False) as response:
        assert (response.status, response.headers["location"]) == (303, "/sign-in")
    again = await fields(browser, "/sign-in") | {"link": form["link"]}
    async with browser.post("/sign-in", data=again, headers=FORM, allow_redirects=False) as response:
        assert response.status == 401, "a link is good once"
        assert response.content_type == "text/html"


async def test_a_wrong_password_is_told_on_the_page(browser: aiohttp.ClientSession) -> None:
    """Neither which part was wrong, nor whether there is such a user."""
    told = []
    for name in ("admin", "nobody"):
        form = await fields(browser, "/sign-in") | {"username": name, "password": "not the password"}
        async with browser.post("/sign-in", data=form, headers=FORM) as response:
            assert (response.status, response.content_type) == (401, "text/html")
            told.append(re.sub(r'value="[^"]*"', "", await response.text()))
    assert told[0] == told[1]
    assert 'role="alert"' in told[0]


async def test_too_many_attempts_are_told_on_the_page(browser: aiohttp.ClientSession) -> None:
    """A browser is shown a page that says when to come back, and the header says it to programs."""
    for _ in range(30):
        form = await fields(browser, "/sign-in") | {"username": "somebody", "password": "guess"}
        async with browser.post("/sign-in", data=form, headers=FORM) as response:
            assert response.content_type == "text/html"
            if response.status == 429:
                assert int(response.headers["retry-after"]) > 0
                assert 'role="alert"' in await response.text()
                return
            assert response.status == 401
    pytest.fail("nobody held this back")


async def test_another_sites_form_does_not_sign_in(browser: aiohttp.ClientSession) -> None:
    """Not without the token, and not from elsewhere with it."""
    form = await fields(browser, "/sign-in") | {"username": "admin", "password": "x"}
    async with browser.post("/sign-in", data=form, headers={"sec-fetch-site": "cross-site"}) as response:
        assert response.status == 403
    async with browser.post("/sign-in", data={**form, "csrf_token": ""}, headers=FORM) as response:
        assert response.status == 403


async def test_a_reset_link_sets_a_password_once(
    first_start: str, browser: aiohttp.ClientSession, folder: Path
) -> None:
    """Two that differ, or a weak one, use nothing up; then the form leads to the way in, and the link is spent."""
    command = [sys.executable, "-m", "ultra", "users", "create", "grace"]
    given = {"cwd": folder, "env": environment(folder, ENVIRONMENT="development")}
    made = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True, **given)
    address = re.search(r"(/set-password\?link=\S+)", made.stdout)
    assert address is not None, made.stdout
    for password, repeated, status in (
        ("a first sentence of mine", "another one", 400),
        ("short", "short", 400),
        ("a first sentence of mine", "a first sentence of mine", 303),
        ("a second sentence of mine", "a second sentence of mine", 401),
    ):
        form = await fields(browser, address[1])
        given = {**form, "password": password, "repeated": repeated}
        async with browser.post("/set-password", data=given, headers=FORM, allow_redirects=False) as response:
            text = await response.text()
            assert response.status == status, text
            assert password not in text
            assert (status == 303) == ("location" in response.headers)
    form = await fields(browser, "/sign-in")
    given = {**form, "username": "grace", "password": "a first sentence of mine"}
    async with browser.post("/sign-in", data=given, headers=FORM, allow_redirects=False) as response:
        assert (response.status, response.headers["location"]) == (303, "/"), await response.text()
