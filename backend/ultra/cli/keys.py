"""`ultra keys`: API keys, without a browser."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ultra.cli.command import Command
from ultra.cli.house import here, in_house
from ultra.cli.output import print_json, print_table

if TYPE_CHECKING:
    from ultra.desk.desk import Desk
    from ultra.domain.identity import Principal
    from ultra.services import Services


class Keys(Command):
    """Looks after keys."""

    name = "keys"

    def attach(self, program: typer.Typer) -> None:
        """Add `ultra keys create`, `list`, `rotate` and `revoke`."""
        group = typer.Typer(help="Look after API keys, as the audited operator of this machine.", no_args_is_help=True)
        group.command("create", epilog="Example:  ultra keys create --name laptop --user ada --json")(create)
        group.command("list", epilog="Example:  ultra keys list --user ada")(list_keys)
        group.command("rotate", epilog="Example:  ultra keys rotate key_01... --overlap 3600")(rotate)
        group.command("revoke", epilog="Example:  ultra keys revoke key_01...")(revoke)
        program.add_typer(group, name=self.name)


Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
User = Annotated[str | None, typer.Option(help="Whose key; left out, the first administrator's.")]


def create(
    name: Annotated[str, typer.Option(help="What the key is for.")],
    user: User = None,
    scope: Annotated[list[str] | None, typer.Option(help="A permission; repeat it. Left out: all.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="A model it may ask; repeat it. Left out: all.")] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="Days until it expires.")] = 90,
    store: Annotated[bool, typer.Option(help="Keep the content of what it is used for.")] = True,
    json: Json = False,
) -> int:
    """Make a key and print its text, once."""

    async def work(services: "Services", desk: "Desk") -> dict[str, Any]:
        from ultra.desk.keys import WantedKey

        wanted = WantedKey(
            name=name,
            scopes=_scopes(scope),
            models=tuple(model) if model else None,
            stores=store,
            expires_at=services.system.now() + timedelta(days=days),
        )
        return await desk.keys.create(await _principal(services, user), wanted, source=here())

    key = in_house(work)
    if json:
        print_json(key)
    else:
        typer.echo(key["key"])
    return 0


def list_keys(user: User = None, json: Json = False) -> int:
    """List keys; never their secrets."""

    async def work(services: "Services", desk: "Desk") -> list[dict[str, Any]]:
        return await desk.keys.of(await _principal(services, user))

    keys = in_house(work)
    if json:
        print_json(keys)
        return 0
    rows = [(k["name"], f"{k['prefix']}…{k['last4']}", _state(k), k["expires_at"][:10], k["id"]) for k in keys]
    print_table(("Name", "Key", "State", "Expires", "Id"), rows)
    return 0


def rotate(
    key_id: Annotated[str, typer.Argument(help="The key's id.")],
    user: User = None,
    overlap: Annotated[int, typer.Option(min=0, max=604_800, help="Seconds the old key is still accepted.")] = 3600,
    json: Json = False,
) -> int:
    """Make a successor and print its text, once; both work until the overlap has passed."""

    async def work(services: "Services", desk: "Desk") -> dict[str, Any]:
        principal = await _principal(services, user)
        return await desk.keys.rotate(principal, key_id, overlap=timedelta(seconds=overlap), source=here())

    key = in_house(work)
    if json:
        print_json(key)
    else:
        typer.echo(key["key"])
    return 0


def revoke(
    key_id: Annotated[
        str, typer.Argument(help="The key's id, or its public part: the eight signs after ultra_sk_..._")
    ],
    user: User = None,
    json: Json = False,
) -> int:
    """End a key at once, whoever's it is when its public part is given: that is what a report of a leak knows of it."""

    async def work(services: "Services", desk: "Desk") -> None:
        found = await services.access.stores.keys.by_public_id(key_id)
        whose, what = (user, key_id) if found is None else (found[1].username, found[0].id)
        await desk.keys.revoke(await _principal(services, whose), what, source=here())

    in_house(work)
    if json:
        print_json({"revoked": key_id})
    else:
        typer.echo(f"Revoked {key_id}.")
    return 0


async def _principal(services: "Services", username: str | None) -> "Principal":
    """Return the user as whom the operator acts: named, or the first administrator, made now if there is nobody."""
    from ultra.auth.accounts import FIRST_ADMIN
    from ultra.domain.errors import NotFound
    from ultra.domain.identity import Principal, permitted

    users = services.access.stores.users
    if username is None and await users.count() == 0:
        await services.access.accounts.ensure_first_admin()
    user = await users.by_name(username or FIRST_ADMIN)
    if user is None:
        raise NotFound(f"There is no user {username or FIRST_ADMIN!r}.", hint="Name one with --user.")
    return Principal(
        id=user.id, kind="user", role=user.role, permissions=permitted(user.role, "local"), name=user.username
    )


def _scopes(words: list[str] | None) -> Any:
    from ultra.domain.identity import Permission

    if not words:
        return None
    try:
        return frozenset(Permission(word) for word in words)
    except ValueError:
        raise typer.BadParameter(f"A scope is one of {', '.join(Permission)}.") from None


def _state(key: dict[str, Any]) -> str:
    if key["revoked_at"]:
        return "revoked"
    return f"until {key['overlap_until']}" if key["overlap_until"] else "live"
