"""`ultra users`: accounts, without a browser."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ultra.cli.command import Command
from ultra.cli.house import here, in_house
from ultra.cli.output import print_json, print_table

if TYPE_CHECKING:
    from ultra.desk.desk import Desk
    from ultra.services import Services


class Users(Command):
    """Looks after users."""

    name = "users"

    def attach(self, program: typer.Typer) -> None:
        """Add `ultra users create`, `list`, `role`, `disable`, `enable`, `reset` and `delete`."""
        group = typer.Typer(help="Look after users, as the audited operator of this machine.", no_args_is_help=True)
        group.command("create", epilog="Example:  ultra users create ada --admin --password-stdin < secret")(create)
        group.command("list", epilog="Example:  ultra users list --json")(list_users)
        group.command("role", epilog="Example:  ultra users role ada operator")(role)
        group.command("disable", epilog="Example:  ultra users disable ada")(disable)
        group.command("enable", epilog="Example:  ultra users enable ada")(enable)
        group.command("reset", epilog="Example:  ultra users reset ada")(reset)
        group.command("delete", epilog="Example:  ultra users delete ada --yes")(delete)
        program.add_typer(group, name=self.name)


Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(help="The username.")]


def create(
    username: Name,
    admin: Annotated[bool, typer.Option("--admin", help="Make an administrator.")] = False,
    role: Annotated[str, typer.Option(help="viewer, member, operator or admin.")] = "member",
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin.")] = False,
    json: Json = False,
) -> int:
    """Make a user. Without a password a one-time link to set one is printed."""
    from ultra.domain.identity import LOCAL_OPERATOR, Allowance

    password = sys.stdin.readline().rstrip("\n") if password_stdin else None
    wanted = _role("admin" if admin else role)

    async def work(services: "Services", desk: "Desk") -> tuple[dict[str, Any], str | None, str]:
        user, link = await desk.accounts.create_user(
            LOCAL_OPERATOR, username=username, role=wanted, password=password, allowance=Allowance(), source=here()
        )
        return user, link, _address(services, link)

    user, link, address = in_house(work)
    if json:
        print_json({**user, "link": link})
    else:
        typer.echo(f"Made {user['role']} {user['username']} ({user['id']}).")
        if link:
            typer.echo(f"Set a password, once, within a day: {address}")
    return 0


def list_users(json: Json = False) -> int:
    """List the users."""

    async def work(_: "Services", desk: "Desk") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page, cursor = await desk.accounts.users(limit=100, cursor=cursor)
            found += page
            if cursor is None:
                return found

    users = in_house(work)
    if json:
        print_json(users)
        return 0
    rows = [
        (u["username"], u["role"], "disabled" if u["disabled_at"] else "", u["created_at"][:10], u["id"]) for u in users
    ]
    print_table(("Username", "Role", "", "Since", "Id"), rows)
    return 0


def role(username: Name, role: Annotated[str, typer.Argument(help="The new role.")], json: Json = False) -> int:
    """Give a user another role; it counts from their next request on."""
    return _change(username, {"role": _role(role)}, json=json)


def disable(username: Name, json: Json = False) -> int:
    """Disable a user; sessions, tokens, keys and open streams end."""
    return _change(username, {"disabled": True}, json=json)


def enable(username: Name, json: Json = False) -> int:
    """Let a disabled user in again; what had ended stays ended."""
    return _change(username, {"disabled": False}, json=json)


def reset(username: Name, json: Json = False) -> int:
    """Print a one-time link with which the user sets a new password."""
    from ultra.domain.identity import LOCAL_OPERATOR

    async def work(services: "Services", desk: "Desk") -> tuple[str, str]:
        link = await desk.accounts.reset_link(LOCAL_OPERATOR, await _id(services, username), source=here())
        return link, _address(services, link)

    link, address = in_house(work)
    print_json({"link": link}) if json else typer.echo(f"Set a password, once, within a day: {address}")
    return 0


def delete(
    username: Name, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False, json: Json = False
) -> int:
    """Remove a user with everything that is theirs; the audit keeps the id."""
    from ultra.domain.identity import LOCAL_OPERATOR

    if not yes:
        typer.confirm(f"Remove {username} with all sessions, keys and runs?", abort=True)

    async def work(services: "Services", desk: "Desk") -> None:
        await desk.accounts.delete_user(LOCAL_OPERATOR, await _id(services, username), source=here())

    in_house(work)
    print_json({"deleted": username}) if json else typer.echo(f"Removed {username}.")
    return 0


def _change(username: str, changes: dict[str, Any], *, json: bool) -> int:
    from ultra.domain.identity import LOCAL_OPERATOR

    async def work(services: "Services", desk: "Desk") -> dict[str, Any]:
        user_id = await _id(services, username)
        return await desk.accounts.change_user(LOCAL_OPERATOR, user_id, changes=changes, source=here())

    user = in_house(work)
    if json:
        print_json(user)
    else:
        state = "disabled" if user["disabled_at"] else "enabled"
        typer.echo(f"{user['username']} is {user['role']}, {state}.")
    return 0


def _address(services: "Services", link: str | None) -> str:
    """Return where a browser sets the password: at the address that browsers use, else at the one that is served."""
    settings = services.settings
    origin = settings.public_origin or f"http://{settings.host}:{settings.port}"
    return f"{origin}/set-password?link={link}"


async def _id(services: "Services", username: str) -> str:
    from ultra.domain.errors import NotFound

    user = await services.access.stores.users.by_name(username)
    if user is None:
        raise NotFound(f"There is no user {username!r}.", hint="See `ultra users list`.")
    return user.id


def _role(word: str) -> Any:
    from ultra.domain.identity import Role

    try:
        return Role(word)
    except ValueError:
        raise typer.BadParameter(f"There is no role {word!r}: {', '.join(Role)}.") from None
