"""A browser signs in, is known, signs out, and is not known any more."""

from ultra.readiness.replies import Reply
from ultra.readiness.stage import Stage
from ultra.readiness.step import Need, Step, expect

_ME = "/api/auth/me"


class SignIn(Step):
    """Does what a page does, and looks at every cookie."""

    name = "sign-in"
    title = "Browsers sign in and out; cookies are this host's alone"
    advice = "ULTRA_PUBLIC_ORIGIN must be the https address browsers use, and no proxy may rewrite Set-Cookie."
    needs = frozenset({Need.ADMIN})

    async def check(self, stage: Stage) -> str:
        """Sign in, out, and try the old cookie again."""
        person, browser = await stage.person("viewer"), stage.browser()
        (await browser.sign_in(person.name, f"{person.password}x")).refused(401)
        entered = (await browser.sign_in(person.name, person.password)).expect(200)
        _look_at_cookies(entered)
        session = next((name for name in browser.cookies if name == "__Host-ultra"), None)
        expect(session, f"The session cookie is not called __Host-ultra: {sorted(browser.cookies)}.")
        stage.made[f"session of {person.name}"] = browser.cookies["__Host-ultra"]
        me = (await browser.ask("GET", _ME, headers=())).expect(200).json
        expect(me["username"] == person.name, "The session is somebody else's.")
        before = dict(browser.cookies)
        gone = (await browser.ask("POST", "/api/auth/logout", json={})).expect(204)
        _look_at_cookies(gone)
        browser.cookies = before
        for _ in range(4):
            (await browser.ask("GET", _ME, headers=())).refused(401)
        return "A session begins, is known, ends, and its cookie opens nothing afterwards."


def _look_at_cookies(reply: Reply) -> None:
    """Look at every cookie that is set or taken away."""
    lines = reply.all("set-cookie")
    expect(lines, f"{reply.asked} sets no cookie.")
    for line in lines:
        name = line.partition("=")[0]
        attributes = {each.strip().lower() for each in line.split(";")[1:]}
        expect(name.startswith("__Host-"), f"The cookie {name} is not bound to this host (__Host-).")
        missing = {"secure", "httponly", "path=/"} - attributes
        expect(not missing, f"The cookie {name} lacks {', '.join(sorted(missing))}.")
        expect({"samesite=lax", "samesite=strict"} & attributes, f"The cookie {name} goes along from other sites.")
        expect(not any(each.startswith("domain") for each in attributes), f"The cookie {name} names a domain.")
