"""`footnote audit` and `footnote forget`: what the server wrote down of who asked what, and how it goes again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.common import Index, Json, current_settings, errors_explained, print_json

if TYPE_CHECKING:
    from access.chain import Line
    from settings import Settings

WHETHER_KEPT = "The setting audit says whether one is kept."

audit_app = typer.Typer(help="Who asked what, and which sources they were shown.", no_args_is_help=True)


@audit_app.command("verify")
def audit_verify(
    holds: Annotated[str, typer.Option("--holds", metavar="HASH", help="A last hash that was noted earlier.")] = "",
    as_json: Json = False,
) -> None:
    """Check that the audit log is as it was written. Exit code 1 when a line was changed, taken out or put in."""
    from dataclasses import asdict  # noqa: PLC0415  (start-up time, as below)

    import console  # noqa: PLC0415

    with errors_explained():
        from access.audit import entries, verify  # noqa: PLC0415

        folder = current_settings().state
        verdict = verify(folder)
        is_cut = bool(holds) and not any(line.hash == holds for line in entries(folder))
    fault = verdict.fault or (f"no line has the hash {holds}: the end of the log was cut off" if is_cut else "")
    if as_json:
        print_json(asdict(verdict) | {"fault": fault})
    elif fault:
        typer.echo(f"The audit log is broken: {fault}", err=True)
    elif not verdict.lines:
        typer.echo(f"There is no audit log in {folder}. {WHETHER_KEPT}")
    else:
        lines = console.count_of(verdict.lines, "line")
        typer.echo(
            f"The audit log in {folder} is whole: {lines}, {verdict.erased:,} of them deleted by name. "
            f"Its last hash is {verdict.head}."
        )
    raise typer.Exit(1 if fault else 0)


@audit_app.command("show")
def audit_show(
    user: Annotated[str | None, typer.Option("--user", help="Only what this person asked.")] = None,
    last: Annotated[int, typer.Option("--last", min=1, help="How many lines, the newest.")] = 50,
    as_json: Json = False,
) -> None:
    """List the newest lines of the audit log, oldest first."""
    from collections import deque  # noqa: PLC0415

    with errors_explained():
        from access.audit import AuditLog, entries  # noqa: PLC0415

        folder = current_settings().state
        names = AuditLog(folder).names_of(user) if user else set()
        wanted = (line for line in entries(folder) if not names or (line.content or {}).get("user") in names)
        lines = deque(wanted, maxlen=last)
    if as_json:
        print_json({"lines": [{"at": line.at, "kind": line.kind, **(line.content or {})} for line in lines]})
    else:
        _show(lines)


def forget(
    user: Annotated[str, typer.Argument(metavar="USER", help="The name that the person has here.")],
    index: Index = None,
    as_json: Json = False,
) -> None:
    """Delete what is kept of a person. That is what they asked, their feedback, and their sessions."""
    import console  # noqa: PLC0415

    with errors_explained():
        settings = current_settings(index=index)
        deleted = forget_user(settings, user)
    if as_json:
        print_json({"user": user, **deleted})
    elif any(deleted.values()):
        names = ("session", "piece", "line")
        sessions, feedback, lines = map(console.count_of, deleted.values(), names)
        typer.echo(f"Deleted of {user}: {sessions}, {feedback} of feedback, {lines} of the audit log.")
    else:
        typer.echo(f"Nothing is kept of {user}. Names are compared exactly; footnote audit show lists them.")


def forget_user(settings: Settings, user: str) -> dict[str, int]:
    """Delete what is kept of a person; how many sessions, pieces of feedback and lines of the audit log.

    Raises:
        FootnoteError: when there is no such name, or a file can't be written.
    """
    from access.audit import AuditLog  # noqa: PLC0415
    from access.database import FILE, Database  # noqa: PLC0415
    from access.sessions import Sessions  # noqa: PLC0415
    from feedback import remove_feedback  # noqa: PLC0415
    from schema import FootnoteError  # noqa: PLC0415

    if not user:
        raise FootnoteError("Name the person; who has no name can't be told from others.")
    sessions = 0
    if (settings.state / FILE).exists():
        database = Database(settings.state / FILE)
        try:
            sessions = Sessions(database).end_all(user)
        finally:
            database.close()
    feedback = remove_feedback(settings.index, lambda record: record.user == user)
    lines = (
        AuditLog(settings.state).forget(user, sessions=sessions, feedback=feedback) if settings.state.exists() else 0
    )
    return {"sessions": sessions, "feedback": feedback, "lines": lines}


def _show(lines: Any) -> None:
    import console  # noqa: PLC0415

    rows: list[tuple[str, ...]] = [("when", "who", "door", "outcome", "what")]
    rows += [_row(line) for line in lines]
    if len(rows) > 1:
        console.show_table([[console.printable(cell) for cell in row] for row in rows])
    else:
        console.say(f"The audit log holds no such line. {WHETHER_KEPT}")


def _row(line: Line) -> tuple[str, ...]:
    import console  # noqa: PLC0415

    content = line.content
    when = line.at[:19].replace("T", " ")
    if content is None:
        return when, "-", "-", "deleted", "-"
    if line.kind != "question":
        return when, "-", "-", line.kind, console.count_of(content["lines"], "line")
    who = f"{content['user'] or '-'}{'@' + content['embed'] if content['embed'] else ''}"
    what = content.get("question") or f"{console.count_of(len(content['sources']), 'source')} shown"
    return when, who, content["door"], content["outcome"], what
