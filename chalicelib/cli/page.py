"""docs/commands.md, made from the commands themselves; `python scripts/commands_page.py` writes it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from chalicelib.cli.commands import COMMANDS, Command
from chalicelib.cli.parser import MODULE, leaves, listing, parser_of

HEAD = f"""# Commands

One door for people: `{MODULE}` (where the package is installed: `orderbridge`). This page is made from the commands by
`python scripts/commands_page.py`; `make check` refuses one that is not fresh. Polled ERPs have commands of their own,
`python -m poller` ([connecting-an-erp.md](connecting-an-erp.md), [poller.md](poller.md)), and so has the system on one
machine, `python -m local`.

```
{{listing}}
```

**The stage.** Every command for operators takes `--stage`, after its subcommand; without it ORDERBRIDGE_STAGE decides.
Region and credentials are those of the AWS command line: `AWS_REGION` or the profile, `AWS_PROFILE` or keys. AWS is
asked for the account unless ORDERBRIDGE_ACCOUNT_ID says it. `eval "$(python -m local env)"` sets all of it for the
system on one machine.

**What it ends with.** What was asked for is on standard output; what only people should read is on standard error. A
failure is one line there, `Kind: what; what to do`.

| exit code | means |
|---|---|
| 0 | done |
| 1 | could not: AWS, a file, or the state of things did not allow it, or a check found something |
| 2 | wrong call: the command line makes no sense, and nothing was asked or changed |
| 130 | interrupted (Ctrl-C) |
| 141 | nobody reads the output any more (`\\| head`) |
"""
LISTING_COLUMNS = 80


def page() -> str:
    parts, group = [HEAD.format(listing=listing(LISTING_COLUMNS))], ""
    for command in COMMANDS:
        if command.group != group:
            group = command.group
            parts.append(f"## {group}\n")
        parts.append(_section(command))
    return "\n".join(parts)


def _section(command: Command) -> str:
    parser = parser_of(command)
    lines = [f"### {command.name}", "", (parser.description or "").strip(), "", "```"]
    lines += [f"{MODULE} {example}" for example in command.examples]
    lines += ["```", ""]
    for leaf in leaves(parser):
        lines += _usage(leaf, described=leaf is not parser)
    return "\n".join(lines)


def _usage(parser: argparse.ArgumentParser, described: bool) -> Iterator[str]:
    call = " ".join([parser.prog.removeprefix(f"{MODULE} "), *map(_signature, _arguments(parser))])
    about = f": {parser.description}" if described else ""
    yield from (f"`{call}`{about}", "")
    for action in _arguments(parser):
        if action.dest != "stage":
            name = action.option_strings[0] if action.option_strings else action.metavar
            yield f"- `{name}`: {action.help}"
    if any(action.dest != "stage" for action in _arguments(parser)):
        yield ""


def _arguments(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Positional ones first, without --help."""
    actions = [action for action in parser._actions if action.dest != "help"]
    return sorted(actions, key=lambda action: bool(action.option_strings))


def _signature(action: argparse.Action) -> str:
    if not action.option_strings:
        return str(action.metavar)
    takes = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}"
    text = action.option_strings[0] + takes
    return text if action.required else f"[{text}]"
