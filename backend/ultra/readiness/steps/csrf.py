"""Another site's page can change nothing."""

from ultra.readiness.people import Browser
from ultra.readiness.stage import Stage
from ultra.readiness.step import Need, Step

_LOGOUT = "/api/auth/logout"


class CsrfStep(Step):
    """Sends what pages of other sites could make a browser send."""

    name = "csrf"
    title = "Other sites' pages can change nothing in a signed-in browser"
    advice = "A proxy must pass Origin, Sec-Fetch-Site, Cookie and Content-Type on as they came."
    needs = frozenset({Need.ADMIN})

    async def check(self, stage: Stage) -> str:
        """Try without the token, from elsewhere, and as a form; then as the page itself."""
        person, browser = await stage.person("viewer"), stage.browser()
        (await browser.sign_in(person.name, person.password)).expect(200)
        await _is_refused(browser, [("origin", stage.origin), ("sec-fetch-site", "same-origin")])
        token = ("x-csrf-token", browser.token)
        for origin in ("https://evil.example", "null", stage.origin.replace("https:", "http:"), f"{stage.origin}.evil"):
            await _is_refused(browser, [("origin", origin), token])
        for site in ("cross-site", "same-site"):
            await _is_refused(browser, [("origin", stage.origin), ("sec-fetch-site", site), token])
        wrong = [("origin", stage.origin), ("x-csrf-token", f"{'0' * 64}.{'0' * 64}")]
        await _is_refused(browser, wrong)
        form = [*browser.own, ("content-type", "text/plain")]
        (await browser.ask("POST", "/api/auth/password", headers=form, body=b"{}")).refused(415)
        credentials = {"username": person.name, "password": person.password}
        foreign = [("origin", "https://evil.example")]
        (await stage.stranger().post("/api/auth/login", credentials, headers=foreign)).refused(403)
        (await browser.ask("GET", "/api/auth/me", headers=())).expect(200)
        (await browser.ask("POST", _LOGOUT, json={})).expect(204)
        return "Nine requests as other pages could send them were refused; the page's own was not."


async def _is_refused(browser: Browser, headers: list[tuple[str, str]]) -> None:
    (await browser.ask("POST", _LOGOUT, headers=headers, json={})).refused(403)
